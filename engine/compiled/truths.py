"""A condition -> a function of the values that gives its truth, where some are missing or do not apply (S3, rulings R3, R8).

What the rules mostly say is told here: `&& || ! ?:`, `has`, a flag, and an input compared with constants or two scores with
each other. Anything else asks the interpreter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.compiled.states import ERROR, FALSE, NA, NOT_APPLICABLE, TRUE, bounds, unknown, worst
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.cel.partial import Interval, Unknown
from policy_dsl.cel.values import INT_MAX, INT_MIN, CelError, Micro, micros
from policy_dsl.program import Input

Values = Sequence[Any]
TruthOf = Callable[[Values], int]
Range = Any  # (lowest, highest, mask) or NA
RangeOf = Callable[[Values], Range]

MIRRORED = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_", "_!=_": "_!=_"}
PYTHON: Mapping[str, Callable[[Any, Any], Any]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
    "_==_": operator.eq,
    "_!=_": operator.ne,
}
LITERALS = {"int": "int", "double": "double", "string": "string", "enum": "string", "bool": "bool"}


@dataclass(frozen=True)
class Truths:
    """The conditions over the values of a program: `index` says where a name's value stands, `specs` what an input is."""

    index: Mapping[str, int]
    specs: Mapping[str, Input]
    names: Callable[[int], frozenset[str]]

    def of(self, expr: Expr) -> TruthOf:
        match expr:
            case Call("_&&_", (left, right), None):
                return _fold(FALSE, self.of(left), self.of(right))
            case Call("_||_", (left, right), None):
                return _fold(TRUE, self.of(left), self.of(right))
            case Call("!_", (operand,), None):
                return _negation(self.of(operand))
            case Call("_?_:_", (test, yes, no), None):
                return _choice(self.of(test), self.of(yes), self.of(no))
            case Call("has", (Ident(name),), None) if name in self.index:
                at = self.index[name]
                return lambda values: FALSE if values[at] is NA else TRUE
            case Call("@in", (item, container), None):
                return self.membership(item, container) or self.interpreted(expr)
            case Call(symbol, (left, right), None) if symbol in MIRRORED:
                return (
                    self.comparison(symbol, left, right)
                    or self.comparison(MIRRORED[symbol], right, left)
                    or self.interpreted(expr)
                )
            case Ident(name) if name in self.specs and self.specs[name].kind == "bool":
                return self.tested(name, lambda value: value)
        return self.interpreted(expr)

    # -- comparisons -------------------------------------------------------------------------------------------------

    def comparison(self, symbol: str, left: Expr, right: Expr) -> TruthOf | None:
        """Of an input or a score with a constant of its type, or of two scores."""
        match left, right:
            case Ident(name), Literal("double", float(number)) if self.is_score(name):
                try:
                    limit = micros(number)
                except CelError:
                    return None
                return _ordered(symbol, self.range(name), lambda _: (limit, limit, 0))
            case Ident(name), Ident(other) if self.is_score(name) and self.is_score(other):
                return _ordered(symbol, self.range(name), self.range(other))
            case Ident(name), Literal(kind, value) if (
                name in self.specs and LITERALS.get(self.specs[name].kind) == kind
            ):
                if kind in ("int", "double"):
                    return _ordered(symbol, self.range(name), lambda _: (value, value, 0))
                if kind == "string" or symbol in ("_==_", "_!=_"):
                    return self.tested(name, lambda found: bool(PYTHON[symbol](found, value)))
        return None

    def is_score(self, name: str) -> bool:
        return name in self.index and (name not in self.specs or self.specs[name].kind == "score")

    def range(self, name: str) -> RangeOf:
        """What a number may be."""
        at = self.index[name]
        if self.is_score(name):
            return lambda values: value if (value := values[at]) is NA else bounds(value)
        domain = missing(self.specs[name], name).domain
        assert isinstance(domain, Interval)
        everything = (domain.lo, domain.hi, 1 << at)

        def known(values: Values) -> Range:
            value = values[at]
            return everything if type(value) is Unknown else value if value is NA else (value, value, 0)

        return known

    def membership(self, item: Expr, container: Expr) -> TruthOf | None:
        """An enum or a text among constants, or a constant in a set."""
        match item, container:
            case Ident(name), ListExpr(items) if name in self.specs and LITERALS.get(self.specs[name].kind) == "string":
                if not all(isinstance(part, Literal) and part.kind == "string" for part in items):
                    return None
                wanted = frozenset(part.value for part in items if isinstance(part, Literal))
                return self.tested(name, lambda value: value in wanted)
            case Literal("string", text), Ident(name) if name in self.specs and self.specs[name].kind == "set":
                return self.tested(name, lambda value: text in value)
        return None

    def tested(self, name: str, test: Callable[[Any], bool]) -> TruthOf:
        """A test of one input's value; where it is missing, of every value that it could have, if they can be counted."""
        at, spec = self.index[name], self.specs[name]
        possible: Sequence[Any] = (False, True) if spec.kind == "bool" else spec.values
        answers = {test(value) for value in possible} if possible else {False, True}
        otherwise = unknown(1 << at) if len(answers) > 1 else TRUE if answers.pop() else FALSE

        def truth(values: Values) -> int:
            value = values[at]
            if type(value) is Unknown:
                return otherwise
            return NOT_APPLICABLE if value is NA else TRUE if test(value) else FALSE

        return truth

    # -- all else ----------------------------------------------------------------------------------------------------

    def interpreted(self, expr: Expr) -> TruthOf:
        def truth(values: Values) -> int:
            return self.truth(interpret(expr, lambda name: self.value(name, values)))

        return truth

    def truth(self, result: Any) -> int:
        if isinstance(result, Unknown):
            return unknown(sum(1 << self.index[name] for name in result.deps))
        if isinstance(result, bool):
            return TRUE if result else FALSE
        return NOT_APPLICABLE if result is NA else ERROR

    def value(self, name: str, values: Values) -> Any:
        """What the interpreter takes. Raises KeyError for a name that is not declared."""
        value = values[self.index[name]]
        if value is NA or not self.is_score(name):
            return value
        low, high, mask = bounds(value)
        return Micro(low) if low == high else Unknown(self.names(mask), Interval(Micro(low), Micro(high)))


