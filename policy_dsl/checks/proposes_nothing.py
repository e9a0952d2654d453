"""LIM220, LIM221: a policy that never proposes anything, and an adjustment of policies without thresholds."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.severe_without_review import proposes
from policy_dsl.diagnostics import Diagnostic


def proposes_nothing(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        if not proposes(context, policy):
            message = f"the policy `{policy.name.text}` has no threshold and no rule, and so never proposes anything"
            yield finding("LIM220", message, policy.name.span, "add `thresholds on …` or a `rule`")
    for home, found in context.everything:
        if isinstance(found.node, n.Adjust):
            reached = context.reached(home, found.node.meta)
            if reached and not any(_has_ladder(context, one) for one in reached):
                whose = "its policy has" if home else "the policies that it reaches have"
                message = f"`{found.node.name.text}` adjusts nothing: {whose} no thresholds"
                yield finding(
                    "LIM221",
                    message,
                    found.node.name.span,
                    "an adjustment moves rungs; rules are changed where they stand",
                )


def _has_ladder(context: Context, policy: n.Policy) -> bool:
    return any(isinstance(found.node, n.Ladder) for found in context.statements(policy))
