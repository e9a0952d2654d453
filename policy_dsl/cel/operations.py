"""A strict operation and its operands' code -> code: Python's own operators where the types allow it, else a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policy_dsl.cel import signatures
from policy_dsl.cel.functions import compiled
from policy_dsl.cel.pycode import Code, Constants, boxed, failing, written
from policy_dsl.cel.runtime import PREFIX, python_name
from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NUMERIC,
    SCORE,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    plain,
)
from policy_dsl.cel.values import CelError, kind, micros

COMPARISONS: Final = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_==_": "==", "_!=_": "!="}
EQUALITY: Final = ("_==_", "_!=_")
TEXT_TESTS: Final = {
    "startsWith": "{0}.startswith({1})", "endsWith": "{0}.endswith({1})", "contains": "({1} in {0})",
}  # fmt: skip
SIZED: Final = ("string", "bytes", "list", "set", "map")
# Types whose Python values Python itself orders and compares as CEL does. Not double in `in`: a NaN is in no list.
SAME: Final = (BOOL, STRING, BYTES, TIMESTAMP, DURATION)
HASHED: Final = {
    "string": ("string",),
    "bool": ("bool",),
    "int": ("int", "uint", "double"),
    "uint": ("int", "uint", "double"),
}


def operation(function: str, codes: Sequence[Code], constants: Constants) -> Code:
    """The code of a strict function or operator of CEL's library."""
    types = [plain(code.type) for code in codes]
    if function in COMPARISONS:
        return _comparison(function, codes, types)
    if function == "@in":
        return _membership(codes, types, constants)
    if function == "matches":
        return _matches(codes, types, constants)
    if function in TEXT_TESTS and types == [STRING, STRING]:
        return _plainly(TEXT_TESTS[function], codes, BOOL)
    if function == "size" and types[0].name in SIZED:
        return _plainly("len({0})", codes, INT)
    return _arithmetic(function, codes, types) or call(function, codes)


def call(function: str, codes: Sequence[Code]) -> Code:
    """A call of the run-time function, for operands of any type."""
    arguments = ", ".join(boxed(code).source for code in codes)
    source = f"{python_name(function, len(codes))}({arguments})"
    if _total(function, codes):
        return Code(source, _result(function, codes), any(code.can_err for code in codes))
    return Code(source, _result(function, codes), can_err=True)


def _total(function: str, codes: Sequence[Code]) -> bool:
    """Whether it gives a value for all operands of these types: values are always equal or not, and most ints divide."""
    types = [plain(code.type) for code in codes]
    if function in EQUALITY:
        return not any(of in (DYN, SCORE) or of.args for of in types)
    divisor = codes[-1].constant
    return function in ("_/_", "_%_") and types == [INT, INT] and divisor is not None and divisor[0] not in (0, -1)


def _result(function: str, codes: Sequence[Code]) -> Type:
    types = [code.type for code in codes]
    if function in COMPARISONS or function == "@in":
        return BOOL
    if function == "_[_]" and types[0].name in ("list", "map"):
        return types[0].args[-1]
    if function == "_+_" and all(of.name in ("list", "set") for of in types):
        return list_of(types[0].args[0] if types[0].args == types[1].args else DYN)
    known = {**signatures.OPERATORS, **signatures.FUNCTIONS}.get(function, ())
    return signatures.result_of(known, types) or DYN


def _plainly(template: str, codes: Sequence[Code], of: Type) -> Code:
    return Code(template.format(*(code.source for code in codes)), of, any(code.can_err for code in codes))


def _comparison(function: str, codes: Sequence[Code], types: list[Type]) -> Code:
    template = f"({{0}} {COMPARISONS[function]} {{1}})"
    left, right = types
    if SCORE in types:
        return _score_comparison(function, template, codes)
    if (left == right and left in SAME) or (left in NUMERIC and right in NUMERIC):
        return _plainly(template, codes, BOOL)
    return call(function, codes)


def _score_comparison(function: str, template: str, codes: Sequence[Code]) -> Code:
    """Between whole numbers of millionths, where the other side is a score or a decimal that has them."""
    try:
        sides = [_in_micros(code) for code in codes]
    except CelError as error:
        return failing(str(error))
    if None in sides:
        return call(function, codes)
    return Code(template.format(*sides), BOOL, any(code.can_err for code in codes))


def _in_micros(code: Code) -> str | None:
    if code.type == SCORE:
        return code.source
    if code.constant and type(code.constant[0]) is float:
        return written(micros(code.constant[0]))
    return None


def _membership(codes: Sequence[Code], types: list[Type], constants: Constants) -> Code:
    item, container = codes
    kinds = HASHED.get(types[0].name, ())
    if (
        container.constant
        and types[1].name == "list"
        and kinds
        and {kind(v) for v in container.constant[0]} <= set(kinds)
    ):
        return Code(f"({item.source} in {constants.add(frozenset(container.constant[0]))})", BOOL, item.can_err)
    if types[1].name in ("list", "set") and types[0] == plain(types[1].args[0]) and types[0] in (STRING, INT, BOOL):
        return _plainly("({0} in {1})", codes, BOOL)
    return call("@in", codes)


def _matches(codes: Sequence[Code], types: list[Type], constants: Constants) -> Code:
    """A pattern that is written out is compiled now."""
    pattern = codes[1].constant
    if types != [STRING, STRING] or pattern is None:
        return call("matches", codes)
    try:
        search = constants.add(compiled(pattern[0]))
    except CelError as error:
        return failing(str(error))
    return Code(f"{search}({codes[0].source})", BOOL, codes[0].can_err)


def _arithmetic(function: str, codes: Sequence[Code], types: list[Type]) -> Code | None:
    """Doubles and texts by Python's operators; ints too, with a check of the range."""
    if function == "-_" and types[0] in (INT, DOUBLE):
        template = "(-{0})"
    elif function in ("_+_", "_-_", "_*_") and types[0] == types[1] and types[0] in (INT, DOUBLE):
        template = f"({{0}} {function[1]} {{1}})"
    elif function == "_+_" and types[0] == types[1] and types[0] in (STRING, BYTES):
        template = "({0} + {1})"
    else:
        return None
    code = _plainly(template, codes, types[0])
    return Code(f"{PREFIX}int64{code.source}", INT, can_err=True) if types[0] == INT else code
