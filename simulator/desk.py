"""Arrivals by hour, handling times and shifts -> how long items wait, by discrete-event simulation of a desk of reviewers.

One desk serves one queue: the most severe item first, first come first served within a tier, nobody is interrupted; who is on
an item when the shift ends finishes it. Times are hours from the start of the arrivals. The clock is simpy's; items and
reviewers are no processes of their own, which makes an item cost some microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np
import simpy

Draw = Callable[[np.random.Generator, int], np.ndarray]  # that many handling times, in hours


@dataclass(frozen=True, slots=True)
class Duty:
    """How many reviewers are on duty: `reviewers[i]` from `times[i]` (hours, ascending) until the next, the last one for ever,
    none before the first.
    """

    times: tuple[float, ...]
    reviewers: tuple[int, ...]

    def between(self, low: float, high: float) -> float:
        """Reviewer hours."""
        ends = (*self.times[1:], high)
        spans = zip(self.times, ends, self.reviewers, strict=True)
        return sum(max(0.0, min(end, high) - max(start, low)) * number for start, end, number in spans)


@dataclass(frozen=True, slots=True)
class Items:
    """In order of arrival: when, of which tier (0 the most severe), and how long they take."""

    at: np.ndarray
    tier: np.ndarray
    hours: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


def drawn(rng: np.random.Generator, counts: np.ndarray, start: float, handling: Sequence[Draw]) -> Items:
    """`counts[h, k]` items of tier k arrive in the hour that begins at `start + h`, each at any moment of it."""
    hours, tiers = np.nonzero(counts)
    number = counts[hours, tiers]
    at = start + np.repeat(hours, number) + rng.random(int(number.sum()))
    tier = np.repeat(tiers, number)
    taken = np.zeros(len(at))
    for k, draw in enumerate(handling):
        taken[tier == k] = draw(rng, int((tier == k).sum()))
    order = np.argsort(at, kind="stable")
    return Items(at[order], tier[order], taken[order])


def waits(items: Items, duty: Duty, counted: tuple[float, float], until: float) -> np.ndarray:
    """For each item the hours until a reviewer takes it, by simulation; what is not taken when it ends has `inf`.

    It ends when all items that arrived in [counted) are taken, and at `until` at the latest.
    """
    first, last = np.searchsorted(items.at, counted)
    return _Desk(items, range(int(first), int(last))).run(duty, until)


class _Desk:
    """The state of one run."""

    def __init__(self, items: Items, counted: range) -> None:
        self.env = simpy.Environment()
        self.at: list[float] = items.at.tolist()
        self.tier: list[int] = items.tier.tolist()
        self.hours: list[float] = items.hours.tolist()
        self.waiting: list[tuple[int, int]] = []  # a heap of tier, item: items are numbered by arrival
        self.taken = [float("inf")] * len(items)
        self.counted, self.left = counted, len(counted)
        self.busy = self.on_duty = 0
        self.over = self.env.event()

    def run(self, duty: Duty, until: float) -> np.ndarray:
        if not self.left:
            return np.array(self.taken)
        start = min(self.at[0], duty.times[0]) if duty.times else self.at[0]
        self.env = simpy.Environment(initial_time=start)
        self.over = self.env.event()
        self.env.process(self._shifts(duty))
        self.env.process(self._arrivals())
        self.env.run(until=self.over | self.env.timeout(max(0.0, until - start)))
        waited: np.ndarray = np.maximum(np.array(self.taken) - np.array(self.at), 0.0)  # the clock rounds
        return waited

    def _shifts(self, duty: Duty) -> Generator[simpy.Event, Any, None]:
        for time, number in zip(duty.times, duty.reviewers, strict=True):
            yield self.env.timeout(max(0.0, time - self.env.now))
            self.on_duty = number
            self._dispatch()

    def _arrivals(self) -> Generator[simpy.Event, Any, None]:
        env, waiting, tier = self.env, self.waiting, self.tier
        for item, at in enumerate(self.at):
            yield env.timeout(max(0.0, at - env.now))
            heappush(waiting, (tier[item], item))
            self._dispatch()

    def _dispatch(self) -> None:
        while self.waiting and self.busy < self.on_duty:
            item = heappop(self.waiting)[1]
            self.busy += 1
            self.taken[item] = self.env.now
            done = self.env.timeout(self.hours[item])
            done.callbacks.append(self._done)
            if item in self.counted:
                self._one_less()

    def _one_less(self) -> None:
        self.left -= 1
        if not self.left:
            self.over.succeed()

    def _done(self, _: simpy.Event) -> None:
        self.busy -= 1
        self._dispatch()
