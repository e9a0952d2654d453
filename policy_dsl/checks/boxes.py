"""A condition -> the ways in which it can hold, each as what it asks of every input; none where it contradicts itself.

A way is a conjunction of atoms. What an atom asks is read where it compares one name with constants; any other atom is only
known to be itself or not. Ways are counted up to a bound, beyond which nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.program import ALWAYS, MICRO, Guard, Input

MOST_WAYS = 128
_OPPOSITE = {"_<_": "_>=_", "_<=_": "_>_", "_>_": "_<=_", "_>=_": "_<_", "_==_": "_!=_", "_!=_": "_==_"}
_MIRROR = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_", "_!=_": "_!=_"}


@dataclass(frozen=True, slots=True)
class Atom:
    """`positive`: it must hold; else its opposite."""

    expr: Expr
    positive: bool


Way = tuple[Atom, ...]


def ways(expr: Expr, positive: bool = True) -> tuple[Way, ...] | None:
    """The condition (or its opposite) as alternatives; None where there are too many."""
    match expr:
        case Literal(kind="bool", value=bool(value)):
            return ((),) if value is positive else ()
        case Call(function="!_", args=(inner,)):
            return ways(inner, not positive)
        case Call(function="_&&_" | "_||_" as function, args=(left, right)):
            one, two = ways(left, positive), ways(right, positive)
            if one is None or two is None:
                return None
            found = tuple(a + b for a, b in product(one, two)) if (function == "_&&_") is positive else one + two
            return found if len(found) <= MOST_WAYS else None
    return ((Atom(expr, positive),),)


def can_hold(expr: Expr, inputs: Mapping[str, Input], guard: Guard = ALWAYS, *, positive: bool = True) -> bool:
    """False where no record satisfies the condition (with `positive` false: its opposite), under the `for`s around it."""
    found = ways(expr, positive)
    return found is None or any(_satisfiable(way, inputs, guard) for way in found)


def _satisfiable(way: Way, inputs: Mapping[str, Input], guard: Guard) -> bool:
    return not any(Atom(atom.expr, not atom.positive) in way for atom in way) and not _impossible(way, inputs, guard)


def _impossible(way: Way, inputs: Mapping[str, Input], guard: Guard) -> list[str]:
    """The inputs of which no value is all that a way asks."""
    asked: dict[str, Allowed] = {}
    for name, values in guard.within:
        asked.setdefault(name, _whole(inputs.get(name))).only(values)
    for atom in way:
        for name, function, constants in _asks(atom):
            asked.setdefault(name, _whole(inputs.get(name))).ask(function, constants)
    return [name for name, allowed in asked.items() if not allowed.possible()]


def contradicted(expr: Expr, inputs: Mapping[str, Input], guard: Guard = ALWAYS) -> str | None:
    """The one input for which a condition without alternatives asks what no value is."""
    found = ways(expr)
    names = _impossible(found[0], inputs, guard) if found and len(found) == 1 else []
    return names[0] if names else None


def _asks(atom: Atom) -> Iterator[tuple[str, str, Sequence[Constant]]]:
    """What an atom asks of one name: a comparison, `@in` or its opposite `!in`, with constants."""
    match atom.expr:
        case Ident(name=name):
            yield name, "_==_", (atom.positive,)
        case Call(function=function, args=(Ident(name=name), Literal() as literal)) if function in _OPPOSITE:
            yield from _comparison(name, function, literal, atom.positive)
        case Call(function=function, args=(Literal() as literal, Ident(name=name))) if function in _OPPOSITE:
            yield from _comparison(name, _MIRROR[function], literal, atom.positive)
        case Call(function="@in", args=(Ident(name=name), ListExpr(items=items))):
            values = [constant(item) for item in items if isinstance(item, Literal)]
            if len(values) == len(items):
                yield name, "@in" if atom.positive else "!in", [value for value in values if value is not None]
        case _:
            pass


def _comparison(
    name: str, function: str, literal: Literal, positive: bool
) -> Iterator[tuple[str, str, Sequence[Constant]]]:
    value = constant(literal)
    if value is not None:
        yield name, function if positive else _OPPOSITE[function], (value,)


Constant = bool | str | Fraction


def constant(literal: Literal) -> Constant | None:
    """Numbers exactly as they are written; None for what is not compared here."""
    match literal:
        case Literal(kind="bool", value=bool(value)) | Literal(kind="string", value=str(value)):
            return value
        case Literal(kind="int", value=int(value)):
            return Fraction(value)
        case Literal(kind="double", value=float(value)) if abs(value) < 1e18:
            return Fraction(literal.text) if literal.text and "e" not in literal.text.lower() else Fraction(value)
    return None


@dataclass(slots=True)
class Allowed:
    """What an input may still be: one of `values` (None: any), not one of `barred`, and in an interval.

    `step` is the distance of two neighbouring numbers, None where they lie dense.
    """

    values: set[Constant] | None = None
    barred: set[Constant] | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    open_low: bool = False
    open_high: bool = False
    step: Fraction | None = None

    def only(self, values: Sequence[Constant]) -> None:
        self.values = set(values) if self.values is None else self.values & set(values)

    def ask(self, function: str, constants: Sequence[Constant]) -> None:
        match function:
            case "_==_" | "@in":
                self.only(constants)
            case "_!=_" | "!in":
                self.barred = {*(self.barred or ()), *constants}
            case _ if isinstance(constants[0], Fraction):
                self.bound(function, constants[0])

    def bound(self, function: str, value: Fraction) -> None:
        is_open = function in ("_<_", "_>_")
        if function in ("_>_", "_>=_") and (self.low is None or (value, is_open) > (self.low, self.open_low)):
            self.low, self.open_low = value, is_open
        if function in ("_<_", "_<=_") and (self.high is None or (-value, is_open) > (-self.high, self.open_high)):
            self.high, self.open_high = value, is_open

    def possible(self) -> bool:
        barred = self.barred or set()
        if self.values is not None:
            return any(value not in barred and self.inside(value) for value in self.values)
        if self.low is None or self.high is None:
            return True
        if self.step is None:
            return self.low < self.high or (
                self.low == self.high and not self.open_low and not self.open_high and self.low not in barred
            )
        first, last = self.low // self.step, -(-self.high // self.step)
        first += first * self.step < self.low or (first * self.step == self.low and self.open_low)
        last -= last * self.step > self.high or (last * self.step == self.high and self.open_high)
        return last - first + 1 > len(barred) or any(n * self.step not in barred for n in range(first, last + 1))

    def inside(self, value: Constant) -> bool:
        if not isinstance(value, Fraction):
            return True
        above = self.low is None or value > self.low or (value == self.low and not self.open_low)
        below = self.high is None or value < self.high or (value == self.high and not self.open_high)
        return above and below and (self.step is None or (value / self.step).denominator == 1)


def _whole(spec: Input | None) -> Allowed:
    """Every value of an input; of a derived score's name, which is no input, every score."""
    kind = spec.kind if spec else "score"
    match kind:
        case "score":
            return Allowed(low=Fraction(0), high=Fraction(1), step=Fraction(1, MICRO))
        case "bool":
            return Allowed(values={False, True})
        case "enum":
            return Allowed(values=set(spec.values) if spec else None)
        case "int" | "double" if spec:
            low = None if spec.minimum is None else Fraction(spec.minimum)
            high = None if spec.maximum is None else Fraction(spec.maximum)
            return Allowed(low=low, high=high, step=Fraction(1) if kind == "int" else None)
    return Allowed()
