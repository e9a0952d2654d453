"""An expression and its inputs -> what it comes to: a value, unknown, not applicable or an error (S2, S3; rulings R3, R8, R22).

The reference for conditions: it walks the tree, one operation at a time, and never reasons by cases. Every other way to run
a condition is tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any, Final, TypeAlias

from policy_dsl.cel.functions import TYPES, find, has, select
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.partial import NA, Err, Result, Unknown, decide, is_open, worst
from policy_dsl.cel.values import CelError, CelMap, Uint, elements, int64

Lookup: TypeAlias = Callable[[str], Result]

_COMPARISONS: Final = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_==_": "==", "_!=_": "!=", "@in": "in"}


def interpret(expr: Expr, lookup: Lookup) -> Result:
    """Evaluates a resolved expression.

    `lookup(name)` gives a CEL value, `NA`, `Unknown(frozenset({name}), domain)` or `Err`, and raises KeyError for a name
    that is not declared. Never raises for anything in the expression or its inputs.
    """
    return _Walk(lookup, {}).value(expr)


class _Walk:
    """The inputs, and the comprehension variables in scope.

    Two frames of Python's stack for each level of the tree, so that the deepest that the parser takes fits.
    """

    def __init__(self, lookup: Lookup, scope: Mapping[str, Result]) -> None:
        self.lookup = lookup
        self.scope = scope

    def value(self, expr: Expr) -> Result:
        try:
            return _RULES[type(expr)](self, expr)
        except CelError as error:
            return Err(str(error))

    def ident(self, expr: Ident) -> Result:
        name = expr.name
        if name in self.scope:
            return self.scope[name]
        try:
            return self.lookup(name)
        except KeyError:
            if name in TYPES:
                return TYPES[name]
        raise CelError(f"undeclared reference to {name}")

    def select(self, expr: Select) -> Result:
        operand = self.value(expr.operand)
        return operand if is_open(operand) else (has if expr.test else select)(operand, expr.field)

    def call(self, expr: Call) -> Result:
        match expr.function, expr.args:
            case "_&&_" | "_||_", (left, right):
                return fold([self.value(left), self.value(right)], decisive=expr.function == "_||_")
            case "!_", (operand,):
                return negation(self.value(operand))
            case "_?_:_", (test, yes, no):
                answer = truth(self.value(test))
                return answer if is_open(answer) else self.value(yes if answer else no)
            case "has", (operand,) if expr.target is None:
                return self.value(operand) is not NA
        operands = expr.args if expr.target is None else (expr.target, *expr.args)
        function = find(expr.function, len(operands), method=expr.target is not None)
        if function is None:
            raise CelError(f"no such function: {expr.function}")
        values = list(map(self.value, operands))
        decided = _decided(expr.function, values)
        return strict(values, function) if decided is None else decided

    def list_(self, expr: ListExpr) -> Result:
        return strict(list(map(self.value, expr.items)), lambda *items: items)

    def map_(self, expr: MapExpr) -> Result:
        parts = [part for entry in expr.entries for part in entry]
        return strict(list(map(self.value, parts)), lambda *flat: CelMap(zip(flat[::2], flat[1::2], strict=True)))

    def macro(self, expr: Macro) -> Result:
        over = self.value(expr.range)
        if is_open(over):
            return over
        items = list(elements(over))
        first: list[Result] = []
        for item in items:
            first.append(self.inside(expr.var, item).value(expr.body[0]))  # noqa: PERF401 - a comprehension is a frame
        match expr.kind:
            case "all" | "exists":
                return fold(first, decisive=expr.kind == "exists")
            case "map" if len(expr.body) == 1:
                return strict(first, lambda *results: results)
            case "map":
                return self.filtered(expr, items, first)
        chosen = strict(list(map(truth, first)), lambda *answers: tuple(compress(items, answers)))
        return chosen if expr.kind == "filter" or is_open(chosen) else len(chosen) == 1

    def filtered(self, expr: Macro, items: list[Result], tests: list[Result]) -> Result:
        """`map` with a test: the second body runs where the test holds."""
        results = []
        for item, answer in zip(items, map(truth, tests), strict=True):
            if answer is True:
                results.append(self.inside(expr.var, item).value(expr.body[1]))
            elif answer is not False:
                results.append(answer)
        return strict(results, lambda *mapped: mapped)

    def inside(self, var: str, item: Result) -> _Walk:
        return _Walk(self.lookup, {**self.scope, var: item})

    def literal(self, expr: Literal) -> Result:
        return literal(expr)

    def weight(self, _: Weight) -> Result:
        raise CelError("a weight stands only in a score's definition")


_RULES: Final[Mapping[type, Callable[[_Walk, Any], Result]]] = {
    Literal: _Walk.literal, Ident: _Walk.ident, Select: _Walk.select, Call: _Walk.call, ListExpr: _Walk.list_, MapExpr: _Walk.map_,
    Macro: _Walk.macro, Weight: _Walk.weight,
}  # fmt: skip


def strict(values: Sequence[Result], function: Callable[..., Result]) -> Result:
    """`function` of values; where one is open, the worst of them."""
    return worst(values) or function(*values)


def _decided(function: str, values: Sequence[Result]) -> bool | None:
    """What a comparison or `in` comes to where an operand is unknown, if every value of it answers alike."""
    symbol = _COMPARISONS.get(function)
    return decide(symbol, *values) if symbol and isinstance(worst(values), Unknown) else None


def literal(expr: Literal) -> Result:
    if expr.kind == "int":
        return int64(expr.value)  # type: ignore[arg-type]
    return Uint(expr.value) if expr.kind == "uint" else expr.value  # type: ignore[arg-type]


def truth(result: Result) -> Result:
    """A bool or what is open; another value is an error."""
    return result if type(result) is bool or is_open(result) else Err("no such overload: a condition is a bool")


def fold(results: Iterable[Result], *, decisive: bool) -> Result:
    """`||` and `exists` (decisive: true), `&&` and `all` (false): one decisive answer decides, else the worst, else the other."""
    opened = []
    for result in map(truth, results):
        if result is decisive:
            return decisive
        if is_open(result):
            opened.append(result)
    return worst(opened) or (not decisive)


def negation(result: Result) -> Result:
    answer = truth(result)
    return answer if is_open(answer) else not answer
