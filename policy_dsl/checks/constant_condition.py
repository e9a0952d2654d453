"""LIM209, LIM210: a condition that can never hold, or always does."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Expr, Ident, Literal
from policy_dsl.cel.walk import walk
from policy_dsl.checks.boxes import can_hold, contradicted
from policy_dsl.checks.context import Condition, Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic

_WHAT = {
    n.Rule: "rule",
    n.ExceptionClause: "exception",
    n.Adjust: "adjustment",
    n.Consequence: "consequence",
    n.Let: "`let`",
}


def constant_condition(context: Context) -> Iterator[Diagnostic]:
    for condition in context.conditions:
        expr = context.expand(condition.expr, condition.policy)
        if (
            expr is not None
            and not context.type_findings(condition)
            and all(_known(context, part) for part in walk(expr))
        ):
            yield from _constant(context, condition, expr)


def _constant(context: Context, condition: Condition, expr: Expr) -> Iterator[Diagnostic]:
    what = _WHAT.get(type(condition.node), "line")
    inputs, guard = context.env.inputs, condition.place.guard
    if not can_hold(expr, inputs, guard):
        inside = " inside of this `for`" if guard.within and can_hold(expr, inputs) else ""
        name = contradicted(expr, inputs, guard)
        why = f": no value of `{name}` is all that it asks" if name else ""
        message = f"this condition can never hold{inside}, so the {what} never counts{why}"
        yield finding("LIM209", message, condition.expr.span, "for one of several values write `x in [a, b]`, or `||`")
    elif not can_hold(expr, inputs, guard, positive=False) and not _meant(condition):
        message = f"this condition always holds, so the {what} always counts"
        yield finding("LIM210", message, condition.expr.span, "ask for more, or say it without a condition")


def _meant(condition: Condition) -> bool:
    """`when true` says what it does; but an exception for everyone, everywhere and always takes away what the policy says."""
    node = condition.node
    narrow = isinstance(node, (n.ExceptionClause, n.Adjust)) and (node.meta.regions or node.meta.window != n.Window())
    return isinstance(condition.expr, Literal) and (bool(narrow) or not isinstance(node, (n.ExceptionClause, n.Adjust)))


def _known(context: Context, part: Expr) -> bool:
    return not isinstance(part, Ident) or part.name in context.env.inputs or not context.told_elsewhere(part.name)
