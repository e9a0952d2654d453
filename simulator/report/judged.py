"""A result's quality figures -> tables: policies that change, one line each for those that do not, slices where B may be worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.report.answer import best, moved_rows
from simulator.report.figures import reach
from simulator.report.tables import MOST_ROWS, Row, Table, line
from simulator.report.wording import BASES, HIGHER_IS_WORSE, METRICS, Told, sliced, told, told_pair, visible, worse_by
from simulator.result import ALL, Bounds, Estimate, Metric, Refused, Result

SETTLED = ("precision", "recall", "false_positive_rate")  # of a policy whose quality stays


@dataclass(frozen=True, slots=True)
class Settled:
    """A policy whose quality is the same under A and B: what it is."""

    policy: str
    figures: tuple[Told | None, ...]
    labelled: int


def quality(result: Result) -> list[Table]:
    """Per labelled policy whose quality changes its figures over all rows, the most changed policy first."""
    return [_table(name, _overall(result, name)) for name in _policies(result) if not _stays(_overall(result, name))]


def settled(result: Result) -> list[Settled]:
    """The others."""
    rows = {label.policy: label.labelled for label in result.labels}
    return [
        _settled(name, _overall(result, name), rows.get(name, 0))
        for name in _policies(result)
        if _stays(_overall(result, name))
    ]


def _policies(result: Result) -> list[str]:
    names = sorted({m.policy for m in (*result.quality, *result.views) if m.slice == ALL})
    return sorted(names, key=lambda name: -moved_rows(result, name))


def _overall(result: Result, policy: str) -> list[Metric]:
    return [m for m in (*result.quality, *result.views) if m.slice == ALL and m.policy == policy]


def _stays(metrics: Sequence[Metric]) -> bool:
    """Whether A and B act alike, as far as any figure tells."""
    return all(m.figure.a == m.figure.b and _is_nothing(m) for m in metrics) and any(
        isinstance(m.figure.difference, Estimate) for m in metrics
    )


def _is_nothing(metric: Metric) -> bool:
    difference = metric.figure.difference
    return isinstance(difference, Refused) or difference.low == difference.high == 0


def _settled(policy: str, metrics: Sequence[Metric], labelled: int) -> Settled:
    found = [best(metrics, policy, name) for name in SETTLED]
    return Settled(policy, tuple(told(m.figure.a, "share") if m else None for m in found), labelled)


def _table(policy: str, metrics: Sequence[Metric]) -> Table:
    """A row for each metric, on the basis that says most; what the others say stands below its name."""
    names = dict.fromkeys(m.metric for m in metrics)
    chosen = [m for name in names if (m := best(metrics, policy, name))]
    scale = reach([m.figure.difference for m in chosen])
    return Table(
        policy, tuple(_row(m, [o for o in metrics if o.metric == m.metric and o is not m], scale) for m in chosen)
    )


def _row(metric: Metric, others: Sequence[Metric], scale: float) -> Row:
    about = BASES[metric.basis]
    for other in others:
        pair = told_pair(other.figure, "share")
        about += f"; {BASES[other.basis].removeprefix('all rows, ')}: {_said(pair.a)} to {_said(pair.b)}"
    return line(metric_name(metric), metric.figure, "share", scale, about=about)


def _said(figure: Told) -> str:
    return f"{figure.main} ({figure.interval})" if figure.kind == "bounds" else figure.main


def metric_name(metric: Metric) -> str:
    return (
        f"F{metric.beta:g} score"
        if metric.metric == "f_beta" and metric.beta
        else METRICS.get(metric.metric, metric.metric)
    )


def slices(result: Result) -> Table:
    """Quality per slice where B may be worse than A, first where it surely is by most; dimensions without information last."""
    metrics = [m for m in result.quality if m.slice != ALL and _worse(m)]
    metrics.sort(key=lambda m: (m.slice.dimension in result.no_signal, -worse_by(m.metric, m.figure.difference)))
    shown = metrics[:MOST_ROWS]
    scale = reach([m.figure.difference for m in shown])
    return Table("Quality by slice", tuple(_slice(m, scale, result) for m in shown), len(metrics) - len(shown))


def _worse(metric: Metric) -> bool:
    """Whether B may be worse; where A and B are alike, it is not."""
    difference = metric.figure.difference
    if isinstance(difference, Estimate):
        return (difference.value > 0) if metric.metric in HIGHER_IS_WORSE else (difference.value < 0)
    return isinstance(difference, Bounds) and worse_by(metric.metric, difference) > 0


def _slice(m: Metric, scale: float, result: Result) -> Row:
    idle = ", ▲ holds no information" if m.slice.dimension in result.no_signal else ""
    about = f"{visible(m.policy)}: {metric_name(m)} ({BASES[m.basis]}){idle}"
    return line(visible(sliced(m.slice)), m.figure, "share", scale, about=about)
