"""A policy's nested blocks -> a flat list of statements, each with the place where it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

from policy_dsl import nodes as n
from policy_dsl.env import Env
from policy_dsl.program import ALWAYS, Guard
from regions.model import RegionTree

GLOBAL = "GLOBAL"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement holds: below one of `regions` (and one of `narrowed`, where a clause says `regions` itself).

    `blocks` are the `region` and `for` nodes around it, outermost first.
    """

    regions: tuple[str, ...] = (GLOBAL,)
    narrowed: tuple[str, ...] | None = None
    guard: Guard = ALWAYS
    blocks: tuple[n.Region | n.For, ...] = ()

    def region_in(self, chain: Sequence[str]) -> str | None:
        """The most specific region of the chain that this place states; None where it does not hold there."""
        stated = next((code for code in chain if code in self.regions), None)
        if self.narrowed is None or stated is None:
            return stated
        inner = next((code for code in chain if code in self.narrowed), None)
        return min((stated, inner), key=chain.index) if inner else None

    def tops(self, tree: RegionTree) -> tuple[str, ...]:
        """The regions at and below which it holds, sorted."""
        if self.narrowed is None:
            return tuple(sorted(self.regions))
        pairs = list(product(self.regions, self.narrowed))
        return tuple(
            sorted({a if tree.is_within(a, b) else b for a, b in pairs if tree.is_within(a, b) or tree.is_within(b, a)})
        )

    @property
    def mentioned(self) -> frozenset[str]:
        return frozenset((*self.regions, *(self.narrowed or ())))


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement and its place."""

    place: Place
    node: n.PolicyItem


@dataclass(frozen=True, slots=True)
class StatedRung:
    """One rung of a ladder and its place."""

    place: Place
    ladder: n.Ladder
    rung: n.Rung


def statements(policy: n.Policy, env: Env) -> Iterator[Stated]:
    """Everything that a policy says below its blocks, experiments' variants included."""
    yield from _walk(policy.body, Place(), env)


def stated(item: n.PolicyItem | n.Item, env: Env) -> Stated:
    """A clause that stands at the top of a file."""
    return Stated(_narrow(Place(), item, env), item)  # type: ignore[arg-type]


def rungs(found: Sequence[Stated]) -> Iterator[StatedRung]:
    for item in found:
        if isinstance(item.node, n.Ladder):
            for rung in item.node.rungs:
                yield StatedRung(item.place, item.node, rung)


def _walk(body: Sequence[n.PolicyItem], place: Place, env: Env) -> Iterator[Stated]:
    for item in body:
        match item:
            case n.Region(names=names, window=window, body=inner):
                guard = _within_window(place.guard, window)
                here = replace(place, regions=expand(names, env), guard=guard, blocks=(*place.blocks, item))
                yield from _walk(inner, here, env)
            case n.For(input=name, values=values, body=inner):
                condition = (name.text, tuple(sorted({value.text for value in values})))
                guard = replace(place.guard, within=(*place.guard.within, condition))
                yield from _walk(inner, replace(place, guard=guard, blocks=(*place.blocks, item)), env)
            case n.Experiment(name=experiment, variants=variants):
                for variant in variants:
                    guard = replace(place.guard, arm=(experiment.text, variant.name.text))
                    yield from _walk(variant.body, replace(place, guard=guard), env)
            case _:
                yield Stated(_narrow(place, item, env), item)


def _narrow(place: Place, item: object, env: Env) -> Place:
    meta = getattr(item, "meta", None)
    if meta is None:
        return place
    narrowed = expand(meta.regions, env) if meta.regions else None
    return replace(place, narrowed=narrowed, guard=_within_window(place.guard, meta.window))


def expand(names: Sequence[n.Name], env: Env) -> tuple[str, ...]:
    """Regions and groups -> region codes; an unknown name (a finding) stands for nothing."""
    codes: list[str] = []
    for name in names:
        if name.text in env.tree or name.text in env.tree.groups:
            codes += [code for code in env.tree.expand(name.text) if code not in codes]
    return tuple(codes)


def _within_window(guard: Guard, window: n.Window) -> Guard:
    """The overlap of two windows."""
    starts = [t for t in (guard.start, moment(window.start)) if t is not None]
    ends = [t for t in (guard.end, moment(window.end)) if t is not None]
    return replace(guard, start=max(starts, default=None), end=min(ends, default=None))


def moment(date: n.Date | None) -> int | None:
    return None if date is None else to_micros(date.value)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime, exactly."""
    seconds = int(at.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + at.microsecond
