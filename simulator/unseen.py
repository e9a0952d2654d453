"""Reviewed rows by cell -> the cells where nobody looks, and the worst-case bounds that labels leave there.

The bounds are those of Manski (Nonparametric Bounds on Treatment Effects, American Economic Review 80, 1990; Partial Identification
of Probability Distributions, 2003, chapter 1): each label that is not known is filled in the way that makes the figure smallest,
then the way that makes it largest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from simulator.intervals import LEVEL, as_floats, estimate, mover_bounds
from simulator.labels import (
    MINIMUM,
    Bools,
    Ints,
    Ratio,
    Sample,
    bounded,
    correlation,
    kinds_of,
    kish,
    solve,
    treated_apart,
)
from simulator.result import Bounds, Estimate, Figure, Refused

CHANCE = 0.001  # how likely chance alone may leave a cell without a review before it counts as one where nobody looks
STRAY = 5.0  # standard deviations by which the weights may miss the number of rows that they stand for
TOO_FEW = "the rows reviewed by chance are too few to speak for others"

Told: TypeAlias = tuple[float, float, float]  # value, low, high


@dataclass(frozen=True, slots=True)
class Unseen:
    """`cells`: where weights cannot speak for the rows. `why` says so, a line each."""

    cells: Bools
    why: tuple[str, ...] = ()


def unseen(sample: Sample, zones: Ints, names: Sequence[str] = ()) -> Unseen:
    """Where positivity fails although propensities are recorded.

    A zone is a set of cells that the ratios treat alike, such as "where B acts and A does not"; `names` says so by zone. Found are
    - zones without any reviewed row;
    - cells without one, where the zone's share of reviewed rows would hardly leave them out (`CHANCE`, over the zone's cells);
    - zones whose weights stray from their rows by more than `STRAY` standard deviations: under the recorded chances the weights of the
      reviewed rows estimate the number of rows, with the variance sum of w (w - 1) of Poisson sampling (Särndal, Swensson and
      Wretman 1992, section 3.2). Then some rows had no chance there, or the propensities are not those of the reviews.
    A band inside of a cell at which nobody looks shows in the third way only, once it is large enough.
    """
    rows, drawn = sample.rows.sum(axis=1), sample.drawn.sum(axis=1)
    found, why = np.zeros(len(rows), np.bool_), []
    for zone in np.unique(zones):
        mine = (zones == zone) & (rows > 0)
        share = drawn[mine].sum() / max(1, rows[mine].sum())
        missed = mine & (drawn == 0) & ((rows * share > math.log(max(1, mine.sum()) / CHANCE)) | (share == 0))
        found |= missed
        odd = _stray(sample.select(mine & ~missed))
        if odd:
            found |= mine
        nobody = int(rows[missed].sum())
        reasons = ([f"nobody looked at {nobody:,} rows"] if nobody else []) + ([odd] if odd else [])
        where = f"{names[zone]} " if names else ""
        why += [where + reason for reason in reasons]
    return Unseen(found, tuple(why))


def _stray(zone: Sample) -> str | None:
    """How far the weights are from adding up to the rows, if too far."""
    rows, weights, drawn = int(zone.rows.sum()), float(zone.weight.sum()), int(zone.drawn.sum())
    if not drawn or not strays(rows, weights, float(zone.weight_squares.sum())):
        return None
    return f"the {drawn:,} reviewed rows stand for {weights:,.0f} rows by their propensities, but there are {rows:,}"


def strays(rows: ArrayLike, weight: ArrayLike, squares: ArrayLike, heaviest: ArrayLike = 0.0) -> Bools:
    """Whether sums of weights and of their squares are too far from the number of rows: see `unseen`.

    Where `heaviest` is the largest weight that a row may have, as many rows may lack as chance leaves without a review (`CHANCE`):
    none of them shows in the sum of squares.
    """
    n, total, square, most = as_floats(rows, weight, squares, heaviest)
    spread = np.sqrt(np.clip(square - total, 0, None))
    granted = STRAY * spread + 1e-4 * n - most * math.log(CHANCE)  # propensities are float32
    far: Bools = np.abs(n - total) > granted
    return far


@dataclass(frozen=True, slots=True)
class Fill:
    """The ways in which labels that are not known may turn out: the cells `free` take one label per zone."""

    sample: Sample
    free: Bools
    zones: Ints
    estimates: bool  # whether reviewed rows speak by their weights for others

    @classmethod
    def of(cls, sample: Sample, zones: Ints, free: Bools | None = None) -> Fill:
        """Without `free`: nothing is known of rows without a label."""
        if free is None:
            return cls(sample, np.ones(len(sample.rows), np.bool_), zones, estimates=False)
        return cls(sample, free, zones, bool(sample.drawn[~free].any()))

    def ways(self, moved: Bools) -> Iterator[Sample]:
        """The labels of each zone among `moved` all false or all true: where a ratio of sums is smallest and largest over all ways there are.
        Elsewhere the label makes no difference."""
        blank = self.free & (self.sample.rows[:, 0] > 0)
        zones, rest = (np.unique(self.zones[blank & cells]).tolist() for cells in (moved, ~moved))
        for labels in itertools.product((1, 2), repeat=len(zones)):
            yield self._filled(dict.fromkeys(rest, 1) | dict(zip(zones, labels, strict=True)))

    def _filled(self, labels: dict[int, int]) -> Sample:
        s = self.sample
        rows, size, squares = s.rows.copy(), s.size.copy(), s.squares.copy()
        for zone, label in labels.items():
            mine = self.free & (self.zones == zone)
            for values in (rows, size, squares):
                values[mine, label] += values[mine, 0]
                values[mine, 0] = 0
        known = (rows[:, 1:], size[:, 1:], squares[:, 1:])
        drawn, weight, weight_squares = (
            np.where(self.free[:, None], sure, by_weight)
            for sure, by_weight in zip(known, (s.drawn, s.weight, s.weight_squares), strict=True)
        )
        return Sample(rows, size, squares, drawn, weight, weight_squares)


def sure(sample: Sample) -> Sample:
    """Cells in which each row has a label and none a propensity speak for themselves."""
    known = ((sample.rows[:, 0] == 0) & (sample.drawn.sum(axis=1) == 0))[:, None]
    return replace(
        sample,
        drawn=np.where(known, sample.rows[:, 1:], sample.drawn),
        weight=np.where(known, sample.size[:, 1:], sample.weight),
        weight_squares=np.where(known, sample.squares[:, 1:], sample.weight_squares),
    )


def bounds(fill: Fill, ratio: Ratio, why: tuple[str, ...], level: float = LEVEL, minimum: float = MINIMUM) -> Figure:
    """Smallest and largest value of the ratio. Where no label that it depends on is open: the value with its interval.

    Where part of the rows is estimated by weights, the bounds include the interval of that part; where they are too few, nothing is
    taken from their weights. Otherwise they are exact for the rows of the log.
    """
    fill, why = _sound(fill, (ratio,), why, minimum)
    alike = replace(fill, zones=kinds_of(ratio.numerator, ratio.denominator))
    return _told(alike, lambda way, at: _one(way, ratio, at), ratio.open, why, level)


def bounds_difference(
    fill: Fill, a: Ratio, b: Ratio, why: tuple[str, ...], level: float = LEVEL, minimum: float = MINIMUM
) -> Figure:
    """Smallest and largest B - A, one and the same label going to both; sharp for ratios whose denominators depend on no label or are
    the same. For others (F-beta) the bounds of the one less those of the other: true, but wider than need be."""
    apart = treated_apart(a, b)
    if not fill.sample.rows[apart].any():
        return Estimate(0.0, 0.0, 0.0, "exact", int(fill.sample.rows[:, 1:].sum()))
    fill, why = _sound(fill, (a, b), why, minimum)
    moved = a.open | b.open
    if _linear(a, b):
        return _told(fill, lambda way, at: _both(way, a, b, at), moved, why, level)
    left, right = bounds(fill, a, why, level, 0.0), bounds(fill, b, why, level, 0.0)
    if isinstance(left, Bounds) and isinstance(right, Bounds):
        return replace(right, low=right.low - left.high, high=right.high - left.low)
    return _told(fill, lambda way, at: _both(way, a, b, at), moved, why, level)


def _linear(a: Ratio, b: Ratio) -> bool:
    fixed = all(np.array_equal(side.denominator[:, 0], side.denominator[:, 1]) for side in (a, b))
    return fixed or np.array_equal(a.denominator, b.denominator)


def _sound(fill: Fill, ratios: tuple[Ratio, ...], why: tuple[str, ...], minimum: float) -> tuple[Fill, tuple[str, ...]]:
    """Without estimates where the reviewed rows that they would rest on are too few."""
    if not fill.estimates:
        return fill, why
    kept = ~fill.free
    part = fill.sample.select(kept)
    small = any(
        kish(part.weight[domain[kept]], part.weight_squares[domain[kept]]) < minimum
        for ratio in ratios
        for domain in ratio.domains
        if part.rows[domain[kept].any(axis=1)].any()
    )
    return (Fill.of(fill.sample, fill.zones), (*why, TOO_FEW)) if small else (fill, why)


def _told(
    fill: Fill, tell: Callable[[Sample, float | None], Told | None], moved: Bools, why: tuple[str, ...], level: float
) -> Figure:
    labelled = int(fill.sample.rows[:, 1:].sum())
    blank = fill.free & moved & (fill.sample.rows[:, 0] > 0)
    at = None if blank.any() and not fill.estimates else level  # exact for the rows of the log: no interval
    told = [found for way in fill.ways(moved) if (found := tell(way, at)) is not None]
    if not told:
        return Refused("a ratio to a sum of nothing", labelled)
    if not blank.any():
        value, low, high = told[0]
        return estimate(value, (low, high), "snipw" if fill.estimates else "wilson", labelled)
    low, high = min(each[1] for each in told), max(each[2] for each in told)
    method = "manski bounds with snipw" if fill.estimates else "manski bounds"
    return Bounds(low, high, f"{method} (not identified)", labelled, "; ".join(why))


def _one(way: Sample, ratio: Ratio, level: float | None) -> Told | None:
    solved = solve(way, ratio, "snipw")
    if solved is None:
        return None
    return (solved.value,) * 3 if level is None else bounded(way, solved, level)


def _both(way: Sample, a: Ratio, b: Ratio, level: float | None) -> Told | None:
    left, right = solve(way, a, "snipw"), solve(way, b, "snipw")
    if left is None or right is None:
        return None
    value = right.value - left.value
    if level is None:
        return value, value, value
    return value, *mover_bounds(bounded(way, left, level), bounded(way, right, level), correlation(way, left, right))
