"""LIM223: a `priority` that never raises anything, for the policy's severity is as severe."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic


def idle_priority(context: Context) -> Iterator[Diagnostic]:
    known = list(context.env.manifest.severities)
    stated = {id(found.policy) for found in outcome_lists(context) if any(map(_has_priority, found.outcomes))}
    for policy, found in context.everything:
        severity = context.severity(policy) if policy and id(policy) not in stated else None
        if not isinstance(found.node, n.Priority) or severity is None or found.node.level.text not in known:
            continue
        level = found.node.level.text
        if known.index(level) >= known.index(severity):
            message = f"`priority {level}` never raises anything: the policy's severity is {severity} already"
            yield finding("LIM223", message, found.node.level.span, "name a more severe one, or leave the line out")


def _has_priority(outcome: n.Outcome) -> bool:
    """A route with a priority of its own may lie below the policy's."""
    return any(option.name.text == "priority" for option in outcome.options)
