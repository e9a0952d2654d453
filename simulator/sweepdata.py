"""Sweeps and their readings -> plain data for JSON: exact counts and rates at every step, and the figures of the pack as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from policy_dsl.program import MICRO
from simulator.readings import Point, Present, Reading, presents, readings, thinned
from simulator.result import Figure, Refused
from simulator.sweep import Sweep
from simulator.tallies import NEGATIVE, POSITIVE, UNLABELLED, Floats, Ints

VERSION = 1

Data = dict[str, Any]


def sweep_data(sweeps: Iterable[Sweep], most: int | None = None, level: float = 0.95) -> list[Data]:
    """One entry a rung. `most`: about so many thresholds a curve; None: every one at which something changes."""
    return [rung_data(sweep, list(readings(sweep, level)), most) for sweep in sweeps]


def rung_data(sweep: Sweep, found: Sequence[Reading], most: int | None = None) -> Data:
    """One rung with all its slices."""
    target, moved = sweep.plan.target, presents(sweep)
    return {
        "policy": target.policy,
        "score": target.score,
        "rung": target.action,
        "region": target.region,
        "set": f"{target}=",
        "present": [_present(item) for item in moved],
        "rows": asdict(sweep.account),
        "days": sweep.days,
        "slices": [slice_data(item, moved, most) for item in found],
    }


def slice_data(found: Reading, moved: Sequence[Present], most: int | None = None) -> Data:
    """One slice: `curve` at thresholds where something changes, each with what holds from behind the one before up to it;
    `off` what holds where the rung is off."""
    levels = [item.threshold for item in moved if item.threshold is not None]
    every = np.arange(found.acts.thresholds.size - 1)
    shown = every if most is None else thinned(found.acts, most, levels)
    return {
        "dimension": found.slice.dimension,
        "value": found.slice.value,
        "rows": found.rows,
        "labels": dict(zip(("none", "false", "true"), found.labels, strict=True)),
        "basis": None if found.quality is None else found.quality.basis,
        "present": point_data(found.present),
        "off": point_data(found.at(None)),
        "unlabelled": [{"low": z.low / MICRO, "high": z.high / MICRO, "rows": z.rows} for z in found.zones],
        "curve": _curve(found, shown),
    }


def point_data(point: Point) -> Data:
    """Rows by measure, and the figures with intervals."""
    quality = {name: figure_data(figure) for name, figure in point.quality.items()}
    return {"rows": point.rows, "action_rate": figure_data(point.rate), **quality}


def figure_data(figure: Figure) -> Data:
    """As in the JSON of a simulation."""
    found: Data = asdict(figure)
    return found


def _curve(found: Reading, shown: Ints) -> Data:
    acts, labelled = found.acts.hits.rows, found.labels[NEGATIVE] + found.labels[POSITIVE]
    data: Data = {
        "thresholds": (found.acts.thresholds[shown] / MICRO).tolist(),
        "action_rate": _numbers(found.acts.action_rate[shown]),
    }
    data |= {name: curve.hits.rows[:, shown].sum(axis=0).tolist() for name, curve in found.curves.items()}
    if labelled and found.quality is not None:
        data["true_positives"] = acts[POSITIVE, shown].tolist()
        data["false_positives"] = acts[NEGATIVE, shown].tolist()
        data["unlabelled"] = acts[UNLABELLED, shown].tolist()
        for name, quality in found.quality.named.items():
            data[name] = _numbers(quality.value[shown])
            if found.quality.basis != "all":
                data[f"{name}_low"], data[f"{name}_high"] = _numbers(quality.low[shown]), _numbers(quality.high[shown])
            if quality.effective is not None:
                data[f"{name}_effective"] = _numbers(quality.effective[shown])
    return data


def _numbers(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _present(item: Present) -> Data:
    level = None if item.threshold is None else item.threshold / MICRO
    return {"clause": item.clause, "source": item.source, "threshold": level}


def told(figure: Figure) -> str:
    """A share in words: `12.3 % (11.9 to 12.7)`."""
    if isinstance(figure, Refused):
        return "-"
    ends = f"{100 * figure.low:.2f} to {100 * figure.high:.2f}"
    return f"not identified ({ends})" if figure.kind == "bounds" else f"{100 * figure.value:.2f} % ({ends})"
