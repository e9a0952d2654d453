"""LIM152: a region's plain statement that displaces a `for` of a wider region, which the author may not have seen (ruling R1)."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.slots import Said, Situation, Slots, arms, choices, conditions_told, moments, slots, spelled
from policy_dsl.diagnostics import Diagnostic, Fix, Label
from policy_dsl.source import Source, Span

INDENT = "  "


def displaced_for(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        found = slots(context, policy)
        seen: set[tuple[Said, Said]] = set()
        for code, winner, lost in _displaced(found):
            if (winner, lost) not in seen:
                seen.add((winner, lost))
                yield _finding(context, code, winner, lost)


def _displaced(found: Slots) -> Iterator[tuple[str, Said, Said]]:
    """A region, the statement that wins there, and a wider region's that it displaces."""
    for slot, items in found.by_slot.items():
        conditional = [item for item in items if item.inputs and slot.kind == "rung"]
        if not conditional:
            continue
        for code in found.by_region[slot]:
            chain = found.env.tree.chain(code)
            near = [item for item in items if not set(item.place.regions).isdisjoint(chain)]
            for lost in conditional:
                if any(region in lost.place.regions for region in chain[1:]) and code not in lost.place.regions:
                    yield from ((code, winner, lost) for winner in _winners(found, chain, lost, near))


def _winners(found: Slots, chain: tuple[str, ...], lost: Said, near: list[Said]) -> Iterator[Said]:
    """Those that win over `lost` from a nearer region, somewhere, without asking for all that it asks for."""
    own = next(i for i, code in enumerate(chain) if code in lost.place.regions)
    for values in choices(lost.guard):
        for at in moments(near):
            for arm in arms(near):
                situation = Situation(values, at, arm)
                if situation.meets(lost.guard):
                    winner = found.winner(lost.slot, chain[:own], situation)
                    if winner and not lost.inputs <= winner.inputs:
                        yield winner


def _finding(context: Context, code: str, winner: Said, lost: Said) -> Diagnostic:
    where = " and ".join(conditions_told(lost.guard))
    message = f"in {code} this holds even where {where}, and displaces the `{lost.text}` that is stated for that"
    labels = [Label(lost.span, "displaced")]
    if winner.block is None or lost.node is None or winner.node is None:
        return finding("LIM152", message, winner.span, "say in this region what holds there", labels)
    text = _statement(winner, lost)
    if winner.threshold is None or lost.threshold is None:
        other = text.replace(spelled(lost.node), spelled(winner.node))
        return finding(
            "LIM152", message, winner.span, f"say in this block what holds there: `{text}` or `{other}`", labels
        )
    fix = _inserted(context.sources[winner.span.path], winner.block, text)
    return finding("LIM152", message, winner.span, f"say in this block what holds there: `{text}`", labels, fix)


def _statement(winner: Said, lost: Said) -> str:
    """`for content.surface in [live] { thresholds on risk { remove >= 0.8 } }`, without what the block around it says already."""
    assert lost.node is not None
    asked = dict(winner.guard.within)
    inner = [(name, values) for name, values in lost.guard.within if not set(asked.get(name, ("",))) <= set(values)]
    text = f"thresholds on {lost.ladder} {{ {spelled(lost.node)} }}"
    for name, values in reversed(inner):
        text = f"for {name} in [{', '.join(values)}] {{ {text} }}"
    return text


def _inserted(source: Source, block: n.Region | n.For, text: str) -> Fix | None:
    """Before the block's closing brace, on a line of its own where that has one."""
    brace = block.span.end - 1
    if source.text[brace] != "}":
        return None
    line_start = source.text.rfind("\n", 0, brace) + 1
    before = source.text[line_start:brace]
    at = Span(block.span.path, brace, brace)
    if before.strip():
        space = "" if before.endswith(" ") else " "
        return Fix(at, f"{space}{text} ", "write the `for` into this block")
    return Fix(at, f"{INDENT}{text}\n{before}", "write the `for` into this block")
