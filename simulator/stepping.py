"""A rung -> the few programs that tell what a row does at every threshold of it.

Where everything else stays, a row's decision is a step function of one rung's threshold t: where t lies above the row's score
it is the decision of a pack without the rung, and where the score reaches t the decision of a pack whose rung speaks. So a row
needs only its score and its outcome under two programs: the rung off, and at 0. More are needed only where rungs of the same
strength stand on one ladder, for then the higher threshold speaks (ruling R2): one more for each such threshold that is passed.
All is exact: exceptions, adjustments, other policies and missing inputs are the evaluator's, never approximated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.decision import Outcome, Routed, Verdict
from engine.judge import adjustment
from policy_dsl import program as p
from policy_dsl.program import MICRO, Program, Proposal
from simulator.settings import Target, places_of, policy_of, with_threshold

PROBE = "probe"
MEASURES = ("acts", "decided", "reviewed", "changed")
"""What is counted of a row at a threshold. `acts`: the policy proposes the rung's enforcement or a stronger one (a rung of routes
alone: its routes, or any enforcement). `decided`: the joined decision does. `reviewed`: the joined decision has a route.
`changed`: the joined decision is another than at present."""


Kind = tuple[tuple[bool, ...], ...]
"""By program of the plan (off, starts, present): what of MEASURES is true of the row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The programs that tell a row's step function of the target's threshold.

    `programs`: the rung off; at each of `starts`; as it is; and, where the policy has adjustments, one that tells which hold.
    At t in [starts[i], starts[i + 1]) a row whose score reaches t does what `programs[1 + i]` says.
    """

    program: Program
    target: Target
    starts: tuple[int, ...]
    programs: tuple[Program, ...]
    deltas: tuple[int, ...]  # of the policy's adjustments, in the order of the probe's rules
    also: tuple[tuple[str, Proposal], ...] = ()  # further measures: as `acts`, for other rungs

    @property
    def measures(self) -> tuple[str, ...]:
        return (*MEASURES, *(name for name, _ in self.also))

    @property
    def present(self) -> int:
        """Where in `programs` the pack as it is stands."""
        return 1 + len(self.starts)

    @property
    def rung(self) -> Proposal:
        return rung_of(self.program, self.target)

    @property
    def regions(self) -> frozenset[str]:
        """Those in which the target reaches the policy."""
        places = places_of(self.program, policy_of(self.program, self.target.policy), self.target.region)
        return frozenset(self.program.regions[place] for place in places)


def plan(program: Program, target: Target, also: Sequence[tuple[str, Proposal]] = ()) -> Plan:
    """`also`: further measures, each that the policy proposes as much. Raises SettingError where the target reaches no rung."""
    deltas, probe = _probe(program, policy_of(program, target.policy))
    levels = starts(program, target)
    programs = (
        with_threshold(program, target, None),
        *(with_threshold(program, target, level) for level in levels),
        program,
        *([probe] if probe else ()),
    )
    return Plan(program, target, levels, programs, deltas, tuple(also))


def rung_of(program: Program, target: Target) -> Proposal:
    """What the target's rung proposes."""
    ladders = (x for v in policy_of(program, target.policy).variants for x in v.ladders if x.score == target.score)
    return next(rung.proposal for ladder in ladders for rung in ladder.rungs if rung.name == target.action)


def starts(program: Program, target: Target) -> tuple[int, ...]:
    """Thresholds from which on the rung outranks one more rung of its own strength (ties of R2), and 0.

    Of the rungs of one ladder that a score reaches, the strongest speaks; among equally strong ones that with the higher
    threshold, then the later name. Adjustments move both, and the clamp to [0.000001, 1] may make them equal (ruling R19).
    """
    policy, found = policy_of(program, target.policy), {0}
    for number in {policy.places[place] for place in places_of(program, policy, target.region)}:
        variant = policy.variants[number]
        shifts = _shifts(variant.adjustments)
        for ladder in (item for item in variant.ladders if item.score == target.score):
            own = next((rung for rung in ladder.rungs if rung.name == target.action), None)
            beside = [rung for rung in ladder.rungs if own and rung is not own and _equal(rung, own)]
            cuts = {(cut.threshold, rung.name) for rung in beside for cut in rung.cuts if cut.threshold is not None}
            found |= {_overtakes(target.action, cut, shift) for cut in cuts for shift in shifts}
    return tuple(sorted(level for level in found if level <= MICRO))


