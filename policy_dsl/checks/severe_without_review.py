"""LIM211: a severe policy that enforces and never sends anything to a person."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, listed
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.tiers import FAIL_CLOSED


def severe_without_review(context: Context) -> Iterator[Diagnostic]:
    if not context.env.manifest.routes:
        return
    looked_at = _with_routes(context)
    for policy in context.policies:
        line = next((item for item in policy.body if isinstance(item, n.SeverityLine)), None)
        if line is None or line.level.text not in FAIL_CLOSED or _is_shadow(policy) or not proposes(context, policy):
            continue
        if id(policy) not in looked_at:
            message = f"`{policy.name.text}` is {line.level.text}, and nothing in it goes to {listed(context.env.manifest.routes, 'or')}"
            yield finding(
                "LIM211",
                message,
                line.span,
                "add a lower rung, such as `review >= 0.5`, or a route beside an enforcement",
            )


def _with_routes(context: Context) -> set[int]:
    """The policies with a rung, rule, exception or consequence that proposes a route (or what may be one); defaults speak only in outages."""
    kinds = ("route", None)
    return {
        id(found.policy)
        for found in outcome_lists(context)
        if found.kind not in ("default", "expect")
        and any(context.env.kind_of(outcome.name.text) in kinds for outcome in found.outcomes)
    }


def _is_shadow(policy: n.Policy) -> bool:
    return any(isinstance(item, n.Mode) for item in policy.body)


def proposes(context: Context, policy: n.Policy) -> bool:
    """Whether a policy has a rung, a rule or a consequence."""
    return any(
        isinstance(found.node, (n.Rule, n.Consequence)) or _speaks(found.node) for found in context.statements(policy)
    )


def _speaks(node: n.PolicyItem) -> bool:
    return isinstance(node, n.Ladder) and any(rung.threshold is not None for rung in node.rungs)
