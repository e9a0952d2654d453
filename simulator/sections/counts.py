"""A cube of A and B -> how often each enforcement, route, sanction and status comes, what goes from where to where, and where most changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.columnar import AT_STAKE
from engine.decision import Outcome, Status, Verdict
from policy_dsl.program import Program
from simulator import bootstrap
from simulator.cube import OUTCOME, Cube
from simulator.intervals import paired_difference, proportion
from simulator.result import ALL, Assumption, Bounds, Changed, Compared, Count, Figure, Refused, Slice, Transitions

UNDETERMINED, UNAVAILABLE = "undetermined", "unavailable"
LEFT_OPEN = "some rows lack a score that was skipped when they were decided"
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Traits: TypeAlias = Callable[[Outcome], frozenset[str]]


@dataclass(frozen=True, slots=True)
class CountsSection:
    """Fields of `result.Result`."""

    enforcements: tuple[str, ...]
    changed: tuple[Changed, ...]
    counts: tuple[Count, ...]
    transitions: tuple[Transitions, ...]
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True)
class Counting:
    """The cube of two programs. `drawn` are sums by replicate and outcome id where authors were drawn anew (`simulator.bootstrap`)."""

    cube: Cube
    programs: tuple[Program, Program]
    level: float = 0.95
    drawn: npt.NDArray[np.int64] | None = None

    @property
    def ladder(self) -> tuple[str, ...]:
        """The enforcements of A from the weakest on, and those that only B has."""
        names = (enforcement.name for program in self.programs for enforcement in program.enforcements)
        return tuple(dict.fromkeys(names))

    def section(self) -> CountsSection:
        slices = [(part, self._rows(cube)) for part, cube in self._slices()]
        whole = slices[0][1]
        counts = [
            *(count for part, rows in slices for count in self._counts(part, rows)),
            *(count for name in self.policies for count in self._policy_counts(name, whole)),
        ]
        transitions = [
            *(self._transitions(part, None, rows, self._joined) for part, rows in slices),
            *(self._transitions(ALL, name, whole, self._by(name)) for name in self.policies),
        ]
        changed = [self._changed(part, rows) for part, rows in slices]
        return CountsSection(
            self.ladder, tuple(changed), tuple(counts), tuple(transitions), (self._independent(whole),)
        )

    def _independent(self, rows: Ints) -> Assumption:
        """What intervals take for granted of rows that somebody wrote."""
        title = "rows count as independent of each other"
        if self.drawn is None:
            return Assumption(
                "amber",
                title,
                "No authors were drawn anew (`author.id`): where posts of one author are alike, all intervals are too short.",
            )
        authors = bootstrap.effective_authors(rows.astype(np.float64), self.drawn[:, : len(rows)].astype(np.float64))
        return Assumption(
            "amber",
            f"{title}, but in shares of all rows",
            f"Those are of authors drawn anew: {int(rows.sum()):,} rows of {authors:,.0f} authors, in effect. Slices, precision and its like, and gaps "
            "between groups count each row for itself: where posts of one author are alike, their intervals are too short.",
        )

    @property
    def policies(self) -> list[str]:
        return sorted({policy.name for program in self.programs for policy in program.policies})

    def _slices(self) -> Iterator[tuple[Slice, Cube]]:
        yield ALL, self.cube
        for name in self.cube.cohorts:
            margin = self.cube.margin(OUTCOME, name)
            for code, value in enumerate(margin.values[name]):
                part = margin.select(margin.of(name) == code)
                if part.rows:
                    yield Slice(name, None if value is None else str(value)), part

    def _rows(self, cube: Cube) -> Ints:
        """Rows by outcome id."""
        found = np.zeros(len(self.cube.outcomes), np.int64)
        np.add.at(found, cube.of(OUTCOME), cube.sums["rows"])
        return found

    # -- what an outcome is ------------------------------------------------------------------------------------------

    def _joined(self, k: int, outcome: Outcome) -> str:
        if outcome.reason == AT_STAKE:
            return UNDETERMINED
        if outcome.enforcement is None:
            return UNAVAILABLE
        return self.programs[k].enforcements[outcome.enforcement].name

    def _by(self, policy: str) -> Callable[[int, Outcome], str]:
        """What a policy alone says; where it does not apply, the weakest."""

        def name(k: int, outcome: Outcome) -> str:
            if outcome.status is Status.UNAVAILABLE and not outcome.verdicts:
                return UNAVAILABLE
            if left_open(outcome, policy):
                return UNDETERMINED
            verdict = verdict_of(outcome, policy)
            return self.programs[k].enforcements[verdict.enforcement if verdict else 0].name

        return name

    # -- tables ------------------------------------------------------------------------------------------------------

    def _counts(self, part: Slice, rows: Ints) -> Iterator[Count]:
        whole = part == ALL
        for name in (*self.ladder, UNAVAILABLE):
            yield from self._count(
                part, None, "enforcement", name, rows, self._having(self._joined, name), always=whole
            )
        for name in sorted({route.name for program in self.programs for route in program.routes}):
            has = self._mask(partial(_routed, name))
            yield from self._count(part, None, "route", name, rows, has, always=whole)
        if not whole:
            return
        for name in sorted({sanction.name for program in self.programs for sanction in program.sanctions}):
            has = self._mask(partial(_sanctioned, name))
            yield from self._count(part, None, "sanction", name, rows, has, always=True)
        for status in Status:
            has = self._mask(partial(_stands, status))
            yield from self._count(part, None, "status", str(status), rows, has)

    def _policy_counts(self, policy: str, rows: Ints) -> Iterator[Count]:
        says = self._by(policy)
        for name in (*self.ladder[1:], UNDETERMINED):
            yield from self._count(ALL, policy, "enforcement", name, rows, self._having(says, name))
        for name in sorted({route.name for program in self.programs for route in program.routes}):
            has = self._mask(partial(_routed_by, policy, name))
            yield from self._count(ALL, policy, "route", name, rows, has)

    def _having(self, says: Callable[[int, Outcome], str], name: str) -> tuple[Bools, Bools]:
        return self._mask(lambda k, outcome: says(k, outcome) == name)

    def _mask(self, has: Callable[[int, Outcome], bool]) -> tuple[Bools, Bools]:
        """By outcome id, for A and for B."""
        a, b = (np.array([has(k, pair[k]) for pair in self.cube.outcomes], np.bool_) for k in (0, 1))
        return a, b

    def _count(
        self,
        part: Slice,
        policy: str | None,
        what: str,
        name: str,
        rows: Ints,
        has: tuple[Bools, Bools],
        *,
        always: bool = False,
    ) -> Iterator[Count]:
        """None where neither side has any."""
        a, b = (int(rows[mask].sum()) for mask in has)
        if a or b or always:
            rate = self._compared(rows, has, drawn=part == ALL)
            yield Count(part, policy, what, name, int(rows.sum()), a, b, rate)  # type: ignore[arg-type]

    def _compared(self, rows: Ints, has: tuple[Bools, Bools], *, drawn: bool) -> Compared:
        a, b = has
        total = int(rows.sum())
        open_a, open_b = self._open
        if (rows[open_a | open_b] > 0).any() and total:
            return self._bounded(rows, has)
        if drawn and self.drawn is not None:
            share_a, share_b = (self._by_authors(rows, mask.astype(np.float64)) for mask in has)
            return Compared(share_a, share_b, self._by_authors(rows, b.astype(np.float64) - a, paired=True))
        only_a, only_b = int(rows[a & ~b].sum()), int(rows[b & ~a].sum())
        return Compared(
            proportion(int(rows[a].sum()), total, self.level),
            proportion(int(rows[b].sum()), total, self.level),
            paired_difference(only_a, only_b, total, self.level),
        )

    @cached_property
    def _open(self) -> tuple[Bools, Bools]:
        """The outcomes that the log cannot tell, for what it skipped is wanted."""
        return self._mask(lambda _, outcome: outcome.reason == AT_STAKE)

    def _bounded(self, rows: Ints, has: tuple[Bools, Bools]) -> Compared:
        """What is certain, and what may be where the log cannot tell."""
        total = int(rows.sum())
        low = [int(rows[mask & ~lost].sum()) / total for mask, lost in zip(has, self._open, strict=True)]
        high = [int(rows[mask | lost].sum()) / total for mask, lost in zip(has, self._open, strict=True)]
        spans = [*zip(low, high, strict=True), (low[1] - high[0], high[1] - low[0])]
        return Compared(*(Bounds(low, high, "worst case", total, LEFT_OPEN) for low, high in spans))

    def _by_authors(self, rows: Ints, sign: npt.NDArray[np.float64], *, paired: bool = False) -> Figure:
        """A share, or (`paired`) a difference of shares, over authors drawn anew."""
        assert self.drawn is not None
        drawn, met = self.drawn[:, : len(rows)], np.unique(sign[rows > 0])
        if met.size == 1:  # drawing authors anew cannot bring what none of them has
            return bootstrap.unanimous(float(met[0]), rows, drawn, self.level, paired=paired)
        return bootstrap.interval(lambda counts: (counts @ sign) / counts.sum(axis=-1), rows, drawn, self.level)

    def _transitions(
        self, part: Slice, policy: str | None, rows: Ints, says: Callable[[int, Outcome], str]
    ) -> Transitions:
        pairs = [(says(0, a), says(1, b)) for a, b in self.cube.outcomes]
        met = {name for pair, count in zip(pairs, rows, strict=True) if count for name in pair}
        names = (*self.ladder, *(name for name in (UNDETERMINED, UNAVAILABLE) if name in met))
        found = np.zeros((len(names), len(names)), np.int64)
        for (a, b), count in zip(pairs, rows, strict=True):
            if count:
                found[names.index(a), names.index(b)] += count
        return Transitions(part, policy, names, tuple(map(tuple, found.tolist())))

    def _changed(self, part: Slice, rows: Ints) -> Changed:
        ranks = {name: rank for rank, name in enumerate(self.ladder)}
        a, b = (
            np.array([ranks.get(self._joined(k, pair[k]), -1) for pair in self.cube.outcomes], np.int64) for k in (0, 1)
        )
        other = np.array([_told(first) != _told(second) for first, second in self.cube.outcomes], np.bool_) | (a != b)
        known = (a >= 0) & (b >= 0)
        total = int(rows.sum())
        figures = [
            self._share(rows, mask, total, drawn=part == ALL) for mask in (other, known & (b > a), known & (b < a))
        ]
        return Changed(part, total, *figures)

    def _share(self, rows: Ints, mask: Bools, total: int, *, drawn: bool) -> Figure:
        if not total:
            return Refused("there is no row")
        lost = np.logical_or(*self._open)
        if (rows[lost] > 0).any():
            certain, possible = (int(rows[found].sum()) / total for found in (mask & ~lost, mask | lost))
            return Bounds(certain, possible, "worst case", total, LEFT_OPEN)
        if drawn and self.drawn is not None:
            return self._by_authors(rows, mask.astype(np.float64))
        return proportion(int(rows[mask].sum()), total, self.level)


NOTHING = Verdict("")


def _routed(name: str, _: int, outcome: Outcome) -> bool:
    return any(one.route == name for one in outcome.routes)


def _routed_by(policy: str, name: str, _: int, outcome: Outcome) -> bool:
    return any(one.route == name for one in (verdict_of(outcome, policy) or NOTHING).routes)


def _sanctioned(name: str, _: int, outcome: Outcome) -> bool:
    return any(one.name == name for one in outcome.sanctions)


def _stands(status: Status, _: int, outcome: Outcome) -> bool:
    return outcome.status is status


def verdict_of(outcome: Outcome, policy: str) -> Verdict | None:
    """What a policy says; None where it does not apply."""
    return next((verdict for verdict in outcome.verdicts if verdict.policy == policy), None)


def left_open(outcome: Outcome, policy: str) -> bool:
    """Whether what was skipped when the row was decided leaves open what the policy says."""
    verdict = verdict_of(outcome, policy)
    return verdict is not None and (verdict.undetermined or (outcome.reason == AT_STAKE and bool(verdict.missing)))


def _told(outcome: Outcome) -> tuple[object, ...]:
    """What of a decision people and products see."""
    return outcome.status is Status.UNAVAILABLE, outcome.routes, outcome.sanctions
