"""Two programs -> the rungs that stand elsewhere in B than in A, to be swept and marked on their curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy_dsl import program as p
from policy_dsl.program import MICRO, Policy, Program
from simulator.result import Mark, Side
from simulator.settings import Target, rungs_of


def changed_rungs(a: Program, b: Program) -> tuple[tuple[Target, tuple[Mark, ...]], ...]:
    """Rungs that both have, of which some threshold differs, with where they stand in the root region (else in the first)."""
    programs = {policy.name: policy for policy in b.policies}
    found = []
    for policy in a.policies:
        other = programs.get(policy.name)
        for score, action in rungs_of(policy) if other else ():
            assert other is not None
            one, two = (_standing(program, own, score, action) for program, own in ((a, policy), (b, other)))
            if one and two and one != two:
                found.append(
                    (Target(policy.name, score, action), (*_mark("a", action, one, two), *_mark("b", action, two, one)))
                )
    return tuple(found)


def _standing(
    program: Program, policy: Policy, score: str, action: str
) -> dict[str, tuple[tuple[p.Guard, int | None], ...]]:
    """By region the statements of a rung."""
    by_variant = [
        tuple(
            (cut.guard, cut.threshold)
            for ladder in v.ladders
            if ladder.score == score
            for rung in ladder.rungs
            if rung.name == action
            for cut in rung.cuts
        )
        for v in policy.variants
    ]
    applying = ((region, place) for region, place in zip(program.regions, policy.places, strict=True) if place >= 0)
    return {region: by_variant[place] for region, place in applying if by_variant[place]}


def _mark(side: Side, action: str, standing: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Mark]:
    """Where the rung stands: in the first region in which the sides differ, which is the root where that differs."""
    where = next((region for region in standing if standing[region] != other.get(region)), next(iter(standing)))
    cuts = [(guard != p.ALWAYS, cut) for guard, cut in standing[where] if cut is not None]
    if cuts:  # what holds for everything, before what holds for some surface, time or arm
        yield Mark(side, action, min(cuts, key=lambda cut: cut[0])[1] / MICRO)
