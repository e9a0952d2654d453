"""LIM101: an enforcement, route or sanction that the manifest lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.suggest import suggest

_NAME = re.compile(r"[\w-]+")


def unknown_outcome(context: Context) -> Iterator[Diagnostic]:
    for found in outcome_lists(context):
        for outcome in found.outcomes:
            if context.env.kind_of(outcome.name.text) is None:
                yield _finding(context, outcome.name)
    for name in enforcements_named(context):
        if context.env.kind_of(name.text) is None:
            yield _finding(context, name)


def enforcements_named(context: Context) -> Iterator[n.Name]:
    """The names behind `at most`, `on` and `effects`, where only an enforcement can stand."""
    for _, found in context.everything:
        match found.node:
            case n.ExceptionClause(grant=n.Cap(enforcement=name)) | n.Effects(enforcement=name):
                yield name
            case n.Consequence(on=names):
                yield from names
            case _:
                pass


def _finding(context: Context, name: n.Name) -> Diagnostic:
    manifest = context.env.manifest
    near = suggest(name.text, [*manifest.enforcements, *manifest.routes, *manifest.sanctions])
    kinds: Mapping[str, Collection[str]] = {
        "enforcements": manifest.enforcements,
        "routes": manifest.routes,
        "sanctions": manifest.sanctions,
    }
    known = "; ".join(f"{kind}: {', '.join(f'`{word}`' for word in words)}" for kind, words in kinds.items() if words)
    message = f"`{name.text}` is no enforcement, route or sanction of this pack"
    tell = f"did you mean `{near}`?" if near else f"the manifest has {known}"
    if not _NAME.fullmatch(name.text):
        tell = "in a table write names only, joined by `and`; a `test` can also ask for a queue"
    return finding("LIM101", message, name.span, tell)
