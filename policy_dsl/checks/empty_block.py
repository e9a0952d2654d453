"""LIM224: a block with nothing in it. (An empty `on missing` proposes nothing, and says so.)"""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.unknown_input import blocks
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.source import Span


def empty_block(context: Context) -> Iterator[Diagnostic]:
    for what, span in _empty(context):
        yield finding("LIM224", f"this {what} is empty", span, "leave it out, or say what holds there")


def _empty(context: Context) -> Iterator[tuple[str, Span]]:
    for policy in context.policies:
        for block in blocks(policy.body):
            if not block.body:
                yield ("`region` block" if isinstance(block, n.Region) else "`for` block"), block.span
        for item in policy.body:
            if isinstance(item, n.Experiment):
                yield from (("variant", variant.span) for variant in item.variants if not variant.body)
        for found in context.statements(policy):
            if isinstance(found.node, n.Ladder) and not found.node.rungs:
                yield "`thresholds` block", found.node.span
            elif isinstance(found.node, n.Effects) and not found.node.assigns:
                yield "`effects` block", found.node.span
