"""LIM213: the places where a higher score can weaken the decision (S6, ruling R7)."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Call
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.walk import walk
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.name_of_another_policy import scores_defined
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.program import Input


def not_monotone(context: Context) -> Iterator[Diagnostic]:
    for policy, score in scores_defined(context):
        if context.definitions(policy).writable(score.value):
            for part in walk(context.resolved(score.value, policy)[0]):
                match part:
                    case Call(function="cascade", args=(cheap, _, _, _)):
                        names = " and ".join(f"`{name}`" for name, _ in free_names(cheap))
                        message = f"a higher {names} can weaken the decision, for it stands first in a cascade"
                        yield finding("LIM213", message, cheap.span)
                    case _:
                        pass
    for condition in context.conditions:
        what = _weakens(condition.node)
        expr = context.expand(condition.expr, condition.policy) if what else None
        for name, span in free_names(expr) if expr else ():
            if _is_score(context.env.inputs.get(name)):
                yield finding("LIM213", f"a higher `{name}` can weaken the decision, for {what} asks for it", span)


def _weakens(node: n.PolicyItem | n.Item) -> str | None:
    match node:
        case n.ExceptionClause(name=name):
            return f"the exception `{name.text}`"
        case n.Adjust(name=name, direction="raise"):
            return f"the adjustment `{name.text}`"
    return None


def _is_score(spec: Input | None) -> bool:
    """Derived scores are no inputs; any other name in a checked condition is."""
    return spec is None or spec.kind == "score"
