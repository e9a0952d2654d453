"""LIM110: a score or `let` that only a policy knows, named from elsewhere (ruling R18)."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import free_names
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.source import Span


def name_of_another_policy(context: Context) -> Iterator[Diagnostic]:
    for policy, name, span in names_used(context):
        if name not in context.elsewhere or context.scope(policy).declares(name):
            continue
        owner, defined = context.elsewhere[name]
        here = "the top of a file" if policy is None else f"the policy `{policy.name.text}`"
        if owner is policy:
            yield finding("LIM110", f"inside of its own policy `{name}` is written `{defined.text}`", span)
            continue
        tell = f"define `{defined.text}` at the top of a file, and every policy can use it"
        message = f"`{name}` is known only in the policy `{owner.name.text}`, and this stands in {here}"
        if policy is None:
            tell += "; or move this into the policy"
            message = message.replace("stands in the top", "stands at the top")
        yield finding("LIM110", message, span, tell, [Label(defined.span, "defined here")])


def names_used(context: Context) -> Iterator[tuple[n.Policy | None, str, Span]]:
    """Every name in a condition, in a score's definition, behind `thresholds on` and behind a cap's `on`."""
    for condition in context.conditions:
        yield from _free(context, condition.expr, condition.policy)
    for policy, item in scores_defined(context):
        if context.definitions(policy).writable(item.value):
            yield from _free(context, item.value, policy)
    for policy, found in context.everything:
        match found.node:
            case n.Ladder(score=name) | n.ExceptionClause(grant=n.Cap(score=n.Name() as name)):
                yield policy, name.text, name.span
            case _:
                pass


def scores_defined(context: Context) -> Iterator[tuple[n.Policy | None, n.Score]]:
    yield from ((None, item) for item in context.items if isinstance(item, n.Score))
    for policy in context.policies:
        yield from ((policy, item) for item in policy.body if isinstance(item, n.Score))


def _free(context: Context, expr: Expr, policy: n.Policy | None) -> Iterator[tuple[n.Policy | None, str, Span]]:
    yield from ((policy, name, span) for name, span in free_names(context.resolved(expr, policy)[0]))
