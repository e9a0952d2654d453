"""What one policy, or one consequence, sees of a row: inputs, derived scores, guards; and its bits for what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.sql.dialects import Dialect
from engine.sql.errors import SqlUnsupportedError
from engine.sql.inputs import GONE, KNOWN, Held, Range
from engine.sql.layers import Layers
from engine.sql.scores import Fusing
from engine.sql.terms import E, among, case, compare, equal, every, null, number, text
from engine.sql.truths import NO, YES, Answer, asked, both
from engine.truth import State
from policy_dsl import program as p
from policy_dsl.program import MICRO

MOST_BITS = 62
"""In a signed integer of 64 bits."""


@dataclass
class Bits:
    """Things numbered as they are met: a set of them is a whole number."""

    what: str
    where: str
    index: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int:
        number_ = self.index.setdefault(name, len(self.index))
        if number_ >= MOST_BITS:
            raise SqlUnsupportedError(self.where, f"it has more than {MOST_BITS} {self.what}")
        return 1 << number_


@dataclass
class Sql:
    """What all views share: the inputs, the period in which a row lies, the arms of the experiments."""

    dialect: Dialect
    layers: Layers
    inputs: Mapping[str, Held]
    dates: tuple[int, ...]
    period: E

    def since(self, at: int) -> E:
        """Whether a row's time is not before `at`, one of the program's dates."""
        return compare(">=", self.period, number(self.dates.index(at) + 1))


@dataclass
class View:
    """`name` tells errors whose it is. `arms` gives the number of a row's arm by experiment, counted from 0."""

    sql: Sql
    name: str
    derived: Sequence[p.Score] = ()
    arms: Mapping[str, tuple[E, tuple[str, ...]]] = field(default_factory=dict)
    bits: Bits = field(init=False)
    ranges: dict[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bits = Bits("inputs", self.name)
        self.formulas = {score.name: score.expr for score in self.derived}

    @property
    def layers(self) -> Layers:
        return self.sql.layers

    def is_score(self, name: str) -> bool:
        return name in self.formulas or self.sql.inputs[name].spec.kind == "score"

    def range(self, name: str) -> Range:
        """An input's or a derived score's."""
        if name not in self.ranges:
            formula = self.formulas.get(name)
            fusing = Fusing(self.sql.dialect, self.layers, self.range)
            self.ranges[name] = self._input(name) if formula is None else fusing.evaluate(formula)
        return self.ranges[name]

    def _input(self, name: str) -> Range:
        held = self.sql.inputs[name]
        ends = []
        for hint, gap in (("low", 0), ("high", MICRO)):
            branches = [
                (equal(held.status, number(KNOWN)), held.value),
                (equal(held.status, number(GONE)), number(gap)),
            ]
            ends.append(self.layers.let(hint, case(branches, null())))
        return Range(ends[0], ends[1], self.missing(name))

    def missing(self, name: str) -> E:
        """The bit of an input where it is missing."""
        gone = equal(self.sql.inputs[name].status, number(GONE))
        return self.layers.let("missing", case([(gone, number(self.bits.of(name)))], number(0)))

    def guard(self, guard: p.Guard) -> Answer:
        parts = [asked(self.reaches(guard))]
        parts += [self.within(name, values) for name, values in guard.within]
        return both(self.layers, parts)

    def reaches(self, guard: p.Guard) -> E:
        """Whether the row's time and arm are the guard's."""
        conditions = []
        if guard.start is not None:
            conditions.append(self.sql.since(guard.start))
        if guard.end is not None:
            conditions.append(compare("<", self.sql.period, number(self.sql.dates.index(guard.end) + 1)))
        if guard.arm is not None:
            conditions.append(self.in_arm(*guard.arm))
        return every(conditions)

    def in_arm(self, experiment: str, arm: str) -> E:
        if experiment not in self.arms:
            return compare("==", number(0), number(1))
        found, names = self.arms[experiment]
        return equal(found, number(names.index(arm)))

    def within(self, name: str, values: Sequence[str]) -> Answer:
        held = self.sql.inputs[name]
        inside = [value in values for value in held.spec.values]
        open_ = Answer(number(State.UNKNOWN), self.missing(name)) if any(inside) else NO
        of_missing = YES if all(inside) else open_
        there = case([(among(held.value, [text(value) for value in values]), number(State.TRUE))], number(State.FALSE))
        branches = [(equal(held.status, number(KNOWN)), there), (equal(held.status, number(GONE)), of_missing.state)]
        state = self.layers.let("within", case(branches, number(State.FALSE)))
        return Answer(state, of_missing.missing)
