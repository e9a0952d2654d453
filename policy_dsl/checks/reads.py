"""A policy -> the inputs that its rungs and conditions read, through its scores and `let`s."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import free_names
from policy_dsl.checks.context import Context


def inputs_read(context: Context, policy: n.Policy) -> frozenset[str] | None:
    """By full name; None where a definition cannot be written out, and so what it reads is not known."""
    names: set[str] = set()
    scope = context.scope(policy)
    for expr in _expressions(context, policy):
        written = context.expand(expr, policy)
        if written is None:
            return None
        names |= {name for name, _ in free_names(written)}
    for found in context.statements(policy):
        names |= {name for name, _ in found.place.guard.within}
        if isinstance(found.node, n.Ladder):
            names.add(scope.full(found.node.score.text))
    for score in names & {full for full, _ in scope.scores.values()}:
        if not _sound(context, policy, score):
            return None
    behind = scope.derived(names)
    names |= {name for _, expr in behind for name, _ in free_names(expr)}
    return frozenset(names & context.env.inputs.keys())


def _expressions(context: Context, policy: n.Policy) -> Iterator[Expr]:
    yield from (condition.expr for condition in context.whens(policy))
    for condition in context.whens(None):
        node = condition.node
        if isinstance(node, (n.ExceptionClause, n.Adjust)) and context.reaches(node.meta, policy):
            yield condition.expr


def _sound(context: Context, policy: n.Policy, full: str) -> bool:
    definitions = context.definitions(policy)
    return not definitions.lost(full.removeprefix(f"{policy.name.text}."))
