"""What CEL's functions and arithmetic operators take and give, for the static check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policy_dsl.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    Type,
    fits,
    list_of,
    map_of,
)

_LISTS = list_of(DYN)
_MAPS = map_of(DYN, DYN)


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload; a method's target is its first parameter."""

    params: tuple[Type, ...]
    result: Type


def _each(result: Type, *params: Type) -> tuple[Signature, ...]:
    return tuple(Signature((param,), result) for param in params)


def _same(*types: Type) -> tuple[Signature, ...]:
    return tuple(Signature((t, t), t) for t in types)


_TEXT_TEST = (Signature((STRING, STRING), BOOL),)
_DATE = (Signature((TIMESTAMP,), INT), Signature((TIMESTAMP, STRING), INT))
_CLOCK = (*_DATE, Signature((DURATION,), INT))

OPERATORS: Final[Mapping[str, tuple[Signature, ...]]] = {
    "_+_": (
        *_same(INT, UINT, DOUBLE, STRING, BYTES, DURATION),
        Signature((TIMESTAMP, DURATION), TIMESTAMP),
        Signature((DURATION, TIMESTAMP), TIMESTAMP),
    ),
    "_-_": (
        *_same(INT, UINT, DOUBLE, DURATION),
        Signature((TIMESTAMP, DURATION), TIMESTAMP),
        Signature((TIMESTAMP, TIMESTAMP), DURATION),
    ),
    "_*_": _same(INT, UINT, DOUBLE),
    "_/_": _same(INT, UINT, DOUBLE),
    "_%_": _same(INT, UINT),
    "-_": (Signature((INT,), INT), Signature((DOUBLE,), DOUBLE)),
}

FUNCTIONS: Final[Mapping[str, tuple[Signature, ...]]] = {
    "size": _each(INT, STRING, BYTES, _LISTS, _MAPS),
    "bool": _each(BOOL, BOOL, STRING),
    "int": _each(INT, INT, UINT, DOUBLE, STRING, TIMESTAMP),
    "uint": _each(UINT, UINT, INT, DOUBLE, STRING),
    "double": _each(DOUBLE, DOUBLE, INT, UINT, STRING),
    "string": _each(STRING, STRING, BOOL, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION),
    "bytes": _each(BYTES, BYTES, STRING),
    "timestamp": _each(TIMESTAMP, TIMESTAMP, STRING, INT),
    "duration": _each(DURATION, DURATION, STRING),
    "type": _each(TYPE, DYN),
    "dyn": _each(DYN, DYN),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), _TEXT_TEST),
    **dict.fromkeys(
        ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        _DATE,
    ),
    **dict.fromkeys(("getHours", "getMinutes", "getSeconds", "getMilliseconds"), _CLOCK),
}


def result_of(signatures: tuple[Signature, ...], args: list[Type]) -> Type | None:
    """The result of the overload that takes `args`; `dyn` where several with different results might; None where none does."""
    results = {s.result for s in signatures if len(s.params) == len(args) and all(map(fits, args, s.params))}
    if not results:
        return None
    return results.pop() if len(results) == 1 else DYN
