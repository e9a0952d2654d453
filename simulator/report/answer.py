"""A simulation's result -> the answer in three sentences: what changes, whether it gets better, what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from simulator.report.wording import METRICS, listed, named, told, told_pair, visible
from simulator.result import (
    ALL,
    Bounds,
    Changed,
    Compared,
    Estimate,
    Figure,
    Load,
    Metric,
    Refused,
    Result,
    Transitions,
)

_BASES = ("dr", "snipw", "ipw", "all", "bounds", "labelled")  # the one that says most about every row first
_WHOM = {
    "labelled": "among the labelled rows, which say nothing of the others",
    "all": "every row being labelled",
    "ipw": "over all rows by the chance of a label",
    "snipw": "over all rows by the chance of a label",
    "dr": "over all rows, doubly robust",
    "bounds": "over all rows",
}


def answer(result: Result) -> tuple[str, str, str]:
    """Three sentences; names stand in backticks. Each says so where its figure is not identified."""
    return _what_changes(result), _quality(result), _cost(result)


def overall(result: Result) -> Changed | None:
    return next((row for row in result.changed if row.slice == ALL), None)


def _what_changes(result: Result) -> str:
    row = overall(result)
    if row is None or not row.rows:
        return "There is no answer: the log holds no row that could be decided again."
    if not result.run.replayed:
        return f"There is no answer: none of the log's {row.rows:,} rows can be decided."
    lost = row.rows - result.run.replayed
    return _changed(result, row) + (f"; {lost:,} of the rows cannot be decided." if lost > 0 else ".")


def _changed(result: Result, row: Changed) -> str:
    if isinstance(row.changed, Refused):
        return (
            f"B instead of A changes the enforcement of {_moved(result):,} of {row.rows:,} rows; "
            f"what that is of other rows cannot be told: {row.changed.reason}"
        )
    share = told(row.changed, "share")
    if isinstance(row.changed, Bounds):
        return (
            f"How many of the {row.rows:,} decisions change is not identified, it is {share.interval} %: {share.note}"
        )
    changed = _rows(row.changed, row.rows)
    if not changed:
        return (
            f"B decides all {row.rows:,} rows as A does; at most {_high(row.changed, result)} of such rows would change"
        )
    interval = f", {_level(result)} interval {share.interval} %" if share.interval else ""
    return (
        f"B instead of A changes the decision on {changed:,} of {row.rows:,} rows ({share.main}{interval}): "
        f"{_directions(row, changed)}{_most_often(result)}"
    )


def _high(figure: Estimate, result: Result) -> str:
    return f"{100 * figure.high:.2g} % ({_level(result)} interval)"


def _level(result: Result) -> str:
    return f"{100 * result.run.level:g} %"


def _rows(figure: Figure, rows: int) -> int:
    return round(figure.value * rows) if isinstance(figure, Estimate) else 0


def _directions(row: Changed, changed: int) -> str:
    stricter, lenient = _rows(row.stricter, row.rows), _rows(row.lenient, row.rows)
    rest = changed - stricter - lenient
    if rest == changed:
        return "all of them only in who reviews them or what else follows"
    parts = [f"{stricter:,} become stricter", f"{lenient:,} more lenient"]
    if rest > 0:
        parts.append(f"{rest:,} change only in who reviews them or what else follows")
    return ", ".join(parts)


def _whole(result: Result) -> list[tuple[int, str, str]]:
    """The moves of the joined decision."""
    table = next((t for t in result.transitions if t.slice == ALL and t.policy is None), None)
    return _moves(table) if table else []


def _moved(result: Result) -> int:
    return sum(count for count, _, _ in _whole(result))


def _most_often(result: Result) -> str:
    moved = _whole(result)
    if not moved:
        return ""
    count, before, after = max(moved, key=lambda move: move[0])
    return f", most often from {named(before)} to {named(after)} ({count:,})"


def _moves(table: Transitions) -> list[tuple[int, str, str]]:
    pairs = product(enumerate(table.names), repeat=2)
    return [(table.counts[i][j], a, b) for (i, a), (j, b) in pairs if i != j and table.counts[i][j]]


def moved_rows(result: Result, policy: str) -> int:
    """How many rows' verdicts of the policy change, over all rows; of routes and sanctions what is known: by how many they differ."""
    tables = (t for t in result.transitions if t.slice == ALL and t.policy == policy)
    counts = (abs(c.b - c.a) for c in result.counts if c.slice == ALL and c.policy == policy)
    return max(sum(count for table in tables for count, _, _ in _moves(table)), max(counts, default=0))


def _quality(result: Result) -> str:
    labelled = [label for label in result.labels if label.labelled]
    if not labelled:
        return "Whether B is right more often than A is not identified: no row has a label."
    if not result.run.replayed:
        return "Whether B is right more often than A is not identified: no row can be decided."
    chosen = max(
        labelled,
        key=lambda label: (_differs(result, label.policy), moved_rows(result, label.policy), label.labelled),
    )
    found = [metric for name in ("precision", "recall") if (metric := best(result.quality, chosen.policy, name))]
    if not found:
        return (
            f"Whether B is right more often than A is not identified: {named(chosen.policy)} has labels, but no figure."
        )
    others = len(labelled) - 1
    more = f"; {others} more labelled {'policies are' if others > 1 else 'policy is'} in the table" if others else ""
    return f"For {named(chosen.policy)}, {_metrics(found)}{more}."


def _differs(result: Result, policy: str) -> bool:
    """Whether A and B differ in any quality figure of the policy."""
    return any(m.figure.a != m.figure.b for m in result.quality if m.slice == ALL and m.policy == policy)


