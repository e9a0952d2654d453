"""One policy on one record -> its verdict, step by step in the order of S6."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from engine.decision import Routed, Sanctioned, Verdict
from engine.intervals import Span
from engine.join import adds_nothing, join, meet
from engine.plain import is_plain
from engine.record import NA, Missing, Record
from engine.truth import State, Truth
from engine.view import View
from policy_dsl import program as p
from policy_dsl.program import MICRO, Program, Proposal

NOTHING = Proposal()
Names = frozenset[str]
Clause: TypeAlias = p.Rule | p.Grant | p.Adjustment | p.PriorityRaise


def arm_of(experiment: p.Experiment, unit: Any) -> str | None:
    """The first eight bytes of SHA-256 of `salt NUL unit`, modulo 1,000,000 (ruling R17); None for no arm."""
    text = f"{experiment.salt}\0{json.dumps(unit, ensure_ascii=False)}"
    bucket = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") % MICRO
    return next((arm.name for arm in experiment.arms if arm.low <= bucket < arm.high), None)


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung's threshold here: one of `thresholds`, several only where the input of a `for` block is missing, `missing`.

    `strict` is the highest it may be, None where it may be off; `cut` is the statement that gives it.
    """

    rung: p.Rung
    cut: p.Cut | None
    strict: int | None
    thresholds: tuple[int, ...]
    missing: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What a ladder, rule or default contributes: `proposal`, or one of `possible` instead for some value of `missing`."""

    clause: str | None = None
    proposal: Proposal = NOTHING
    possible: tuple[Proposal, ...] = ()
    missing: Names = frozenset()
    error: str | None = None
    absolute: bool = False
    caps: tuple[str, ...] = ()

    @property
    def floor(self) -> Proposal:
        """What it contributes whatever is missing."""
        return meet([self.proposal, *self.possible])

    @property
    def ceiling(self) -> Proposal:
        """All that it may contribute."""
        return join([self.proposal, *self.possible])


@dataclass(frozen=True, slots=True)
class Result:
    """A policy's proposal under one set of granted exceptions: `fixed` by absolute rules, `rest` by all others."""

    fixed: Proposal
    rest: Proposal
    parts: tuple[Part, ...]
    caps: tuple[p.Grant, ...]
    exceptions: tuple[str, ...]
    waived: bool
    missing: Names
    skipped: Names
    errors: tuple[str, ...]

    @property
    def proposal(self) -> Proposal:
        return join([self.fixed, self.rest])

    def departs_from(self, other: Result) -> bool:
        """Whether it proposes something else, or leaves something open that the other does not."""
        return self.proposal != other.proposal or not self.missing | self.skipped <= other.missing | other.skipped

    @property
    def clauses(self) -> tuple[str, ...]:
        return tuple(part.clause for part in self.parts if part.clause)

    @property
    def deciding(self) -> str | None:
        """The first clause of the strongest proposal; absolute ones first where they are as strong as the rest."""
        fixed_first = self.fixed.enforcement >= self.rest.enforcement
        speaking = [part for part in self.parts if part.clause and not (self.waived and not part.absolute)]
        speaking.sort(key=lambda part: -part.proposal.enforcement)
        sides = [part for part in speaking if part.absolute is fixed_first] or speaking
        return sides[0].clause if sides else None


