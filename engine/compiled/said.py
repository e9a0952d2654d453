"""What one policy says: the part of a verdict that the joined decision is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.decision import Routed, Verdict
from policy_dsl import program as p

Options = dict[str, p.Scalar]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """`effects` are the policy's own for its enforcement. What stands behind `clauses` is for records with gaps: `state` is
    what the policy saw (`engine.compiled.open`), `verdict` all that the judge said.
    """

    policy: p.Policy
    enforcement: int = 0
    routes: tuple[Routed, ...] = ()
    sanctions: dict[str, Options] = field(default_factory=dict)
    effects: dict[str, p.Scalar] = field(default_factory=dict)
    clauses: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    open: bool = False
    undetermined: bool = False
    state: tuple[Any, ...] = ()
    verdict: Verdict | None = None

    @property
    def speaks(self) -> bool:
        return bool(self.enforcement or self.routes or self.sanctions)


@dataclass(frozen=True, slots=True)
class Acted:
    """Which clauses of a policy hold in a complete record: of each ladder the rung and the cut that speaks, if any; of the
    effects the value in force, if any.
    """

    adjustments: tuple[p.Adjustment, ...]
    rungs: tuple[tuple[str, p.Rung, p.Cut], ...]
    rules: tuple[p.Rule, ...]
    grants: tuple[p.Grant, ...]
    priorities: tuple[p.PriorityRaise, ...]
    effects: tuple[tuple[p.Effect, p.Scalar], ...]


@dataclass
class _Side:
    """Proposals added up: those of absolute rules, or all others'."""

    enforcement: int = 0
    routes: set[p.RouteUse] = field(default_factory=set)
    sanctions: dict[str, Options] = field(default_factory=dict)

    def add(self, enforcement: int, routes: Iterable[p.RouteUse], sanctions: Iterable[p.SanctionUse] = ()) -> None:
        self.enforcement = max(self.enforcement, enforcement)
        self.routes.update(routes)
        add_sanctions(self.sanctions, ((use.name, use.options) for use in sanctions))

    def cap(self, caps: Sequence[p.Grant]) -> tuple[str, ...]:
        """Lowers it to the lowest cap that it exceeds (ruling R6); the clauses of that cap."""
        lowest = min((grant.cap for grant in caps if grant.cap is not None), default=self.enforcement)
        if self.enforcement <= lowest:
            return ()
        acting = [grant for grant in caps if grant.cap == lowest]
        self.enforcement, self.sanctions = lowest, {}
        self.routes.update(use for grant in acting for use in grant.routes)
        return tuple(grant.clause for grant in acting)


def add_sanctions(to: dict[str, Options], found: Iterable[tuple[str, Options]]) -> None:
    """Of two numbers under one option the larger, of two other values the first in order of text."""
    for name, options in found:
        entry = to.setdefault(name, {})
        for key, value in options.items():
            if key not in entry:
                entry[key] = value
            elif isinstance(value, (int, float)) and isinstance(entry[key], (int, float)):
                entry[key] = max(entry[key], value)
            else:
                entry[key] = min(entry[key], value, key=str)


def said(policy: p.Policy, acted: Acted) -> Said:
    """In the order of S6: ladders and rules, caps, waivers; adjustments have moved the ladders already."""
    absolute, rest = _Side(), _Side()
    clauses = [adjustment.clause for adjustment in acted.adjustments]
    capped: list[str] = []
    for score, rung, cut in acted.rungs:
        own = _Side()
        own.add(rung.proposal.enforcement, rung.proposal.routes, rung.proposal.sanctions)
        capped += own.cap([grant for grant in acted.grants if grant.score == score])
        rest.add(own.enforcement, own.routes, [p.SanctionUse(*item) for item in own.sanctions.items()])
        clauses.append(cut.clause)
    for rule in acted.rules:
        side = absolute if rule.absolute else rest
        side.add(rule.proposal.enforcement, rule.proposal.routes, rule.proposal.sanctions)
        clauses.append(rule.clause)
    capped += rest.cap([grant for grant in acted.grants if grant.cap is not None and grant.score is None])
    waivers = [grant.clause for grant in acted.grants if grant.cap is None]
    sides = [absolute] if waivers else [absolute, rest]
    return _joined(policy, acted, sides, (*clauses, *capped, *waivers))


def _joined(policy: p.Policy, acted: Acted, sides: Sequence[_Side], clauses: tuple[str, ...]) -> Said:
    sanctions: dict[str, Options] = {}
    for side in sides:
        add_sanctions(sanctions, side.sanctions.items())
    enforcement = max(side.enforcement for side in sides)
    return Said(
        policy=policy,
        enforcement=enforcement,
        routes=_routed(policy, acted, {use for side in sides for use in side.routes}),
        sanctions=sanctions,
        effects={effect.key: value for effect, value in acted.effects if effect.enforcement == enforcement},
        clauses=clauses,
    )


def _routed(policy: p.Policy, acted: Acted, uses: Iterable[p.RouteUse]) -> tuple[Routed, ...]:
    raised = [clause.priority for clause in acted.priorities]
    found: dict[tuple[str, str], int] = {}
    for use in uses:
        level = min([policy.severity if use.priority is None else use.priority, *raised])
        found[use.route, use.queue] = min(level, found.get((use.route, use.queue), level))
    return tuple(Routed(route, queue, level) for (route, queue), level in sorted(found.items()))
