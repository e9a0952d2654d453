"""LIM155 to LIM157: `for` over what is no enum with a default, over values that it never has, or within a `for` that excludes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint, typed
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.program import Input


def for_blocks(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        yield from _inside(policy.body, context, ())


def _inside(body: Sequence[n.PolicyItem], context: Context, around: tuple[n.For, ...]) -> Iterator[Diagnostic]:
    for item in body:
        match item:
            case n.For():
                found = tuple(_block(item, context, around))
                yield from found
                yield from _inside(item.body, context, around if found else (*around, item))
            case n.Region(body=inner):
                yield from _inside(inner, context, around)
            case n.Experiment(variants=variants):
                for variant in variants:
                    yield from _inside(variant.body, context, around)
            case _:
                pass


def _block(block: n.For, context: Context, around: Sequence[n.For]) -> Iterator[Diagnostic]:
    spec = context.env.inputs.get(block.input.text)
    if spec is None:
        return
    if spec.kind != "enum":
        tell = "ask for it in a `rule NAME { when … then … }`"
        yield finding(
            "LIM155",
            f"`for` takes a word of a list (enum), and `{spec.name}` is {typed(spec.kind)}",
            block.input.span,
            tell,
        )
    elif spec.default is None:
        tell = f"give `{spec.name}` a `default` in the manifest: what a rung is must be known for every record"
        yield finding(
            "LIM155", f"`for` takes an enum with a default, and `{spec.name}` has none", block.input.span, tell
        )
    else:
        wrong = tuple(_values(block, spec))
        yield from wrong or _excluded(block, around)


def _values(block: n.For, spec: Input) -> Iterator[Diagnostic]:
    for value in block.values:
        if value.text not in spec.values:
            yield finding(
                "LIM156",
                f"`{spec.name}` is never `{value.text}`",
                value.span,
                hint(value.text, spec.values, "it is one of"),
            )


def _excluded(block: n.For, around: Sequence[n.For]) -> Iterator[Diagnostic]:
    values = {value.text for value in block.values}
    for outer in around:
        if outer.input == block.input and values.isdisjoint(value.text for value in outer.values):
            message = f"this never holds: the `for` around it is about other values of `{block.input.text}`"
            label = Label(outer.input.span.to(outer.values[-1].span), "the outer block")
            yield finding(
                "LIM157",
                message,
                block.input.span.to(block.values[-1].span),
                "move this block out of the other",
                [label],
            )
