"""A policy -> the straight-line code that finds which of its clauses act in a complete record, as the bits of one integer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from engine.compiled.conditions import Conditions
from engine.compiled.here import Here
from engine.compiled.ladders import LadderCode, Table
from engine.compiled.layout import Bits, Layout
from engine.compiled.reading import Arms
from engine.compiled.scores import Scores
from engine.compiled.situations import TIME, Guards, Question
from engine.compiled.slots import Slot
from engine.compiled.text import FALSE, TRUE, all_of, choice, indented
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.pycode import Constants

INLINE_ADJUSTMENTS = 2  # of more, thresholds are looked up

Clause = p.Rule | p.Grant | p.Adjustment | p.PriorityRaise


class PolicyCode:
    """`lines` set `j` to the policy's bits (`engine.compiled.layout`)."""

    def __init__(self, here: Here, slots: Mapping[str, Slot], scores: Scores, constants: Constants) -> None:
        self.here, self.slots, self.scores, self.constants = here, slots, scores, constants
        self.conditions = Conditions(slots, scores, constants)
        self.layout = Layout(here.policy, here.variant)
        self.arm_numbers = {
            f"{experiment.name}/{arm.name}": number
            for experiment in here.policy.experiments
            for number, arm in enumerate(experiment.arms, 1)
        }
        self.variables = self._variables()
        self.ladders = [
            LadderCode(ladder, self._guards(_cut_guards(ladder)), bits.shift)
            for ladder, bits in zip(here.variant.ladders, self.layout.ladders, strict=False)
        ]

    def _variables(self) -> dict[Question, str]:
        found: dict[Question, str] = {TIME: "at"}
        for name, slot in self.slots.items():
            found["input", name] = slot.variable
        for number, experiment in enumerate(self.here.policy.experiments):
            found["arm", experiment.name] = f"e{self.here.number}_{number}"
        return found

    def _guards(self, guards: Sequence[p.Guard]) -> Guards:
        return Guards(guards, self.variables, self.arm_numbers)

    # -- the code ---------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        found = ["j = 0", *self._arms()]
        if self.here.policy.shadow:
            return found
        variant, layout = self.here.variant, self.layout
        found += self._adjustments()
        for code in self.ladders:
            found += self._ladder(code)
        found += self._clauses(zip(variant.rules, self.here.rules, layout.rules, strict=True))
        grants = list(zip(variant.grants, self.here.grants, layout.grants, strict=True))
        late = self._clauses(item for item in grants if item[0].cap is not None)
        late += self._clauses(zip(variant.priorities, self.here.priorities, layout.priorities, strict=True))
        late += self._effects()
        if late:  # nothing to do where nothing is proposed
            found += ["if j:", *indented(late)]
        return found + self._clauses(item for item in grants if item[0].cap is None)

    def _arms(self) -> Iterator[str]:
        for experiment, bits in zip(self.here.policy.experiments, self.layout.arms, strict=True):
            variable = self.variables["arm", experiment.name]
            unit = self.slots[experiment.unit]
            text = f"{self.constants.add(Arms(experiment))}({self._unit(unit)})"
            yield f"{variable} = {choice(unit.applies, text, '0')}"
            yield f"j += {variable} << {bits.shift}"

    def _unit(self, slot: Slot) -> str:
        match slot.spec.kind:
            case "score":
                return self.scores.micros(slot.spec.name)
            case "set":
                return f"sorted({slot.variable})"
        return slot.variable

    def _adjustments(self) -> list[str]:
        variant, layout = self.here.variant, self.layout
        if not variant.adjustments:
            return []
        found = self._clauses(zip(variant.adjustments, self.here.adjustments, layout.adjustments, strict=True), "a")
        return ["a = 0", *found, "j += a"]

    def _clauses(self, clauses: Iterable[tuple[Clause, Expr, Bits]], to: str = "j") -> list[str]:
        """Sets the bit of each clause whose guard and condition hold."""
        found = []
        for clause, condition, place in clauses:
            test = all_of(self._guards([clause.guard]).text(clause.guard), self.conditions.holds(condition))
            if test != FALSE:
                add = f"{to} += {1 << place.shift}"
                found += [add] if test == TRUE else [f"if {test}: {add}"]
        return found

    def _ladder(self, code: LadderCode) -> list[str]:
        if self.scores.applies(code.ladder.score) == FALSE:
            return []
        adjustments = self.layout.adjustments
        if len(adjustments) > INLINE_ADJUSTMENTS:
            plain = code.lines(self._reaches(code))
            return (
                self._looked_up(code)
                if plain is None
                else ["if a:", *indented(self._looked_up(code)), "else:", *indented(plain or ["pass"])]
            )
        granted = [sum(subset) for subset in _subsets([1 << bits.shift for bits in adjustments])]
        cases = [code.lines(self._reaches(code), self._delta(bits)) for bits in granted]
        if any(case is None for case in cases):
            return self._looked_up(code)
        return _told_apart(granted, [case or [] for case in cases])

    def _reaches(self, code: LadderCode) -> Callable[[int], str]:
        return lambda threshold: self.scores.reaches(code.ladder.score, threshold)

    def _looked_up(self, code: LadderCode) -> list[str]:
        """By a call, for any adjustments."""
        name = code.ladder.score
        table = self.constants.add(Table(code, self._delta))
        self.constants.globals["bisect_right"] = bisect_right
        granted = "a" if self.layout.adjustments else "0"
        add = f"j += {table}({granted}, {self.scores.micros(name)}, {code.asked})"
        applies = self.scores.applies(name)
        return [add] if applies == TRUE else [f"if {applies}: {add}"]

    def _delta(self, granted: int) -> int:
        """Of the adjustments whose bits are set: the largest raise less the largest lowering (S6)."""
        held = self.layout.held(self.here.variant.adjustments, self.layout.adjustments, granted)
        deltas = [0, *(clause.delta for clause in held)]
        return max(deltas) + min(deltas)

    def _effects(self) -> list[str]:
        found = []
        for effect, bits in zip(self.here.variant.effects, self.layout.effects, strict=True):
            guards = self._guards([value.guard for value in effect.values])
            text = "0"
            for number, value in reversed(list(enumerate(effect.values, 1))):
                text = choice(guards.text(value.guard), str(number << bits.shift), text)
            found += [f"j += {text}"] if bits.width and text != "0" else []
        return found


def _subsets(values: list[int]) -> list[tuple[int, ...]]:
    """The empty one first."""
    return [subset for size in range(len(values) + 1) for subset in combinations(values, size)]


def _told_apart(granted: Sequence[int], cases: Sequence[list[str]]) -> list[str]:
    """The lines for each value of `a`, the last of which needs no test."""
    if all(case == cases[0] for case in cases):
        return cases[0]
    found = ["if not a:", *indented(cases[0] or ["pass"])]
    for bits, case in zip(granted[1:-1], cases[1:-1], strict=True):
        found += [f"elif a == {bits}:", *indented(case or ["pass"])]
    return [*found, "else:", *indented(cases[-1] or ["pass"])]


def _cut_guards(ladder: p.Ladder) -> list[p.Guard]:
    return [cut.guard for rung in ladder.rungs for cut in rung.cuts]
