"""An expression and its inputs' types -> its type and what is wrong with it.

With `profile`, what Limen leaves out of CEL is refused too: scores anywhere but in comparisons, numbers of different types
together (ruling R10), order of enum values, lists of mixed types. Without it, only what can never run is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias

from policy_dsl.cel import signatures
from policy_dsl.cel.functions import BOTH, METHODS, TYPES, compiled
from policy_dsl.cel.functions import FUNCTIONS as RUNNABLE
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.resolve import dotted
from policy_dsl.cel.scorecheck import EQUALITY, compared_with_score, enum_values, error
from policy_dsl.cel.times import zone
from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    NULL,
    NUMERIC,
    SCORE,
    STRING,
    TYPE,
    UINT,
    Type,
    fits,
    is_dyn,
    join,
    list_of,
    map_of,
    plain,
)
from policy_dsl.cel.values import INT_MAX, CelError
from policy_dsl.diagnostics import Diagnostic, in_order

Scope: TypeAlias = Mapping[str, Type]

LITERALS = {"null": NULL, "bool": BOOL, "int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES}
ORDER = ("_<_", "_<=_", "_>_", "_>=_")
ORDERED = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
FUSION = ("max", "min", "mean", "weighted", "noisy_or", "cascade")
MACROS = ("all", "exists", "exists_one", "map", "filter")


def check(
    expr: Expr, types: Mapping[str, Type], profile: bool = True, expect: Type | None = BOOL
) -> tuple[Type, tuple[Diagnostic, ...]]:
    """The type of a resolved expression over inputs of `types`, and every finding, in order.

    `expect` is what the whole must be (a condition is a bool); None: anything. A part that has a finding counts as `dyn`, so
    that one mistake is told once.
    """
    checker = _Checker(types, profile)
    found = checker.infer(expr, {})
    if found == SCORE and expect != SCORE:
        found = checker.report(
            error("LIM303", "a condition is a bool, and this is a score", expr, "compare it, as in `… >= 0.9`")
        )
    elif expect is not None and not fits(found, expect):
        checker.report(error("LIM303", f"a condition is a {expect}, and this is {_a(found)}", expr))
    return found, in_order(checker.found)


@dataclass
class _Checker:
    types: Mapping[str, Type]
    profile: bool
    found: list[Diagnostic] = field(default_factory=list)

    def report(self, *diagnostics: Diagnostic) -> Type:
        self.found.extend(diagnostics)
        return DYN

    def infer(self, expr: Expr, scope: Scope) -> Type:
        match expr:
            case Literal():
                return self.literal(expr)
            case Ident():
                return self.name(expr, expr.name, scope)
            case Select():
                return self.select(expr, scope)
            case Call():
                return self.call(expr, scope)
            case ListExpr(items=items):
                return list_of(self.common(items, scope, "a list"))
            case MapExpr(entries=entries):
                return self.map(entries, scope)
            case Macro():
                return self.macro(expr, scope)
            case Weight():
                return self.report(error("LIM343", "a weight stands only in `weighted(…)`, in a `score`", expr))

    # -- leaves ----------------------------------------------------------------------------------------------------

    def literal(self, expr: Literal) -> Type:
        value = expr.value
        if expr.kind == "int" and isinstance(value, int) and value > INT_MAX:
            return self.report(error("LIM332", f"`{expr.text or value}` is more than an int holds, {INT_MAX}", expr))
        if expr.kind == "double" and value in (float("inf"), float("-inf")):
            return self.report(error("LIM332", f"`{expr.text or value}` is more than a double holds", expr))
        return LITERALS[expr.kind]

    def name(self, expr: Expr, name: str, scope: Scope) -> Type:
        if name in scope:
            return scope[name]
        if name in self.types:
            return self.types[name]
        if name in TYPES:
            return TYPE
        close = get_close_matches(name, self.types, 1)
        return self.report(
            error("LIM300", f"unknown name `{name}`", expr, f"did you mean `{close[0]}`?" if close else None)
        )

    def select(self, expr: Select, scope: Scope) -> Type:
        name = dotted(expr)
        if name is not None and (name in self.types or self.unknown_root(expr, scope)):
            found = self.name(expr, name, scope)
            return BOOL if expr.test else found
        operand = self.infer(expr.operand, scope)
        if operand.name == "map" and fits(STRING, operand.args[0]):
            return BOOL if expr.test else operand.args[1]
        if operand != DYN:
            return self.report(error("LIM308", f"{_a(operand)} has no field `{expr.field}`", expr))
        return BOOL if expr.test else DYN

    def unknown_root(self, expr: Expr, scope: Scope) -> bool:
        """Whether a chain begins with a name that means nothing, so that the whole chain is what is unknown."""
        while isinstance(expr, Select):
            expr = expr.operand
        return isinstance(expr, Ident) and not (expr.name in scope or expr.name in self.types)

    # -- operators -------------------------------------------------------------------------------------------------

    def call(self, expr: Call, scope: Scope) -> Type:
        name = expr.function
        if name == "has" and expr.target is None:
            return self.has(expr, scope)
        operands = expr.args if expr.target is None else (expr.target, *expr.args)
        types = [self.infer(operand, scope) for operand in operands]
        if name in ("_&&_", "_||_", "!_"):
            return self.logic(name, operands, types)
        if name == "_?_:_":
            self.logic(name, operands[:1], types[:1])
            return self.one_of(operands[1:], types[1:], "the two results of `?:`")
        if name in EQUALITY or name in ORDER:
            return self.comparison(expr, operands, types)
        if self.scores(operands, types, name):
            return DYN
        if name == "@in":
            return self.membership(expr, operands, types)
        if name == "_[_]":
            return self.index(expr, types)
        if name in signatures.OPERATORS:
            return self.arithmetic(expr, operands, types)
        return self.function(expr, operands, types)

    def has(self, expr: Call, scope: Scope) -> Type:
        if len(expr.args) != 1 or not isinstance(expr.args[0], Ident) or expr.args[0].name in scope:
            return self.report(error("LIM302", "`has` takes the name of an input or a map's field", expr))
        self.infer(expr.args[0], scope)
        return BOOL

    def logic(self, name: str, operands: tuple[Expr, ...], types: list[Type]) -> Type:
        for operand, of in zip(operands, types, strict=True):
            if not fits(of, BOOL):
                self.report(
                    error(
                        "LIM304",
                        f"`{_symbol(name)}` takes bools, and this is {_a(of)}",
                        operand,
                        _not_bool(operand, of),
                    )
                )
        return BOOL

    def comparison(self, expr: Call, operands: tuple[Expr, ...], types: list[Type]) -> Type:
        (left, right), (a, b) = operands, types
        before = len(self.found)
        if SCORE in types:
            if self.profile:
                self.report(*compared_with_score(*((right, b) if a == SCORE else (left, a))))
        elif "enum" in (a.name, b.name) and self.profile:
            self.enums(expr, operands, types)
        if len(self.found) == before and SCORE not in types and not is_dyn(a, b):
            self.comparable(expr, plain(a), plain(b))
        return BOOL

    def enums(self, expr: Call, operands: tuple[Expr, ...], types: list[Type]) -> None:
        if expr.function not in EQUALITY:
            self.report(
                error(
                    "LIM321", f"the values of an enum have no order, so `{_symbol(expr.function)}` means nothing", expr
                )
            )
        for (subject, of), other in zip(zip(operands, types, strict=True), reversed(operands), strict=True):
            if of.name == "enum":
                self.report(*enum_values(subject, of, [other]))

    def comparable(self, expr: Call, a: Type, b: Type) -> None:
        symbol = _symbol(expr.function)
        if a in NUMERIC and b in NUMERIC:
            if a != b and self.profile:
                self.report(error("LIM306", f"`{symbol}` compares {_a(a)} with {_a(b)}", expr, _convert(a, b)))
        elif not fits(a, b) and NULL not in (a, b):
            self.report(error("LIM305", f"{_a(a)} and {_a(b)} cannot be compared", expr))
        elif expr.function in ORDER and (a.name not in ORDERED or b.name not in ORDERED):
            self.report(error("LIM305", f"values of type {a if a.name not in ORDERED else b} have no order", expr))
        elif self.profile and {a.name, b.name} == {"list", "set"}:
            self.report(error("LIM305", "a set and a list cannot be compared: a set has no order", expr))

    def scores(self, operands: tuple[Expr, ...], types: list[Type], name: str) -> bool:
        """Whether an operand is a score, which this operation does not take."""
        places = [operand for operand, of in zip(operands, types, strict=True) if of == SCORE]
        for place in places:
            what = f"`{_symbol(name)}`"
            self.report(
                error("LIM313", f"in a condition a score can only be compared, and {what} takes it", place, SCORE_HELP)
            )
        return bool(places)

    def membership(self, expr: Call, operands: tuple[Expr, ...], types: list[Type]) -> Type:
        (item, container), (a, b) = operands, types
        if b.name not in ("list", "set", "map", "dyn"):
            help_ = f'write `{_symbol("contains")}` as in `text.contains("…")`' if b == STRING else None
            self.report(
                error("LIM309", f"`in` looks into a list, a set or a map, and this is {_a(b)}", container, help_)
            )
        elif not is_dyn(a, b):
            self.member(expr, item, a, container, b.args[0])
        return BOOL

    def member(self, expr: Call, item: Expr, a: Type, container: Expr, element: Type) -> None:
        if a.name == "enum" and self.profile and isinstance(container, ListExpr):
            self.report(*enum_values(item, a, list(container.items)))
        if element.name == "enum" and self.profile:
            self.report(*enum_values(container, element, [item]))
        if a in NUMERIC and element in NUMERIC and (a == element or not self.profile):
            return
        if a in NUMERIC and element in NUMERIC:
            self.report(
                error("LIM306", f"`in` looks for {_a(a)} among values of type {element}", expr, _convert(a, element))
            )
        elif not fits(a, element):
            self.report(error("LIM305", f"`in` looks for {_a(a)} among values of type {element}", expr))

    def index(self, expr: Call, types: list[Type]) -> Type:
        container, key = types
        if container.name == "map" and fits(key, container.args[0]):
            return container.args[1]
        if container.name == "list" and fits(key, INT):
            return container.args[0]
        if container == DYN or (not self.profile and container.name in ("list", "map") and key in NUMERIC):
            return DYN
        return self.report(error("LIM308", f"{_a(container)} has no element at {_a(key)}", expr))

    def arithmetic(self, expr: Call, operands: tuple[Expr, ...], types: list[Type]) -> Type:
        name = expr.function
        if name == "_+_" and all(t.name in ("list", "set") for t in types):
            return list_of(self.one_of(operands, [t.args[0] for t in types], "the two lists"))
        result = signatures.result_of(signatures.OPERATORS[name], types)
        if result is None:
            return self.no_operator(expr, types)
        if (
            name in ("_/_", "_%_")
            and isinstance(operands[1], Literal)
            and operands[1].value == 0
            and types[1] != DOUBLE
        ):
            return self.report(error("LIM333", "division by zero", expr))
        return result

    def no_operator(self, expr: Call, types: list[Type]) -> Type:
        symbol = _symbol(expr.function)
        if len(types) == 2 and all(t in NUMERIC for t in types) and types[0] != types[1]:
            return self.report(
                error(
                    "LIM306",
                    f"`{symbol}` takes two numbers of one type, not {_a(types[0])} and {_a(types[1])}",
                    expr,
                    _convert(*types),
                )
            )
        return self.report(error("LIM307", f"`{symbol}` does not take {' and '.join(map(_a, types))}", expr))

    # -- functions -------------------------------------------------------------------------------------------------

    def function(self, expr: Call, operands: tuple[Expr, ...], types: list[Type]) -> Type:
        name = expr.function
        if name not in signatures.FUNCTIONS:
            return self.unknown_function(expr)
        if (expr.target is not None) != (name in METHODS) and name not in BOTH:
            form = f"`x.{name}(…)`" if name in METHODS else f"`{name}(x)`"
            return self.report(error("LIM302", f"`{name}` is called in another way", expr, f"write {form}"))
        result = signatures.result_of(signatures.FUNCTIONS[name], types)
        if result is None:
            return self.report(error("LIM302", f"`{name}` does not take {_listed(types)}", expr, _takes(name)))
        return self.constant(expr, operands) or result

    def unknown_function(self, expr: Call) -> Type:
        name = expr.function
        if name in FUSION and expr.target is None:
            return self.report(error("LIM301", f"`{name}` combines scores, which a condition cannot", expr, SCORE_HELP))
        if name in MACROS:
            return self.report(
                error("LIM344", f"`{name}` takes a variable and what to ask of it", expr, f"write `list.{name}(x, …)`")
            )
        close = get_close_matches(name, [*signatures.FUNCTIONS, *MACROS, "has"], 1)
        return self.report(
            error("LIM301", f"unknown function `{name}`", expr, f"did you mean `{close[0]}`?" if close else None)
        )

    def constant(self, expr: Call, operands: tuple[Expr, ...]) -> Type | None:
        """Reports a literal argument that the function refuses whenever it runs."""
        last = operands[-1]
        if not isinstance(last, Literal) or last.kind != "string":
            return None
        try:
            _trial(expr.function, len(operands))(last.value)
        except CelError as problem:
            code = "LIM330" if expr.function == "matches" else "LIM331"
            return self.report(error(code, _one_line(str(problem)), last))
        return None

    # -- lists, maps, macros ---------------------------------------------------------------------------------------

    def common(self, items: tuple[Expr, ...], scope: Scope, what: str) -> Type:
        types = [self.infer(item, scope) for item in items]
        for item, of in zip(items, types, strict=True):
            if of == SCORE:
                self.report(
                    error(
                        "LIM313", f"in a condition a score can only be compared, and {what} holds it", item, SCORE_HELP
                    )
                )
        return DYN if SCORE in types else self.one_of(items, types, what)

    def one_of(self, items: tuple[Expr, ...], types: list[Type], what: str) -> Type:
        if SCORE in types:
            return self.report(
                error(
                    "LIM313",
                    f"in a condition a score can only be compared, and {what} holds it",
                    items[types.index(SCORE)],
                    SCORE_HELP,
                )
            )
        joined = join(types)
        if joined is not None or not self.profile:
            return joined or DYN
        odd = next(i for i, of in enumerate(types) if not fits(of, types[0]))
        return self.report(
            error("LIM340", f"{what} has values of one type, not {_a(types[0])} and {_a(types[odd])}", items[odd])
        )

    def map(self, entries: tuple[tuple[Expr, Expr], ...], scope: Scope) -> Type:
        keys = self.common(tuple(key for key, _ in entries), scope, "a map's keys")
        values = self.common(tuple(value for _, value in entries), scope, "a map")
        return map_of(keys, values)

    def macro(self, expr: Macro, scope: Scope) -> Type:
        over = self.infer(expr.range, scope)
        if over.name not in ("list", "set", "map", "dyn"):
            self.report(
                error("LIM341", f"`{expr.kind}` runs over a list, a set or a map, and this is {_a(over)}", expr.range)
            )
            over = DYN
        if self.profile and (expr.var in scope or any(name.split(".", 1)[0] == expr.var for name in self.types)):
            self.report(
                error("LIM342", f"the variable `{expr.var}` hides a name", expr, "give the variable another name")
            )
        item = over.args[0] if over.args else DYN
        types = [self.infer(part, {**scope, expr.var: item}) for part in expr.body]
        tests = expr.body[:1] if expr.kind != "map" or len(expr.body) == 2 else ()
        for test, of in zip(tests, types, strict=False):
            if not fits(of, BOOL):
                self.report(error("LIM304", f"`{expr.kind}` asks a bool of each element, and this is {_a(of)}", test))
        if expr.kind == "map":
            return list_of(self.one_of(expr.body[-1:], types[-1:], "a list"))
        return list_of(item) if expr.kind == "filter" else BOOL


SCORE_HELP = "compute with scores in a definition, `score NAME = …`, and compare that"


def _trial(name: str, count: int) -> Callable[[Any], object]:
    """What to try a literal last argument with."""
    if name == "matches":
        return compiled
    if name.startswith("get") and count == 2:
        return zone
    return RUNNABLE[name, 1] if count == 1 else lambda value: value


def _symbol(name: str) -> str:
    return {"@in": "in", "_?_:_": "?:", "_[_]": "[]"}.get(name, name.strip("_") if not name[0].isalpha() else name)


def _a(of: Type) -> str:
    if of == DYN:
        return "a value of unknown type"
    return f"{'an' if of.name[0] in 'aeiou' else 'a'} {of}"


def _listed(types: list[Type]) -> str:
    return " and ".join(map(_a, types)) or "no arguments"


def _takes(name: str) -> str:
    forms = dict.fromkeys(", ".join(map(str, s.params)) for s in signatures.FUNCTIONS[name])
    return f"it takes ({') or ('.join(forms)})"


def _convert(a: Type, b: Type) -> str:
    return "write the number as a decimal, or convert with `double(…)`" if DOUBLE in (a, b) else "convert with `int(…)`"


def _not_bool(operand: Expr, of: Type) -> str | None:
    if of == SCORE:
        return "compare it, as in `… >= 0.9`"
    return (
        "repeat the comparison on this side, or use `in [… , …]`"
        if isinstance(operand, Literal) and of == STRING
        else None
    )


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
