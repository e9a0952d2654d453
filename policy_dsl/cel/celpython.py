"""An expression run by cel-python: a second opinion on the part of CEL where cel-python 0.5 follows the specification.

It compares no int with a double, reads a long `duration(…)` in exponential time, takes `true` and `1` for one map key, and its
compiled runner is not safe in threads. So it gets no mixed numbers, times, conversions, maps or `has`, and its interpreted runner runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import celpy
from celpy import celtypes
from celpy.evaluation import CELEvalError

from policy_dsl.cel.check import check
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro
from policy_dsl.cel.partial import Err, Result
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.types import BOOL, DOUBLE, DYN, INT, SCORE, STRING, Type, plain
from policy_dsl.cel.unparse import unparse
from policy_dsl.cel.values import INT_MAX, LISTS, MICROS, Micro, Value, elements
from policy_dsl.cel.walk import children, replace_free, walk

PORTABLE_CALLS: Final = frozenset({
    "_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_+_", "_-_", "_*_", "_/_", "_%_", "-_",
    "size", "contains", "startsWith", "endsWith", "matches",
})  # fmt: skip
MAX_FRAMES: Final = 500
PORTABLE_LITERALS: Final = ("bool", "int", "double", "string")


def portable(expr: Expr, types: Mapping[str, Type]) -> bool:
    """Whether cel-python can be asked about `expr`, a resolved expression that `check` has no finding on with these types."""
    names = all(_plain(types.get(name, DYN)) for name, _ in free_names(expr))
    return names and _frames(expr) <= MAX_FRAMES and all(_portable(node, types) for node in walk(expr))


def _plain(of: Type) -> bool:
    return plain(of) in (BOOL, INT, DOUBLE, STRING, SCORE) or (of.name in ("list", "set") and _plain(of.args[0]))


def _frames(expr: Expr) -> int:
    """About how deep cel-python's stack grows; as measured, a macro takes 45 frames and another node ten."""
    return (45 if isinstance(expr, Macro) else 10) + max(map(_frames, children(expr)), default=0)


def _portable(node: Expr, types: Mapping[str, Type]) -> bool:
    match node:
        case Literal(kind=kind, value=value):
            return kind in PORTABLE_LITERALS and not (kind == "int" and abs(int(value or 0)) > INT_MAX)
        case Call(function="_+_"):  # two strings come out as something that has no methods
            return check(node, types, expect=None)[0] in (INT, DOUBLE)
        case Call(function=function):
            return function in PORTABLE_CALLS
        case Ident() | ListExpr() | Macro():
            return True
    return False


def program(expr: Expr) -> Callable[[Mapping[str, Value]], Result]:
    """A function of the inputs' values by name, all of them known; it gives a value or `Err`."""
    names = dict.fromkeys(name for name, _ in free_names(expr))
    variables = {name: f"limen_{i}" for i, name in enumerate(names)}
    text = unparse(replace_free(expr, lambda ident: Ident(variables[ident.name], ident.span)))
    runner = _runner(text)

    def run(inputs: Mapping[str, Value]) -> Result:
        try:
            return _from_celpy(runner.evaluate({variables[name]: _to_celpy(inputs[name]) for name in names}))
        except CELEvalError as error:
            return Err(" ".join(str(error.args[0]).split()))

    return run


def _runner(text: str) -> celpy.Runner:
    limit = sys.getrecursionlimit()
    try:
        environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
    finally:
        sys.setrecursionlimit(limit)  # the environment raises it, for the whole process
    return environment.program(environment.compile(text))


def _to_celpy(value: Value) -> Any:
    if type(value) is Micro:
        return celtypes.DoubleType(value / MICROS)
    if type(value) in LISTS:
        return celtypes.ListType([_to_celpy(item) for item in elements(value)])
    return _CELPY[type(value)](value)


def _from_celpy(value: Any) -> Result:
    if isinstance(value, celtypes.ListType):
        return tuple(map(_from_celpy, value))
    for ours, theirs in _CELPY.items():
        if isinstance(value, theirs):
            return ours(value)
    raise TypeError(f"cel-python gave a {type(value).__name__}")


_CELPY: Final[Mapping[type, type]] = {
    bool: celtypes.BoolType, int: celtypes.IntType, float: celtypes.DoubleType, str: celtypes.StringType,
}  # fmt: skip
