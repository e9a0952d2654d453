"""Sums by block (a simulated day, a replication) -> ratios of A and B with intervals, and their difference.

Blocks are what varies: the interval of a ratio is Student's with the variance of its linearised blocks (Cochran, Sampling
Techniques, 1977, sections 5.3 and 6.3). Blocks that carry over into each other, as days do where a backlog lasts, make it too short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from simulator.intervals import clopper_pearson_bounds
from simulator.result import Compared, Estimate, Figure, Refused


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sums over sums, by block and side [blocks, 2]. The log is in them `repeats` times: so many items stand for one of it. Blocks of
    one of the `strata`, such as the Mondays, vary about their own mean; strata of single blocks are put together.
    """

    sums: np.ndarray
    of: np.ndarray
    strata: np.ndarray
    repeats: int
    method: str
    level: float

    def share(self) -> Compared:
        """Of sums that are counts; where none or all were counted, the interval is that of Clopper and Pearson."""
        sides = [self._counted(self._ratio(k), k) for k in (0, 1)]
        return Compared(sides[0], sides[1], self._difference(sides))

    def mean(self) -> Compared:
        """Of sums of hours or minutes: numbers from 0 up."""
        sides = [_within(self._ratio(k), np.inf) for k in (0, 1)]
        return Compared(sides[0], sides[1], self._difference(sides))

    def _ratio(self, side: int) -> Figure:
        sums, of = self.sums[:, side], self.of[:, side]
        if not of.sum():
            return Refused("no item was simulated")
        value, half = float(sums.sum() / of.sum()), self._half(self._influence(side))
        if half is None:
            return Refused("a log of one day leaves open what another day is like", self._items(side))
        return Estimate(value, value - half, value + half, self.method, self._items(side))

    def _items(self, side: int) -> int:
        return round(float(self.of[:, side].sum()) / self.repeats)

    def _counted(self, found: Figure, side: int) -> Figure:
        """No shorter than the interval of as many independent items of the log: where few are counted, blocks vary too little."""
        if not isinstance(found, Estimate):
            return found
        number = max(1, self._items(side))
        low, high = map(float, clopper_pearson_bounds(found.value * number, number, self.level))
        return replace(found, low=max(0.0, min(low, found.low)), high=min(1.0, max(high, found.high)))

    def _influence(self, side: int) -> np.ndarray:
        """What each block moves the ratio, up to the number of blocks."""
        sums, of = self.sums[:, side], self.of[:, side]
        found: np.ndarray = (sums - sums.sum() / of.sum() * of) / of.sum()
        return found

    def _half(self, influence: np.ndarray) -> float | None:
        """Half of the interval; blocks without any item tell nothing."""
        there = self.of.sum(axis=1) > 0
        strata = [there & (self.strata == one) for one in np.unique(self.strata[there])]
        if any(int(mine.sum()) < 2 for mine in strata):
            strata = [there]
        freedom = int(there.sum()) - len(strata)
        if freedom < 1:
            return None
        variance = sum(mine.sum() * float(np.var(influence[mine], ddof=1)) for mine in strata)
        return float(student.ppf(0.5 + self.level / 2, freedom) * np.sqrt(variance))

    def _difference(self, sides: Sequence[Figure]) -> Figure:
        a, b = sides
        if not (isinstance(a, Estimate) and isinstance(b, Estimate)):
            return Refused("one side has no figure")
        value, items = b.value - a.value, a.n + b.n
        if a.value == b.value and a.value in (0.0, 1.0):
            return Estimate(0.0, a.low - a.high, b.high - b.low, a.method, items)
        half = self._half(self._influence(1) - self._influence(0))
        assert half is not None
        return Estimate(value, value - half, value + half, f"{self.method}, paired", items)


def _within(found: Figure, most: float) -> Figure:
    if not isinstance(found, Estimate):
        return found
    return replace(found, low=max(0.0, found.low), high=min(most, found.high))
