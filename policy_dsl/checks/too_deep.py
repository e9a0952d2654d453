"""LIM123: an expression so deep, or so long once its `let`s are written out, that it could not be evaluated everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.definitions import MAX_LINKS, MAX_SIZE, Measure
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic

_HELP = "use a list (`x in [ … ]`), or split it into several rules"


def too_deep(context: Context) -> Iterator[Diagnostic]:
    for policy in (None, *context.policies):
        items = context.items if policy is None else policy.body
        names = {item.name.text: item.name for item in items if isinstance(item, (n.Let, n.Score))}
        own = context.definitions(policy)
        for name in own.oversize:
            size = own.measure(own.own[name])
            if size:
                yield finding("LIM123", f"`{name}` {_excess(size)}", names[name].span, _HELP)
    for condition in context.written:
        if not isinstance(condition.node, n.Let):
            size = context.definitions(condition.policy).measure(condition.expr)
            if size and not size.fits:
                yield finding("LIM123", f"this condition {_excess(size)}", condition.expr.span, _HELP)


def _excess(size: Measure) -> str:
    if size.links > MAX_LINKS:
        return f"rests on a chain of {size.links} scores, and {MAX_LINKS} is the most"
    if size.size > MAX_SIZE:
        return f"has {min(size.size, 10**12):,} parts once its `let`s are written out, and {MAX_SIZE:,} is the most"
    return f"is nested {size.depth} levels deep, and {size.deepest} is the most"
