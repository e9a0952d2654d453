"""LIM103: an input that nothing declares, behind `on missing`, `for`, `unit` or in a test."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.cel.resolve import free_names
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint, listed
from policy_dsl.checks.table_cells import AT, given_columns
from policy_dsl.diagnostics import Diagnostic


def unknown_input(context: Context) -> Iterator[Diagnostic]:
    for policy, name in inputs_named(context):
        if name.text in context.env.inputs or context.excused(name.text):
            continue
        scope = context.scope(policy)
        if name.text in scope.scores:
            yield _computed(context, policy, name)
        elif name.text in scope.lets:
            yield finding("LIM103", f"`{name.text}` is a condition (`let`), and an input must stand here", name.span)
        else:
            yield finding(
                "LIM103",
                f"no input is named `{name.text}`",
                name.span,
                _hint(context, name.text),
            )


def _hint(context: Context, name: str) -> str:
    """Of the many inputs only those that begin alike, where some do."""
    alike = [known for known in context.env.inputs if known.partition(".")[0] == name.partition(".")[0]]
    return hint(name, context.env.inputs, "the inputs are") if not alike else hint(name, alike, "the inputs are")


def inputs_named(context: Context) -> Iterator[tuple[n.Policy | None, n.Name]]:
    """Every place outside of conditions where an input's name must stand."""
    for policy in context.policies:
        for found in context.statements(policy):
            if isinstance(found.node, n.OnMissing) and found.node.input:
                yield policy, found.node.input
        for block in blocks(policy.body):
            if isinstance(block, n.For):
                yield policy, block.input
        yield from ((policy, item.unit) for item in policy.body if isinstance(item, n.Experiment))
    for item in context.items:
        match item:
            case n.Test(given=given):
                yield from ((None, value.name) for value in given if value.name.text != AT)
            case n.Tests():
                yield from ((None, column) for column in given_columns(item))
            case _:
                pass


def blocks(body: tuple[n.PolicyItem, ...]) -> Iterator[n.Region | n.For]:
    """Every `region` and `for` block, the outer ones first."""
    for item in body:
        match item:
            case n.Region(body=inner) | n.For(body=inner):
                yield item
                yield from blocks(inner)
            case n.Experiment(variants=variants):
                for variant in variants:
                    yield from blocks(variant.body)
            case _:
                pass


def _computed(context: Context, policy: n.Policy | None, name: n.Name) -> Diagnostic:
    """A derived score is never sent, and so never missing: what it rests on is."""
    _, value = context.scope(policy).scores[name.text]
    behind = dict.fromkeys(
        text for text, _ in free_names(context.resolved(value, policy)[0]) if text in context.env.inputs
    )
    tell = f"name what it rests on: {listed(behind, 'or')}" if behind else None
    return finding("LIM103", f"`{name.text}` is computed, and an input must stand here", name.span, tell)
