"""LIM122: a `let` or a score that rests on itself."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic, Label


def circle(context: Context) -> Iterator[Diagnostic]:
    for policy in (None, *context.policies):
        items = context.items if policy is None else policy.body
        names = {item.name.text: item.name for item in items if isinstance(item, (n.Let, n.Score))}
        for found in context.definitions(policy).circles:
            first, *others = sorted((names[text] for text in set(found)), key=lambda name: name.span)
            start = found.index(first.text)
            around = [*found[start:-1], *found[:start], first.text]
            path = " → ".join(f"`{text}`" for text in around)
            labels = [Label(name.span, "part of the circle") for name in others]
            yield finding(
                "LIM122",
                f"`{first.text}` rests on itself: {path}",
                first.span,
                "define one of them without the others",
                labels,
            )
