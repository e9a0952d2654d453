"""A policy -> the straight-line code that finds which of its clauses act in a complete record, as the bits of one integer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.compiled.conditions import Conditions
from engine.compiled.here import Here
from engine.compiled.ladders import LadderCode, Table
from engine.compiled.reading import Arms
from engine.compiled.said import Acted
from engine.compiled.scores import Scores
from engine.compiled.situations import TIME, Guards, Question
from engine.compiled.slots import Presence, Slot
from engine.compiled.text import FALSE, TRUE, all_of, choice, indented
from policy_dsl import program as p
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.pycode import Constants


@dataclass(frozen=True, slots=True)
class Bits:
    """Where something stands in a policy's integer."""

    shift: int
    width: int = 1

    def of(self, bits: int) -> int:
        return bits >> self.shift & (1 << self.width) - 1

    def test(self, bits: int) -> bool:
        return bool(self.of(bits))


class Layout:
    """The bits of a policy: experiments' arms, adjustments, ladders, rules, exceptions, priorities, effects."""

    def __init__(self, here: Here) -> None:
        self.used = 0
        variant, shadow = here.variant, here.policy.shadow
        self.arms = [self.next(len(e.arms).bit_length()) for e in here.policy.experiments]
        self.adjustments = [self.next() for _ in variant.adjustments if not shadow]
        self.ladders = [
            self.next(sum(len(rung.cuts) for rung in ladder.rungs).bit_length())
            for ladder in variant.ladders
            if not shadow
        ]
        self.rules = [self.next() for _ in variant.rules if not shadow]
        self.grants = [self.next() for _ in variant.grants if not shadow]
        self.priorities = [self.next() for _ in variant.priorities if not shadow]
        self.effects = [self.next(_choices(effect).bit_length()) for effect in variant.effects if not shadow]

    def next(self, width: int = 1) -> Bits:
        self.used += width
        return Bits(self.used - width, width)


class PolicyCode:
    """`lines` set `j` to the policy's bits; `acted` and `arms` read them."""

    def __init__(self, here: Here, slots: Mapping[str, Slot], scores: Scores, constants: Constants) -> None:
        self.here, self.slots, self.scores, self.constants = here, slots, scores, constants
        self.conditions = Conditions(slots, scores, constants)
        self.layout = Layout(here)
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
            found["input", name] = "ABSENT" if slot.presence is Presence.NEVER else slot.variable
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
        found += self._clauses(variant.rules, self.here.rules, layout.rules)
        by_kind: dict[bool, list[int]] = {True: [], False: []}
        for number, grant in enumerate(variant.grants):
            by_kind[grant.cap is None].append(number)
        caps, waivers = ([_pick(number, variant.grants, self.here.grants, layout.grants) for number in by_kind[kind]] for kind in (False, True))
        late = [line for item in caps for line in self._clauses(*item)]
        late += self._clauses(variant.priorities, self.here.priorities, layout.priorities)
        late += self._effects()
        if late:
            found += ["if j:", *indented(late)]
        return found + [line for item in waivers for line in self._clauses(*item)]

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
        if not self.here.variant.adjustments:
            return []
        found = self._clauses(self.here.variant.adjustments, self.here.adjustments, self.layout.adjustments, "a")
        return ["a = 0", *found, "j += a"]

    def _clauses(self, clauses: Sequence[Any], conditions: Sequence[Expr], bits: Sequence[Bits], to: str = "j") -> list[str]:
        found = []
        for clause, condition, place in zip(clauses, conditions, bits, strict=True):
            test = all_of(self._guards([clause.guard]).text(clause.guard), self.conditions.holds(condition))
            if test != FALSE:
                add = f"{to} += {1 << place.shift}"
                found += [add] if test == TRUE else [f"if {test}: {add}"]
        return found

    def _ladder(self, code: LadderCode) -> list[str]:
        name = code.ladder.score
        applies = self.scores.applies(name)
        if applies == FALSE:
            return []
        plain = code.lines(lambda threshold: self.scores.reaches(name, threshold))
        if plain is not None and not self.here.variant.adjustments:
            return plain
        table = self.constants.add(Table(code, self._delta))
        self.constants.globals["bisect_right"] = bisect_right
        shifted = f"j += {table}(%s, {self.scores.micros(name)}, {code.asked})"
        if plain is None:
            granted = "a" if self.here.variant.adjustments else "0"
            return [shifted % granted] if applies == TRUE else [f"if {applies}: {shifted % granted}"]
        test = all_of("a", applies)
        return [f"if {test}: {shifted % 'a'}", "else:", *indented(plain or ["pass"])]

    def _delta(self, granted: int) -> int:
        """Of the adjustments whose bits are set: the largest raise less the largest lowering (S6)."""
        deltas = [0, *(clause.delta for clause in _held(self.here.variant.adjustments, self.layout.adjustments, granted))]
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

    # -- reading the bits -------------------------------------------------------------------------------------------

    def acted(self, bits: int) -> Acted:
        variant, layout = self.here.variant, self.layout
        rungs = [
            (code.ladder.score, *code.cuts[number - 1])
            for code, place in zip(self.ladders, layout.ladders, strict=True)
            if (number := place.of(bits))
        ]
        effects = [
            (effect, effect.values[number - 1].value)
            for effect, place in zip(variant.effects, layout.effects, strict=True)
            if (number := place.of(bits) if place.width else 1)
        ]
        return Acted(
            adjustments=_held(variant.adjustments, layout.adjustments, bits),
            rungs=tuple(rungs),
            rules=_held(variant.rules, layout.rules, bits),
            grants=_held(variant.grants, layout.grants, bits),
            priorities=_held(variant.priorities, layout.priorities, bits),
            effects=tuple(effects),
        )

    def arms(self, bits: int) -> tuple[tuple[str, str], ...]:
        found = [
            (experiment.name, experiment.arms[number - 1].name)
            for experiment, place in zip(self.here.policy.experiments, self.layout.arms, strict=True)
            if (number := place.of(bits))
        ]
        return tuple((f"{self.here.policy.name}/{name}", arm) for name, arm in sorted(found))


def _choices(effect: p.Effect) -> int:
    """How many of its values may be in force, none where the first always is."""
    return 0 if effect.values[0].guard == p.ALWAYS else len(effect.values)


def _held(clauses: Sequence[Any], places: Sequence[Bits], bits: int) -> tuple[Any, ...]:
    return tuple(clause for clause, place in zip(clauses, places, strict=True) if place.test(bits))


def _pick(number: int, *groups: Sequence[Any]) -> tuple[list[Any], ...]:
    return tuple([group[number]] for group in groups)


def _cut_guards(ladder: p.Ladder) -> list[p.Guard]:
    return [cut.guard for rung in ladder.rungs for cut in rung.cuts]
