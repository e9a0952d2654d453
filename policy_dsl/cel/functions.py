"""The functions and operators of CEL's standard library that are strict: they take values and give one or raise CelError.

`&& || ! ? : has` and the macros are not here: they decide what is evaluated at all (`interpret.py`, `lowering.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import re2

from policy_dsl.cel import convert
from policy_dsl.cel.arithmetic import add, divide, modulo, multiply, negate, subtract
from policy_dsl.cel.times import SECOND, local
from policy_dsl.cel.values import (
    LISTS,
    CelError,
    CelMap,
    CelType,
    Duration,
    Timestamp,
    Uint,
    Value,
    compare,
    contains,
    elements,
    no_overload,
)

Function: TypeAlias = Callable[..., Value]

TYPES: Final[Mapping[str, CelType]] = {
    name: CelType(name)
    for name in ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
                 "google.protobuf.Timestamp", "google.protobuf.Duration")
}  # fmt: skip


def size(value: Value) -> int:
    """Characters of a string, bytes, or elements."""
    if type(value) in (str, bytes, CelMap) or type(value) in LISTS:
        return len(value)
    raise no_overload("size", value)


def index(container: Value, key: Value) -> Value:
    """`list[i]` (a whole number of any numeric type) and `map[key]`."""
    if type(container) is CelMap:
        return container[key]
    if type(container) not in LISTS or type(key) not in (int, Uint, float) or key != key // 1:
        raise no_overload("_[_]", container, key)
    if not 0 <= key < len(container):
        raise CelError("index out of range")
    return tuple(elements(container))[int(key)]


def select(operand: Value, field: str) -> Value:
    """`map.field`."""
    if type(operand) is CelMap:
        return operand[field]
    raise no_overload(f".{field}", operand)


def has(operand: Value, field: str) -> bool:
    """`has(map.field)`."""
    if type(operand) is CelMap:
        return field in operand
    raise no_overload("has", operand)


def compiled(text: str) -> Callable[[str], bool]:
    """A regular expression of RE2, linear in the text it searches; CelError where RE2 does not take it.

    What it gives never raises for a string: half a surrogate pair counts as a character.
    """
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        search = re2.compile(convert.encoded(text), options).search
    except re2.error as error:
        raise CelError(f"not a regular expression of RE2: {_told(error)}") from None
    return lambda subject: search(subject.encode("utf-8", "surrogatepass")) is not None


def _told(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return " ".join(text.split())


def matches(subject: Value, expression: Value) -> bool:
    _strings("matches", subject, expression)
    return compiled(expression)(subject)


def starts_with(text: Value, prefix: Value) -> bool:
    _strings("startsWith", text, prefix)
    return bool(text.startswith(prefix))


def ends_with(text: Value, suffix: Value) -> bool:
    _strings("endsWith", text, suffix)
    return bool(text.endswith(suffix))


def includes(text: Value, part: Value) -> bool:
    _strings("contains", text, part)
    return part in text


def _strings(function: str, *values: Value) -> None:
    if not all(type(value) is str for value in values):
        raise no_overload(function, *values)


_CALENDAR: Final[Mapping[str, Callable[[Any], int]]] = {
    "getFullYear": lambda when: when.year,
    "getMonth": lambda when: when.month - 1,
    "getDate": lambda when: when.day,
    "getDayOfMonth": lambda when: when.day - 1,
    "getDayOfWeek": lambda when: when.isoweekday() % 7,
    "getDayOfYear": lambda when: when.timetuple().tm_yday - 1,
    "getHours": lambda when: when.hour,
    "getMinutes": lambda when: when.minute,
    "getSeconds": lambda when: when.second,
    "getMilliseconds": lambda when: when.microsecond // 1_000,
}
_SPANS: Final = {"getHours": 3_600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND}


def calendar(name: str, value: Value, where: Value = "UTC") -> int:
    """A field of a timestamp's date or time of day in a time zone."""
    if type(value) is Timestamp and type(where) is str:
        return _CALENDAR[name](local(value, where))
    raise no_overload(name, value, where)


def clock(name: str, value: Value) -> int:
    """Like `calendar` in UTC; of a duration, its whole hours, minutes or seconds, or the milliseconds left over."""
    if type(value) is not Duration:
        return calendar(name, value)
    size = abs(value.nanos)
    whole = size // _SPANS[name] if name in _SPANS else size % SECOND // 1_000_000
    return -whole if value.nanos < 0 else whole


# By name and number of arguments. A method's target is its first argument: `x.size()` and `size(x)` are one function.
FUNCTIONS: Final[Mapping[tuple[str, int], Function]] = {
    ("_+_", 2): add, ("_-_", 2): subtract, ("_*_", 2): multiply, ("_/_", 2): divide, ("_%_", 2): modulo, ("-_", 1): negate,
    **{(f"_{symbol}_", 2): partial(compare, symbol) for symbol in ("<", "<=", ">", ">=", "==", "!=")},
    ("@in", 2): contains, ("_[_]", 2): index, ("size", 1): size,
    ("bool", 1): convert.to_bool, ("int", 1): convert.to_int, ("uint", 1): convert.to_uint, ("double", 1): convert.to_double,
    ("string", 1): convert.to_string, ("bytes", 1): convert.to_bytes, ("timestamp", 1): convert.to_timestamp,
    ("duration", 1): convert.to_duration, ("type", 1): convert.type_of, ("dyn", 1): lambda value: value,
    **{(name, count): partial(calendar, name) for name in _CALENDAR for count in (1, 2)},
    **{(name, 1): partial(clock, name) for name in (*_SPANS, "getMilliseconds")},
    ("contains", 2): includes, ("startsWith", 2): starts_with, ("endsWith", 2): ends_with, ("matches", 2): matches,
}  # fmt: skip
METHODS: Final = frozenset({"contains", "startsWith", "endsWith", *_CALENDAR})
BOTH: Final = frozenset({"size", "matches"})


def find(name: str, count: int, *, method: bool) -> Function | None:
    """The function called with `count` arguments (a method's target counts), or None where CEL has none such."""
    if method != (name in METHODS) and name not in BOTH:
        return None
    return FUNCTIONS.get((name, count))
