"""LIM150: dates between which there is no time."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.unknown_input import blocks
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.places import Place, moment


def never_in_force(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        for block in blocks(policy.body):
            if isinstance(block, n.Region):
                yield from _backwards(block.window)
    for _, found in context.everything:
        meta = getattr(found.node, "meta", None)
        if meta and not _empty(meta.window):
            yield from _outside(meta.window, found.place)
        elif meta:
            yield from _backwards(meta.window)


def _empty(window: n.Window) -> bool:
    start, end = moment(window.start), moment(window.end)
    return start is not None and end is not None and start >= end


def _backwards(window: n.Window) -> Iterator[Diagnostic]:
    if _empty(window) and window.start and window.end:
        message = f"`until {_day(window.end)}` is not after `from {_day(window.start)}`, so this never holds"
        yield finding(
            "LIM150", message, window.end.span, "`from` is the first moment, `until` the first moment after the last"
        )


def _outside(window: n.Window, place: Place) -> Iterator[Diagnostic]:
    """A clause's own dates against those of the block around it."""
    around = next((block.window for block in place.blocks if isinstance(block, n.Region)), n.Window())
    if _empty(around):
        return
    if window.start and around.end and _empty(n.Window(window.start, around.end)):
        message = f"`from {_day(window.start)}` is not before the `until {_day(around.end)}` of the block around it, so this never holds"
        yield finding("LIM150", message, window.start.span)
    elif window.end and around.start and _empty(n.Window(around.start, window.end)):
        message = f"`until {_day(window.end)}` is not after the `from {_day(around.start)}` of the block around it, so this never holds"
        yield finding("LIM150", message, window.end.span)


def _day(date: n.Date) -> str:
    at = date.value
    return (
        at.date().isoformat()
        if (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
        else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