@dataclass(frozen=True)
class Judgement:
    """One policy on one record."""

    program: Program
    values: Mapping[str, Any]
    record: Record
    policy: p.Policy
    variant: p.Variant
    experiments: bool = True

    @cached_property
    def arms(self) -> Mapping[str, str]:
        """The record's arm in each experiment; no unit, no variant."""
        units = [(e, self.values[e.unit]) for e in self.policy.experiments if self.experiments]
        found = [(e.name, arm_of(e, unit)) for e, unit in units if unit is not NA and not isinstance(unit, Missing)]
        return {name: arm for name, arm in found if arm is not None}

    @cached_property
    def view(self) -> View:
        return View(self.program, self.values, self.record.at, self.variant.scores, self.arms)

    def truth(self, clause: Clause) -> Truth:
        return self.view.truth(clause.guard, clause.when)

    @cached_property
    def truths(self) -> Mapping[str, Truth]:
        """Of the exceptions and adjustments, by clause."""
        clauses: tuple[p.Adjustment | p.Grant, ...] = (*self.variant.adjustments, *self.variant.grants)
        return {clause.clause: self.truth(clause) for clause in clauses}

    @cached_property
    def raises(self) -> tuple[tuple[int, Truth], ...]:
        return tuple((clause.priority, self.truth(clause)) for clause in self.variant.priorities)

    @cached_property
    def granted(self) -> Names:
        return frozenset(clause for clause, truth in self.truths.items() if truth.holds)

    @cached_property
    def result(self) -> Result:
        """What stays unknown is not granted, but speaks where it would have changed something (ruling R12); and whether it would
        have, or would err, may depend on what was skipped (ruling R4).
        """
        found = self._result
        if not self.record.skipped:
            return found
        found = replace(found, skipped=found.skipped | self.record.skipped & self._may_err)
        if not self.unsettled:
            return found
        granted = (self.granted.union(names) for names in (self.unsettled, *({clause} for clause in self.unsettled)))
        skipped = found.skipped.union(*(self.propose(names).skipped for names in granted))
        if len(self.unsettled) > 1:  # whether one matters may depend on another
            skipped |= self.record.skipped & frozenset().union(*(truth.missing for truth in self.unsettled.values()))
        return replace(found, skipped=skipped)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        variant = self.variant
        return (*variant.rules, *variant.grants, *variant.adjustments, *variant.priorities)

    @property
    def _may_err(self) -> Names:
        """What conditions wait for that may err once it is there, whatever their clauses could add."""
        truths = ((clause.when, self.truth(clause)) for clause in self.clauses)
        waiting = (truth.missing for when, truth in truths if truth.state is State.UNKNOWN and not is_plain(when))
        return frozenset[str]().union(*waiting)

    @property
    def _result(self) -> Result:
        first = self.propose(self.granted)
        doubts = [*self.doubtful_exceptions(first), *self.doubtful_raises(first), *self.doubtful_effects(first)]
        if not doubts:
            return first
        second = self.propose(self.granted, doubts)
        late = [*self.doubtful_raises(second), *self.doubtful_effects(second)]  # of what the defaults have added
        skipped = [truth for truth in late if truth.missing & self.record.skipped]
        return self.propose(self.granted, [*doubts, *skipped]) if skipped else second

    def doubtful_exceptions(self, first: Result) -> list[Truth]:
        """The unknown exceptions and adjustments that would change the proposal: alone, else all that weaken or all that
        strengthen together (two caps, each on one of two ladders, matter only together).
        """
        unsettled = self.unsettled
        lowering = {clause.clause for clause in self.variant.adjustments if clause.delta < 0} & set(unsettled)
        alone = [{clause} for clause in unsettled]
        together = [names for names in (set(unsettled) - lowering, lowering) if len(names) > 1]
        for groups in (alone, together):
            mattering = [names for names in groups if self.propose(self.granted | names).departs_from(first)]
            if mattering:
                return [unsettled[clause] for clause in sorted(set().union(*mattering))]
        return []

    @property
    def unsettled(self) -> Mapping[str, Truth]:
        """The exceptions and adjustments that are unknown or err."""
        return {clause: truth for clause, truth in self.truths.items() if truth.unsettled}

    def doubtful_raises(self, first: Result) -> list[Truth]:
        """The unknown `priority` conditions that would raise some route."""
        routed = self.routed(first.proposal)
        return [truth for level, truth in self.raises if truth.unsettled and any(level < r.priority for r in routed)]

    def doubtful_effects(self, first: Result) -> list[Truth]:
        """One for each effect of the proposed enforcement that a missing `for` input leaves open."""
        proposal = first.proposal
        if proposal == NOTHING:
            return []
        stated = [effect for effect in self.variant.effects if effect.enforcement == proposal.enforcement]
        return [truth for effect in stated if (truth := self.view.doubt([(v.guard, v.value) for v in effect.values]))]

    @cached_property
    def verdict(self) -> Verdict:
        result = self.result
        proposal = result.proposal
        adjusted = tuple(clause.clause for clause in self.variant.adjustments if self.truths[clause.clause].holds)
        return Verdict(
            policy=self.policy.name,
            enforcement=proposal.enforcement,
            routes=self.routed(proposal),
            sanctions=tuple(Sanctioned(use.name, tuple(sorted(use.options.items()))) for use in proposal.sanctions),
            clause=result.deciding,
            clauses=(*adjusted, *result.clauses, *result.exceptions),
            exceptions=(*adjusted, *result.exceptions),
            missing=tuple(sorted(result.missing)),
            errors=result.errors,
            shadow=self.policy.shadow,
            undetermined=bool(result.skipped),
        )

    def routed(self, proposal: Proposal, *, also_unknown: bool = False) -> tuple[Routed, ...]:
        """The routes with their priority: as stated or the policy's severity, raised by what holds (or may hold)."""
        raised = [level for level, truth in self.raises if truth.holds or (also_unknown and truth.unsettled)]
        found: dict[tuple[str, str], int] = {}
        for use in proposal.routes:
            level = min([self.policy.severity if use.priority is None else use.priority, *raised])
            found[use.route, use.queue] = min(level, found.get((use.route, use.queue), level))
        return tuple(Routed(route, queue, level) for (route, queue), level in sorted(found.items()))

    def propose(self, granted: Names, doubts: Sequence[Truth] = ()) -> Result:
        """Adjustments, ladders and rules, defaults, caps, waivers; `doubts` are what else is unknown and would matter.

        Under a cap the part below it must be settled by itself: what it proposes decides whether the cap acts. Of a
        waived policy only absolute rules speak, so a doubt can be about nothing else.
        """
        grants = [clause for clause in self.variant.grants if clause.clause in granted]
        caps = [clause for clause in grants if clause.cap is not None and clause.score is None]
        waivers = [clause for clause in grants if clause.cap is None]
        delta = adjustment([clause.delta for clause in self.variant.adjustments if clause.clause in granted])
        parts = (
            *(self.ladder(ladder, delta, grants) for ladder in self.variant.ladders),
            *map(self.rule, self.variant.rules),
        )
        beyond = [part for part in parts if part.absolute]
        within = [part for part in parts if not part.absolute]
        fixed, rest = (join(part.proposal for part in side) for side in (beyond, within))
        doubted: Names = frozenset().union(*(truth.missing for truth in doubts))
        open_fixed = lacking(beyond, NOTHING) | (doubted if waivers else frozenset())
        floor = NOTHING if caps else join(part.floor for part in beyond)
        open_rest = frozenset() if waivers else doubted | lacking(within, floor)
        doubted_errors = [truth.error for truth in doubts if truth.error]
        wrong_fixed = (*(part.error for part in beyond if part.error), *(doubted_errors if waivers else ()))
        wrong_rest = () if waivers else (*(part.error for part in within if part.error), *doubted_errors)
        skipped = (open_fixed | open_rest) & self.record.skipped
        defaults = (
            *self.defaults(open_fixed - skipped, wrong_fixed, absolute=True),
            *self.defaults(open_rest - skipped, wrong_rest, absolute=False),
        )
        rest = join([rest, *(part.proposal for part in defaults if not part.absolute)])
        rest, acting = cap(rest, caps)
        return Result(
            fixed=join([fixed, *(part.proposal for part in defaults if part.absolute)]),
            rest=NOTHING if waivers else rest,
            parts=(*parts, *defaults),
            caps=tuple(caps),
            exceptions=(
                *(name for part in parts for name in part.caps),
                *acting,
                *(clause.clause for clause in waivers),
            ),
            waived=bool(waivers),
            missing=(open_fixed | open_rest) - skipped,
            skipped=skipped.union(*(part.missing for part in defaults)),
            errors=tuple(sorted({*wrong_fixed, *wrong_rest})),
        )

    def rule(self, rule: p.Rule) -> Part:
        truth = self.truth(rule)
        if truth.holds:
            return Part(rule.clause, rule.proposal, absolute=rule.absolute)
        possible = (rule.proposal,) if truth.state is State.UNKNOWN else ()
        return Part(None, NOTHING, possible, truth.missing, truth.error, rule.absolute)

    def ladder(self, ladder: p.Ladder, delta: int, grants: Sequence[p.Grant]) -> Part:
        """The strongest rung reached at the lowest possible score, and those that a higher one could reach (ruling R2)."""
        span = self.view.spans[ladder.score]
        if span is None:
            return Part()
        rungs = [self.reached(rung, delta) for rung in ladder.rungs]
        certain = [r for r in rungs if r.strict is not None and span.low >= r.strict]
        winner = max(certain, key=lambda r: (r.rung.proposal.enforcement, r.strict, r.rung.name), default=None)
        above = [r for r in rungs if self.could_win(r, winner, span)]
        caps = [clause for clause in grants if clause.score == ladder.score]
        proposal, acting = cap(winner.rung.proposal if winner else NOTHING, caps)
        return Part(
            clause=winner.cut.clause if winner and winner.cut else None,
            proposal=proposal,
            possible=tuple(cap(r.rung.proposal, caps)[0] for r in above),
            missing=frozenset().union(span.missing, *(r.missing for r in (*above, *certain))) if above else frozenset(),
            caps=acting,
        )

    @staticmethod
    def could_win(rung: Reached, winner: Reached | None, span: Span) -> bool:
        """Whether some value of what is missing would let this rung speak instead of the winner."""
        reachable = [threshold for threshold in rung.thresholds if threshold <= span.high]
        if rung is winner or winner is None:
            return bool(reachable) and winner is None
        enforcement = rung.rung.proposal.enforcement
        best = (winner.rung.proposal.enforcement, min(winner.thresholds), winner.rung.name)
        return any((enforcement, threshold, rung.rung.name) > best for threshold in reachable)

    def reached(self, rung: p.Rung, delta: int) -> Reached:
        """The statement in force: the first whose guard holds, or several where a guard is unknown."""
        candidates: list[tuple[int, p.Cut | None]] = []
        missing: Names = frozenset()
        for cut in rung.cuts:
            truth = self.view.guard(cut.guard)
            if truth.state is State.FALSE:
                continue
            candidates.append((_adjusted(cut.threshold, delta), cut))
            if truth.holds:
                break
            missing |= truth.missing
        else:
            candidates.append((OFF, None))
        strict, strictest = max(candidates, key=lambda pair: pair[0])
        thresholds = tuple(threshold for threshold, _ in candidates if threshold != OFF)
        return Reached(rung, strictest, None if strict == OFF else strict, thresholds, missing)

    def defaults(self, missing: Names, errors: Sequence[str], *, absolute: bool) -> list[Part]:
        """Each missing input brings the `on missing` that names it, else the general one (ruling R13)."""
        spoken: dict[str, Part] = {}
        unasked = self.record.skipped
        named = {item.input: item.defaults for item in self.variant.on_missing}
        for name in sorted(missing):
            for default, here in self.in_force((*named.get(name, ()), *named[None])):
                lost = here.missing & unasked
                spoken[default.clause] = Part(default.clause, default.proposal, missing=lost, absolute=absolute)
        for default, here in self.in_force(self.variant.on_error) if errors else ():
            lost = here.missing & unasked
            spoken[default.clause] = Part(default.clause, default.proposal, missing=lost, absolute=absolute)
        return list(spoken.values())

    def in_force(self, defaults: Iterable[p.Default]) -> list[tuple[p.Default, Truth]]:
        """The first whose guard holds; before it those whose guard may hold."""
        found = []
        for default in defaults:
            truth = self.view.guard(default.guard)
            if truth.state is not State.FALSE:
                found.append((default, truth))
            if truth.holds:
                break
        return found

    def effects(self, enforcement: int) -> Mapping[str, p.Scalar]:
        """What the policy says about an enforcement's effects here."""
        found: dict[str, p.Scalar] = {}
        for effect in self.variant.effects:
            value = next((item.value for item in effect.values if self.view.guard(item.guard).holds), None)
            if effect.enforcement == enforcement and value is not None:
                found[effect.key] = value
        return found


