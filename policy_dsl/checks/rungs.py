"""LIM158, LIM206, LIM219: rungs of one ladder that cannot both speak, wherever their thresholds meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import decimal, finding
from policy_dsl.checks.slots import Said, Situation, Slot, Slots, arms, choices, moments, precedence, slots, whereabouts
from policy_dsl.diagnostics import Diagnostic, Label

InForce = Mapping[Slot, Said]


def rungs(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        found = slots(context, policy)
        for ladder in found.ladders.values():
            told: set[Said | tuple[Said, Said]] = set()
            for code, in_force in _situations(found, ladder):
                yield from _equal(code, in_force, told)
                yield from _silenced(found, code, in_force, told)


def never_win(found: Slots) -> frozenset[Said]:
    """The rungs that some stronger one always precedes where they are in force."""
    silent: set[Said] = set()
    spoken: set[Said] = set()
    for ladder in found.ladders.values():
        for _, in_force in _situations(found, ladder):
            pairs = {item for item, _ in _preceded(in_force)}
            silent |= pairs
            spoken |= set(in_force.values()) - pairs
    return frozenset(silent - spoken)


def _situations(found: Slots, ladder: Sequence[Slot]) -> Iterator[tuple[str, InForce]]:
    """What is in force in each region, under each `for`, at each time, that some statement of the ladder speaks of."""
    said = [item for slot in ladder for item in found.by_slot[slot]]
    for code in sorted({code for item in said for code in item.place.regions}):
        chain = found.env.tree.chain(code)
        near = [item for item in said if not set(item.place.regions).isdisjoint(chain)]
        conditions = {item.within: item.guard for item in near}.values()
        for values in [{}, *(choices(guard)[0] for guard in conditions if guard.within)]:
            for at in moments(near):
                for arm in arms(near):
                    situation = Situation(values, at, arm)
                    winners = ((slot, found.winner(slot, chain, situation)) for slot in ladder)
                    yield (
                        code,
                        {slot: item for slot, item in winners if item is not None and item.threshold is not None},
                    )


def _equal(code: str, in_force: InForce, told: set[Said | tuple[Said, Said]]) -> Iterator[Diagnostic]:
    for (slot, one), (other, two) in combinations(in_force.items(), 2):
        if slot.rank != other.rank or one.threshold != two.threshold:
            continue
        first, second = sorted((one, two), key=lambda item: item.span)
        if (first, second) not in told:
            told.add((first, second))
            message = f"`{first.text}` and `{second.text}` are equally strong and begin at the same score: only one of them can speak"
            where = "" if code == "GLOBAL" else f" in {code}"
            label = Label(first.span, f"the other one, in force{where}")
            yield finding(
                "LIM158", message, second.span, "write one rung with all that shall happen, joined by `and`", [label]
            )


def _silenced(found: Slots, code: str, in_force: InForce, told: set[Said | tuple[Said, Said]]) -> Iterator[Diagnostic]:
    for silent, over in _preceded(in_force):
        yield from _told(found, code, silent, over, told)


def _preceded(in_force: InForce) -> Iterator[tuple[Said, Said]]:
    """Each rung that is never reached before a stronger one that begins at the same score or lower, and that one."""
    strongest_first = sorted(in_force.items(), key=lambda pair: (-pair[0].rank, pair[1].threshold or 0))
    lowest: Said | None = None
    rank = -1
    stronger: list[Said] = []
    for slot, item in strongest_first:
        if slot.rank != rank:
            lowest = min(stronger, key=lambda said: said.threshold or 0, default=None)
            rank = slot.rank
        stronger.append(item)
        if lowest is not None and (lowest.threshold or 0) <= (item.threshold or 0):
            yield item, lowest


def _told(
    found: Slots, code: str, silent: Said, over: Said, told: set[Said | tuple[Said, Said]]
) -> Iterator[Diagnostic]:
    begins = f"`{over.text}` is stronger and begins at {decimal(over.threshold or 0)}"
    if _more_specific(found, code, over, silent):
        if over not in told:
            told.add(over)
            message = f"{whereabouts(over)}`{silent.text}` never speaks: {begins}"
            names = " and ".join(outcome.name.text for outcome in silent.node.outcomes) if silent.node else ""
            tell = f"if that is meant, write `{names} off` beside it"
            yield finding("LIM219", message, over.span, tell, [Label(silent.span, "never speaks")])
    elif silent not in told:
        told.add(silent)
        tell = "give the weaker rung the lower threshold"
        message = f"`{silent.text}` can never win: {begins}"
        yield finding("LIM206", message, silent.span, tell, [Label(over.span, "wins instead")])


def _more_specific(found: Slots, code: str, one: Said, other: Said) -> bool:
    chain = found.env.tree.chain(code)

    def place(item: Said) -> tuple[int, int, bool]:
        return next(i for i, region in enumerate(chain) if region in item.place.regions), *precedence(item)[:2]

    return place(one) < place(other)
