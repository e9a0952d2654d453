"""A sweep -> step functions of the threshold: exact counts, precision, recall, false-positive and action rate, bounds, zones.

Positive is what the measure counts (`simulator.stepping.MEASURES`), true is a row with the label of the policy. Where only a part of
the rows has a label, a value is given for all rows by the inverse of the chance of being looked at (self-normalised, Hájek 1971;
none where the effective sample size is below `labels.MINIMUM`, or where somewhere nobody looks), or, where that chance is not known, only the worst-case bounds
(Manski 1990): what the labelled rows alone show says nothing of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from policy_dsl.program import MICRO
from simulator.labels import MINIMUM, Bools
from simulator.sweep import Sweep
from simulator.tallies import NEGATIVE, POSITIVE, UNLABELLED, Floats, Ints, Table
from simulator.unseen import strays

OFF = MICRO + 1
"""The threshold that no score reaches: the rung is off."""

CHANCE = 0.001
"""How likely chance alone may leave a range of scores without a label before it counts as one where nobody looks; as
`simulator.unseen` has it for cells."""


@dataclass(frozen=True, slots=True)
class Sums:
    """By threshold (second axis) and label (first: none, false, true): what the measure counts there.

    `rows` counts, `drawn` those that have a propensity; `weight` and `weight2` are the sums of 1/propensity and of its square.
    """

    rows: Ints
    drawn: Ints
    weight: Floats
    weight2: Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """A measure at `thresholds`, ascending, in millionths; the last is OFF. Between two of them stands what the upper one says:
    `hits[:, i]` holds for every t in (thresholds[i - 1], thresholds[i]]. `totals` are all rows of the slice, `present` those of the
    pack as it is.
    """

    measure: str
    thresholds: Ints
    hits: Sums
    totals: Sums
    present: Sums

    def at(self, threshold: int | None) -> int:
        """Where a threshold (None: off) stands."""
        return int(np.searchsorted(self.thresholds, OFF if threshold is None else threshold))

    @property
    def size(self) -> int:
        """All rows."""
        return int(self.totals.rows.sum())

    @property
    def action_rate(self) -> Floats:
        """The share of all rows that are hit; exact. NaN without rows."""
        return _ratio(self.hits.rows.sum(axis=0), np.float64(self.size))


def steps(sweep: Sweep, margin: str = "all", value: str | None = None, measure: str = "acts") -> Steps:
    """All steps of a slice; exact."""
    table = sweep.margins[margin].of(value)
    plan = sweep.plan
    which = plan.measures.index(measure)
    speaking = np.array([[bool(kind) and kind[j][which] for j in range(plan.present + 1)] for kind in sweep.kinds])
    speaking = speaking.reshape(len(sweep.kinds), plan.present + 1)[table.kind]
    off, now = speaking[:, 0], speaking[:, plan.present]
    thresholds = _grid(table.at[table.at >= 0], plan.starts)
    size = thresholds.size
    ones, first = np.ones(len(off), np.int64), np.zeros(len(off), np.int64)
    hits = _repeated(_sums(table, off.astype(np.int64), first, 1), size)
    bounds = np.searchsorted(thresholds, [*plan.starts, OFF])
    reached = np.searchsorted(thresholds, table.at, side="right") - 1  # the last threshold that each cell reaches
    for i in range(len(plan.starts)):
        change = speaking[:, 1 + i].astype(np.int64) - off
        moving = (change != 0) & (table.at >= 0)
        some = _sums(table.select(moving), change[moving], reached[moving], size)
        _add(hits, some, slice(bounds[i], bounds[i + 1]))
    present = _sums(table, now.astype(np.int64), first, 1)
    return Steps(measure, thresholds, hits, _sums(table, ones, first, 1), present)


def _repeated(one: Sums, size: int) -> Sums:
    rows, drawn = (np.repeat(part, size, axis=1) for part in (one.rows, one.drawn))
    weight, weight2 = (np.repeat(part, size, axis=1) for part in (one.weight, one.weight2))
    return Sums(rows, drawn, weight, weight2)


def _add(to: Sums, some: Sums, part: slice) -> None:
    """What stands at each threshold of the part or at a higher one, also beyond the part."""
    for total, added in ((to.rows, some.rows), (to.drawn, some.drawn)):
        total[:, part] += np.cumsum(added[:, ::-1], axis=1)[:, ::-1][:, part]
    for sums, added_ in ((to.weight, some.weight), (to.weight2, some.weight2)):
        sums[:, part] += np.cumsum(added_[:, ::-1], axis=1)[:, ::-1][:, part]


def _grid(reached: Ints, starts: tuple[int, ...]) -> Ints:
    """Where a step may lie: at scores, and at and below the thresholds from which the rung outranks another."""
    lower = [start - 1 for start in starts if start]
    found: Ints = np.unique(np.concatenate([reached, np.array([*starts, *lower, OFF], np.int64)]))
    return found


def _sums(table: Table, sign: Ints, where: Ints, size: int) -> Sums:
    """By label and place: whole numbers through binary64, exact up to 2**53 rows."""
    place = table.label * size + where

    def total(values: Ints | Floats) -> Floats:
        found: Floats = np.bincount(place, values * sign, 3 * size).reshape(3, size).astype(np.float64)
        return found

    rows, drawn = (np.rint(total(values)).astype(np.int64) for values in (table.rows, table.weighted))
    return Sums(rows, drawn, total(table.weight), total(table.weight2))


@dataclass(frozen=True, slots=True)
class Quality:
    """By threshold: a figure, NaN where it is not given. `low` and `high` are worst-case bounds over all rows; `effective` the effective
    sample size behind a weighted value.
    """

    value: Floats
    low: Floats
    high: Floats
    effective: Floats | None = None


@dataclass(frozen=True, slots=True)
class Qualities:
    """`basis`: `all` where every row has a label, `snipw` where some have one and the chance of it is known, else `bounds`."""

    basis: Literal["all", "snipw", "bounds"]
    precision: Quality
    recall: Quality
    false_positive_rate: Quality

    @property
    def named(self) -> dict[str, Quality]:
        return {name: getattr(self, name) for name in ("precision", "recall", "false_positive_rate")}


def qualities(found: Steps) -> Qualities:
    """At each threshold; without any label all are NaN with the bounds 0 and 1. A weighted value is NaN, too, where rows that it
    depends on had no chance of a review: those that are hit, and of recall and the false-positive rate the others."""
    hits, totals = found.hits, found.totals
    everyone = not totals.rows[UNLABELLED].any()
    weighted = not everyone and bool(totals.drawn[1:].any())
    seen = (hits.weight, totals.weight) if weighted else (hits.rows, totals.rows)
    true, false = seen[0][POSITIVE], seen[0][NEGATIVE]
    positives, negatives = seen[1][POSITIVE], seen[1][NEGATIVE]
    ratios = ((true, true + false), (true, positives), (false, negatives))
    sizes = _effective(hits, totals) if weighted else (None, None, None)
    blind, elsewhere = blind_at(hits, totals) if weighted else (np.zeros(true.shape, np.bool_),) * 2
    figures = []
    for (top, below), size, hidden, (low, high) in zip(
        ratios,
        sizes,
        (blind, blind | elsewhere, blind | elsewhere),
        _bounds(hits.rows, totals.rows),
        strict=True,
    ):
        value = _ratio(top, below) if everyone or weighted else np.full(top.shape, np.nan)
        if size is not None:
            value = np.where((size >= MINIMUM) & ~hidden, np.clip(value, 0.0, 1.0), np.nan)
        figures.append(Quality(value, low, high, size))
    return Qualities("all" if everyone else "snipw" if weighted else "bounds", *figures)


def blind_at(hits: Sums, totals: Sums, heaviest: float | None = None) -> tuple[Bools, Bools]:
    """By threshold whether the weights cannot speak for the rows that are hit, and for the others: somewhere nobody looks (see
    `unseen.strays`). `heaviest` is the largest weight that a row may have; None: that of the reviewed rows there, on average."""
    parts = []
    for part in (hits, _less(totals, hits)):
        weight, squares = part.weight[1:].sum(axis=0), np.maximum(part.weight2[1:].sum(axis=0), 0.0)
        usual = np.divide(squares, weight, out=np.ones(weight.shape), where=part.drawn[1:].sum(axis=0) > 0)
        parts.append(strays(part.rows.sum(axis=0), weight, squares, usual if heaviest is None else heaviest))
    return parts[0], parts[1]


def _less(all_: Sums, some: Sums) -> Sums:
    return Sums(all_.rows - some.rows, all_.drawn - some.drawn, all_.weight - some.weight, all_.weight2 - some.weight2)


def _bounds(hits: Ints, totals: Ints) -> tuple[tuple[Floats, Floats], ...]:
    """Each row without a label takes the one that makes the figure smallest, then largest."""
    open_, false, true = hits
    away = totals[UNLABELLED] - open_
    missed, spared = totals[POSITIVE] - true, totals[NEGATIVE] - false
    precision = (_ratio(true, true + false + open_), _ratio(true + open_, true + false + open_))
    recall = (_ratio(true, true + missed + away), _ratio(true + open_, true + open_ + missed))
    rate = (_ratio(false, false + spared + away), _ratio(false + open_, false + open_ + spared))
    return precision, recall, rate


def _effective(hits: Sums, totals: Sums) -> tuple[Floats, ...]:
    """Kish's effective sample size of the rows that each ratio divides by; see `labels.kish`."""
    size = hits.rows.shape[1]
    both = (hits.weight[1:].sum(axis=0), hits.weight2[1:].sum(axis=0))
    whole = [(np.repeat(totals.weight[k], size), np.repeat(totals.weight2[k], size)) for k in (POSITIVE, NEGATIVE)]
    return tuple(np.nan_to_num(_ratio(weight**2, weight2)) for weight, weight2 in (both, *whole))


