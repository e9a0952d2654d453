"""LIM300 to LIM349: conditions that are not conditions, by type (see `policy_dsl.cel.codes`), and names that nothing declares."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.checks.context import Context
from policy_dsl.diagnostics import Diagnostic


def conditions(context: Context) -> Iterator[Diagnostic]:
    for condition in context.conditions:
        yield from context.type_findings(condition)
