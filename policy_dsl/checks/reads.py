"""A policy -> the inputs that its rungs and conditions read, through its scores and `let`s."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import free_names
from policy_dsl.checks.context import Context


def inputs_read(context: Context, policy: n.Policy) -> frozenset[str]:
    """By full name, of a pack without errors."""
    scope = context.scope(policy)
    names = {name for expr in _expressions(context, policy) for name, _ in free_names(scope.expand(expr))}
    for found in context.statements(policy):
        names |= {name for name, _ in found.place.guard.within}
        if isinstance(found.node, n.Ladder):
            names.add(scope.full(found.node.score.text))
    names |= {name for _, expr in scope.derived(names) for name, _ in free_names(expr)}
    return frozenset(names & context.env.inputs.keys())


def _expressions(context: Context, policy: n.Policy) -> Iterator[Expr]:
    yield from (condition.expr for condition in context.whens(policy))
    for condition in context.whens(None):
        node = condition.node
        if isinstance(node, (n.ExceptionClause, n.Adjust)) and context.reaches(node.meta, policy):
            yield condition.expr
