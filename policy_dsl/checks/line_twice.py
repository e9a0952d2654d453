"""LIM121: a line that may stand once in a policy, and stands twice."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic, Label

_ONCE = {n.Title: "title", n.Owner: "owner", n.SeverityLine: "severity", n.Mode: "mode", n.Regions: "regions"}


def line_twice(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        seen: dict[type, n.PolicyItem] = {}
        for item in policy.body:
            if type(item) in seen:
                label = Label(seen[type(item)].span, "the first one")
                word = _ONCE[type(item)]
                tell = (
                    "write all regions on one line, with commas"
                    if isinstance(item, n.Regions)
                    else "leave one of them out"
                )
                yield finding("LIM121", f"`{word}` stands twice in this policy", item.span, tell, [label])
            elif type(item) in _ONCE:
                seen[type(item)] = item
