"""A ladder -> nested comparisons that find the rung which speaks (ruling R2): first which statements hold, then the score."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.compiled.layout import cuts
from engine.compiled.situations import OTHER, TIME, Guards, Question, Situation, narrowed
from engine.compiled.text import indented
from policy_dsl import program as p
from policy_dsl.program import MICRO

MAX_CASES = 24

Reaches = Callable[[int], str]
Step = tuple[int, int]
"""From this score on (in millionths) the cut of this number speaks; numbers begin at 1, ladder's rungs and cuts in order."""


def steps(ladder: p.Ladder, in_force: Callable[[p.Guard], bool], delta: int = 0) -> tuple[Step, ...]:
    """Where the rung that speaks changes, from low to high."""
    found: list[tuple[int, tuple[int, int, str], int]] = []
    number = 1
    for rung in ladder.rungs:
        cut = next((i for i, cut in enumerate(rung.cuts) if in_force(cut.guard)), None)
        if cut is not None and (stated := rung.cuts[cut].threshold) is not None:
            threshold = shifted(stated, delta)
            found.append((threshold, (rung.proposal.enforcement, threshold, rung.name), number + cut))
        number += len(rung.cuts)
    changes: list[Step] = []
    best: tuple[int, int, str] | None = None
    for threshold, strength, cut_number in sorted(found):
        if best is None or strength > best:
            best = strength
            changes = [step for step in changes if step[0] != threshold]
            changes.append((threshold, cut_number))
    return tuple(changes)


def shifted(threshold: int, delta: int) -> int:
    """As written where nothing is adjusted, else clamped to [0.000001, 1] (ruling R19)."""
    return min(max(threshold + delta, 1), MICRO) if delta else threshold


@dataclass(frozen=True)
class LadderCode:
    """One ladder of a policy; what speaks is added to `j`, `shift` bits up."""

    ladder: p.Ladder
    guards: Guards
    shift: int

    def lines(self, reaches: Reaches, delta: int = 0) -> list[str] | None:
        """For thresholds shifted by `delta` millionths; None where too many cases would have to be told apart."""
        budget = [MAX_CASES]
        found = self._cases(self.guards.everything, reaches, delta, budget)
        return found if budget[0] >= 0 else None

    def _cases(self, situation: Situation, reaches: Reaches, delta: int, budget: list[int]) -> list[str]:
        atom = next(
            (atom for _, cut in cuts(self.ladder) if (atom := self.guards.open_test(cut.guard, situation)) is not None),
            None,
        )
        if atom is None:
            budget[0] -= 1
            return self._leaf(situation, reaches, delta)
        if budget[0] < 0:
            return []
        yes = self._cases(narrowed(situation, atom, holds=True), reaches, delta, budget)
        no = self._cases(narrowed(situation, atom, holds=False), reaches, delta, budget)
        if yes == no:
            return yes
        if not yes:
            return [f"if not {atom.text}:", *indented(no)]
        return [f"if {atom.text}:", *indented(yes), *(["else:", *indented(no)] if no else [])]

    def _leaf(self, situation: Situation, reaches: Reaches, delta: int) -> list[str]:
        found = steps(self.ladder, lambda guard: self.guards.holds(guard, situation), delta)
        if not found:
            return []
        text = str(found[0][1] << self.shift)
        for threshold, number in found[1:]:
            text = f"{number << self.shift} if {reaches(threshold)} else {text}"
        return [f"if {reaches(found[0][0])}:", f"    j += {text}"]

    @property
    def asked(self) -> str:
        """Python text for the answers to the guards' questions, as `Table` takes them."""
        found = [
            f"bisect_right({tuple(self.guards.dates)}, {variable})" if question == TIME else variable
            for question in sorted(self.guards.everything)
            for variable in [self.guards.variables[question]]
        ]
        return f"({''.join(f'{text}, ' for text in found)})"


class Table:
    """A ladder's steps where thresholds are shifted, or its cases are many: computed once for each case that occurs."""

    def __init__(self, code: LadderCode, delta: Callable[[int], int]) -> None:
        """`delta` is the shift in millionths, by the bits of the adjustments that are granted."""
        self.code, self.delta = code, delta
        self.questions = sorted(code.guards.everything)
        self.known: dict[tuple[int, tuple[Any, ...]], tuple[list[int], list[int]]] = {}

    def __call__(self, granted: int, score: int, answers: tuple[Any, ...]) -> int:
        """The bits to add for a score in millionths."""
        try:
            thresholds, bits = self.known[granted, answers]
        except KeyError:
            thresholds, bits = self.known[granted, answers] = self._find(granted, answers)
        return bits[bisect_right(thresholds, score)]

    def _find(self, granted: int, answers: tuple[Any, ...]) -> tuple[list[int], list[int]]:
        guards = self.code.guards
        situation = {
            question: frozenset({self._answer(question, answer)})
            for question, answer in zip(self.questions, answers, strict=True)
        }
        found = steps(self.code.ladder, lambda guard: guards.holds(guard, situation), self.delta(granted))
        return [threshold for threshold, _ in found], [0, *(number << self.code.shift for _, number in found)]

    def _answer(self, question: Question, answer: Any) -> Any:
        guards = self.code.guards
        if question[0] == "arm":
            answer = {
                number: name.split("/", 1)[1]
                for name, number in guards.arms.items()
                if name.startswith(f"{question[1]}/")
            }.get(answer)
        return answer if answer in guards.everything[question] else OTHER
