"""LIM161: an experiment whose unit tells nobody apart."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, typed
from policy_dsl.diagnostics import Diagnostic

_UNITS = ("string", "int")


def experiments(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        for item in policy.body:
            spec = context.env.inputs.get(item.unit.text) if isinstance(item, n.Experiment) else None
            if isinstance(item, n.Experiment) and spec is not None and spec.kind not in _UNITS:
                tell = "name an id that the caller sends, such as `author.id`, of type `string` or `int`"
                yield finding(
                    "LIM161",
                    f"the unit of an experiment is an id, and `{spec.name}` is {typed(spec.kind)}",
                    item.unit.span,
                    tell,
                )
