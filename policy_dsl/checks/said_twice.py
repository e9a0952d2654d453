"""LIM153, LIM154, LIM162: statements of one thing in one region of which none is the more specific (rulings R11, R17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.slots import Said, choices, slots
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.places import GLOBAL
from policy_dsl.program import Guard

Conditions = frozenset[tuple[str, tuple[str, ...]]]


def said_twice(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        found = slots(context, policy)
        seen: set[tuple[Said, Said]] = set()
        for regions in found.by_region.values():
            for code, items in regions.items():
                for pair in clashes(items):
                    if pair not in seen:
                        seen.add(pair)
                        yield _finding(code, *pair)


def clashes(items: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    """Pairs that can be in force together, with nothing to say which one wins; first the repeated, then the overlapping."""
    groups: dict[Conditions, list[Said]] = {}
    for item in items:
        groups.setdefault(item.within, []).append(item)
    for alike in groups.values():
        yield from _repeated(alike)
    conditional = [items for within, items in groups.items() if within]
    for ours, theirs in combinations(conditional, 2):
        yield from _overlapping(ours, theirs)


def _repeated(alike: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    first: dict[object, Said] = {}
    for item in alike:
        key = (item.guard.arm, item.guard.start)
        if key in first:
            yield first[key], item
        else:
            first[key] = item
    variants = [item for item in alike if item.guard.arm]
    yield from ((a, b) for a, b in combinations(variants, 2) if _two_experiments(a, b) and _same_time(a.guard, b.guard))


def _overlapping(ours: Sequence[Said], theirs: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    a, b = ours[0], theirs[0]
    if _deeper(a, b) or _deeper(b, a) or not _meet(a.guard, b.guard):
        return
    together = ((x, y) for x in ours for y in theirs if _same_time(x.guard, y.guard) and _same_arm(x.guard, y.guard))
    yield from ((min(pair, key=lambda item: item.span), max(pair, key=lambda item: item.span)) for pair in together)


def _deeper(inner: Said, outer: Said) -> bool:
    """Whether `inner` holds only where `outer` does, and stands deeper."""
    return len(inner.guard.within) > len(outer.guard.within) and all(
        any(name == other and set(values) <= set(allowed) for other, values in inner.guard.within)
        for name, allowed in outer.guard.within
    )


def _meet(a: Guard, b: Guard) -> bool:
    return bool(choices(Guard(within=(*a.within, *b.within))))


def _same_time(a: Guard, b: Guard) -> bool:
    starts = [t for t in (a.start, b.start) if t is not None]
    ends = [t for t in (a.end, b.end) if t is not None]
    return not starts or not ends or max(starts) < min(ends)


def _same_arm(a: Guard, b: Guard) -> bool:
    return a.arm is None or b.arm is None or a.arm == b.arm or a.arm[0] != b.arm[0]


def _two_experiments(a: Said, b: Said) -> bool:
    return a.guard.arm is not None and b.guard.arm is not None and a.guard.arm[0] != b.guard.arm[0]


def _finding(code: str, first: Said, second: Said) -> Diagnostic:
    label = [Label(first.span, "the first one")]
    if _two_experiments(first, second):
        message = f"two experiments change `{second.text}`{_where(code)}, and a post can be in both"
        return finding("LIM162", message, second.span, "put both variants into one experiment", label)
    if first.within == second.within:
        dated = first.guard.start is not None
        message = (
            f"this is said twice{_where(code)}"
            + (" from the same date" if dated else "")
            + ": nothing says which one counts"
        )
        return finding("LIM153", message, second.span, "leave one of them out, or give one of them a `from`", label)
    both = " and ".join(f"`{name}` is `{value}`" for name, value in _example(first, second).items())
    message = f"two `for` blocks speak where {both}, and nothing says which one counts"
    return finding("LIM154", message, second.span, "nest one `for` in the other, or make their values differ", label)


def _where(code: str) -> str:
    return "" if code == GLOBAL else f" for {code}"


def _example(first: Said, second: Said) -> dict[str, str]:
    return dict(choices(Guard(within=(*first.guard.within, *second.guard.within)))[0])