def best(metrics: Iterable[Metric], policy: str, metric: str) -> Metric | None:
    """The policy's figure over all rows of the log whose basis says most, and that is not refused where another is not."""
    found = (m for m in metrics if m.slice == ALL and m.policy == policy and m.metric == metric)
    return min(found, key=lambda m: (_is_refused(m.figure), _BASES.index(m.basis)), default=None)


def _is_refused(pair: Compared) -> bool:
    return any(isinstance(figure, Refused) for figure in (pair.a, pair.b, pair.difference))


def _metrics(found: list[Metric]) -> str:
    """What each says; of whom they speak, once where it is the same; and why they are not identified, once."""
    unknown = [m.figure.difference for m in found if isinstance(m.figure.difference, Bounds)]
    if len(found) == len(unknown) > 1 and len({bounds.reason for bounds in unknown}) == 1:
        return _not_identified(found)
    whom = [
        _WHOM[metric.basis]
        if isinstance(metric.figure.difference, Estimate) and isinstance(metric.figure.a, Estimate)
        else ""
        for metric in found
    ]
    if len(set(whom)) == 1:
        return f"{' and '.join(map(_metric, found))}{f', {whom[0]}' if whom[0] else ''}"
    return " and ".join(
        f"{_metric(metric)}{f', {of},' if of else ''}" for metric, of in zip(found, whom, strict=True)
    ).rstrip(",")


def _not_identified(found: list[Metric]) -> str:
    pairs = [(METRICS[metric.metric], told_pair(metric.figure, "share").difference) for metric in found]
    changes = " and ".join(f"{word} ({difference.interval} pp)" for word, difference in pairs)
    return f"the changes in {changes} are not identified: {pairs[0][1].note}"


def _metric(metric: Metric) -> str:
    pair, word = told_pair(metric.figure, "share"), METRICS[metric.metric]
    a, difference = metric.figure.a, metric.figure.difference
    if isinstance(difference, Refused):
        return f"there is no figure for the {word} ({pair.difference.note})"
    if isinstance(difference, Bounds):
        return f"the change in {word} is not identified ({pair.difference.interval} pp: {pair.difference.note})"
    if difference.low == difference.high == 0:
        return f"{word} stays {f'at {pair.a.main}' if isinstance(a, Estimate) else 'what it is'}"
    verdict = "" if difference.low > 0 or difference.high < 0 else "no clear change: "
    interval = f", {pair.difference.interval}" if pair.difference.interval else ""
    return f"{word} goes from {pair.a.main} to {pair.b.main} ({verdict}{pair.difference.main}{interval})"


def _cost(result: Result) -> str:
    red = [f"“{visible(a.title)}”" for a in result.assumptions if a.light == "red"]
    amber = sum(a.light == "amber" for a in result.assumptions)
    mild = f"{amber} assumption{'s' if amber > 1 else ''} that may matter {'are' if amber > 1 else 'is'} told below"
    doubt = f"beware: {listed(red)}" if red else mild if amber else "no assumption is known to fail"
    return f"{_load(result)}; {doubt}." if result.run.rows else f"{_load(result)}."


def _load(result: Result) -> str:
    if "at" in result.no_signal:
        return f"How many items a day reviewers get cannot be told (`at` holds no information){_routed(result)}"
    if result.run.rows and not result.run.replayed:
        return "How many items a day reviewers get cannot be told (no row can be decided)"
    items = [row for row in result.load if row.measure == "items_per_day" and row.queue is None]
    items = [row for row in items if row.tier == "all"] or items
    sums = [_sum([getattr(row.figure, side) for row in items]) for side in "ab"]
    if not items:
        return "No row goes to review under A or B"
    if None in sums:
        reasons = [f.reason for row in items for f in (row.figure.a, row.figure.b) if not isinstance(f, Estimate)]
        return f"How many items a day reviewers get cannot be told ({visible(reasons[0], 300)})"
    return f"{_items(*(value or 0.0 for value in sums))}{_worst_miss(result.load)}"


def _items(a: float, b: float) -> str:
    if a == b:
        return f"Reviewers get {a:,.{0 if a >= 10 else 1}f} items a day under A and under B"
    digits = next((digits for digits in range(3) if round(abs(b - a), digits)), 3)
    a, b = round(a, digits), round(b, digits)
    return f"Reviewers get {b:,.{digits}f} items a day instead of {a:,.{digits}f} ({b - a:+,.{digits}f})"


def _routed(result: Result) -> str:
    """How many rows go where, for want of a time."""
    routes = [c for c in result.counts if c.slice == ALL and c.policy is None and c.what == "route" and (c.a or c.b)]
    told = [
        f"{named(c.name)} gets {c.b:,} of its rows" + (f" instead of {c.a:,}" if c.a != c.b else "") for c in routes
    ]
    return f", {listed(told)}" if told else ""


def _sum(figures: list[Figure]) -> float | None:
    return (
        sum(f.value for f in figures if isinstance(f, Estimate))
        if all(isinstance(f, Estimate) for f in figures)
        else None
    )


def _worst_miss(load: tuple[Load, ...]) -> str:
    misses = [row for row in load if row.measure == "sla_miss" and isinstance(row.figure.b, Estimate)]
    if not misses:
        return ""
    row = max(misses, key=lambda row: row.figure.b.value if isinstance(row.figure.b, Estimate) else 0.0)
    pair = told_pair(row.figure, "share")
    where = named(row.tier) + (f" in {named(row.queue)}" if row.queue else "")
    return f", of which B misses the deadline of {where} for {pair.b.main} (A: {pair.a.main})"
