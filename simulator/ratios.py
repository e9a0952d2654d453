"""Sums over weighted rows, cell by cell -> ratios and shares of them with confidence intervals, and their difference B - A.

Precision is a ratio of two sums over the same rows, and so are recall, F-beta, a rate among views and the self-normalised estimate
by inverse propensity. All of them, and the differences between two such, come out of three sums for each cell of a cube.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.intervals import (
    LEVEL,
    Bounds,
    Floats,
    as_floats,
    estimate,
    mover_bounds,
    proportion_bounds,
    proportion_method,
    tango_bounds,
    with_bounds,
    z_of,
)
from simulator.result import Estimate, Figure, Refused


@dataclass(frozen=True, slots=True)
class Sums:
    """By cell: how many rows, the sum of their weights, and that of the squares of their weights.

    Weights are views, 1 / propensity, or both; without any, all three are the counts (`Sums.of`).
    """

    rows: NDArray[np.int64]
    weight: Floats
    squares: Floats

    @classmethod
    def of(cls, counts: ArrayLike) -> Sums:
        """Rows that weigh 1 each."""
        rows = np.asarray(counts, np.int64)
        return cls(rows, rows.astype(np.float64), rows.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Linear:
    """A ratio of sums: its value, by cell what a row of weight 1 adds to it, and what it moves it (the influence of the delta method)."""

    value: float
    term: Floats
    influence: Floats
    rows: int
    effective: float  # Kish (1965): (sum of weights)^2 / sum of squared weights

    def variance(self, sums: Sums) -> float:
        return float(np.sum(sums.squares * self.influence**2))


def _linear(sums: Sums, numerator: ArrayLike, denominator: ArrayLike) -> _Linear | None:
    num, den = as_floats(numerator, denominator)
    below = float(np.sum(sums.weight * den))
    if below <= 0:
        return None
    value = float(np.sum(sums.weight * num)) / below
    effective = below**2 / float(np.sum(sums.squares * den**2))
    return _Linear(value, num / below, (num - value * den) / below, int(sums.rows[den != 0].sum()), effective)


def ratio(sums: Sums, numerator: ArrayLike, denominator: ArrayLike, level: float = LEVEL) -> Figure:
    """Sum of numerators / sum of denominators, by the delta method (Cochran, Sampling Techniques, 1977, chapter 6).

    `numerator` and `denominator` say by cell what one row of weight 1 adds to either. For large samples; a share has a better
    interval in `share`. Refused where the denominators sum to nothing.
    """
    found = _linear(sums, numerator, denominator)
    if found is None:
        return Refused("a ratio to a sum of nothing")
    half = z_of(level) * math.sqrt(found.variance(sums))
    return Estimate(found.value, found.value - half, found.value + half, "delta", found.rows, found.effective)


def share(sums: Sums, numerator: ArrayLike, denominator: ArrayLike, level: float = LEVEL) -> Figure:
    """A ratio in [0, 1], such as precision, recall or F-beta over weighted rows: Wilson's interval with the effective sample size.

    That size is value (1 - value) / variance of the delta method (Korn and Graubard 1998, Survey Methodology 24, 193, with Wilson's interval in place of
    Clopper and Pearson's); at 0 and 1, where the variance says nothing, Kish's with the interval of Clopper and Pearson. With
    weights of 1 this is `proportion`. Refused where the denominators sum to nothing.
    """
    found = _linear(sums, numerator, denominator)
    if found is None:
        return Refused("a share of no rows")
    bounds, method = _share_bounds(found, sums, level)
    return estimate(found.value, bounds, method, found.rows, found.effective)


def _share_bounds(found: _Linear, sums: Sums, level: float) -> tuple[Bounds, str]:
    variance = found.variance(sums)
    inside = 0 < found.value < 1 and variance > 0
    size = found.value * (1 - found.value) / variance if inside else found.effective
    count = size * found.value
    return proportion_bounds(count, size, level), proportion_method(count, size)


def share_difference(
    sums: Sums, a: tuple[ArrayLike, ArrayLike], b: tuple[ArrayLike, ArrayLike], level: float = LEVEL
) -> Figure:
    """B - A of two shares that stand on the same rows, each given as (numerator, denominator) by cell, as in `share`.

    The difference of precision under A and B, say: its denominators differ. The bounds of either share are joined by `mover_bounds`
    with the correlation of the delta method. Where A and B have the same denominator, as in recall, it is Tango's interval
    (`tango_bounds`). Rows that tell A and B apart may be few, or none, by chance: where A and B are alike by construction do
    not ask, the difference is 0. Refused where one share is of no rows.
    """
    left, right = _linear(sums, *a), _linear(sums, *b)
    if left is None or right is None:
        return Refused("a difference of shares, one of which is of no rows")
    value, rows, effective = right.value - left.value, max(left.rows, right.rows), min(left.effective, right.effective)
    if np.array_equal(a[1], b[1]):
        return estimate(value, _pair_bounds(sums, left, right, level), "tango", rows, effective)
    first, second = (with_bounds(one.value, _share_bounds(one, sums, level)[0]) for one in (left, right))
    bounds = mover_bounds(first, second, _correlation(left, right, sums))
    return estimate(value, bounds, "mover", rows, effective)


def _pair_bounds(sums: Sums, a: _Linear, b: _Linear, level: float) -> Bounds:
    """Of as many rows as give Tango's discordant shares the variance of the delta method; without any, Kish's size."""
    apart = sums.weight * (b.term - a.term)
    gained, lost = float(apart.clip(min=0).sum()), float((-apart).clip(min=0).sum())
    variance = float(np.sum(sums.squares * (b.influence - a.influence) ** 2))
    spread = gained + lost - (gained - lost) ** 2
    size = spread / variance if variance > 0 else min(a.effective, b.effective)
    return tango_bounds(lost * size, gained * size, size, level)


def _correlation(a: _Linear, b: _Linear, sums: Sums) -> float:
    """From the variance of the difference, which is taken to be no smaller than that of two rows that tell A and B apart.

    One on either side, as Bonett and Price (2012), Journal of Educational and Behavioral Statistics 37, 479, add for paired proportions:
    that none was seen does not say that there is none.
    """
    first, second = a.variance(sums), b.variance(sums)
    if first <= 0 or second <= 0:
        return 0.0
    apart = float(np.sum(sums.squares * (b.influence - a.influence) ** 2))
    apart = max(apart, first / a.effective + second / b.effective)
    return max(-1.0, min(1.0, (first + second - apart) / (2 * math.sqrt(first * second))))
