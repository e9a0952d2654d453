"""The policies of a region -> one function of a complete record: it finds what acts, and the Outcome for that is known.

What is decided depends on the record only through the clauses that act: few combinations of them ever occur, so each is
joined once and then looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType
from typing import Any

from engine.compiled import reading
from engine.compiled.code import bound, compiled
from engine.compiled.conditions import Conditions
from engine.compiled.fusion import below
from engine.compiled.here import Here
from engine.compiled.joined import Region
from engine.compiled.layout import Layout
from engine.compiled.memory import Memory
from engine.compiled.policies import PolicyCode
from engine.compiled.said import Said
from engine.compiled.scores import Scores
from engine.compiled.situations import TIME, Guards
from engine.compiled.slots import Presence, Slot
from engine.compiled.text import FALSE, TRUE, all_of, indented
from engine.decision import Outcome
from policy_dsl import program as p
from policy_dsl.cel.pycode import Constants
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.serial import from_json

Fast = Callable[[Mapping[str, Any], Mapping[str, Any], int | None], Outcome | None]
"""scores, facts, time -> the outcome; None, or an exception, where the record is unusual or incomplete (dates and no time)."""


class Judged:
    """Some policies: where the bits of each stand in `k`, and the lines that set it."""

    def __init__(self, policies: Sequence[Here], slots: Mapping[str, Slot], constants: Constants) -> None:
        derived = {name: expr for here in policies for name, expr in here.derived.items()}
        scores = Scores(slots, derived, constants)
        self.layouts: list[Layout] = []
        self.bases: list[int] = []
        self.used = 0
        self.inputs = frozenset[str]().union(*(here.inputs for here in policies))
        lines = ["k = 0"]
        for here in policies:
            code = PolicyCode(here, slots, scores, constants)
            found = code.lines()
            if len(found) > 1:
                lines += [*found, f"if j: k += j << {self.used}" if self.used else "k = j"]
            self.layouts.append(code.layout)
            self.bases.append(self.used)
            self.used += code.layout.used
        self.lines = [*scores.lines, *lines]


class Block:
    """Policies that many regions have alike, as one function for all of them."""

    def __init__(self, policies: Sequence[Here], slots: Mapping[str, Slot]) -> None:
        constants = _constants()
        self.judged = judged = Judged(policies, slots, constants)
        applying = [slots[name] for name in sorted(judged.inputs) if slots[name].presence is not Presence.NEVER]
        self.parameters = ", ".join([*(slot.variable for slot in applying), "at"])
        self.function = bound(compiled(f"judge({self.parameters})", [*judged.lines, "return k"]), constants.globals)
        judged.lines = []


def _constants() -> Constants:
    found = Constants()
    found.globals |= reading.RUNTIME
    return found


class Template:
    """The function's code for all regions whose policies stand alike."""

    def __init__(self, consequences: Sequence[p.Consequence], slots: Mapping[str, Slot], constants: Constants) -> None:
        self.consequences, self.slots, self.constants = consequences, slots, constants
        self.layouts: list[Layout] = []
        self.bases: list[int] = []

    @staticmethod
    def inline(policies: Sequence[Here], consequences: Sequence[p.Consequence], slots: Mapping[str, Slot]) -> Template:
        """With the policies' own lines. Raises what `compiled` raises."""
        template = Template(consequences, slots, _constants())
        judged = Judged(policies, slots, template.constants)
        template._compile([judged], judged.lines)
        return template

    @staticmethod
    def of_blocks(
        blocks: Sequence[Block], consequences: Sequence[p.Consequence], slots: Mapping[str, Slot]
    ) -> Template:
        """With a call for each block, for policies that are too many to stand in one function for each region."""
        template = Template(consequences, slots, _constants())
        lines, base = ["k = 0"], 0
        for block in blocks:
            name = template.constants.add(block.function)
            lines += [f"j = {name}({block.parameters})", f"if j: k += j << {base}"]
            base += block.judged.used
        template._compile([block.judged for block in blocks], lines)
        return template

    def _compile(self, parts: Sequence[Judged], lines: Sequence[str]) -> None:
        base = 0
        for part in parts:
            self.layouts += part.layouts
            self.bases += [base + inner for inner in part.bases]
            base += part.used
        derived = {score.name: score.expr for item in self.consequences for score in item.scores}
        scores = Scores(self.slots, derived, self.constants, prefix="c")
        self.conditional = self._conditions(Conditions(self.slots, scores, self.constants))
        inputs = frozenset[str]().union(*(part.inputs for part in parts))
        body = [*self._read(inputs), *lines, *self._answered(scores.lines)]
        self.code = compiled("decide(scores, facts, at)", body)

    def _conditions(self, conditions: Conditions) -> dict[int, str]:
        """The consequences that depend on more than the joined decision, by number, each with the text that says when."""
        variables = {TIME: "at", **{("input", name): slot.variable for name, slot in self.slots.items()}}
        found = {}
        for number, item in enumerate(self.consequences):
            when = TRUE if item.when is None else conditions.holds(from_json(item.when))
            found[number] = all_of(Guards([item.guard], variables, {}).text(item.guard), when)
        return {number: text for number, text in found.items() if text != TRUE}

    def _read(self, inputs: frozenset[str]) -> list[str]:
        names = set(inputs)
        for item in self.consequences:
            named = {name for name, _ in free_names(from_json(item.when))} if item.when is not None else set()
            names |= below(named, {score.name: score.expr for score in item.scores})
            names |= {name for name, _ in item.guard.within}
        return reading.reading([self.slots[name] for name in sorted(names)], self.constants)

    def _answered(self, scores: Sequence[str]) -> list[str]:
        known = ["try: o = OUTCOMES[k]", "except KeyError: o = fill(k)"]
        if not self.conditional:
            return [*known, "return o"]
        asked = [
            f"if o & {1 << number} and {text}: c += {1 << number}"
            for number, text in self.conditional.items()
            if text != FALSE
        ]
        more = [*scores, "c = 0", *asked, "try: return OUTCOMES[k, c]", "except KeyError: return fill(k, c)"]
        return [*known, "if type(o) is int:", *indented(more), "return o"]

    def bind(self, region: Region, memory: Memory) -> FunctionType:
        """The function for one region."""
        filler = Filler(self, region, memory)
        return bound(self.code, {**self.constants.globals, "OUTCOMES": filler.outcomes, "fill": filler.fill})


