"""LIM118, LIM222: an effect that stands twice in one block, or is named almost like one of the manifest."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.suggest import suggest


def effects(context: Context) -> Iterator[Diagnostic]:
    known = {key for spec in context.env.manifest.enforcements.values() for key in spec.effects}
    for _, found in context.everything:
        if isinstance(found.node, n.Effects):
            yield from _twice(found.node)
            yield from _misspelled(found.node, known)


def _twice(block: n.Effects) -> Iterator[Diagnostic]:
    seen: dict[str, n.Assign] = {}
    for assign in block.assigns:
        name = assign.name.text
        if name in seen:
            label = Label(seen[name].span, "the first one")
            yield finding(
                "LIM118", f"`{name}` stands twice in one block", assign.span, "leave one of them out", [label]
            )
        seen.setdefault(name, assign)


def _misspelled(block: n.Effects, known: set[str]) -> Iterator[Diagnostic]:
    for name in (assign.name for assign in block.assigns if assign.name.text not in known):
        near = suggest(name.text, known)
        if near:
            message = f"no effect of the manifest is named `{name.text}`, so this adds a new one"
            yield finding("LIM222", message, name.span, f"did you mean `{near}`?")
