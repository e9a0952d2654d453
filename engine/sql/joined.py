"""The policies' verdicts in SQL -> the decision: enforcement, routes, consequences, status (S5, S6, S11, rulings R14, R15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from engine.sql.conditions import Conditions
from engine.sql.layers import Layers
from engine.sql.policies import FAR
from engine.sql.terms import (
    E,
    case,
    compare,
    equal,
    every,
    greatest,
    joined,
    least,
    null,
    number,
    one_of,
    opposite,
    some,
    text,
    truth,
)
from engine.sql.truths import YES, both
from engine.sql.views import Sql, View
from policy_dsl import program as p
from policy_dsl.program import Program

Levels = Mapping[tuple[str, str], E]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A policy's verdict: whether it applies to the row, what it says and whether it is open. Levels are FAR where no route is."""

    policy: p.Policy
    applies: E
    enforcement: E
    levels: Levels
    open: E

    def shown(self, program: Program) -> E:
        """Its enforcement by name; NULL where it does not apply."""
        return case([(opposite(self.applies), null())], named(program, self.enforcement))


@dataclass(frozen=True, slots=True)
class Consequent:
    levels: Levels
    open: E


@dataclass(frozen=True)
class Joining:
    program: Program
    sql: Sql
    speakers: Sequence[Speaker]
    places: Mapping[int, E]
    """By consequence, whether it stands in the row's region."""
    views: list[View]

    @property
    def layers(self) -> Layers:
        return self.sql.layers

    @property
    def acting(self) -> list[Speaker]:
        return [speaker for speaker in self.speakers if not speaker.policy.shadow]

    def enforcement(self) -> E:
        parts = (case([(s.applies, s.enforcement)], number(0)) for s in self.acting)
        return self.layers.let("strongest", greatest(*parts, number(0)))

    def consequences(self, enforcement: E) -> list[Consequent]:
        return [self.consequence(i, item, enforcement) for i, item in enumerate(self.program.consequences)]

    def consequence(self, index: int, item: p.Consequence, enforcement: E) -> Consequent:
        named = [s for s in self.acting if item.policies is None or s.policy.name in item.policies]
        proposing = [every([s.applies, equal(s.enforcement, enforcement)]) for s in named]
        asked = every([self.places[index], one_of(enforcement, item.on) if item.on else truth(False), some(proposing)])
        view = View(self.sql, item.clause, item.scores)
        self.views.append(view)
        when = YES if item.when is None else Conditions(view, item.clause).answer(item.when)
        answer = both(self.layers, [view.guard(item.guard), when])
        holds = self.layers.let("then", every([asked, answer.holds]))
        ranks = (
            case([(here, number(s.policy.severity))], number(FAR)) for s, here in zip(named, proposing, strict=True)
        )
        severity = self.layers.let("severity", least(*ranks, number(FAR)))
        levels: dict[tuple[str, str], E] = {}
        for use in item.proposal.routes:
            own = severity if use.priority is None else number(use.priority)
            place = (use.route, use.queue)
            levels[place] = least(levels.get(place, number(FAR)), case([(holds, own)], number(FAR)))
        return Consequent(levels, self.layers.let("open", every([asked, answer.unsettled])))

    def levels(self, consequences: Sequence[Consequent]) -> dict[tuple[str, str], E]:
        """By route and queue the most severe priority; where a route is exclusive, exclusive ones alone remain."""
        found: dict[tuple[str, str], list[E]] = {}
        for speaker in self.acting:
            for place, level in speaker.levels.items():
                found.setdefault(place, []).append(case([(speaker.applies, level)], number(FAR)))
        for consequent in consequences:
            for place, level in consequent.levels.items():
                found.setdefault(place, []).append(level)
        levels = {place: self.layers.let("level", least(*found[place])) for place in sorted(found)}
        exclusive = {route.name for route in self.program.routes if route.exclusive}
        alone = self.layers.let(
            "alone", some(there(level) for (route, _), level in levels.items() if route in exclusive)
        )
        return {
            place: level if place[0] in exclusive else case([(alone, number(FAR))], level)
            for place, level in levels.items()
        }

    def routes(self, levels: Mapping[tuple[str, str], E]) -> E:
        """Such as `escalate(specialist) P0, review(general) P2`; empty for none."""
        parts = [text("")]
        for (route, queue), level in levels.items():
            names = [(equal(level, number(i)), text(tier.name)) for i, tier in enumerate(self.program.severities)]
            shown = joined([text(f", {route}({queue}) "), case(names, text("?"))])
            parts.append(case([(there(level), shown)], text("")))
        whole = self.layers.let("routes", joined(parts))
        return substring(whole, 3)

    def status(self, enforcement: E, levels: Mapping[tuple[str, str], E], consequences: Sequence[Consequent]) -> E:
        """As text."""
        acting = self.acting
        opened = some([*(every([s.applies, s.open]) for s in acting), *(c.open for c in consequences)])
        everyone = every([some(s.applies for s in acting), *(some([opposite(s.applies), s.open]) for s in acting)])
        nothing = every([equal(enforcement, number(0)), *(opposite(there(level)) for level in levels.values())])
        lost = every([everyone, nothing])
        unavailable = every([opened, lost])
        return case([(unavailable, text("unavailable")), (opened, text("degraded"))], text("decided"))


def there(level: E) -> E:
    return compare("<", level, number(FAR))


def named(program: Program, enforcement: E) -> E:
    names = [(equal(enforcement, number(i)), text(item.name)) for i, item in enumerate(program.enforcements)]
    return case(names[:-1], names[-1][1])


def substring(whole: E, start: int) -> E:
    return exp.Substring(this=whole.copy(), start=number(start))
