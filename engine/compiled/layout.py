"""A policy's integer of bits: which of its clauses act in a complete record, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from engine.compiled.said import Acted, Said, said
from policy_dsl import program as p

Clause = TypeVar("Clause")


@dataclass(frozen=True, slots=True)
class Bits:
    """Where something stands in a policy's integer."""

    shift: int
    width: int = 1

    def of(self, bits: int) -> int:
        return bits >> self.shift & (1 << self.width) - 1


class Layout:
    """Experiments' arms, adjustments, ladders, rules, exceptions, priorities, effects, from the lowest bit up.

    An arm has its number, from 1; a ladder the number of the cut that speaks; an effect that of the value in force, and no
    bits where its first value always is. A policy in shadow has only arms.
    """

    def __init__(self, policy: p.Policy, variant: p.Variant) -> None:
        self.policy, self.variant, self.used = policy, variant, 0
        self.arms = [self._next(len(experiment.arms).bit_length()) for experiment in policy.experiments]
        parts = p.Variant() if policy.shadow else variant
        self.adjustments = [self._next() for _ in parts.adjustments]
        self.ladders = [self._next(len(cuts(ladder)).bit_length()) for ladder in parts.ladders]
        self.rules = [self._next() for _ in parts.rules]
        self.grants = [self._next() for _ in parts.grants]
        self.priorities = [self._next() for _ in parts.priorities]
        self.effects = [self._next(_choices(effect).bit_length()) for effect in parts.effects]

    def _next(self, width: int = 1) -> Bits:
        self.used += width
        return Bits(self.used - width, width)

    @cached_property
    def nothing(self) -> Said:
        """What the policy says where nothing of it acts."""
        return self.said(0)

    def said(self, bits: int) -> Said:
        return said(self.policy, self.acted(bits))

    def acted(self, bits: int) -> Acted:
        variant = self.variant
        spoken = [
            (ladder.score, *cuts(ladder)[number - 1])
            for ladder, place in zip(variant.ladders, self.ladders, strict=True)
            if (number := place.of(bits))
        ]
        effects = [
            (effect, effect.values[number - 1].value)
            for effect, place in zip(variant.effects, self.effects, strict=True)
            if (number := place.of(bits) if place.width else 1)
        ]
        return Acted(
            adjustments=self.held(variant.adjustments, self.adjustments, bits),
            rungs=tuple(spoken),
            rules=self.held(variant.rules, self.rules, bits),
            grants=self.held(variant.grants, self.grants, bits),
            priorities=self.held(variant.priorities, self.priorities, bits),
            effects=tuple(effects),
        )

    @staticmethod
    def held(clauses: Sequence[Clause], places: Sequence[Bits], bits: int) -> tuple[Clause, ...]:
        """The clauses whose bit is set."""
        return tuple(clause for clause, place in zip(clauses, places, strict=True) if place.of(bits))

    def arms_of(self, bits: int) -> tuple[tuple[str, str], ...]:
        """`policy/experiment` and the arm, by name."""
        found = [
            (experiment.name, experiment.arms[number - 1].name)
            for experiment, place in zip(self.policy.experiments, self.arms, strict=True)
            if (number := place.of(bits))
        ]
        return tuple((f"{self.policy.name}/{name}", arm) for name, arm in sorted(found))


def cuts(ladder: p.Ladder) -> list[tuple[p.Rung, p.Cut]]:
    """All statements of a ladder's rungs; they are numbered from 1 in this order."""
    return [(rung, cut) for rung in ladder.rungs for cut in rung.cuts]


def _choices(effect: p.Effect) -> int:
    return 0 if effect.values[0].guard == p.ALWAYS else len(effect.values)
