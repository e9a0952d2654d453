"""Outcomes by row and time -> how many items each review queue gets in each hour, tier by tier, as counts that add up.

An item is a content in a queue: where several of a decision's routes lead to one queue, it is there once, at its most severe
priority. Hours are whole ones since 1970-01-01 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from engine.decision import Outcome

HOUR_US = 3_600_000_000
UNDATED = np.iinfo(np.int64).min  # a row without a time, as NumPy writes NaT
PENDING = 1 << 20  # counts kept apart before they are put together

Work: TypeAlias = tuple[int, str, int]  # variant, queue, rank of the severity (0 the most severe)


def work_of(outcomes: Sequence[Outcome]) -> tuple[Work, ...]:
    """The items that a row makes under each variant."""
    most: dict[tuple[int, str], int] = {}
    for k, outcome in enumerate(outcomes):
        for routed in outcome.routes:
            key = (k, routed.queue)
            most[key] = min(most.get(key, routed.priority), routed.priority)
    return tuple(sorted((k, queue, priority) for (k, queue), priority in most.items()))


@dataclass(frozen=True, slots=True)
class Hourly:
    """Items of one variant, queue and tier: `counts[i]` in `hours[i]`, ascending; hours without any are left out."""

    hours: np.ndarray
    counts: np.ndarray

    @property
    def total(self) -> int:
        return int(self.counts.sum())


class Arrivals:
    """Counts that grow by `add` and `merge`. One serves one `Columnar`, whose outcome ids keep their meaning."""

    def __init__(self) -> None:
        self.rows = self.undated = 0
        self.first_us: int | None = None
        self.last_us: int | None = None
        self._works: dict[tuple[Work, ...], int] = {(): 0}
        self._work_of_id = np.zeros(0, np.int64)
        self._counts: list[np.ndarray] = []  # [3, n]: work, hour, count
        self._pending = 0

    def add(self, at_us: np.ndarray, outcome_ids: np.ndarray, outcomes: Sequence[tuple[Outcome, ...]]) -> None:
        """Rows of a batch: their times in microseconds since 1970-01-01 UTC (`UNDATED`: none), and their outcomes by id."""
        self._learn(outcomes)
        self.rows += len(at_us)
        if not len(at_us):
            return
        dated = at_us != UNDATED
        self.undated += len(at_us) - int(dated.sum())
        if not dated.all():
            at_us, outcome_ids = at_us[dated], outcome_ids[dated]
        if len(at_us):
            self._span(int(at_us.min()), int(at_us.max()))
        work = self._work_of_id[outcome_ids]
        routed = np.flatnonzero(work)
        self._keep(work[routed], at_us[routed] // HOUR_US, np.ones(len(routed), np.int64))

    def merge(self, other: Arrivals) -> None:
        """Adds the counts of other rows, of whatever outcome ids."""
        self.rows += other.rows
        self.undated += other.undated
        if other.first_us is not None and other.last_us is not None:
            self._span(other.first_us, other.last_us)
        numbers = np.array([self._number(work) for work in other._works])
        for work, hours, counts in other._counts:
            self._keep(numbers[work], hours, counts)

    def hourly(self, variant: int) -> dict[tuple[str, int], Hourly]:
        """By queue and rank of the severity."""
        self._compact()
        found: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]] = {}
        for works, number in self._works.items():
            for block in self._counts:
                mine = block[0] == number
                for _, queue, priority in (work for work in works if work[0] == variant and mine.any()):
                    found.setdefault((queue, priority), []).append((block[1][mine], block[2][mine]))
        return {key: _hourly(parts) for key, parts in sorted(found.items())}

    def _learn(self, outcomes: Sequence[tuple[Outcome, ...]]) -> None:
        new = [self._number(work_of(outcomes[i])) for i in range(len(self._work_of_id), len(outcomes))]
        if new:
            self._work_of_id = np.concatenate([self._work_of_id, np.array(new, np.int64)])

    def _number(self, work: tuple[Work, ...]) -> int:
        return self._works.setdefault(work, len(self._works))

    def _span(self, first: int, last: int) -> None:
        self.first_us = first if self.first_us is None else min(self.first_us, first)
        self.last_us = last if self.last_us is None else max(self.last_us, last)

    def _keep(self, work: np.ndarray, hours: np.ndarray, counts: np.ndarray) -> None:
        if len(work):
            block = _summed(np.stack([work, hours, counts]))
            self._counts.append(block)
            self._pending += block.shape[1]
        if self._pending > PENDING:
            self._compact()
            self._pending = 0

    def _compact(self) -> None:
        if len(self._counts) > 1:
            self._counts = [_summed(np.concatenate(self._counts, axis=1))]


def _summed(block: np.ndarray) -> np.ndarray:
    """One column for each work and hour."""
    work, hours, counts = block
    order = np.lexsort((hours, work))
    work, hours, counts = work[order], hours[order], counts[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(work) != 0) | (np.diff(hours) != 0)])
    return np.stack([work[starts], hours[starts], np.add.reduceat(counts, starts)])


def _hourly(parts: list[tuple[np.ndarray, np.ndarray]]) -> Hourly:
    hours, inverse = np.unique(np.concatenate([hours for hours, _ in parts]), return_inverse=True)
    counts = np.zeros(len(hours), np.int64)
    np.add.at(counts, inverse, np.concatenate([counts for _, counts in parts]))
    return Hourly(hours, counts)
