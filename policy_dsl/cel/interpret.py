"""An expression and its inputs -> what it comes to: a value, unknown, not applicable or an error (S2, S3; rulings R3, R8, R22).

The reference for conditions: it walks the tree, one operation at a time, and never reasons by cases. Every other way to run
a condition is tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from policy_dsl.cel.functions import TYPES, find, has, select
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.partial import NA, Err, Result, Unknown, decide, is_open, worst
from policy_dsl.cel.values import CelError, CelMap, Uint, elements, int64

Lookup: TypeAlias = Callable[[str], Result]

_DECIDED = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_==_": "==", "_!=_": "!=", "@in": "in"}


def interpret(expr: Expr, lookup: Lookup) -> Result:
    """Evaluates a resolved expression.

    `lookup(name)` gives a CEL value, `NA`, `Unknown(frozenset({name}), domain)` or `Err`, and raises KeyError for a name
    that is not declared. Never raises for anything in the expression or its inputs.
    """
    return _Walk(lookup, {}).value(expr)


class _Walk:
    """The inputs, and the comprehension variables in scope."""

    def __init__(self, lookup: Lookup, scope: Mapping[str, Result]) -> None:
        self.lookup = lookup
        self.scope = scope

    def value(self, expr: Expr) -> Result:
        try:
            return self.walk(expr)
        except CelError as error:
            return Err(str(error))

    def walk(self, expr: Expr) -> Result:
        match expr:
            case Literal():
                return literal(expr)
            case Ident():
                return self.name(expr.name)
            case Select():
                operand = self.value(expr.operand)
                return operand if is_open(operand) else (has if expr.test else select)(operand, expr.field)
            case Call():
                return self.call(expr)
            case ListExpr():
                return self.strict(expr.items, lambda *items: items)
            case MapExpr():
                flat = [part for entry in expr.entries for part in entry]
                return self.strict(flat, lambda *parts: CelMap(zip(parts[::2], parts[1::2], strict=True)))
            case Macro():
                return self.macro(expr)
            case Weight():
                raise CelError("a weight stands only in a score's definition")

    def name(self, name: str) -> Result:
        if name in self.scope:
            return self.scope[name]
        try:
            return self.lookup(name)
        except KeyError:
            if name in TYPES:
                return TYPES[name]
        raise CelError(f"undeclared reference to {name}")

    def call(self, expr: Call) -> Result:
        match expr.function, expr.args:
            case "_&&_" | "_||_", (left, right):
                return fold(expr.function == "_||_", (self.value(side) for side in (left, right)))
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
        return self.strict(operands, function, _DECIDED.get(expr.function))

    def strict(self, operands: Iterable[Expr], function: Callable[..., Result], symbol: str | None = None) -> Result:
        """`function` of the operands' values; where one is open, what is certain by its domain, else the worst."""
        values = [self.value(operand) for operand in operands]
        bad = worst(values)
        if bad is None:
            return function(*values)
        decided = decide(symbol, *values) if symbol and type(bad) is Unknown else None
        return bad if decided is None else decided

    def macro(self, expr: Macro) -> Result:
        over = self.value(expr.range)
        if is_open(over):
            return over
        items = list(elements(over))
        match expr.kind:
            case "all" | "exists":
                return fold(expr.kind == "exists", self.each(expr, items))
            case "map" if len(expr.body) == 1:
                results = list(self.each(expr, items))
                return worst(results) or tuple(results)
            case "map":
                return self.filtered_map(expr, items)
        answers = [truth(answer) for answer in self.each(expr, items)]
        bad = worst(answers)
        if bad is not None:
            return bad
        chosen = tuple(item for item, answer in zip(items, answers, strict=True) if answer)
        return chosen if expr.kind == "filter" else len(chosen) == 1

    def filtered_map(self, expr: Macro, items: list[Result]) -> Result:
        results = []
        for item, answer in zip(items, map(truth, self.each(expr, items)), strict=True):
            if is_open(answer):
                results.append(answer)
            elif answer:
                results.append(self.inside(expr.var, item).value(expr.body[1]))
        return worst(results) or tuple(results)

    def each(self, expr: Macro, items: Iterable[Result]) -> Iterator[Result]:
        return (self.inside(expr.var, item).value(expr.body[0]) for item in items)

    def inside(self, var: str, item: Result) -> _Walk:
        return _Walk(self.lookup, {**self.scope, var: item})


def literal(expr: Literal) -> Result:
    if expr.kind == "int":
        return int64(expr.value)  # type: ignore[arg-type]
    return Uint(expr.value) if expr.kind == "uint" else expr.value  # type: ignore[arg-type]


def truth(result: Result) -> Result:
    """A bool or what is open; another value is an error."""
    return result if type(result) is bool or is_open(result) else Err("no such overload: a condition is a bool")


def fold(decisive: bool, results: Iterable[Result]) -> Result:
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
