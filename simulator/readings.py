"""A sweep -> what is told of a rung, slice by slice: its curves, the figures of the pack as it is and at any threshold, zones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from policy_dsl.program import MICRO
from simulator.curves import Qualities, Steps, Sums, Unlabelled, qualities, steps, unlabelled
from simulator.intervals import LEVEL, proportion
from simulator.labels import Sample
from simulator.quality import Judge, metrics
from simulator.result import ALL, Figure, Refused, Slice
from simulator.settings import cuts_of, is_set
from simulator.stepping import MEASURES
from simulator.sweep import Sweep
from simulator.tallies import Floats, Ints

QUALITIES = ("precision", "recall", "false_positive_rate")
NO_LABEL = "no row has a label of this policy"


@dataclass(frozen=True, slots=True)
class Present:
    """A statement of the rung as it stands; `threshold` in millionths, None: off. `clause` as decisions name it."""

    clause: str
    source: str
    threshold: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """The rung at a threshold (None: off), or the pack as it is: rows by measure, and what they say with intervals."""

    threshold: int | None
    rows: dict[str, int]
    rate: Figure
    quality: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Reading:
    """One slice. `labels` are its rows without a label, labelled no violation, labelled a violation. `curves`: by measure; all on
    the same thresholds. `quality` is that of `acts`; None without any label.
    """

    slice: Slice
    rows: int
    labels: tuple[int, int, int]
    present: Point
    curves: dict[str, Steps]
    quality: Qualities | None
    zones: tuple[Unlabelled, ...]

    @property
    def acts(self) -> Steps:
        return self.curves["acts"]

    def at(self, threshold: int | None, level: float = LEVEL) -> Point:
        """Any threshold; None: off."""
        place = self.acts.at(threshold)
        rows = {name: int(curve.hits.rows[:, place].sum()) for name, curve in self.curves.items()}
        return _point(threshold, rows, self.acts, self.acts.hits, place, level)


def reading(sweep: Sweep, margin: str = "all", value: str | None = None, level: float = LEVEL) -> Reading:
    """One slice of a sweep."""
    curves = {name: steps(sweep, margin, value, name) for name in MEASURES}
    acts = curves["acts"]
    labels = acts.totals.rows[:, 0].tolist()
    now = {name: int(curve.present.rows.sum()) for name, curve in curves.items()}
    return Reading(
        slice=ALL if margin == "all" else Slice(margin, value),
        rows=acts.size,
        labels=(labels[0], labels[1], labels[2]),
        present=_point(None, now, acts, acts.present, 0, level),
        curves=curves,
        quality=qualities(acts) if labels[1] + labels[2] else None,
        zones=unlabelled(sweep, margin, value) if labels[1] + labels[2] else (),
    )


def readings(sweep: Sweep, level: float = LEVEL) -> Iterator[Reading]:
    """All rows, then each slice of each margin, the largest first."""
    yield reading(sweep, level=level)
    for margin in sweep.margins:
        if margin == "all":
            continue
        table = sweep.margins[margin]
        sizes = np.bincount(table.where, table.rows, len(table.slices))
        for number in np.argsort(-sizes, kind="stable").tolist():
            if len(table.slices) > 1:
                yield reading(sweep, margin, table.slices[number], level)


def presents(sweep: Sweep) -> tuple[Present, ...]:
    """The statements that a sweep moves."""
    program, target = sweep.plan.program, sweep.plan.target
    return tuple(
        Present(cut.clause, cut.source, cut.threshold)
        for cut in cuts_of(program, target)
        if is_set(program, target, cut)
    )


def _point(threshold: int | None, rows: dict[str, int], found: Steps, hits: Sums, place: int, level: float) -> Point:
    size = found.size
    rate = proportion(rows["acts"], size, level) if size else Refused("no rows")
    return Point(threshold, rows, rate, _judged(_sample(hits, found.totals, place), level))


def _judged(sample: Sample, level: float) -> dict[str, Figure]:
    """Precision, recall and false-positive rate of the first cell."""
    if not sample.rows[:, 1:].any():
        return dict.fromkeys(QUALITIES, Refused(NO_LABEL))
    acts = np.array([True, False])
    judge = Judge.of(sample, acts, acts, level=level)
    basis = judge.bases(("snipw",))[0]
    ratios = metrics(acts)
    return {name: judge.figure(ratios[name], basis) for name in QUALITIES}


def _sample(hits: Sums, totals: Sums, place: int) -> Sample:
    """Two cells: what is hit, and the rest."""

    def cells(some: Ints, every: Ints) -> Ints:
        return np.stack([some[:, place], every[:, 0] - some[:, place]])

    def weights(some: Floats, every: Floats) -> Floats:
        return np.maximum(np.stack([some[1:, place], every[1:, 0] - some[1:, place]]), 0.0)

    rows = cells(hits.rows, totals.rows)
    drawn = cells(hits.drawn, totals.drawn)[:, 1:]
    weight, squares = weights(hits.weight, totals.weight), weights(hits.weight2, totals.weight2)
    return Sample(rows, rows.astype(np.float64), rows.astype(np.float64), drawn, weight, squares)


def thinned(found: Steps, most: int, keep: Sequence[int] = ()) -> Ints:
    """Which of the steps to show where more than `most` cannot be: the last in each of as many ranges of the score, and `keep`."""
    scores = found.thresholds[:-1]
    if scores.size <= most:
        return np.arange(scores.size)
    buckets = scores * most // (MICRO + 1)
    last = np.flatnonzero(np.diff(np.append(buckets, -1)))
    kept = [found.at(level) for level in keep]
    chosen: Ints = np.unique(np.concatenate([last, np.array(kept, np.int64)]))
    return chosen[chosen < scores.size]
