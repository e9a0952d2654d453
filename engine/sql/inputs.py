"""Columns of a scored log -> the inputs of a program: typed values, missing or not applicable (S2, rulings R5, R21, R22).

A NULL, like a column that the table lacks, is an absent input: it takes its default, is not applicable where the content has
nothing for it to judge or where it is optional, and is missing elsewhere. What is no good value is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from engine.record import Missing, typed
from engine.sql.dialects import Dialect
from engine.sql.layers import Layers
from engine.sql.terms import E, among, case, compare, every, floor, is_null, number, opposite, real, text, truth
from engine.truth import State
from policy_dsl.program import MICRO, Input, Scalar

KNOWN, GONE, AWAY = State.TRUE, State.UNKNOWN, State.NA
LOG = "scored"


@dataclass(frozen=True, slots=True)
class Held:
    """`status` is KNOWN, GONE (missing) or AWAY (not applicable); `value` says something only where it is KNOWN."""

    spec: Input
    status: E
    value: E


@dataclass(frozen=True, slots=True)
class Range:
    """A score: from `low` to `high` millionths, NULL where it is not applicable; `missing` the bits of what leaves it open."""

    low: E
    high: E
    missing: E


@dataclass
class Reader:
    """The columns that are read, as they stand in the log (`raw`), by the names that the query gives them.

    `columns` maps the program's names to the table's columns; `shares` are the scores that come as numbers in [0, 1], not as
    millionths.
    """

    dialect: Dialect
    layers: Layers
    columns: Mapping[str, str]
    shares: frozenset[str]
    known_modalities: tuple[str, ...]
    raw: dict[str, E] = field(default_factory=dict)

    def column(self, name: str) -> E | None:
        """A column of the log under a name of the query's own; None where the table has none."""
        if name not in self.columns:
            return None
        own = f"in_{len(self.raw)}" if name not in self.raw else ""
        if own:
            self.raw[name] = self.layers.base(own)
        return self.raw[name]

    def held(self, spec: Input) -> Held:
        raw = self.column(spec.name)
        absent, default = self._absent(spec), self._default(spec)
        if raw is None:
            return Held(spec, absent, default)
        value, good = self._typed(spec, raw)
        seen = exp.not_(is_null(raw))
        status = self.layers.let("status", case([(good, number(KNOWN)), (seen, number(GONE))], absent))
        return Held(spec, status, self.layers.let("value", case([(good, value)], default)))

    def modality_problem(self) -> E:
        """Whether a row names a modality that nobody knows, which makes it invalid."""
        raw = self.column("modalities")
        if raw is None:
            return truth(False)
        fine = every([self.dialect.whole(raw), self.dialect.within(raw, self.known_modalities)])
        return case([(is_null(raw), truth(False)), (fine, truth(False))], truth(True))

    def skipped(self, name: str) -> E:
        """Whether a row says that the scorer of an input was not called (ruling R4)."""
        raw = self.column("skipped")
        if raw is None:
            return truth(False)
        return case([(is_null(raw), truth(False)), (self.dialect.holds(raw, text(name)), truth(True))], truth(False))

    def _absent(self, spec: Input) -> E:
        """What an absent input is (`engine.record.read_input`)."""
        if spec.default is not None:
            return number(GONE if isinstance(typed(spec, spec.default), Missing) else KNOWN)
        raw = self.column("modalities") if spec.modality is not None else None
        there = number(AWAY if spec.optional else GONE)
        if raw is None or spec.modality is None or spec.optional:
            return there
        held = self.dialect.holds(raw, text(spec.modality))
        return case([(is_null(raw), there), (held, there)], number(AWAY))

    def _default(self, spec: Input) -> E:
        value = None if spec.default is None else typed(spec, spec.default)
        if value is None or isinstance(value, Missing):
            return exp.null()
        if isinstance(value, list):
            items = exp.Array(expressions=[text(item) for item in value])
            return items if value else exp.cast(items, exp.DataType.build("array<text>"))
        return literal(spec.kind, value)

    def _typed(self, spec: Input, raw: E) -> tuple[E, E]:
        """The value, and whether it is a good one (NULL counts as not)."""
        match spec.kind:
            case "score":
                return self._score(spec, raw)
            case "int":
                low = -(2**63) if spec.minimum is None else spec.minimum
                high = 2**63 - 1 if spec.maximum is None else spec.maximum
                bounds = [opposite(is_null(raw))]
                bounds += [compare(">=", raw, number(int(low)))] if low > -(2**63) else []
                bounds += [compare("<=", raw, number(int(high)))] if high < 2**63 - 1 else []
                return exp.cast(raw, "bigint"), every(bounds)
            case "double":
                low = -sys.float_info.max if spec.minimum is None else float(spec.minimum)
                high = sys.float_info.max if spec.maximum is None else float(spec.maximum)
                value = exp.cast(raw, "double")
                return value, every([compare(">=", value, real(low)), compare("<=", value, real(high))])
            case "enum":
                return raw, among(raw, [text(value) for value in spec.values])
            case "set":
                whole = case([(is_null(raw), truth(False))], self.dialect.whole(raw))
                return raw, whole
        return raw, opposite(is_null(raw))

    def _score(self, spec: Input, raw: E) -> tuple[E, E]:
        if spec.name not in self.shares:
            return exp.cast(raw, "bigint"), every([compare(">=", raw, number(0)), compare("<=", raw, number(MICRO))])
        value = exp.cast(raw, "double")
        near = every([compare(">=", value, real(-1)), compare("<=", value, real(2))])  # neither NaN nor infinite
        moved = exp.Add(this=exp.Mul(this=value, expression=real(MICRO)), expression=real(0.5))
        scaled = self.layers.let("scaled", case([(near, moved)], real(-1)))
        good = every([compare(">=", scaled, real(0)), compare("<", scaled, real(MICRO + 1))])
        return exp.cast(floor(scaled), "bigint"), good


def literal(kind: str, value: Scalar) -> E:
    """A value of an input, written out."""
    match kind:
        case "bool":
            return truth(bool(value))
        case "double":
            return real(float(value))
        case "int" | "score":
            return number(int(value))
    return text(str(value))
