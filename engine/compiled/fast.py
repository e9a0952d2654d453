"""The policies of a region -> one function of a complete record: it finds what acts, and the Outcome for that is known.

What is decided depends on the record only through the clauses that act: few combinations of them ever occur, so each is
joined once and then looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any

from engine.compiled import reading
from engine.compiled.conditions import Conditions
from engine.compiled.here import Here, below
from engine.compiled.joined import Region
from engine.compiled.open import globals_of
from engine.compiled.policies import PolicyCode
from engine.compiled.said import Said, said
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
"""scores, facts, time -> the outcome; None, or an exception, where the record is unusual or incomplete."""

MEMORY = 4096  # outcomes and verdicts kept of one region; then all are forgotten


class Template:
    """The code for all regions whose policies stand alike."""

    def __init__(self, policies: Sequence[Here], consequences: Sequence[p.Consequence], slots: Mapping[str, Slot]) -> None:
        self.policies, self.consequences, self.slots = policies, consequences, slots
        self.constants = Constants()
        self.constants.globals |= reading.RUNTIME
        derived = {name: expr for here in policies for name, expr in here.derived.items()}
        derived |= {score.name: score.expr for item in consequences for score in item.scores}
        self.scores = Scores(slots, derived, self.constants)
        self.codes = [PolicyCode(here, slots, self.scores, self.constants) for here in policies]
        self.bases: list[int] = []
        self.code = self._compile()

    @cached_property
    def conditional(self) -> dict[int, str]:
        """The consequences that depend on more than the joined decision, by number, with the text that says when."""
        conditions = Conditions(self.slots, self.scores, self.constants)
        variables = {TIME: "at", **{("input", name): slot.variable for name, slot in self.slots.items()}}
        found = {}
        for number, item in enumerate(self.consequences):
            guards = Guards([item.guard], variables, {})
            when = TRUE if item.when is None else conditions.holds(from_json(item.when))
            found[number] = all_of(guards.text(item.guard), when)
        return {number: text for number, text in found.items() if text != TRUE}

    @property
    def inputs(self) -> list[Slot]:
        names = frozenset().union(*(here.inputs for here in self.policies))
        for item in self.consequences:
            named = {name for name, _ in free_names(from_json(item.when))} if item.when is not None else set()
            names |= below(named, {score.name: score.expr for score in item.scores})
            names |= {name for name, _ in item.guard.within}
        return [self.slots[name] for name in sorted(names)]

    @property
    def dated(self) -> bool:
        guards = [guard for here in self.policies if not here.policy.shadow for guard in here.guards]
        guards += [item.guard for item in self.consequences]
        return any(guard.start is not None or guard.end is not None for guard in guards)

    def _compile(self) -> CodeType:
        judged = self._judged()
        answered = self._answered()
        body = [*self._read(), *self.scores.lines, *judged, *answered]
        text = "\n".join(["def decide(scores, facts, at):", *indented(body)])
        module = compile(text, "<limen>", "exec")
        return next(item for item in module.co_consts if isinstance(item, CodeType))

    def _read(self) -> list[str]:
        found = ["if at is None: return None"] if self.dated else []
        for slot in self.inputs:
            found += reading.lines(slot, self.constants)
        for slot in self.inputs:
            if slot.presence is Presence.NEVER:
                found.append(f"if {slot.spec.name!r} in scores or {slot.spec.name!r} in facts: return None")
        return found

    def _judged(self) -> list[str]:
        found, base = ["k = 0"], 0
        for code in self.codes:
            self.bases.append(base)
            lines = code.lines()
            if lines != ["j = 0"]:
                found += [*lines, f"if j: k += j << {base}" if base else "k = j"]
            base += code.layout.used
        return found

    def _answered(self) -> list[str]:
        known = ["try: o = OUTCOMES[k]", "except KeyError: o = fill(k)"]
        if not self.conditional:
            return [*known, "return o"]
        asked = [f"if o & {1 << number} and {text}: c += {1 << number}" for number, text in self.conditional.items() if text != FALSE]
        more = ["c = 0", *asked, "try: return OUTCOMES[k, c]", "except KeyError: return fill(k, c)"]
        return [*known, "if type(o) is int:", *indented(more), "return o"]

    def bind(self, region: Region) -> Fast:
        """The function for one region."""
        memory = Memory(self, region)
        names = {**self.constants.globals, "OUTCOMES": memory.outcomes, "fill": memory.fill}
        used = {name: names[name] for name in globals_of(self.code) if name in names}
        return FunctionType(self.code, used)


@dataclass
class Memory:
    """What each combination of acting clauses comes to in one region."""

    template: Template
    region: Region

    def __post_init__(self) -> None:
        self.outcomes: dict[Any, Outcome | int] = {}
        self.saids: dict[tuple[int, int], Said] = {}

    def fill(self, bits: int, held: int | None = None) -> Outcome | int:
        """The outcome for `bits`, or the set of consequences whose conditions it depends on; then `held` are those that hold."""
        if len(self.outcomes) >= MEMORY:
            self.outcomes.clear()
            self.saids.clear()
        parts = self._parts(bits)
        saids = [self._said(number, part) for number, part in enumerate(parts) if not self.template.policies[number].policy.shadow]
        reacting = self.region.reacting(saids)
        asked = sum(1 << number for number in reacting if number in self.template.conditional)
        if asked and held is None:
            self.outcomes[bits] = asked
            return asked
        holding = [number for number in reacting if not asked >> number & 1 or (held or 0) >> number & 1]
        arms = tuple(arm for code, part in zip(self.template.codes, parts, strict=True) for arm in code.arms(part))
        outcome = self.region.outcome(saids, [self.region.consequence(number, reacting[number]) for number in holding], arms)
        self.outcomes[bits if held is None else (bits, held)] = outcome
        return outcome

    def _parts(self, bits: int) -> list[int]:
        codes = self.template.codes
        return [bits >> base & (1 << code.layout.used) - 1 for code, base in zip(codes, self.template.bases, strict=True)]

    def _said(self, number: int, bits: int) -> Said:
        found = self.saids.get((number, bits))
        if found is None:
            code = self.template.codes[number]
            found = self.saids[number, bits] = said(code.here.policy, code.acted(bits))
        return found
