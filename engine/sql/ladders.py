"""Ladders in SQL: the rung that is reached for certain, and those that a missing score or `for` input could reach (R1, R2, R19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sql.layers import Layers
from engine.sql.placed import Placed, chosen
from engine.sql.says import Says, Vocabulary, join
from engine.sql.terms import (
    E,
    bits,
    case,
    common,
    compare,
    constant,
    equal,
    every,
    function,
    greatest,
    is_null,
    least,
    number,
    one_of,
    only,
    opposite,
    plus,
    some,
    times,
    truth,
)
from engine.sql.thresholds import OFF, Key, Numbers, Periods
from engine.sql.truths import NEVER, NONE, YES
from engine.sql.views import View
from policy_dsl import program as p
from policy_dsl.program import MICRO

RANKS = 256
SPAN = OFF + 1


@dataclass(frozen=True, slots=True)
class Part:
    """What a ladder or rule contributes: for certain, at least whatever is missing, and at most (`engine.judge.Part`)."""

    proposal: Says
    floor: Says
    ceiling: Says
    missing: E = NONE
    error: E = NEVER
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement that may be in force: where, and with which threshold."""

    where: E
    threshold: E


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung: its rank among the ladder's names, the highest and the lowest threshold that it may have (OFF for none), the
    highest that the highest possible score reaches (-1 for none), and the missing inputs of its guards.
    """

    rung: p.Rung
    rank: int
    strict: E
    lowest: E
    top: E
    missing: E

    def key(self, threshold: E) -> E:
        """Of two rungs that are reached the one with the higher key speaks: enforcement, threshold, name."""
        rank = times(plus(number(self.rung.proposal.enforcement * SPAN), threshold), number(RANKS))
        return plus(rank, number(self.rank))


@dataclass(frozen=True, slots=True)
class Caps:
    """The lowest cap that is granted, and the routes that it adds where it acts."""

    level: E
    uses: E

    def acts_on(self, said: Says) -> E:
        return compare(">", said.enforcement, self.level)

    def on(self, said: Says, routes: int) -> Says:
        """A lower enforcement, without sanctions (ruling R6)."""
        return said.otherwise(self.acts_on(said), Says(self.level, bits(only(said.uses, routes), self.uses)))


@dataclass(frozen=True)
class Ladders:
    placed: Placed
    view: View
    words: Vocabulary
    numbers: Numbers
    periods: Periods

    @property
    def layers(self) -> Layers:
        return self.view.layers

    def scores(self) -> list[str]:
        return sorted({ladder.score for variant in self.placed.policy.variants for ladder in variant.ladders})

    def part(self, score: str, delta: E, caps: Caps | None) -> Part:
        span, layers = self.view.range(score), self.layers
        rungs = [self.reached(score, name, rank, delta, span.high) for rank, name in enumerate(self.names(score))]
        away, certain = is_null(span.low), [compare(">=", span.low, r.strict) for r in rungs]
        reached = [case([(sure, r.key(r.strict))], number(-1)) for r, sure in zip(rungs, certain, strict=True)]
        winner = layers.let("winner", case([(away, number(-1))], greatest(*reached)))
        rank = layers.let(
            "rank", case([(equal(winner, number(-1)), number(-1))], function("MOD", winner, number(RANKS)))
        )
        best = layers.let("best", case([(equal(rank, number(r.rank)), r.key(r.lowest)) for r in rungs], number(-1)))
        above = [self.could_win(r, rank, best, away) for r in rungs]
        proposal = self.capped(self.of_rank(rank, rungs), caps)
        possible = [self.capped(self.words.says(r.rung.proposal), caps) for r in rungs]
        opened = layers.let("above", some(above))
        doubtful = [case([(some([a, c]), r.missing)], number(0)) for r, a, c in zip(rungs, above, certain, strict=True)]
        missing = layers.let("missing", case([(opened, bits(span.missing, *doubtful))], number(0)))
        if constant(opened) is False or (constant(span.missing) == 0 and all(constant(r.missing) == 0 for r in rungs)):
            return Part(proposal, proposal, proposal)
        shared = [case([(a, one.uses)], proposal.uses) for a, one in zip(above, possible, strict=True)]
        floor = Says(proposal.enforcement, layers.let("shared", common([proposal.uses, *shared])))
        ceiling = join([proposal, *(one.where(a) for a, one in zip(above, possible, strict=True))])
        return Part(proposal, floor, ceiling.named(layers), missing)

    def names(self, score: str) -> list[p.Rung]:
        """The ladder's rungs over all regions, by name."""
        found = {}
        for variant in self.placed.policy.variants:
            for ladder in variant.ladders:
                found.update({(r.name, repr(r.proposal)): r for r in ladder.rungs if ladder.score == score})
        return [found[key] for key in sorted(found)]

    def of_rank(self, rank: E, rungs: Sequence[Reached]) -> Says:
        said = [(equal(rank, number(r.rank)), self.words.says(r.rung.proposal)) for r in rungs]
        return Says(
            self.layers.let("enforcement", case([(here, one.enforcement) for here, one in said], number(0))),
            self.layers.let("uses", case([(here, one.uses) for here, one in said], number(0))),
        )

    def capped(self, said: Says, caps: Caps | None) -> Says:
        return said if caps is None else caps.on(said, self.words.all_routes).named(self.layers)

    def could_win(self, r: Reached, rank: E, best: E, away: E) -> E:
        """Whether some value of what is missing would let this rung speak instead of the winner."""
        reachable = compare(">=", r.top, number(0))
        alone = every([equal(rank, number(-1)), reachable])
        stronger = every(
            [
                compare(">=", rank, number(0)),
                opposite(equal(rank, number(r.rank))),
                reachable,
                compare(">", r.key(r.top), best),
            ]
        )
        return self.layers.let(
            "could", case([(away, truth(False)), (some([alone, stronger]), truth(True))], truth(False))
        )

    # -- the statement in force ----------------------------------------------------------------------------------------

    def reached(self, score: str, rung: p.Rung, rank: int, delta: E, high: E) -> Reached:
        columns: list[tuple[E, tuple[E, E, E, E]]] = []
        for where, candidates, missing in self.shapes(score, rung, delta):
            columns.append((where, (*self.extremes(candidates, high), missing)))
        strict, lowest, top, missing = (
            self.layers.let(hint, chosen([(where, values[i]) for where, values in columns]))
            for i, hint in enumerate(("strict", "lowest", "top", "missing"))
        )
        return Reached(rung, rank, strict, lowest, top, missing)

    def extremes(self, candidates: Sequence[Candidate], high: E) -> tuple[E, E, E]:
        """The highest and the lowest threshold, and the highest that is reached."""
        strict = greatest(*(case([(c.where, c.threshold)], number(-1)) for c in candidates), number(-1))
        lowest = least(*(case([(c.where, c.threshold)], number(OFF)) for c in candidates), number(OFF))
        within = [every([c.where, compare("<=", c.threshold, high)]) for c in candidates]
        top = greatest(
            *(case([(w, c.threshold)], number(-1)) for w, c in zip(within, candidates, strict=True)), number(-1)
        )
        return strict, lowest, top

    def shapes(self, score: str, rung: p.Rung, delta: E) -> list[tuple[E, list[Candidate], E]]:
        """For each order of statements that some region and period has: where, what may be in force, what is missing."""
        found: dict[tuple[tuple[str, p.Guard], ...], dict[int, set[int]]] = {}
        for number_, variant in enumerate(self.placed.policy.variants):
            own = next(
                (r for lad in variant.ladders for r in lad.rungs if lad.score == score and r.name == rung.name), None
            )
            for period in range(len(self.periods.starts)):
                cuts = self.periods.in_force(own, period) if own and own.proposal == rung.proposal else []
                shape = tuple((name, p.Guard(cut.guard.within, arm=cut.guard.arm)) for cut, name in cuts)
                found.setdefault(shape, {}).setdefault(period, set()).add(number_)
        made = []
        for shape, places in found.items():
            candidates, missing = self.candidates(Key(self.placed.policy.name, score, rung.name, ""), shape, delta)
            made.append((self.where(places), candidates, missing))
        return made

    def where(self, places: dict[int, set[int]]) -> E:
        """Where the row's variant and period are among these."""
        by_variants: dict[frozenset[int], set[int]] = {}
        for period, variants in places.items():
            by_variants.setdefault(frozenset(variants), set()).add(period)
        return some(every([self.placed.here(v), self.in_period(periods)]) for v, periods in by_variants.items())

    def in_period(self, periods: set[int]) -> E:
        return truth(True) if len(periods) == len(self.periods.starts) else one_of(self.view.sql.period, periods)

    def candidates(self, key: Key, shape: Sequence[tuple[str, p.Guard]], delta: E) -> tuple[list[Candidate], E]:
        """The first statement whose guard holds, and before it those whose guard may; else the rung is off."""
        undecided: E = truth(True)
        found: list[Candidate] = []
        masks: list[E] = []
        for name, guard in shape:
            answer = self.view.guard(guard) if guard.within or guard.arm else YES
            threshold = self.adjusted(self.numbers.column(Key(key.policy, key.score, key.rung, name)), delta)
            found.append(Candidate(self.layers.let("may", every([undecided, opposite(answer.fails)])), threshold))
            masks.append(case([(undecided, answer.missing)], number(0)))
            undecided = self.layers.let("none", every([undecided, opposite(answer.holds)]))
        found.append(Candidate(undecided, number(OFF)))
        return found, self.layers.let("missing", bits(*masks, number(0)))

    def adjusted(self, threshold: E, delta: E) -> E:
        """As written where nothing is adjusted, else clamped to [0.000001, 1]; off stays off (ruling R19)."""
        if constant(delta) == 0:
            return self.layers.let("cut", threshold)
        raw = self.layers.let("cut", threshold)
        moved = least(greatest(plus(raw, delta), number(1)), number(MICRO))
        kept = some([equal(delta, number(0)), equal(raw, number(OFF))])
        return self.layers.let("moved", case([(kept, raw)], moved))


def caps_of(grants: Sequence[tuple[p.Grant, E]], words: Vocabulary, layers: Layers) -> Caps | None:
    """Of caps, each with whether it is granted; None where there is none."""
    if not grants:
        return None
    level = layers.let(
        "cap", least(*(case([(granted, number(grant.cap or 0))], number(RANKS)) for grant, granted in grants))
    )
    acting = [(every([granted, equal(level, number(grant.cap or 0))]), grant) for grant, granted in grants]
    uses = bits(*(case([(acts, number(words.mask(grant.routes)))], number(0)) for acts, grant in acting), number(0))
    return Caps(level, layers.let("uses", uses))
