"""Conditions, guards and ladders -> the axes that they depend on, as coarse as their meaning allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from engine.columnar.axes import ExactAxis, NumberAxis, ScoreAxis, SpanAxis, TimeAxis, ValueAxis
from engine.columnar.fused import Spans
from engine.columnar.table import Axis
from engine.compiled.fusion import below
from policy_dsl import program as p
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.walk import children
from policy_dsl.program import MICRO, Input

INT64 = 2**63
COMPARISONS = frozenset({"_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"})
NUMERIC = frozenset({"int", "uint", "double"})

Made = TypeVar("Made")
Use = tuple[str, Decimal | None]
"""A name with a constant it is compared with, or None where its very value may matter."""


def uses(expr: Expr) -> Iterator[Use]:
    """How a condition uses each name. Names that a macro binds are told, too: they hide inputs at most."""
    match expr:
        case Ident(name=name):
            yield name, None
        case Call(function="has", args=(Ident(),), target=None):
            return
        case Call(function=function, args=(left, right), target=None) if function in COMPARISONS and (
            found := _compared(left, right) or _compared(right, left)
        ):
            yield found
        case Call(function="@in", args=(Ident(name=name), ListExpr(items=items)), target=None) if all(
            isinstance(item, Literal) and item.kind in NUMERIC for item in items
        ):
            yield from ((name, Decimal(str(item.value))) for item in items if isinstance(item, Literal))
        case _:
            for child in children(expr):
                yield from uses(child)


def _compared(name: Expr, constant: Expr) -> Use | None:
    if isinstance(name, Ident) and isinstance(constant, Literal) and constant.kind in NUMERIC:
        return name.name, Decimal(str(constant.value))
    return None


@dataclass
class _Asked:
    """What is asked of one input or derived score: cuts, or (`exact`) its very value."""

    cuts: set[int | float] = field(default_factory=set)
    exact: bool = False


@dataclass
class Needs:
    """Collects what some clauses of one program depend on. `specs` are its inputs, `scores` the derived ones in sight."""

    specs: Mapping[str, Input]
    scores: Sequence[p.Score] = ()
    asked: dict[str, _Asked] = field(default_factory=dict)
    dates: set[int] = field(default_factory=set)
    read: set[str] = field(default_factory=set)  # by conditions

    def condition(self, expr: Expr) -> None:
        names = self.names(expr)
        self.read |= names
        for name in names:
            self._asked(name)
        for name, constant in uses(expr):
            if name in names:
                self._use(name, constant)

    def names(self, expr: Expr) -> set[str]:
        """The inputs and derived scores that a condition names."""
        derived = {score.name for score in self.scores}
        return {name for name, _ in free_names(expr) if name in self.specs or name in derived}

    def _use(self, name: str, constant: Decimal | None) -> None:
        asked = self._asked(name)
        if constant is None:
            asked.exact = True
        elif name not in self.specs or self.specs[name].kind == "score":
            whole = math.floor(max(min(constant, Decimal(2)), Decimal(-2)) * MICRO)
            asked.cuts |= {whole, whole + 1}
        elif self.specs[name].kind == "double":
            asked.cuts |= {float(constant), math.nextafter(float(constant), math.inf)}
        else:
            whole = math.floor(max(min(constant, Decimal(INT64)), Decimal(-INT64)))
            asked.cuts |= {whole, whole + 1}

    def _asked(self, name: str) -> _Asked:
        return self.asked.setdefault(name, _Asked())

    def guard(self, guard: p.Guard) -> None:
        for name, _ in guard.within:
            self._asked(name).exact = True
        self.dates |= {date for date in (guard.start, guard.end) if date is not None}

    def ladder(self, score: str, thresholds: Iterable[int]) -> None:
        self._asked(score).cuts |= set(thresholds)

    @property
    def columns(self) -> frozenset[str]:
        """The inputs that a row is asked for."""
        return below(self.asked, {score.name: score.expr for score in self.scores})

    @property
    def facts(self) -> Needs:
        """Those of them that no scorer gives."""
        asked = {n: one for n, one in self.asked.items() if n in self.specs and self.specs[n].is_fact}
        return Needs(self.specs, asked=asked, dates=self.dates)

    def is_score(self, name: str) -> bool:
        return name not in self.specs or self.specs[name].kind == "score"


class Axes:
    """Axes by what they ask, each once."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        found: Made = self._made[key]
        return found

    def time(self, dates: Iterable[int]) -> Axis:
        key = tuple(sorted(dates))
        return self.once(("time", key), lambda: TimeAxis(key))

    def of(self, needed: Iterable[tuple[Needs, Spans | None]]) -> list[Axis]:
        """One for each input, derived score or time that is needed, for all who need it together."""
        asked: dict[Any, tuple[Input | tuple[Spans, str], _Asked]] = {}
        dates: set[int] = set()
        for needs, spans in needed:
            dates |= needs.dates
            for name, one in needs.asked.items():
                what: Any = needs.specs.get(name) or (spans, name)
                key = id(what) if name in needs.specs else (id(spans), name)
                all_of_it = asked.setdefault(key, (what, _Asked()))[1]
                all_of_it.cuts |= one.cuts
                all_of_it.exact |= one.exact
        found = [self._of(key, what, one) for key, (what, one) in asked.items()]
        return found + ([self.time(dates)] if dates else [])

    def _of(self, key: Any, what: Input | tuple[Spans, str], asked: _Asked) -> Axis:
        cuts = tuple(sorted(asked.cuts))
        make: Any = _input_axis if isinstance(what, Input) else _derived_axis
        found: Axis = self.once((key, None if asked.exact else cuts), partial(make, what, cuts, exact=asked.exact))
        return found


def _derived_axis(what: tuple[Spans, str], cuts: Sequence[int | float], *, exact: bool) -> Axis:
    spans, name = what
    return (
        ExactAxis(lambda frame: spans.of(frame, name)) if exact else SpanAxis(spans, name, [int(cut) for cut in cuts])
    )


def _input_axis(spec: Input, cuts: Sequence[int | float], *, exact: bool) -> Axis:
    match spec.kind:
        case "score":
            whole = [int(cut) for cut in cuts]
            return ExactAxis(lambda frame: [frame.scores(spec)]) if exact else ScoreAxis(spec, whole)
        case "int" | "double" if not exact:
            return NumberAxis(spec, cuts)
    return ValueAxis(lambda frame: frame.discrete(spec))
