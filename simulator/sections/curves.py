"""A rung at every threshold -> the report's curve, thinned to what a page can show, with the rungs of A and B marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policy_dsl.program import MICRO, Program
from simulator import curves
from simulator.result import Band, Curve, Mark, Slice, Zone
from simulator.sections.rungs import changed_rungs
from simulator.stepping import plan
from simulator.sweep import BatchLog, Sweep, sweep_all

Metric: TypeAlias = Literal["precision", "recall", "false_positive_rate"]
METRICS: tuple[Metric, ...] = ("precision", "recall", "false_positive_rate")
MOST_CURVES = 8
MOST_POINTS = 800  # of a curve: more than a page has pixels across


def changed_curves(
    log: BatchLog, a: Program, b: Program, told: Callable[[int], object] = int, most: int = MOST_CURVES
) -> tuple[Curve, ...]:
    """Of the rungs that stand elsewhere in B than in A, with everything else as in A: one more pass over the log, none where no rung
    does. Raises what `sweep` raises."""
    rungs = changed_rungs(a, b)[:most]
    swept = sweep_all(log, [plan(a, target) for target, _ in rungs], (), told) if rungs else ()
    return tuple(curve(one, marks) for one, (_, marks) in zip(swept, rungs, strict=True))


def curve(swept: Sweep, marks: Sequence[Mark] = (), part: Slice = Slice()) -> Curve:  # noqa: B008 - frozen
    """Of the slice that is `part`, whose dimension is a margin of the sweep. Quality is that of all rows: counted where every row is
    labelled, estimated where the chance of a label is known, else within bands."""
    found = curves.steps(swept, part.dimension, part.value)
    target = swept.plan.target
    kept = _kept(found.thresholds, [round(mark.threshold * MICRO) for mark in marks])
    at = found.thresholds[kept]
    told = curves.qualities(found) if swept.labelled else None
    figures: dict[str, tuple[float | None, ...]] = {}
    bands: tuple[Band, ...] = ()
    if told and told.basis == "bounds":
        bands = tuple(
            Band(name, _plain(told.named[name].low[kept]), _plain(told.named[name].high[kept])) for name in METRICS
        )
    elif told:
        figures = {name: _plain(told.named[name].value[kept]) for name in METRICS}
    return Curve(
        target.policy,
        target.score,
        target.action,
        part,
        tuple(np.minimum(at / MICRO, 1.0).tolist()),
        tuple(np.nan_to_num(found.action_rate[kept]).tolist()),
        marks=tuple(marks),
        unlabelled=tuple(Zone(z.low / MICRO, z.high / MICRO, z.rows) for z in _zones(swept, part)),
        basis=told.basis if told else None,
        bands=bands,
        **figures,
    )


def _zones(swept: Sweep, part: Slice) -> tuple[curves.Unlabelled, ...]:
    return curves.unlabelled(swept, part.dimension, part.value) if swept.labelled else ()


def _kept(thresholds: NDArray[np.int64], marked: Sequence[int]) -> NDArray[np.int64]:
    """Evenly spread over the thresholds' range, all where they are few, and those at which a rung stands. The last one, which is
    off, holds up to 1 unless a score is 1."""
    last = len(thresholds) - (2 if len(thresholds) > 1 and thresholds[-2] == MICRO else 1)
    if last < MOST_POINTS:
        return np.arange(last + 1)
    wanted = np.concatenate([np.linspace(0, MICRO, MOST_POINTS), np.asarray(marked, np.float64)])
    return np.unique(np.minimum(np.searchsorted(thresholds, wanted), last))


def _plain(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
