"""LIM204, LIM207, LIM218: overrides that add instead of changing, or change nothing (ruling R2)."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import decimal, finding
from policy_dsl.checks.slots import Said, Situation, Slot, Slots, choices, moments, slots
from policy_dsl.diagnostics import Diagnostic, Label


def overrides(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        found = slots(context, policy)
        for slot, items in found.by_slot.items():
            for item in items if slot.kind == "rung" else ():
                if item.place.blocks or item.guard.arm:
                    yield from _override(found, slot, item)


def _override(found: Slots, slot: Slot, item: Said) -> Iterator[Diagnostic]:
    pairs = tuple(_with_and_without(found, slot, item))
    if not pairs:
        return
    adds = all(before is None for _, before, _ in pairs)
    namesake = _namesake(found, slot, item, pairs[0]) if adds else None
    if namesake is not None:
        yield _near(item, namesake)
    elif adds and item.threshold is None:
        yield finding(
            "LIM207",
            f"`{item.text}` switches off a rung that nothing has stated",
            item.span,
            "leave it out, or write the rung as it is stated",
        )
    elif item.guard.arm and adds:
        message = f"`{item.text}` replaces nothing: the policy does not state this rung, so the variant adds it"
        yield finding("LIM218", message, item.span)
    elif (
        not adds
        and all(before is not None and before.threshold == item.threshold for _, before, _ in pairs)
        and not _restates(found, slot, item)
    ):
        _, before, _ = pairs[0]
        assert before is not None
        yield finding(
            "LIM207",
            f"`{item.text}` changes nothing: it is the same without this line",
            item.span,
            "leave it out",
            [Label(before.span, "the same")],
        )


def _with_and_without(found: Slots, slot: Slot, item: Said) -> Iterator[tuple[str, Said | None, Situation]]:
    """Every region and situation in which the statement is in force, and what would be without it."""
    for code in item.place.regions:
        chain = found.env.tree.chain(code)
        near = [other for other in found.by_slot[slot] if not set(other.place.regions).isdisjoint(chain)]
        for values in choices(item.guard):
            for at in moments(near):
                situation = Situation(values, at, item.guard.arm)
                if situation.meets(item.guard) and found.winner(slot, chain, situation) is item:
                    yield code, found.winner(slot, chain, situation, without=item), situation


def _namesake(found: Slots, slot: Slot, item: Said, where: tuple[str, Said | None, Situation]) -> Said | None:
    """A rung of the same enforcement that holds here from a wider place, and is not stated at this one."""
    code, _, situation = where
    for other in found.ladders[slot.subject]:
        if other != slot and other.rank == slot.rank and slot.rank > 0:
            stated = found.winner(other, found.env.tree.chain(code), situation)
            if stated is not None and stated.block is not item.block and stated.threshold is not None:
                return stated
    return None


def _near(item: Said, namesake: Said) -> Diagnostic:
    names = " and ".join(outcome.name.text for outcome in namesake.node.outcomes) if namesake.node else ""
    what = "switches off nothing" if item.threshold is None else "adds a rung"
    instead = "off" if item.threshold is None else f">= {decimal(item.threshold)}"
    message = f"`{item.text}` {what}: `{namesake.text}` stays in force beside it"
    return finding(
        "LIM204", message, item.span, f"to change that rung, write `{names} {instead}`", [Label(namesake.span, "stays")]
    )


def _restates(found: Slots, slot: Slot, item: Said) -> bool:
    """Whether a `for` is said again so that a region's statement does not displace it (ruling R1)."""
    if not item.inputs:
        return False
    tree = found.env.tree
    wider = {region for code in item.place.regions for region in tree.chain(code)[1:]}
    return any(
        other.inputs and other.inputs <= item.inputs and not wider.isdisjoint(other.place.regions)
        for other in found.by_slot[slot]
        if other is not item
    )
