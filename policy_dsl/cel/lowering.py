"""An expression and its inputs' types -> one Python expression that gives the same value or raises CelError.

Where the types prove that an operation cannot err, it becomes Python's own operator; else a call of the functions that
`interpret.py` runs too. So what is known of an input decides how fast it runs, never what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from math import isfinite
from typing import Any, Final, TypeAlias

from policy_dsl.cel.functions import TYPES, find
from policy_dsl.cel.interpret import literal
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.operations import operation
from policy_dsl.cel.pycode import Code, Constants, Name, as_bool, boxed, failing, junction, written
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.runtime import PREFIX, make_map
from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    SCORE,
    STRING,
    Type,
    joined,
    list_of,
    map_of,
    type_of_value,
)
from policy_dsl.cel.values import CelError, Value
from policy_dsl.cel.walk import children

Scope: TypeAlias = Mapping[str, Name]  # the comprehension variables
SEGMENT: Final = 12  # Python's compiler bounds nesting: a taller tree is cut into functions of this height


def lower(expr: Expr, names: Mapping[str, Name], constants: Constants, *, fold: bool = True) -> Code:
    """The code of a resolved expression.

    `names` are the inputs; an undeclared one raises when it is reached. `fold` computes what depends on no input now.
    """
    return _Lowering(names, constants, fold, _heights(expr)).lower(expr, {})


def lower_condition(expr: Expr, names: Mapping[str, Name], constants: Constants) -> Code:
    """Like `lower`, for an expression whose value must be a bool."""
    return as_bool(lower(expr, names, constants))


def to_function(expr: Expr, types: Mapping[str, Type], *, fold: bool = True) -> Callable[[Mapping[str, Value]], Value]:
    """A function of the inputs' values by name; it raises CelError. For a lone expression: a program embeds `lower`'s code."""
    constants = Constants()
    names = {name: Name(f"inputs[{name!r}]", of) for name, of in types.items()}
    code = lower(expr, names, constants, fold=fold)
    function: Callable[[Mapping[str, Value]], Value] = eval(f"lambda inputs: {code.source}", constants.globals)  # noqa: S307
    return function


@dataclass(frozen=True, slots=True)
class _Lowering:
    names: Mapping[str, Name]
    constants: Constants
    fold: bool
    heights: Mapping[int, int]

    def lower(self, expr: Expr, scope: Scope) -> Code:
        height = self.heights[id(expr)]
        if height and height % SEGMENT == 0:
            return self.outlined(expr, scope)
        return _RULES[type(expr)](self, expr, scope)

    def every(self, exprs: Iterable[Expr], scope: Scope) -> list[Code]:
        return list(map(self.lower, exprs, repeat(scope)))

    def outlined(self, expr: Expr, scope: Scope) -> Code:
        """The same as a function of its own, whose parameters are the inputs and variables that it reads."""
        outer = {name: scope.get(name) or self.names.get(name) for name, _ in free_names(expr)}
        texts = dict.fromkeys(text for name in outer.values() if name for text in (name.source, name.has))
        params = {text: f"p{i}" for i, text in enumerate(texts)}
        inner = {key: Name(params[n.source], n.type, params[n.has]) for key, n in outer.items() if n}
        code = _RULES[type(expr)](_Lowering(inner, self.constants, self.fold, self.heights), expr, {})
        function = eval(f"lambda {', '.join(params.values())}: {code.source}", self.constants.globals)  # noqa: S307
        return replace(code, source=f"{self.constants.add(function)}({', '.join(params)})")

    # -- leaves ----------------------------------------------------------------------------------------------------

    def computed(self, value: Callable[[], Value]) -> Code:
        """What depends on no input: its value, or its error."""
        try:
            return self.constant(value())
        except CelError as error:
            return failing(str(error))

    def constant(self, value: Value) -> Code:
        of = type_of_value(value)
        plainly = of in (BOOL, INT, STRING, BYTES) or value is None or (of == DOUBLE and isfinite(value))
        return Code(written(value) if plainly else self.constants.add(value), of, can_err=False, constant=(value,))

    def literal(self, expr: Literal, _: Scope) -> Code:
        return self.computed(partial(literal, expr))

    def weight(self, _: Weight, __: Scope) -> Code:
        return failing("a weight stands only in a score's definition")

    def ident(self, expr: Ident, scope: Scope) -> Code:
        found = scope.get(expr.name) or self.names.get(expr.name)
        if found is not None:
            return Code(found.source, found.type, can_err=False)
        return (
            self.constant(TYPES[expr.name]) if expr.name in TYPES else failing(f"undeclared reference to {expr.name}")
        )

    # -- operators and functions -----------------------------------------------------------------------------------

    def select(self, expr: Select, scope: Scope) -> Code:
        operand = self.lower(expr.operand, scope)
        is_map = operand.type.name == "map"
        if expr.test and is_map:
            return Code(f"({expr.field!r} in {operand.source})", BOOL, operand.can_err)
        function, of = ("has", BOOL) if expr.test else ("select", operand.type.args[1] if is_map else DYN)
        return Code(f"{PREFIX}{function}({boxed(operand).source}, {expr.field!r})", of, can_err=True)

    def call(self, expr: Call, scope: Scope) -> Code:
        match expr.function, expr.args:
            case "_&&_" | "_||_", (_, _):
                return junction(expr.function, self.every(chain(expr), scope))
            case "!_", (operand,):
                test = as_bool(self.lower(operand, scope))
                return Code(f"(not {test.source})", BOOL, test.can_err)
            case "_?_:_", (test, yes, no):
                return choice(*self.every((test, yes, no), scope))
            case "has", (Ident(name=name),) if expr.target is None:
                return self.applies(name, scope)
        operands = expr.args if expr.target is None else (expr.target, *expr.args)
        function = find(expr.function, len(operands), method=expr.target is not None)
        if function is None:
            return failing(f"no such function: {expr.function}")
        codes = self.every(operands, scope)
        constants = [code.constant for code in codes if code.constant]
        if self.fold and len(constants) == len(codes):
            return self.computed(lambda: function(*(value for (value,) in constants)))
        return operation(expr.function, codes, self.constants)

    def applies(self, name: str, scope: Scope) -> Code:
        found = scope.get(name) or self.names.get(name)
        return Code(found.has if found else "True", BOOL, can_err=False)

    # -- lists, maps, macros ---------------------------------------------------------------------------------------

    def list_(self, expr: ListExpr, scope: Scope) -> Code:
        codes = list(map(boxed, self.every(expr.items, scope)))
        if self.fold and all(code.constant for code in codes):
            return self.constant(tuple(value for code in codes for value in code.constant or ()))
        of = list_of(joined(code.type for code in codes))
        return Code(f"({''.join(f'{code.source}, ' for code in codes)})", of, any(code.can_err for code in codes))

    def map_(self, expr: MapExpr, scope: Scope) -> Code:
        codes = list(map(boxed, self.every(children(expr), scope)))
        if self.fold and all(code.constant for code in codes):
            return self.computed(lambda: make_map(*(value for code in codes for value in code.constant or ())))
        of = map_of(joined(code.type for code in codes[::2]), joined(code.type for code in codes[1::2]))
        return Code(f"{PREFIX}map({', '.join(code.source for code in codes)})", of, can_err=True)

    def macro(self, expr: Macro, scope: Scope) -> Code:
        over = self.lower(expr.range, scope)
        item = over.type.args[0] if over.type.args else DYN
        var = f"{PREFIX}v{len(scope)}"
        inner = {**scope, expr.var: Name(var, item)}
        return comprehension(expr.kind, over, var, self.every(expr.body, inner))


_RULES: Final[Mapping[type, Callable[[_Lowering, Any, Scope], Code]]] = {
    Literal: _Lowering.literal, Ident: _Lowering.ident, Select: _Lowering.select, Call: _Lowering.call, ListExpr: _Lowering.list_,
    MapExpr: _Lowering.map_, Macro: _Lowering.macro, Weight: _Lowering.weight,
}  # fmt: skip


def choice(test: Code, yes: Code, no: Code) -> Code:
    """`test ? yes : no`."""
    test = as_bool(test)
    of = joined([yes.type, no.type])
    results = (yes, no) if of == SCORE else (boxed(yes), boxed(no))
    source = f"({results[0].source} if {test.source} else {results[1].source})"
    return Code(source, of, test.can_err or yes.can_err or no.can_err)


def comprehension(kind: str, over: Code, var: str, body: list[Code]) -> Code:
    """A macro over the list, set or map `over`, each of whose elements is `var` in `body`."""
    test = as_bool(body[0]) if kind != "map" or len(body) == 2 else body[0]
    risky = any(part.can_err for part in body) or test is not body[0]
    items = _items(over, ordered=risky or kind in ("map", "filter"))
    can_err = items.can_err or risky
    each = f"for {var} in {items.source}"
    match kind:
        case "all" | "exists" if risky:
            source, of = f"{PREFIX}{kind}({items.source}, lambda {var}: {body[0].source})", BOOL
        case "all" | "exists":
            source, of = f"{'all' if kind == 'all' else 'any'}({body[0].source} {each})", BOOL
        case "exists_one":
            source, of = f"([{test.source} {each}].count(True) == 1)", BOOL
        case "filter":
            source, of = (
                f"tuple([{var} {each} if {test.source}])",
                list_of(over.type.args[0] if over.type.args else DYN),
            )
        case _:
            condition = f" if {test.source}" if len(body) == 2 else ""
            source, of = f"tuple([{boxed(body[-1]).source} {each}{condition}])", list_of(body[-1].type)
    return Code(source, of, can_err)


def _items(over: Code, *, ordered: bool) -> Code:
    """What a macro runs over. A set's order matters only where it can be seen: in a list, or in which error comes first."""
    if over.type.name == "list" or (over.type.name == "set" and not ordered):
        return over
    return Code(
        f"{PREFIX}elements({boxed(over).source})", over.type, over.can_err or over.type.name not in ("set", "map")
    )


def chain(expr: Call) -> list[Expr]:
    """The operands of `a && b && c`, which nests to the left, or of `||`."""
    parts: list[Expr] = []
    left: Expr = expr
    while isinstance(left, Call) and left.function == expr.function and left.target is None and len(left.args) == 2:
        parts.append(left.args[1])
        left = left.args[0]
    return [left, *reversed(parts)]


def _heights(expr: Expr) -> dict[int, int]:
    """How tall each node is, a chain of `&&` or `||` counting once."""
    heights: dict[int, int] = {}

    def height(node: Expr) -> int:
        is_chain = isinstance(node, Call) and node.function in ("_&&_", "_||_") and len(node.args) == 2
        below = chain(node) if is_chain and isinstance(node, Call) else list(children(node))
        heights[id(node)] = 1 + max(map(height, below), default=-1)
        return heights[id(node)]

    height(expr)
    return heights
