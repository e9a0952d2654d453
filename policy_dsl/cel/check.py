"""An expression and its inputs' types -> its type and what is wrong with it.

With `profile`, what Limen leaves out of CEL is refused too: scores anywhere but in comparisons, numbers of different types
together (ruling R10), order of enum values, lists of mixed types, constants that always err. Without it, only what the types
leave no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import repeat
from typing import Final, TypeAlias

from policy_dsl.cel import operatorcheck
from policy_dsl.cel.findings import SCORE_HELP, a, error
from policy_dsl.cel.functions import TYPES
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.resolve import dotted
from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    NULL,
    SCORE,
    STRING,
    TYPE,
    UINT,
    Type,
    fits,
    join,
    list_of,
    map_of,
)
from policy_dsl.cel.values import INT_MAX
from policy_dsl.diagnostics import Diagnostic, Fix, in_order

Scope: TypeAlias = Mapping[str, Type]  # the comprehension variables

LITERALS: Final = {
    "null": NULL, "bool": BOOL, "int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES,
}  # fmt: skip


def check(
    expr: Expr, types: Mapping[str, Type], *, profile: bool = True, expect: Type | None = BOOL
) -> tuple[Type, tuple[Diagnostic, ...]]:
    """The type of a resolved expression over inputs of `types`, and every finding, in order.

    `expect` is what the whole must be (a condition is a bool); None: anything. A part that has a finding counts as `dyn`, so
    that one mistake is told once.
    """
    checker = _Checker(types, profile)
    found = checker.infer(expr, {})
    if expect is not None and not fits(found, expect):
        help_ = "compare it, as in `… >= 0.9`" if found == SCORE else None
        found = checker.report(error("LIM303", f"a condition is {a(expect)}, and this is {a(found)}", expr, help_))
    return found, in_order(checker.found)


@dataclass
class _Checker:
    types: Mapping[str, Type]
    profile: bool
    found: list[Diagnostic] = field(default_factory=list)

    def report(self, *diagnostics: Diagnostic) -> Type:
        """Notes them; what they are about is of no known type."""
        self.found.extend(diagnostics)
        return DYN

    def infer(self, expr: Expr, scope: Scope) -> Type:
        match expr:
            case Literal():
                return self.literal(expr)
            case Ident(name=name):
                return self.name(expr, name, scope)
            case Select():
                return self.select(expr, scope)
            case Call():
                return self.call(expr, scope)
            case ListExpr(items=items):
                return list_of(self.common(items, scope, "a list"))
            case MapExpr(entries=entries):
                keys = self.common([key for key, _ in entries], scope, "the keys of a map")
                return map_of(keys, self.common([value for _, value in entries], scope, "a map"))
            case Macro():
                return self.macro(expr, scope)
            case Weight():
                return self.report(error("LIM343", "a weight stands only in `weighted(…)`, in a `score`", expr))

    def every(self, exprs: Iterable[Expr], scope: Scope) -> list[Type]:
        return list(map(self.infer, exprs, repeat(scope)))

    # -- names and literals ----------------------------------------------------------------------------------------

    def literal(self, expr: Literal) -> Type:
        if expr.kind == "int" and isinstance(expr.value, int) and expr.value > INT_MAX:
            return self.report(
                error("LIM332", f"`{expr.text or expr.value}` is more than an int holds, {INT_MAX}", expr)
            )
        return LITERALS[expr.kind]

    def name(self, expr: Expr, name: str, scope: Scope) -> Type:
        if name in scope:
            return scope[name]
        if name in self.types:
            return self.types[name]
        if name in TYPES:
            return TYPE
        if any(name in of.values for of in self.types.values()):
            fix = Fix(expr.span, f'"{name}"', f'write `"{name}"`')
            return self.report(error("LIM300", f"unknown name `{name}`", expr, "a text stands in quotes", fix))
        close = get_close_matches(name, self.types, 1)
        return self.report(
            error("LIM300", f"unknown name `{name}`", expr, f"did you mean `{close[0]}`?" if close else None)
        )

    def select(self, expr: Select, scope: Scope) -> Type:
        name = dotted(expr)
        if name is not None and not self.begins(expr, scope):
            return BOOL if self.name(expr, name, scope) and expr.test else DYN
        operand = self.infer(expr.operand, scope)
        if operand != DYN and not (operand.name == "map" and fits(STRING, operand.args[0])):
            return self.report(error("LIM308", f"{a(operand)} has no field `{expr.field}`", expr))
        if expr.test:
            return BOOL
        return operand.args[1] if operand.args else DYN

    def begins(self, expr: Expr, scope: Scope) -> bool:
        """Whether a chain begins with a known name; else the whole chain is what is unknown."""
        while isinstance(expr, Select):
            expr = expr.operand
        return isinstance(expr, Ident) and (expr.name in scope or expr.name in self.types)

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, expr: Call, scope: Scope) -> Type:
        if expr.function == "has" and expr.target is None:
            return self.has(expr, scope)
        operands = expr.args if expr.target is None else (expr.target, *expr.args)
        types = self.every(operands, scope)
        if expr.function in ("_&&_", "_||_", "!_"):
            self.tests(operands, types, operatorcheck.symbol(expr.function))
            return BOOL
        if expr.function == "_?_:_":
            self.tests(operands[:1], types[:1], "?:")
            return self.one_type(operands[1:], types[1:], "`?:`")
        result, findings = operatorcheck.operation(expr, operands, types, profile=self.profile)
        self.report(*findings)
        return result

    def has(self, expr: Call, scope: Scope) -> Type:
        if len(expr.args) != 1 or not isinstance(expr.args[0], Ident) or expr.args[0].name in scope:
            return self.report(error("LIM302", "`has` takes the name of an input or a field of a map", expr))
        self.infer(expr.args[0], scope)
        return BOOL

    def tests(self, operands: Iterable[Expr], types: Iterable[Type], what: str) -> None:
        """Each of `operands` stands where a bool does."""
        for operand, of in zip(operands, types, strict=True):
            if not fits(of, BOOL):
                help_ = _instead(operand, of)
                self.report(error("LIM304", f"`{what}` takes {a(BOOL)} here, and this is {a(of)}", operand, help_))

    # -- lists, maps, macros ---------------------------------------------------------------------------------------

    def common(self, items: Sequence[Expr], scope: Scope, what: str) -> Type:
        return self.one_type(items, self.every(items, scope), what)

    def one_type(self, items: Sequence[Expr], types: list[Type], what: str) -> Type:
        """The type that all of `items` have."""
        if SCORE in types and self.profile:
            place = items[types.index(SCORE)]
            return self.report(
                error("LIM313", f"in a condition a score can only be compared, and {what} takes it", place, SCORE_HELP)
            )
        joined = join(types)
        if joined is not None or not self.profile:
            return joined or DYN
        odd = next(i for i, of in enumerate(types) if not fits(of, types[0]))
        return self.report(
            error("LIM340", f"{what} takes values of one type, not {a(types[0])} and {a(types[odd])}", items[odd])
        )

    def macro(self, expr: Macro, scope: Scope) -> Type:
        over = self.infer(expr.range, scope)
        if over.name not in ("list", "set", "map", "dyn"):
            over = self.report(
                error("LIM341", f"`{expr.kind}` runs over a list, a set or a map, and this is {a(over)}", expr.range)
            )
        if self.profile and (expr.var in scope or any(name.split(".", 1)[0] == expr.var for name in self.types)):
            self.report(
                error("LIM342", f"the variable `{expr.var}` hides a name", expr, "give the variable another name")
            )
        item = over.args[0] if over.args else DYN
        types = self.every(expr.body, {**scope, expr.var: item})
        tests = 0 if expr.kind == "map" and len(types) == 1 else 1
        self.tests(expr.body[:tests], types[:tests], expr.kind)
        if expr.kind == "map":
            return list_of(self.one_type(expr.body[-1:], types[-1:], "a list"))
        return list_of(item) if expr.kind == "filter" else BOOL


def _instead(operand: Expr, of: Type) -> str | None:
    """What may have been meant by an operand that is no bool."""
    if of == SCORE:
        return "compare it, as in `… >= 0.9`"
    if isinstance(operand, Literal) and of == STRING:
        return "repeat the comparison on this side, or use `in [… , …]`"
    return None
