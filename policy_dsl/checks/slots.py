"""A policy's thresholds, defaults and effects -> what each place states about what, and who wins (S4; rulings R1, R11, R17).

Only sound statements stand here: what another check refuses (an unknown region, a threshold out of range) would mislead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.numbers import micros, number, storable
from policy_dsl.checks.options import known_options
from policy_dsl.env import Env
from policy_dsl.outcomes import rung_key
from policy_dsl.places import GLOBAL, Place, Stated
from policy_dsl.program import Guard
from policy_dsl.source import Span

_MOST_VALUES = 64


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """What a statement is about. Of rungs `subject` is the ladder's score, `key` the rung's name, `rank` its enforcement's."""

    kind: str
    subject: str = ""
    key: str = ""
    rank: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One statement. `threshold` is in millionths, None for `off` and for what is no rung; `ladder` the score's name as
    written.
    """

    slot: Slot
    place: Place
    text: str
    span: Span
    threshold: int | None = None
    node: n.Rung | None = None
    ladder: str = ""

    @property
    def guard(self) -> Guard:
        return self.place.guard

    @property
    def inputs(self) -> frozenset[str]:
        """The inputs that its `for` blocks ask for."""
        return frozenset(name for name, _ in self.guard.within)

    @property
    def within(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        return frozenset(self.guard.within)

    @property
    def block(self) -> n.Region | n.For | None:
        return self.place.blocks[-1] if self.place.blocks else None


@dataclass(frozen=True, slots=True)
class Situation:
    """Values of the inputs that `for` blocks ask for (of all others those that no block names), a moment, and an arm."""

    values: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    arm: tuple[str, str] | None = None

    def meets(self, guard: Guard) -> bool:
        if guard.arm is not None and guard.arm != self.arm:
            return False
        if guard.start is not None and (self.at is None or self.at < guard.start):
            return False
        if guard.end is not None and self.at is not None and self.at >= guard.end:
            return False
        return all(self.values.get(name) in values for name, values in guard.within)


@dataclass(frozen=True)
class Slots:
    """All that a policy says, by slot and by region."""

    env: Env
    said: tuple[Said, ...]

    @cached_property
    def by_slot(self) -> Mapping[Slot, tuple[Said, ...]]:
        found: dict[Slot, list[Said]] = {}
        for item in self.said:
            found.setdefault(item.slot, []).append(item)
        return {slot: tuple(items) for slot, items in found.items()}

    @cached_property
    def by_region(self) -> Mapping[Slot, Mapping[str, tuple[Said, ...]]]:
        return {slot: _at(items) for slot, items in self.by_slot.items()}

    @cached_property
    def ladders(self) -> Mapping[str, tuple[Slot, ...]]:
        """The rungs of each ladder."""
        found: dict[str, list[Slot]] = {}
        for slot in self.by_slot:
            if slot.kind == "rung":
                found.setdefault(slot.subject, []).append(slot)
        return {score: tuple(slots) for score, slots in found.items()}

    def winner(
        self, slot: Slot, chain: Sequence[str], situation: Situation, without: Said | None = None
    ) -> Said | None:
        """The statement in force: region first, then the innermost `for`, then an arm, then the latest `from`."""
        at = self.by_region[slot]
        for code in chain:
            held = [item for item in at.get(code, ()) if item is not without and situation.meets(item.guard)]
            if held:
                return min(held, key=precedence)
        return None


def precedence(said: Said) -> tuple[int, bool, bool, int]:
    guard = said.guard
    return -len(guard.within), guard.arm is None, guard.start is None, -(guard.start or 0)


def _at(items: Sequence[Said]) -> Mapping[str, tuple[Said, ...]]:
    found: dict[str, list[Said]] = {}
    for item in items:
        for code in item.place.regions:
            found.setdefault(code, []).append(item)
    return {code: tuple(stated) for code, stated in found.items()}


def slots(context: Context, policy: n.Policy) -> Slots:
    found: Slots | None = context.memo.get(id(policy))
    if found is None:
        said = (said for stated in context.statements(policy) for said in _said(context, policy, stated))
        found = context.memo[id(policy)] = Slots(context.env, tuple(said))
    return found


def _said(context: Context, policy: n.Policy, found: Stated) -> Iterator[Said]:
    if not _sound(context, found.place):
        return
    match found.node:
        case n.Ladder(score=score, rungs=rungs):
            subject = context.scope(policy).full(score.text)
            for rung in rungs:
                if sound_outcomes(rung.outcomes, context.env) and _threshold_fits(rung):
                    key = rung_key(rung.outcomes, context.env)
                    threshold = rung.threshold.micros if rung.threshold else None
                    slot = Slot("rung", subject, key.name, key.rank)
                    yield Said(slot, found.place, spelled(rung), rung.span, threshold, rung, score.text)
        case n.OnMissing(input=name, span=span):
            what = f"on missing {name.text}" if name else "on missing"
            yield Said(Slot("on missing", name.text if name else ""), found.place, what, span)
        case n.OnError(span=span):
            yield Said(Slot("on error"), found.place, "on error", span)
        case n.Effects(enforcement=enforcement, assigns=assigns):
            for assign in {assign.name.text: assign for assign in reversed(assigns)}.values():
                what = f"{assign.name.text} = …"
                yield Said(Slot("effect", enforcement.text, assign.name.text), found.place, what, assign.span)
        case _:
            pass


def spelled(rung: n.Rung) -> str:
    """`reduce and review >= 0.8`."""
    names = " and ".join(map(_outcome, rung.outcomes))
    return f"{names} >= {rung.threshold.text}" if rung.threshold else f"{names} off"


def _outcome(outcome: n.Outcome) -> str:
    """`review(queue: "hate-de")`."""
    options = ", ".join(f"{option.name.text}: {_value(option.value)}" for option in outcome.options)
    return f"{outcome.name.text}({options})" if options else outcome.name.text


def _value(value: n.Value) -> str:
    return json.dumps(value.value, ensure_ascii=False) if isinstance(value, n.Text) else value.text


def sound_outcomes(outcomes: Sequence[n.Outcome], env: Env) -> bool:
    """Whether no other check refuses these."""
    kinds = [env.kind_of(outcome.name.text) for outcome in outcomes]
    options = [(outcome, option) for outcome in outcomes for option in outcome.options]
    return (
        None not in kinds
        and kinds.count("enforcement") <= 1
        and all(option.name.text in known_options(outcome.name.text, env) for outcome, option in options)
        and all(storable(option.value) for _, option in options if isinstance(option.value, n.Number))
        and _priorities_known(outcomes, env)
    )


def _priorities_known(outcomes: Sequence[n.Outcome], env: Env) -> bool:
    levels = [option.value for outcome in outcomes for option in outcome.options if option.name.text == "priority"]
    names = [level.text if isinstance(level, n.Name) else getattr(level, "value", None) for level in levels]
    return all(name in env.manifest.severities for name in names)


def _threshold_fits(rung: n.Rung) -> bool:
    if rung.threshold is None:
        return True
    value = number(rung.threshold)
    return value is not None and 0 < value <= 1 and micros(value) is not None


def _sound(context: Context, place: Place) -> bool:
    guard = place.guard
    if guard.start is not None and guard.end is not None and guard.start >= guard.end:
        return False
    inputs = context.env.inputs
    known = all(
        name in inputs and inputs[name].kind == "enum" and set(values) <= set(inputs[name].values)
        for name, values in guard.within
    )
    return known and bool(place.regions) and choices(guard) != ()


def choices(guard: Guard) -> tuple[Mapping[str, str], ...]:
    """The values of its inputs for which a guard can hold; the first few dozen where there are many."""
    allowed: dict[str, list[str]] = {}
    for name, values in guard.within:
        allowed[name] = [value for value in allowed.get(name, values) if value in values]
    combined = product(*allowed.values())
    return tuple(
        dict(zip(allowed, values, strict=True)) for values, _ in zip(combined, range(_MOST_VALUES), strict=False)
    )


def moments(items: Sequence[Said]) -> tuple[int | None, ...]:
    """One moment of each stretch of time in which the same statements are in force; None is before all dates."""
    dates = {t for item in items for t in (item.guard.start, item.guard.end) if t is not None}
    return (None, *sorted(dates))


def arms(items: Sequence[Said]) -> tuple[tuple[str, str] | None, ...]:
    return (None, *sorted({item.guard.arm for item in items if item.guard.arm is not None}))


def whereabouts(said: Said) -> str:
    """Where a statement speaks, to begin a sentence with: `in DE, AT, where x is y, `."""
    names = [name.text for block in said.place.blocks if isinstance(block, n.Region) for name in block.names]
    region = f"in {', '.join(names)}, " if names and names != [GLOBAL] else ""
    conditions = " and ".join(conditions_told(said.guard))
    return f"{region}where {conditions}, " if conditions else region


def conditions_told(guard: Guard) -> Iterator[str]:
    """`content.surface` is `live` or `ad`, for each `for`."""
    for name, values in guard.within:
        yield f"`{name}` is {' or '.join(f'`{value}`' for value in values)}"
