"""LIM123: an expression so deep, or so long once its `let`s are written out, that it could not be evaluated everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.definitions import MAX_DEPTH, MAX_LINKS, MAX_SIZE
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic

_HELP = "use a list (`x in [ … ]`), or split it into several rules"


def too_deep(context: Context) -> Iterator[Diagnostic]:
    for policy in (None, *context.policies):
        items = context.items if policy is None else policy.body
        names = {item.name.text: item.name for item in items if isinstance(item, (n.Let, n.Score))}
        for name in context.definitions(policy).oversize:
            message = f"`{name}` is too deep or too long, with all that it names written out: {_limits()}"
            yield finding("LIM123", message, names[name].span, _HELP)
    for condition in context.written:
        if not isinstance(condition.node, n.Let):
            size = context.definitions(condition.policy).measure(condition.expr)
            if size and not size.fits:
                yield finding(
                    "LIM123", f"this condition is too deep or too long: {_limits()}", condition.expr.span, _HELP
                )


def _limits() -> str:
    return f"at most {MAX_DEPTH} levels, {MAX_SIZE:,} parts and {MAX_LINKS} scores that rest on each other"
