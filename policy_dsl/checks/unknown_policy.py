"""LIM107: a policy that the pack lacks."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint
from policy_dsl.diagnostics import Diagnostic


def unknown_policy(context: Context) -> Iterator[Diagnostic]:
    for name in policies_named(context):
        if name.text not in context.policy_names and not context.excused(name.text):
            tell = hint(name.text, sorted(context.policy_names), "the policies are")
            yield finding("LIM107", f"no policy is named `{name.text}`", name.span, tell)


def policies_named(context: Context) -> Iterator[n.Name]:
    for found in context.clauses:
        yield from found.node.meta.policies  # type: ignore[union-attr]
    for item in context.items:
        if isinstance(item, (n.Test, n.Tests)) and item.policy:
            yield item.policy
