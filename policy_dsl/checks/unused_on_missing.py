"""LIM217: an `on missing` of an input that the policy does not read."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.reads import inputs_read
from policy_dsl.diagnostics import Diagnostic


def unused_on_missing(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        named = [
            found.node.input
            for found in context.statements(policy)
            if isinstance(found.node, n.OnMissing) and found.node.input
        ]
        read = inputs_read(context, policy) if named else frozenset()
        for name in named:
            if name.text not in read:
                message = f"`{policy.name.text}` does not read `{name.text}`, so this never speaks"
                yield finding("LIM217", message, name.span, "leave it out, or name an input that the policy reads")
