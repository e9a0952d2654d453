"""LIM106: a mode that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic

SHADOW = "shadow"


def unknown_mode(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        for item in policy.body:
            if isinstance(item, n.Mode) and item.mode.text != SHADOW:
                tell = "the only mode is `shadow` (logged, never enforced); leave the line out to enforce the policy"
                yield finding("LIM106", f"no mode is named `{item.mode.text}`", item.mode.span, tell)
