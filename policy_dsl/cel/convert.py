"""CEL's conversions between types: `int(x)`, `string(x)`, … Each takes any value and raises CelError for one it has no reading for."""

from __future__ import annotations

import math
import re
from typing import Final

from policy_dsl.cel.times import SECOND, format_duration, format_timestamp, parse_duration, parse_timestamp
from policy_dsl.cel.times import timestamp as checked
from policy_dsl.cel.values import CelError, CelType, Duration, Timestamp, Uint, Value, int64, kind, no_overload, uint64

# Every quantifier is possessive or alone: a text of any length costs its length.
_INT = re.compile(r"[+-]?\d++", re.ASCII)
_UINT = re.compile(r"\d++", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:\d++\.?\d*+|\.\d++)(?:e[+-]?\d++)?|[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
_BOOLS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def to_bool(value: Value) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value in _BOOLS:
        return _BOOLS[value]
    raise _refused("bool", value)


def to_int(value: Value) -> int:
    """Doubles are cut toward zero, timestamps count seconds; CelError outside of 64 bits."""
    if type(value) in (int, Uint):
        return int64(int(value))
    if type(value) is float and -(2.0**63) < value < 2.0**63:
        return int(value)
    if type(value) is Timestamp:
        return value.nanos // SECOND
    if type(value) is str and _INT.fullmatch(value):
        return int64(_digits(value))
    raise _refused("int", value)


def to_uint(value: Value) -> Uint:
    if type(value) in (int, Uint):
        return uint64(int(value))
    if type(value) is float and 0.0 <= value < 2.0**64:
        return Uint(int(value))
    if type(value) is str and _UINT.fullmatch(value):
        return uint64(_digits(value))
    raise _refused("uint", value)


def to_double(value: Value) -> float:
    if type(value) in (int, Uint, float):
        return float(value)
    if type(value) is str and _DOUBLE.fullmatch(value):
        number = float(value)
        if math.isinf(number) and value.lstrip("+-")[:1] not in "iI":
            raise CelError("double out of range")
        return number
    raise _refused("double", value)


def to_string(value: Value) -> str:
    """Doubles in the shortest form that reads back the same, timestamps in RFC 3339, durations in seconds."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case float():
            return _shortest(value)
        case bytes():
            return _decoded(value)
    if type(value) in (int, Uint):
        return str(int(value))
    raise _refused("string", value)


def to_bytes(value: Value) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        return encoded(value)
    raise _refused("bytes", value)


def to_timestamp(value: Value) -> Timestamp:
    if type(value) is Timestamp:
        return value
    if type(value) is int:
        return checked(value * SECOND)
    if type(value) is str:
        return parse_timestamp(value)
    raise _refused("timestamp", value)


def to_duration(value: Value) -> Duration:
    if type(value) is Duration:
        return value
    if type(value) is str:
        return parse_duration(value)
    raise _refused("duration", value)


def type_of(value: Value) -> CelType:
    names = {"null": "null_type", "timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration"}
    return CelType(names.get(kind(value), kind(value)))


def encoded(text: str) -> bytes:
    """UTF-8; CelError for half a surrogate pair, which is no character."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CelError("the string holds half a surrogate pair") from None


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CelError("the bytes are not UTF-8") from None


def _digits(text: str) -> int:
    """The number, or one beyond every range where it has too many digits to be worth reading."""
    digits = text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) <= 20 else 2**65
    return -size if text[0] == "-" else size


def _shortest(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return repr(value).removesuffix(".0")


def _refused(name: str, value: Value) -> CelError:
    if kind(value) in ("double", "string"):
        return CelError(f"{name}() cannot read this {kind(value)}")
    return no_overload(name, value)
