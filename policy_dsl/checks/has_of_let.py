"""LIM124: `has` of a `let`, which is always there."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.cel.nodes import Call, Ident
from policy_dsl.cel.walk import walk
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic


def has_of_let(context: Context) -> Iterator[Diagnostic]:
    for condition in context.conditions:
        lets = context.scope(condition.policy).lets
        for part in walk(condition.expr):
            match part:
                case Call(function="has", args=(Ident(name=name),), target=None) if name in lets:
                    message = f"`has` asks whether an input applies, and `{name}` is a condition (`let`)"
                    yield finding("LIM124", message, part.span, "name an input, such as `has(text.hate)`")
                case _:
                    pass
