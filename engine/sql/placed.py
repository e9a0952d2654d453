"""A policy over all regions: its variants' clauses once each, and where each holds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.sql.terms import E, case, one_of, truth
from policy_dsl import program as p

T = TypeVar("T")


@dataclass(frozen=True)
class Placed:
    """`variant` is the column with the number of a row's variant."""

    policy: p.Policy
    variant: E

    def here(self, variants: frozenset[int]) -> E:
        """Whether the row's variant is one of these."""
        return truth(True) if len(variants) == len(self.policy.variants) else one_of(self.variant, variants)

    def clauses(self, of: Callable[[p.Variant], Sequence[T]]) -> list[tuple[T, E]]:
        """All clauses of a kind, in order, each with where it holds."""
        found: dict[str, tuple[T, set[int]]] = {}
        for number, variant in enumerate(self.policy.variants):
            for clause in of(variant):
                found.setdefault(repr(clause), (clause, set()))[1].add(number)
        return [(clause, self.here(frozenset(variants))) for clause, variants in found.values()]

    def groups(self, key: Callable[[p.Variant], Hashable]) -> list[tuple[p.Variant, E]]:
        """One variant for each that differ in `key`, and where they hold."""
        found: dict[Hashable, list[int]] = {}
        for number, variant in enumerate(self.policy.variants):
            found.setdefault(key(variant), []).append(number)
        return [(self.policy.variants[numbers[0]], self.here(frozenset(numbers))) for numbers in found.values()]


def chosen(options: Sequence[tuple[E, E]]) -> E:
    """The value of the group that a row belongs to; it belongs to one."""
    *others, (_, last) = options
    return case([(where, value) for where, value in others], last)
