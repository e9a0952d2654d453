"""What the generated code calls: the strict functions by Python names, and the operations that decide what is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, NoReturn

from policy_dsl.cel.functions import FUNCTIONS, has, select
from policy_dsl.cel.values import CelError, CelMap, Micro, Value, elements, int64

PREFIX: Final = "cel_"
_SPELLING: Final = {
    "_+_": "add", "_-_": "sub", "_*_": "mul", "_/_": "div", "_%_": "mod", "-_": "neg", "_[_]": "index", "@in": "in",
    "_<_": "lt", "_<=_": "le", "_>_": "gt", "_>=_": "ge", "_==_": "eq", "_!=_": "ne",
}  # fmt: skip


def python_name(function: str, count: int) -> str:
    """How the generated code calls a strict function of `count` operands."""
    return f"{PREFIX}{_SPELLING.get(function, f'{function}_{count}')}"


def boolean(value: Value) -> bool:
    """`value`, if it is a bool."""
    if type(value) is bool:
        return value
    raise CelError("no such overload: a condition is a bool")


def conjunction(*operands: Callable[[], Value]) -> bool:
    """`&&` of operands that may err: one false decides, whatever the others come to."""
    return _fold(operands, decisive=False)


def disjunction(*operands: Callable[[], Value]) -> bool:
    """`||` of operands that may err: one true decides, whatever the others come to."""
    return _fold(operands, decisive=True)


def for_all(items: Iterable[Value], test: Callable[[Value], Value]) -> bool:
    """`all` with a body that may err."""
    return _fold((partial(test, item) for item in items), decisive=False)


def exists(items: Iterable[Value], test: Callable[[Value], Value]) -> bool:
    """`exists` with a body that may err."""
    return _fold((partial(test, item) for item in items), decisive=True)


def _fold(results: Iterable[Callable[[], Value]], *, decisive: bool) -> bool:
    failure: CelError | None = None
    for result in results:
        try:
            if boolean(result()) is decisive:
                return decisive
        except CelError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return not decisive


def fail(message: str) -> NoReturn:
    """An expression that errs whenever it is reached."""
    raise CelError(message)


def make_map(*parts: Value) -> CelMap:
    """A map of keys and values in turn."""
    return CelMap(zip(parts[::2], parts[1::2], strict=True))


RUNTIME: Final[Mapping[str, Any]] = {
    **{python_name(name, count): function for (name, count), function in FUNCTIONS.items()},
    **{
        f"{PREFIX}{name}": function
        for name, function in {
            "and": conjunction, "or": disjunction, "all": for_all, "exists": exists, "bool": boolean, "fail": fail,
            "map": make_map, "has": has, "select": select, "elements": elements, "score": Micro, "int64": int64,
        }.items()
    },
}  # fmt: skip
