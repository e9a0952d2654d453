"""CEL's arithmetic of whole numbers in SQL: what leaves 64 bits, or divides by zero, is an error (never the query's)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.sql.operands import Operand, strict
from engine.sql.terms import E, case, compare, constant, equal, every, minus, number, plus, some, times
from engine.sql.views import View
from engine.truth import State

ARITHMETIC = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "-_": "-"}
LEAST, MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Integers:
    view: View
    refuse: Callable[[str], Exception]

    def operation(self, function: str, operands: Sequence[Operand]) -> Operand:
        symbol = ARITHMETIC[function]
        if any(operand.kind != "int" for operand in operands):
            raise self.refuse(f"it uses `{symbol}` of a {next(o.kind for o in operands if o.kind != 'int')}")
        if function == "-_":
            operands = [Operand("int", number(0), fixed=0), *operands]
        wrong, value = self._of(symbol, operands[0], operands[1])
        layers = self.view.layers
        failing = case([(wrong, number(State.ERROR))], number(State.TRUE))
        status = strict(layers, operands, failing)
        known = equal(status.state, number(State.TRUE))
        return Operand("int", layers.let("whole", case([(known, value)], number(0))), status.state, status.missing)

    def _of(self, symbol: str, a: Operand, b: Operand) -> tuple[E, E]:
        """When it errs, and the value elsewhere."""
        x, y = a.value, b.value
        match symbol:
            case "+":
                over = every([compare(">", y, number(0)), compare(">", x, minus(number(MOST), _positive(y)))])
                under = every([compare("<", y, number(0)), compare("<", x, minus(number(LEAST), _negative(y)))])
                return some([over, under]), plus(x, y)
            case "-":
                over = every([compare("<", y, number(0)), compare(">", x, plus(number(MOST), _negative(y)))])
                under = every([compare(">", y, number(0)), compare("<", x, plus(number(LEAST), _positive(y)))])
                return some([over, under]), minus(x, y)
            case "*":
                return self._product(a, b)
        return self._quotient(symbol, x, y)

    def _product(self, a: Operand, b: Operand) -> tuple[E, E]:
        if a.is_fixed:
            a, b = b, a
        if not isinstance(b.fixed, int):
            raise self.refuse("it multiplies two inputs")
        factor = b.fixed
        if factor in (0, 1):
            return compare("==", number(0), number(1)), times(a.value, number(factor))
        ends = sorted((_cut(LEAST, factor), _cut(MOST, factor)))
        outside = some([compare("<", a.value, number(ends[0])), compare(">", a.value, number(ends[1]))])
        return outside, times(a.value, number(factor))

    def _quotient(self, symbol: str, x: E, y: E) -> tuple[E, E]:
        """The least number by -1 leaves 64 bits where it is divided; it leaves nothing over."""
        dialect = self.view.sql.dialect
        none, inverse = equal(y, number(0)), equal(y, number(-1))
        divisor = case([(some([none, inverse]), number(1))], y)
        if symbol == "%":
            return none, case([(inverse, number(0))], dialect.remainder(x, divisor))
        wrong = some([none, every([inverse, equal(x, number(LEAST))])])
        return wrong, case([(inverse, minus(number(0), x))], dialect.divide(x, divisor))


def _cut(a: int, b: int) -> int:
    """The quotient, cut toward zero."""
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


def _positive(term: E) -> E:
    """The term where it is above 0: the other bound would leave 64 bits."""
    value = constant(term)
    return number(max(value, 0)) if value is not None else case([(compare(">", term, number(0)), term)], number(0))


def _negative(term: E) -> E:
    value = constant(term)
    return number(min(value, 0)) if value is not None else case([(compare("<", term, number(0)), term)], number(0))
