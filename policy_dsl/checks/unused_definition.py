"""LIM203: a `let` or score that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.definitions import identifiers
from policy_dsl.checks.finding import finding
from policy_dsl.checks.name_of_another_policy import scores_defined
from policy_dsl.diagnostics import Diagnostic


def unused_definition(context: Context) -> Iterator[Diagnostic]:
    used: dict[int | None, set[str]] = {}
    for policy, name in _used(context):
        used.setdefault(None if policy is None else id(policy), set()).add(name)
    anywhere = set().union(*used.values())
    for policy in (None, *context.policies):
        names = anywhere if policy is None else used.get(id(policy), set())
        for item in context.items if policy is None else policy.body:
            if isinstance(item, (n.Let, n.Score)) and item.name.text not in names:
                what = "`let`" if isinstance(item, n.Let) else "score"
                yield finding(
                    "LIM203", f"nothing uses the {what} `{item.name.text}`", item.name.span, "leave it out, or use it"
                )


def _used(context: Context) -> Iterator[tuple[n.Policy | None, str]]:
    for condition in context.written:
        yield from ((condition.policy, name) for name in identifiers(condition.expr))
    for policy, score in scores_defined(context):
        yield from ((policy, name) for name in identifiers(score.value))
    for policy, found in context.everything:
        match found.node:
            case n.Ladder(score=name) | n.ExceptionClause(grant=n.Cap(score=n.Name() as name)):
                yield policy, name.text
            case _:
                pass
