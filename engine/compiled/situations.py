"""Guards -> which statements can speak together: the cases that generated code tells apart before it looks at a score."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.compiled.text import all_of
from policy_dsl import program as p

OTHER = "\0other"
"""Every value of an input that no guard names, not applicable included; every unit that is in no arm."""

Question: TypeAlias = tuple[str, str]
"""("input", name), ("arm", experiment) or ("time", ""): what a guard asks for."""

Situation: TypeAlias = Mapping[Question, frozenset[Any]]
"""The answers that are still possible; for the time, indices of the intervals between the dates."""

TIME: Question = ("time", "")


@dataclass(frozen=True)
class Atom:
    """One test of a guard: the answer to `question` is among `answers`."""

    question: Question
    answers: frozenset[Any]
    text: str


class Guards:
    """The guards of some statements, as tests on the variables of the generated code."""

    def __init__(self, guards: Sequence[p.Guard], variables: Mapping[Question, str], arms: Mapping[str, int]) -> None:
        """`variables` hold inputs' values, arms' numbers (0: none) and the time; `arms` number `experiment/arm` from 1."""
        self.guards, self.variables, self.arms = tuple(guards), variables, arms
        self.dates = sorted({t for guard in guards for t in (guard.start, guard.end) if t is not None})
        self.everything = self._everything()

    def _everything(self) -> Situation:
        found: dict[Question, set[Any]] = {}
        for guard in self.guards:
            for atom in self.atoms(guard):
                found.setdefault(atom.question, set()).update(atom.answers)
        full: dict[Question, frozenset[Any]] = {
            question: frozenset({*answers, OTHER}) for question, answers in found.items()
        }
        if TIME in full:
            full[TIME] = frozenset(range(len(self.dates) + 1))
        return full

    def atoms(self, guard: p.Guard) -> tuple[Atom, ...]:
        found = [self._within(name, values) for name, values in guard.within]
        if guard.arm is not None:
            found.append(self._arm(*guard.arm))
        if guard.start is not None:
            since = frozenset(range(bisect_right(self.dates, guard.start), len(self.dates) + 1))
            found.append(Atom(TIME, since, f"({self.variables[TIME]} >= {guard.start})"))
        if guard.end is not None:
            before = frozenset(range(bisect_right(self.dates, guard.end)))
            found.append(Atom(TIME, before, f"({self.variables[TIME]} < {guard.end})"))
        return tuple(found)

    def _within(self, name: str, values: tuple[str, ...]) -> Atom:
        variable = self.variables["input", name]
        test = f"== {values[0]!r}" if len(values) == 1 else "in {" + ", ".join(map(repr, values)) + "}"
        return Atom(("input", name), frozenset(values), f"({variable} {test})" if values else "False")

    def _arm(self, experiment: str, arm: str) -> Atom:
        return Atom(
            ("arm", experiment),
            frozenset({arm}),
            f"({self.variables['arm', experiment]} == {self.arms[f'{experiment}/{arm}']})",
        )

    def text(self, guard: p.Guard) -> str:
        """Whether the guard holds."""
        return all_of(*(atom.text for atom in self.atoms(guard)))

    def open_test(self, guard: p.Guard, situation: Situation) -> Atom | None:
        """A test of the guard that the situation leaves open; None where all hold or one fails."""
        found = None
        for atom in self.atoms(guard):
            possible = situation[atom.question]
            if possible.isdisjoint(atom.answers):
                return None
            if not possible <= atom.answers:
                found = found or atom
        return found

    def holds(self, guard: p.Guard, situation: Situation) -> bool:
        return all(situation[atom.question] <= atom.answers for atom in self.atoms(guard))


def narrowed(situation: Situation, atom: Atom, *, holds: bool) -> Situation:
    possible = situation[atom.question]
    return {**situation, atom.question: possible & atom.answers if holds else possible - atom.answers}
