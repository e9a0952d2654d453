"""The nearest change of one score that would change the outcome (S10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from engine.decision import Outcome
from engine.explain import rated
from engine.intervals import Span, evaluate
from engine.judge import Judgement
from engine.record import Record
from engine.reference import Evaluation
from policy_dsl import program as p
from policy_dsl.cel.nodes import Ident, Literal
from policy_dsl.cel.serial import from_json
from policy_dsl.cel.walk import walk
from policy_dsl.program import MICRO

Decide = Callable[[Record], Outcome]


@dataclass(frozen=True, slots=True)
class Change:
    """The score `score`, now at `value` millionths, `becomes` another, and the decision becomes `outcome`."""

    score: str
    value: int
    becomes: int
    outcome: Outcome


def nearest_change(evaluation: Evaluation, outcome: Outcome, decide: Decide) -> Change | None:
    """Tries the places where some threshold or comparison turns, nearest first; None where no single score changes anything.

    Exact for ladders on scores and on derived scores that rise or fall with each operand, and for comparisons of a score
    with a number; a score that stands inside an expression as first operand of a `cascade` may have a nearer change. Where
    scorers were not asked, a change counts that is certain whatever they would say.
    """
    aims = [(judgement, *target) for judgement in evaluation.live for target in targets(judgement)]
    found = sorted(
        {
            (abs(x - value), name, x, value)
            for name, value in known(evaluation)
            for x in turning_points(aims, name)
            if 0 <= x <= MICRO and x != value
        }
    )
    for _, name, becomes, value in found:
        record = replace(evaluation.record, scores={**evaluation.record.scores, name: becomes / MICRO})
        other = decide(record)
        changed = (other.enforcement, other.routes) != (outcome.enforcement, outcome.routes)
        if changed and record.skipped.isdisjoint(other.missing):
            return Change(name, value, becomes, other)
    return None


def known(evaluation: Evaluation) -> Iterator[tuple[str, int]]:
    """The scores that have a value and stand in the record's scores."""
    for spec in evaluation.program.inputs:
        value = evaluation.values[spec.name]
        if spec.kind == "score" and isinstance(value, int) and spec.name in evaluation.record.scores:
            yield spec.name, value


def turning_points(aims: Sequence[tuple[Judgement, str, set[int]]], name: str) -> Iterator[int]:
    """Values of the input `name` beside which one of the `targets` turns."""
    for judgement, score, thresholds in aims:
        if depends(judgement, score, name):
            yield from _points(judgement, score, name, thresholds)


def targets(judgement: Judgement) -> Iterator[tuple[str, set[int]]]:
    """Scores, and the values at which something turns: rungs, and numbers (and other scores) that a condition compares."""
    for ladder in judgement.variant.ladders:
        yield (
            ladder.score,
            {rung.threshold for rung in rated(judgement) if _full(judgement, rung.score) == ladder.score},
        )
    for when in conditions(judgement):
        parts = tuple(walk(from_json(when)))
        scores = [part.name for part in parts if isinstance(part, Ident) and part.name in judgement.view.spans]
        numbers = {
            round(part.value * MICRO) for part in parts if isinstance(part, Literal) and isinstance(part.value, float)
        }
        numbers |= {span.low for score in scores if (span := judgement.view.spans[score]) is not None}
        for score in scores:
            yield score, {near for number in numbers for near in (number, number + 1)}


def conditions(judgement: Judgement) -> Iterator[p.Condition]:
    variant = judgement.variant
    clauses: list[p.Rule | p.Grant | p.Adjustment | p.PriorityRaise] = [
        *variant.rules,
        *variant.grants,
        *variant.adjustments,
    ]
    yield from (clause.when for clause in (*clauses, *variant.priorities))


def depends(judgement: Judgement, score: str, name: str) -> bool:
    exprs = {item.name: item.expr for item in judgement.variant.scores}
    return score == name or (score in exprs and any(depends(judgement, ref, name) for ref in refs(exprs[score])))


def refs(expr: Any) -> Iterator[str]:
    if isinstance(expr, list):
        if len(expr) == 2 and expr[0] == "ref":
            yield expr[1]
        else:
            for item in expr:
                yield from refs(item)


def _points(judgement: Judgement, score: str, name: str, thresholds: set[int]) -> Iterator[int]:
    value_at = _response(judgement, score, name)
    for low, high in _segments(judgement, name):
        yield from (low, high)
        for threshold in thresholds:
            turn = _turn(lambda x, t=threshold: value_at(x) >= t, low, high)  # type: ignore[misc]
            if turn is not None:
                yield from (turn - 1, turn)


def _full(judgement: Judgement, score: str) -> str:
    own = f"{judgement.policy.name}.{score}"
    return own if any(item.name == own for item in judgement.variant.scores) else score


def _response(judgement: Judgement, score: str, name: str) -> Callable[[int], int]:
    """The derived score, at its lowest, as a function of one input."""

    def value_at(x: int) -> int:
        spans: dict[str, Span | None] = {**judgement.view.spans, name: Span(x, x)}
        for item in judgement.variant.scores:
            spans[item.name] = evaluate(item.expr, spans.__getitem__)
        span = spans[score]
        return span.low if span else -1

    return value_at


def _segments(judgement: Judgement, name: str) -> Sequence[tuple[int, int]]:
    """[0, 1] cut at the bands of cascades that the input opens: within each part every derived score is monotone."""
    edges = {0, MICRO + 1}
    for item in judgement.variant.scores:
        for low, high in _bands(item.expr, name):
            edges |= {low, high + 1}
    ordered = sorted(edges)
    return [(a, b - 1) for a, b in pairwise(ordered)]


def _bands(expr: Any, name: str) -> Iterator[tuple[int, int]]:
    if isinstance(expr, list):
        if len(expr) == 5 and expr[0] == "cascade" and expr[1] == ["ref", name]:
            yield expr[3], expr[4]
        for item in expr:
            yield from _bands(item, name)


def _turn(test: Callable[[int], bool], low: int, high: int) -> int | None:
    """The first x in (low, high] where a monotone test differs from its value at `low`."""
    start = test(low)
    if test(high) == start:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if test(middle) == start else (low, middle)
    return high
