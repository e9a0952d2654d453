"""LIM101: an enforcement, route or sanction that the manifest lacks."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.suggest import suggest


def unknown_outcome(context: Context) -> Iterator[Diagnostic]:
    manifest = context.env.manifest
    known = [*manifest.enforcements, *manifest.routes, *manifest.sanctions]
    for outcome in outcomes(context):
        name = outcome.name.text
        if context.env.kind_of(name) is None:
            near = suggest(name, known)
            hint = f"did you mean `{near}`" if near else f"the manifest has {', '.join(f'`{word}`' for word in known)}"
            message = f"`{name}` is no enforcement, route or sanction of this pack"
            yield Diagnostic("LIM101", Severity.ERROR, message, outcome.name.span, help=hint)


def outcomes(context: Context) -> Iterator[n.Outcome]:
    """Every outcome that a rule file writes."""
    nodes = [found.node for policy in context.policies for found in context.statements(policy)]
    for node in (*nodes, *context.items):
        match node:
            case n.Ladder(rungs=rungs):
                for rung in rungs:
                    yield from rung.outcomes
            case n.Rule(outcomes=found) | n.OnMissing(outcomes=found) | n.OnError(outcomes=found) | n.Consequence(outcomes=found):
                yield from found
            case n.ExceptionClause(grant=n.Cap(routes=routes)):
                yield from routes
            case n.Test(expect=expects):
                for expect in expects:
                    yield from (outcome for outcome in expect.outcomes)
            case _:
                pass
