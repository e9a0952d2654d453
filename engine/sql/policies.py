"""One policy in SQL: its proposal and whether it is open, step by step in the order of S6 (`engine.judge`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.sql.conditions import Conditions
from engine.sql.defaults import Defaults
from engine.sql.doubts import Doubt, guarded_effects, together
from engine.sql.ladders import Caps, Ladders, Part, caps_of
from engine.sql.layers import Layers
from engine.sql.placed import Placed
from engine.sql.says import NOTHING, Says, Vocabulary, join
from engine.sql.terms import (
    E,
    bits,
    case,
    compare,
    constant,
    differ,
    every,
    greatest,
    has_any,
    least,
    number,
    opposite,
    plus,
    some,
    truth,
)
from engine.sql.truths import NO, Answer, both
from engine.sql.views import View
from policy_dsl import program as p

FAR = 255
"""Less severe than every severity."""


@dataclass(frozen=True, slots=True)
class Clause:
    """An exception or adjustment: where it stands, what it answers."""

    item: p.Grant | p.Adjustment
    answer: Answer

    @property
    def lowers(self) -> bool:
        return isinstance(self.item, p.Adjustment) and self.item.delta < 0


@dataclass(frozen=True, slots=True)
class Result:
    """A proposal, the inputs that leave it open, and whether something erred."""

    proposal: Says
    missing: E
    error: E


@dataclass(frozen=True, slots=True)
class Scene:
    """Parts under one set of granted exceptions, and what they lack."""

    parts: tuple[Part, ...]
    caps: Caps | None
    waived: E
    missing: tuple[E, E]
    """Of absolute parts, of the rest."""


@dataclass(frozen=True)
class Policy:
    placed: Placed
    view: View
    words: Vocabulary
    ladders: Ladders

    @property
    def layers(self) -> Layers:
        return self.view.layers

    def answer(self, clause: p.Rule | p.Grant | p.Adjustment | p.PriorityRaise, here: E) -> Answer:
        """Whether a clause holds; where it does not stand, it fails."""
        guard = self.view.guard(clause.guard)
        when = Conditions(self.view, clause.clause).answer(clause.when)
        found = both(self.layers, [guard, when])
        state = self.layers.let("clause", case([(here, found.state)], NO.state))
        return Answer(state, self.layers.let("missing", case([(here, found.missing)], number(0))))

    def answers(self, of: Callable[[p.Variant], Sequence[p.Grant | p.Adjustment]]) -> list[Clause]:
        return [Clause(item, self.answer(item, here)) for item, here in self.placed.clauses(of)]

    @cached_property
    def exceptions(self) -> list[Clause]:
        """Adjustments and exceptions."""
        return [*self.answers(lambda v: v.adjustments), *self.answers(lambda v: v.grants)]

    @cached_property
    def rules(self) -> list[Part]:
        return [self.rule(rule, here) for rule, here in self.placed.clauses(lambda v: v.rules)]

    def rule(self, rule: p.Rule, here: E) -> Part:
        answer, said = self.answer(rule, here), self.words.says(rule.proposal)
        holds = said.where(answer.holds).named(self.layers)
        if constant(answer.missing) == 0:
            return Part(holds, holds, holds, error=answer.errs, absolute=rule.absolute)
        possible = self.layers.let("may", some([answer.holds, answer.unknown]))
        return Part(holds, holds, said.where(possible).named(self.layers), answer.missing, answer.errs, rule.absolute)

    @cached_property
    def raises(self) -> list[tuple[int, Answer]]:
        return [(item.priority, self.answer(item, here)) for item, here in self.placed.clauses(lambda v: v.priorities)]

    @cached_property
    def raised(self) -> E:
        """The most severe priority that holds."""
        levels = (case([(answer.holds, number(level))], number(FAR)) for level, answer in self.raises)
        return self.layers.let("raised", least(*levels, number(FAR)))

    # -- one set of granted exceptions ---------------------------------------------------------------------------------

    def scene(self, granted: Callable[[Clause], E]) -> Scene:
        given = [(clause.item, granted(clause)) for clause in self.exceptions]
        grants = [(item, yes) for item, yes in given if isinstance(item, p.Grant) and constant(yes) is not False]
        deltas = [(item.delta, yes) for item, yes in given if isinstance(item, p.Adjustment)]
        delta = self.delta(deltas)
        parts = [
            self.ladders.part(
                score, delta, caps_of([g for g in grants if g[0].score == score], self.words, self.layers)
            )
            for score in self.ladders.scores()
        ]
        parts += self.rules
        whole = [g for g in grants if g[0].cap is not None and g[0].score is None]
        waived = self.layers.let("waived", some(yes for item, yes in grants if item.cap is None))
        beyond, within = [part for part in parts if part.absolute], [part for part in parts if not part.absolute]
        capped = some(yes for _, yes in whole)
        base = join(part.floor for part in beyond).where(opposite(capped))
        missing = (self.lacking(beyond, NOTHING), self.lacking(within, base))
        return Scene(tuple(parts), caps_of(whole, self.words, self.layers), waived, missing)

    def delta(self, deltas: Sequence[tuple[int, E]]) -> E:
        """The largest raise less the largest lowering (S6)."""
        up = [case([(yes, number(delta))], number(0)) for delta, yes in deltas if delta > 0]
        down = [case([(yes, number(delta))], number(0)) for delta, yes in deltas if delta < 0]
        return self.layers.let("delta", plus(greatest(*up, number(0)), least(*down, number(0))))

    def lacking(self, parts: Sequence[Part], base: Says) -> E:
        """The missing inputs of parts that may contribute what is not certain."""
        if all(constant(part.missing) == 0 for part in parts):
            return number(0)
        floor = join([base, *(part.floor for part in parts)]).named(self.layers)
        opened = [part for part in parts if constant(part.missing) != 0]
        masks = (
            case([(self.words.adds(self.layers, part.ceiling, floor), part.missing)], number(0)) for part in opened
        )
        return self.layers.let("lacking", bits(*masks))

    def result(self, scene: Scene, doubts: Sequence[Doubt] = ()) -> Result:
        """With the defaults of what is missing or errs, then caps, then waivers."""
        waived, whole = scene.waived, opposite(scene.waived)
        doubted = bits(*(case([(doubt.holds, doubt.missing)], number(0)) for doubt in doubts), number(0))
        erring = some(every([doubt.holds, doubt.errs]) for doubt in doubts)
        beyond = [part for part in scene.parts if part.absolute]
        within = [part for part in scene.parts if not part.absolute]
        fixed_lacks, rest_lacks = scene.missing
        open_fixed = self.layers.let("open", bits(fixed_lacks, case([(waived, doubted)], number(0))))
        open_rest = self.layers.let("open", case([(waived, number(0))], bits(rest_lacks, doubted)))
        wrong_fixed = some([*(part.error for part in beyond), every([waived, erring])])
        wrong_rest = every([whole, some([*(part.error for part in within), erring])])
        wrong_fixed, wrong_rest = self.layers.let("wrong", wrong_fixed), self.layers.let("wrong", wrong_rest)
        defaults = Defaults(self.placed, self.view, self.words)
        fixed = join([*(part.proposal for part in beyond), defaults.of(open_fixed, wrong_fixed)])
        rest = join([*(part.proposal for part in within), defaults.of(open_rest, wrong_rest)]).named(self.layers)
        if scene.caps is not None:
            rest = scene.caps.on(rest, self.words.all_routes)
        proposal = join([fixed, rest.where(whole)]).named(self.layers)
        return Result(proposal, self.layers.let("open", bits(open_fixed, open_rest)), some([wrong_fixed, wrong_rest]))

    # -- the verdict ---------------------------------------------------------------------------------------------------

    @cached_property
    def verdict(self) -> Result:
        """What stays unknown is not granted, but speaks where it would have changed something (ruling R12)."""
        scene = self.scene(lambda clause: clause.answer.holds)
        first = self.result(scene)
        doubts = [*self.doubtful_exceptions(first), *self.doubtful_raises(first)]
        doubts += guarded_effects(self.placed, self.view, first.proposal, self.speaks(first.proposal))
        return self.result(scene, doubts) if doubts else first

    def speaks(self, said: Says) -> E:
        return some([compare(">", said.enforcement, number(0)), differ(said.uses, number(0))])

    def doubtful_exceptions(self, first: Result) -> list[Doubt]:
        doubtful = [clause for clause in self.exceptions if constant(clause.answer.unsettled) is not False]
        alone = [
            (clause, self.departs([clause], first, self.layers.let("doubtful", clause.answer.unsettled)))
            for clause in doubtful
        ]
        none_alone = self.layers.let("alone", opposite(some(departs for _, departs in alone)))
        found = [Doubt.of(clause.answer, departs) for clause, departs in alone]
        for group in ([c for c in doubtful if not c.lowers], [c for c in doubtful if c.lowers]):
            if len(group) > 1:
                several = together(self.layers, [clause.answer for clause in group])
                departs = self.departs(group, first, every([none_alone, several]))
                found += [Doubt.of(clause.answer, departs) for clause in group]
        return found

    def departs(self, group: Sequence[Clause], first: Result, where: E) -> E:
        """Whether the proposal would be another, or something else open, if these were granted."""

        def granted(clause: Clause) -> E:
            if not any(clause is one for one in group):
                return clause.answer.holds
            return truth(True) if len(group) == 1 else some([clause.answer.holds, clause.answer.unsettled])

        other = self.result(self.scene(granted))
        opened = differ(bits(other.missing, first.missing), first.missing)
        return self.layers.let(
            "departs", every([where, some([self.words.differs(self.layers, other.proposal, first.proposal), opened])])
        )

    def doubtful_raises(self, first: Result) -> list[Doubt]:
        """Unknown `priority` conditions that would raise some route."""
        lowest = greatest(*(level for _, level in self.levels(first.proposal, absent=-1)), number(-1))
        return [
            Doubt.of(answer, self.layers.let("raises", every([answer.unsettled, compare("<", number(level), lowest)])))
            for level, answer in self.raises
            if constant(answer.unsettled) is not False
        ]

    def levels(self, said: Says, absent: int = FAR) -> list[tuple[tuple[str, str], E]]:
        """The priority of each route and queue: as stated or the policy's severity, raised by what holds."""
        found = []
        for place, uses in sorted(self.words.places().items()):
            severity = self.placed.policy.severity
            stated = [
                case([(has_any(said.uses, bit), number(severity if own is None else own))], number(FAR))
                for bit, own in uses
            ]
            named = has_any(said.uses, sum(bit for bit, _ in uses))
            level = case([(named, least(*stated, self.raised))], number(absent))
            found.append((place, self.layers.let("level", level)))
        return found