def missing(spec: Input, name: str) -> Unknown:
    """What a condition sees of an input that is missing: every value of its type and bounds (ruling R22)."""
    domain: Any = None
    match spec.kind:
        case "bool":
            domain = frozenset({False, True})
        case "enum":
            domain = frozenset(spec.values)
        case "int":
            low = INT_MIN if spec.minimum is None else spec.minimum
            domain = Interval(low, INT_MAX if spec.maximum is None else spec.maximum)
        case "double":
            domain = Interval(*(None if bound is None else float(bound) for bound in (spec.minimum, spec.maximum)))
    return Unknown(frozenset({name}), domain)


def _ordered(symbol: str, left: RangeOf, right: RangeOf) -> TruthOf:
    """Two numbers, each known or anywhere between two bounds (None: no bound)."""
    compare = PYTHON[symbol]

    def truth(values: Values) -> int:
        first, second = left(values), right(values)
        mask = (0 if first is NA else first[2]) | (0 if second is NA else second[2])
        if first is NA or second is NA:
            return unknown(mask) if mask else NOT_APPLICABLE
        if not mask:
            return TRUE if compare(first[0], second[0]) else FALSE
        answer = _certain(symbol, first, second)
        return unknown(mask) if answer is None else TRUE if answer else FALSE

    return truth


def _certain(symbol: str, a: Any, b: Any) -> bool | None:
    if symbol in ("_>_", "_>=_"):
        a, b, symbol = b, a, MIRRORED[symbol]
    (low, high, _), (least, most, _) = a, b
    below, above = (x is not None and y is not None and x < y for x, y in ((high, least), (most, low)))
    touching = high is not None and high == least, most is not None and most == low
    match symbol:
        case "_<_":
            return True if below else False if above or touching[1] else None
        case "_<=_":
            return True if below or touching[0] else False if above else None
    return symbol == "_!=_" if below or above else None


def _fold(decisive: int, left: TruthOf, right: TruthOf) -> TruthOf:
    def truth(values: Values) -> int:
        first = left(values)
        if first == decisive:
            return decisive
        second = right(values)
        if second == decisive:
            return decisive
        open_ = [found for found in (first, second) if found not in (TRUE, FALSE)]
        return worst(open_) if open_ else TRUE - decisive

    return truth


def _negation(operand: TruthOf) -> TruthOf:
    def truth(values: Values) -> int:
        found = operand(values)
        return TRUE - found if found in (TRUE, FALSE) else found

    return truth


def _choice(test: TruthOf, yes: TruthOf, no: TruthOf) -> TruthOf:
    def truth(values: Values) -> int:
        found = test(values)
        return yes(values) if found == TRUE else no(values) if found == FALSE else found

    return truth