def _ratio(top: Ints | Floats, below: Ints | Floats | np.float64) -> Floats:
    bottom = np.broadcast_to(np.asarray(below, np.float64), np.shape(top))
    found: Floats = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0)
    return found


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Scores from `low` to `high` millionths, both with a row, where none of `rows` rows has a label."""

    low: int
    high: int
    rows: int


def unlabelled(sweep: Sweep, margin: str = "all", value: str | None = None) -> tuple[Unlabelled, ...]:
    """The ranges of scores that nobody looked at: too many rows in a row without a label for chance to have left them out.

    With a share q of labelled rows, chance leaves out k rows that follow each other with (1 - q)^k, and there are as many places for
    such a run to begin as labelled rows + 1: found are the runs for which the product is below `CHANCE`.
    """
    table = sweep.margins[margin].of(value)
    table = table.select(table.at >= 0)
    scores, place = np.unique(table.at, return_inverse=True)
    rows = np.bincount(place, table.rows, scores.size)
    seen = np.bincount(place, table.rows * (table.label != UNLABELLED), scores.size)
    labelled, every = seen.sum(), rows.sum()
    if not labelled:
        return (Unlabelled(int(scores[0]), int(scores[-1]), int(every)),) if every else ()
    if labelled == every:
        return ()
    longest = math.log((labelled + 1) / CHANCE) / -math.log1p(-labelled / every)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (seen == 0).astype(np.int8), [0]])))
    runs = [(first, end, int(rows[first:end].sum())) for first, end in edges.reshape(-1, 2).tolist()]
    return tuple(Unlabelled(int(scores[a]), int(scores[b - 1]), n) for a, b, n in runs if n > longest)
