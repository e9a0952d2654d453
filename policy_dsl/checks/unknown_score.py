"""LIM102, LIM135: a ladder, a cap or a score's definition on something that is no score."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint, typed
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.source import Span


def unknown_score(context: Context) -> Iterator[Diagnostic]:
    for policy, found in context.everything:
        match found.node:
            case n.Ladder(score=name) | n.ExceptionClause(grant=n.Cap(score=n.Name() as name)):
                yield from score_problem(context, policy, name.text, name.span)
            case _:
                pass


def score_problem(context: Context, policy: n.Policy | None, name: str, span: Span) -> Iterator[Diagnostic]:
    """What is wrong with `name` where a score must stand; nothing where it is one, or another finding tells."""
    scope = context.scope(policy)
    if name in scope.scores:
        return
    if name in scope.lets:
        yield finding(
            "LIM135",
            f"`{name}` is a condition (`let`), and a score must stand here",
            span,
            "define it as `score NAME = …`",
        )
    elif name in scope.inputs:
        kind = scope.inputs[name].kind
        if kind != "score":
            yield finding(
                "LIM135",
                f"`{name}` is {typed(kind)}, and a score must stand here",
                span,
                "ask for it in a `rule NAME { when … then … }`",
            )
    elif not context.told_elsewhere(name):
        scores = [*scope.scores, *(spec.name for spec in scope.inputs.values() if spec.kind == "score")]
        yield finding("LIM102", f"no score is named `{name}`", span, hint(name, scores, "the scores are"))
