"""The record as one policy (or consequence) sees it: inputs, its derived scores, its guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.intervals import Span, evaluate
from engine.record import NA as NOT_APPLICABLE
from engine.record import Missing
from engine.truth import FALSE, TRUE, State, Truth, condition
from policy_dsl import program as p
from policy_dsl.cel.partial import NA, Interval, Unknown
from policy_dsl.cel.values import Micro
from policy_dsl.program import MICRO, Program


@dataclass(frozen=True)
class View:
    program: Program
    values: Mapping[str, Any]
    at: int | None
    derived: Sequence[p.Score]
    arms: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def specs(self) -> Mapping[str, p.Input]:
        return {spec.name: spec for spec in self.program.inputs}

    @cached_property
    def spans(self) -> Mapping[str, Span | None]:
        """Every score: the inputs, then each derived one from those before it."""
        spans = {name: _span(name, self.values[name]) for name, spec in self.specs.items() if spec.kind == "score"}
        for score in self.derived:
            spans[score.name] = evaluate(score.expr, spans.__getitem__)
        return spans

    def lookup(self, name: str) -> Any:
        """What a condition sees: a CEL value, not applicable, or every value that a missing input could have."""
        if name in self.spans:
            return _micro(self.spans[name])
        value = self.values[name]
        if value is NOT_APPLICABLE:
            return NA
        if isinstance(value, Missing):
            return Unknown(frozenset({name}), _domain(self.specs[name]))
        return frozenset(value) if isinstance(value, list) else value

    def truth(self, guard: p.Guard, when: p.Condition | None) -> Truth:
        """Whether a clause holds."""
        here = self.guard(guard)
        return here if when is None or here.state is State.FALSE else here.and_(condition(when, self.lookup))

    def guard(self, guard: p.Guard) -> Truth:
        if guard.arm is not None and self.arms.get(guard.arm[0]) != guard.arm[1]:
            return FALSE
        if guard.start is not None and (self.at is None or self.at < guard.start):
            return FALSE
        if guard.end is not None and (self.at is None or self.at >= guard.end):
            return FALSE
        truth = TRUE
        for name, values in guard.within:
            truth = truth.and_(self.within(name, values))
        return truth

    def doubt(self, stated: Sequence[tuple[p.Guard, p.Scalar]]) -> Truth | None:
        """The unknown guards on which it depends which of the values is in force, or whether any is; None where it is known."""
        candidates: list[tuple[type, Any]] = []
        missing: frozenset[str] = frozenset()
        for guard, value in stated:
            truth = self.guard(guard)
            if truth.state is not State.FALSE:
                candidates.append((type(value), value))
            if truth.holds:
                break
            missing |= truth.missing
        else:
            candidates.append((type(None), None))
        return Truth(State.UNKNOWN, missing) if len(set(candidates)) > 1 else None

    def within(self, name: str, values: Sequence[str]) -> Truth:
        value = self.values[name]
        possible = self.specs[name].values if isinstance(value, Missing) else (value,)
        inside = [item in values for item in possible]
        if all(inside):
            return TRUE
        return Truth(State.UNKNOWN, frozenset({name})) if any(inside) else FALSE


def _span(name: str, value: Any) -> Span | None:
    if value is NOT_APPLICABLE:
        return None
    return Span(0, MICRO, frozenset({name})) if isinstance(value, Missing) else Span(value, value)


def _micro(span: Span | None) -> Any:
    if span is None:
        return NA
    if span.low == span.high:
        return Micro(span.low)
    return Unknown(span.missing, Interval(Micro(span.low), Micro(span.high)))


def _domain(spec: p.Input) -> Any:
    """Every value of the declared type and bounds (ruling R22)."""
    match spec.kind:
        case "bool":
            return frozenset({False, True})
        case "enum":
            return frozenset(spec.values)
        case "int":
            return Interval(
                -(2**63) if spec.minimum is None else spec.minimum, 2**63 - 1 if spec.maximum is None else spec.maximum
            )
        case "double":
            return Interval(
                None if spec.minimum is None else float(spec.minimum),
                None if spec.maximum is None else float(spec.maximum),
            )
    return None