OFF = MICRO + 1


def _adjusted(threshold: int | None, delta: int) -> int:
    """As written where nothing is adjusted, else clamped to [0.000001, 1]; off stays off (ruling R19)."""
    if threshold is None:
        return OFF
    return min(max(threshold + delta, 1), MICRO) if delta else threshold


def adjustment(deltas: Sequence[int]) -> int:
    """The largest raise less the largest lowering (S6)."""
    return max([0, *deltas]) + min([0, *deltas])


def lacking(parts: Sequence[Part], base: Proposal) -> Names:
    """The missing inputs of parts that may contribute what is not certain: what neither `base` nor any part's floor has."""
    floor = join([base, *(part.floor for part in parts)])
    return frozenset().union(*(part.missing for part in parts if not adds_nothing(part.ceiling, floor)))


def cap(proposal: Proposal, caps: Sequence[p.Grant]) -> tuple[Proposal, tuple[str, ...]]:
    """The lowest cap, where the proposal is stronger: it adds its routes and drops the sanctions (ruling R6)."""
    lowest = min((clause.cap for clause in caps if clause.cap is not None), default=None)
    if lowest is None or proposal.enforcement <= lowest:
        return proposal, ()
    acting = [clause for clause in caps if clause.cap == lowest]
    routes = tuple(use for clause in acting for use in clause.routes)
    return join([Proposal(lowest, proposal.routes), Proposal(0, routes)]), tuple(clause.clause for clause in acting)
