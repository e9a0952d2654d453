"""LIM105: a severity that the manifest lacks."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.source import Span


def unknown_severity(context: Context) -> Iterator[Diagnostic]:
    known = context.env.manifest.severities
    for level, span in severities_named(context):
        if level not in known:
            yield finding("LIM105", f"no severity is named `{level}`", span, hint(level, known, "the manifest has"))


def severities_named(context: Context) -> Iterator[tuple[str, Span]]:
    for _, found in context.everything:
        if isinstance(found.node, (n.SeverityLine, n.Priority)):
            yield found.node.level.text, found.node.level.span
    for listed in outcome_lists(context):
        for outcome in listed.outcomes:
            for option in outcome.options if context.env.kind_of(outcome.name.text) == "route" else ():
                if option.name.text == "priority" and isinstance(option.value, (n.Name, n.Text)):
                    value = option.value
                    yield value.text if isinstance(value, n.Name) else value.value, value.span