def _equal(one: p.Rung, other: p.Rung) -> bool:
    return one.proposal.enforcement == other.proposal.enforcement


def _shifts(adjustments: Sequence[p.Adjustment]) -> set[int]:
    """What may be added to the thresholds: the largest raise less the largest lowering that hold (S6)."""
    deltas = [item.delta for item in adjustments]
    return {up + down for up in {0, *(d for d in deltas if d > 0)} for down in {0, *(d for d in deltas if d < 0)}}


def _overtakes(name: str, other: tuple[int, str], shift: int) -> int:
    """The lowest threshold at which the rung wins against the other; beyond 1 where none does."""
    bar = (shifted(other[0], shift), other[1])
    return bisect_left(range(MICRO + 1), True, key=lambda level: (shifted(level, shift), name) > bar)


def shifted(level: int, shift: int) -> int:
    """A threshold with an adjustment in force (ruling R19)."""
    return min(max(level + shift, 1), MICRO) if shift else level


def reaches(scores: NDArray[np.int32], shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The highest threshold, before adjustment, that each score reaches; -1 where it reaches none. Inverse of `shifted`."""
    wide = scores.astype(np.int64)
    moved = np.clip(wide - shifts, -1, MICRO)
    moved[(wide == 0) & (shifts != 0)] = -1
    moved[(wide == MICRO) & (shifts != 0)] = MICRO
    found: NDArray[np.int64] = np.where(shifts == 0, wide, moved)
    return found


def _probe(program: Program, policy: p.Policy) -> tuple[tuple[int, ...], Program | None]:
    """A program in which the policy says nothing but which of its adjustments hold: each as a rule with a route of its own.

    An adjustment that stays unknown is one that its verdict lacks inputs for, or errs about.
    """
    items = list(dict.fromkeys((a.clause, a.delta) for variant in policy.variants for a in variant.adjustments))
    if not items:
        return (), None
    names = {clause: f"adjusted by {number}" for number, (clause, _) in enumerate(items)}
    bare = replace(policy, variants=tuple(_telling(variant, names) for variant in policy.variants))
    routes = tuple(p.Route(name, PROBE) for name in names.values())
    probe = replace(program, policies=(bare,), consequences=(), routes=(*program.routes, *routes))
    return tuple(delta for _, delta in items), probe


def _telling(variant: p.Variant, names: Mapping[str, str]) -> p.Variant:
    def rule(item: p.Adjustment) -> p.Rule:
        said = Proposal(0, (p.RouteUse(names[item.clause], PROBE),))
        return p.Rule(item.clause, item.source, item.guard, item.when, said)

    rules = tuple(map(rule, variant.adjustments))
    return replace(variant, ladders=(), grants=(), adjustments=(), priorities=(), effects=(), rules=rules)


def adjusted_by(plan: Plan, probe: Verdict) -> int | None:
    """What the adjustments in force add to the thresholds, by the last program's verdict; None where that is not known."""
    if not plan.deltas:
        return 0
    if probe.open or probe.undetermined:
        return None
    return adjustment([plan.deltas[int(r.route.rpartition(" ")[2])] for r in probe.routes if r.queue == PROBE])


def measured(plan: Plan, outcome: Outcome, verdict: Verdict, present: Outcome) -> tuple[bool, ...]:
    """MEASURES of one outcome."""
    rung = plan.rung
    return (
        speaks(rung, verdict.enforcement, verdict.routes),
        speaks(rung, outcome.enforcement or 0, outcome.routes),
        bool(outcome.routes),
        decided(outcome) != decided(present),
        *(speaks(other, verdict.enforcement, verdict.routes) for _, other in plan.also),
    )


def speaks(rung: Proposal, enforcement: int, routes: Sequence[Routed]) -> bool:
    """Whether something as strong as the rung is proposed."""
    if rung.enforcement:
        return enforcement >= rung.enforcement
    own = {(use.route, use.queue) for use in rung.routes}
    return enforcement > 0 or own <= {(routed.route, routed.queue) for routed in routes}


def decided(outcome: Outcome) -> tuple[object, ...]:
    """What the joined decision comes to."""
    return outcome.status, outcome.enforcement, outcome.routes, outcome.sanctions
