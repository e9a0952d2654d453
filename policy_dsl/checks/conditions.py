"""LIM300 to LIM349: conditions that are not conditions, by type (see `policy_dsl.cel.codes`), and names that nothing declares."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.check import check
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import resolve
from policy_dsl.checks.context import Context
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.names import Scope


def conditions(context: Context) -> Iterator[Diagnostic]:
    for expr, scope in written(context):
        _, found = check(resolve(expr, scope.declares), context.types(scope))
        yield from found


def written(context: Context) -> Iterator[tuple[Expr, Scope]]:
    """Every condition of the pack and the names that it sees."""
    for item in context.items:
        if isinstance(item, n.Let):
            yield item.value, context.pack_scope
        elif (when := getattr(item, "when", None)) is not None:
            yield when, context.pack_scope
    for policy in context.policies:
        scope = context.scope(policy)
        for found in context.statements(policy):
            if isinstance(found.node, n.Let):
                yield found.node.value, scope
            elif (when := getattr(found.node, "when", None)) is not None:
                yield when, scope