@dataclass
class Filler:
    """Finds what a combination of acting clauses comes to in one region."""

    template: Template
    region: Region
    memory: Memory

    def __post_init__(self) -> None:
        self.outcomes = self.memory.dictionary()
        self.known = self.memory.dictionary()

    def fill(self, bits: int, held: int | None = None) -> Outcome | int:
        """The outcome for `bits`, or the set of consequences whose conditions it depends on; then `held` are those that hold."""
        saids = self._saids(bits)
        reacting = self.region.reacting(saids)
        asked = sum(1 << number for number in reacting if number in self.template.conditional)
        if asked and held is None:
            self.memory.keep(self.outcomes, bits, asked)
            return asked
        holding = [number for number in reacting if not asked >> number & 1 or (held or 0) >> number & 1]
        consequences = [self.region.consequence(number, reacting[number]) for number in holding]
        arms = tuple(arm for number, part in self._parts(bits) for arm in self.template.layouts[number].arms_of(part))
        outcome = self.region.outcome(saids, consequences, arms)
        self.memory.keep(self.outcomes, bits if held is None else (bits, held), outcome)
        return outcome

    @cached_property
    def nothing(self) -> list[Said]:
        return [layout.nothing for layout in self.template.layouts if not layout.policy.shadow]

    @cached_property
    def order(self) -> dict[int, int]:
        """The place among the policies that are not in shadow, by number."""
        live = [number for number, layout in enumerate(self.template.layouts) if not layout.policy.shadow]
        return {number: place for place, number in enumerate(live)}

    def _saids(self, bits: int) -> list[Said]:
        found = list(self.nothing)
        for number, part in self._parts(bits):
            if number in self.order:
                found[self.order[number]] = self._said(number, part)
        return found

    def _parts(self, bits: int) -> Iterator[tuple[int, int]]:
        """The policies of which something acts, and their bits."""
        while bits:
            lowest = (bits & -bits).bit_length() - 1
            number = bisect_right(self.template.bases, lowest) - 1
            base, used = self.template.bases[number], self.template.layouts[number].used
            part = bits >> base & (1 << used) - 1
            yield number, part
            bits ^= part << base

    def _said(self, number: int, bits: int) -> Said:
        found: Said | None = self.known.get((number, bits))
        if found is None:
            found = self.template.layouts[number].said(bits)
            self.memory.keep(self.known, (number, bits), found)
        return found
