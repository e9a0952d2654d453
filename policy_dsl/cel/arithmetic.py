"""CEL's `+ - * / %` and unary minus: checked integers, IEEE doubles, concatenation, times."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from policy_dsl.cel.times import duration, timestamp
from policy_dsl.cel.values import (
    LISTS,
    CelError,
    Duration,
    Timestamp,
    Uint,
    Value,
    elements,
    int64,
    no_overload,
    uint64,
)

_PLAIN: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
}  # fmt: skip


def add(a: Value, b: Value) -> Value:
    """Numbers of one type, strings, bytes, lists, a time and a duration."""
    left, right = type(a), type(b)
    if left is right and left in (str, bytes):
        return a + b
    if left in LISTS and right in LISTS:
        return (*elements(a), *elements(b))
    if left is Timestamp and right is Duration:
        return timestamp(a.nanos + b.nanos)
    if left is Duration and right is Timestamp:
        return timestamp(a.nanos + b.nanos)
    if left is Duration and right is Duration:
        return duration(a.nanos + b.nanos)
    return _number("+", a, b)


def subtract(a: Value, b: Value) -> Value:
    left, right = type(a), type(b)
    if left is Timestamp and right is Duration:
        return timestamp(a.nanos - b.nanos)
    if left is right and left in (Timestamp, Duration):
        return duration(a.nanos - b.nanos)
    return _number("-", a, b)


def multiply(a: Value, b: Value) -> Value:
    return _number("*", a, b)


def divide(a: Value, b: Value) -> Value:
    """Integers truncate toward zero, and by zero is an error; doubles follow IEEE 754."""
    if type(a) is float and type(b) is float:
        return _divide_doubles(a, b)
    _same_integers("/", a, b)
    if b == 0:
        raise CelError("division by zero")
    quotient = abs(int(a)) // abs(int(b))
    return _ranged(a, -quotient if (a < 0) != (b < 0) else quotient)


def modulo(a: Value, b: Value) -> Value:
    """The remainder of `divide`: its sign is that of `a`. Doubles have none."""
    _same_integers("%", a, b)
    if b == 0:
        raise CelError("modulus by zero")
    rest = abs(int(a)) % abs(int(b))
    return _ranged(a, -rest if a < 0 else rest)


def negate(a: Value) -> Value:
    if type(a) is float:
        return -a
    if type(a) is int:
        return int64(-a)
    raise no_overload("-_", a)


def _number(symbol: str, a: Value, b: Value) -> Value:
    if type(a) is float and type(b) is float:
        return _PLAIN[symbol](a, b)
    _same_integers(symbol, a, b)
    return _ranged(a, _PLAIN[symbol](int(a), int(b)))


def _same_integers(symbol: str, a: Value, b: Value) -> None:
    if type(a) is not type(b) or type(a) not in (int, Uint):
        raise no_overload(f"_{symbol}_", a, b)


def _ranged(like: Value, value: int) -> Value:
    return uint64(value) if type(like) is Uint else int64(value)


def _divide_doubles(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)
