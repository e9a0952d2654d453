"""A policy as it stands in one place, with its conditions read: what both compiled paths start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from engine.compiled.fusion import below
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.serial import from_json


@dataclass(frozen=True)
class Here:
    """`number` is the policy's in the program, `place` the variant's in the policy."""

    number: int
    place: int
    policy: p.Policy

    @property
    def variant(self) -> p.Variant:
        return self.policy.variants[self.place]

    @cached_property
    def derived(self) -> dict[str, p.ScoreExpr]:
        return {score.name: score.expr for score in self.variant.scores}

    @cached_property
    def rules(self) -> tuple[Expr, ...]:
        return _read(clause.when for clause in self.variant.rules)

    @cached_property
    def grants(self) -> tuple[Expr, ...]:
        return _read(clause.when for clause in self.variant.grants)

    @cached_property
    def adjustments(self) -> tuple[Expr, ...]:
        return _read(clause.when for clause in self.variant.adjustments)

    @cached_property
    def priorities(self) -> tuple[Expr, ...]:
        return _read(clause.when for clause in self.variant.priorities)

    @cached_property
    def guards(self) -> tuple[p.Guard, ...]:
        """Of everything that a complete record may meet."""
        variant = self.variant
        clauses: tuple[p.Rule | p.Grant | p.Adjustment | p.PriorityRaise, ...] = (
            *variant.rules, *variant.grants, *variant.adjustments, *variant.priorities,
        )  # fmt: skip
        return (
            *(clause.guard for clause in clauses),
            *(cut.guard for ladder in variant.ladders for rung in ladder.rungs for cut in rung.cuts),
            *(value.guard for effect in variant.effects for value in effect.values),
        )

    @cached_property
    def every_guard(self) -> tuple[p.Guard, ...]:
        """Of everything that any record may meet."""
        stated = (*(item for found in self.variant.on_missing for item in found.defaults), *self.variant.on_error)
        return (*self.guards, *(default.guard for default in stated))

    @cached_property
    def units(self) -> frozenset[str]:
        """The inputs that experiments assign by."""
        return frozenset(experiment.unit for experiment in self.policy.experiments)

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The names of all inputs on which a complete record's outcome may rest."""
        if self.policy.shadow:
            return self.units
        conditions = (*self.rules, *self.grants, *self.adjustments, *self.priorities)
        named = {name for condition in conditions for name, _ in free_names(condition)}
        named |= {ladder.score for ladder in self.variant.ladders}
        return self.units | below(named, self.derived) | {name for guard in self.guards for name, _ in guard.within}

    @cached_property
    def every_input(self) -> frozenset[str]:
        """The names of all inputs on which any record's outcome may rest, and of those behind scores that nobody asks for."""
        guards = {name for guard in self.every_guard for name, _ in guard.within}
        return self.inputs | guards | below(self.derived, self.derived)


def _read(conditions: Iterable[p.Condition]) -> tuple[Expr, ...]:
    return tuple(map(from_json, conditions))
