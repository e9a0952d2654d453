"""LIM225: scores of two scorers that are compared or combined though one of them is not calibrated."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Call, Expr
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.walk import children, walk
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, listed
from policy_dsl.checks.name_of_another_policy import scores_defined
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.scores import FUSIONS

COMBINING = frozenset({*FUSIONS, "weighted", "_+_", "_-_"})
COMPARING = frozenset({"_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"})
HELP = "calibrate them on labelled rows (`limen calibrate`) and name the tables in the manifest, or judge by each score alone"


def uncalibrated(context: Context) -> Iterator[Diagnostic]:
    for policy, score in scores_defined(context):
        if context.definitions(policy).writable(score.value):
            for found in _outermost(score.value, COMBINING):
                yield from _finding(context, policy, found, "combined")
    for condition in context.conditions:
        for part in walk(condition.expr):
            if isinstance(part, Call) and part.function in COMPARING:
                yield from _finding(context, condition.policy, part, "compared")


def _outermost(expr: Expr, functions: frozenset[str]) -> Iterator[Call]:
    if isinstance(expr, Call) and expr.function in functions:
        yield expr
        return
    for child in children(expr):
        yield from _outermost(child, functions)


def _finding(context: Context, policy: n.Policy | None, part: Expr, what: str) -> Iterator[Diagnostic]:
    written = context.expand(context.resolved(part, policy)[0], policy)
    specs = [spec for name in _names(written) if (spec := context.env.inputs.get(name)) is not None]
    scores = [spec for spec in specs if spec.kind == "score" and spec.scorer is not None]
    raw = [spec.name for spec in scores if spec.name in context.env.uncalibrated]
    if raw and len({spec.scorer for spec in scores}) > 1:
        yield finding("LIM225", _message(raw, [spec.name for spec in scores], what), part.span, HELP)


def _names(expr: Expr | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in free_names(expr))) if expr is not None else ()


def _message(raw: list[str], names: list[str], what: str) -> str:
    verb = "is" if len(raw) == 1 else "are"
    return f"{listed(names)} come from different scorers and are {what}, but {listed(raw)} {verb} not calibrated"
