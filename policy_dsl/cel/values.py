"""CEL's run-time values as Python objects: which type each is, equality, order, maps and the integers' ranges.

    null None · bool bool · int int (64 bits) · uint Uint · double float · string str · bytes bytes · type CelType
    list tuple (a set input: frozenset) · map CelMap · timestamp Timestamp · duration Duration · score Micro

A score is Limen's own type: a whole number of millionths that can only be compared (ruling R10).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1
MICROS: Final = 1_000_000

Value: TypeAlias = Any  # one of the types named above; nothing static can be said of a `dyn`


class CelError(ValueError):
    """An evaluation error in the sense of the CEL specification; the message is one line."""


class Uint(int):
    """An unsigned 64-bit integer. Compares with `int` and `float` by value, exactly, as CEL asks."""

    __slots__ = ()


class Micro(int):
    """A score in millionths, 0 to 1,000,000 (S1). Equal to a double where that is the double nearest to its decimal."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment: nanoseconds since 1970-01-01T00:00:00Z, within the years 0001 to 9999."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds, within 64 bits (about 292 years either way)."""

    nanos: int


@dataclass(frozen=True, slots=True)
class CelType:
    """What `type(x)` gives."""

    name: str


class CelMap:
    """An immutable map. Keys are bool, int, uint or string; `1`, `1u` and `1.0` find the same entry, `true` another."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[tuple[Value, Value]] = ()) -> None:
        """Raises CelError for a key of another type and for one that is there twice."""
        self._entries: dict[Value, tuple[Value, Value]] = {}
        for key, value in entries:
            slot = map_key(key)
            if slot in self._entries:
                raise CelError("a map has the same key twice")
            self._entries[slot] = (key, value)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Value]:
        """The keys, in the order in which they were written."""
        return (key for key, _ in self._entries.values())

    def __contains__(self, key: Value) -> bool:
        return self._slot(key) in self._entries

    def __getitem__(self, key: Value) -> Value:
        entry = self._entries.get(self._slot(key))
        if entry is None:
            raise CelError(f"no such key: {key!r}")
        return entry[1]

    def items(self) -> Iterable[tuple[Value, Value]]:
        return self._entries.values()

    @staticmethod
    def _slot(key: Value) -> Value:
        """Where `key` is looked up: a double finds the integer that it equals."""
        return key if type(key) is float else map_key(key)

    def __repr__(self) -> str:
        return f"CelMap({list(self.items())!r})"


KINDS: Final[Mapping[type, str]] = {
    type(None): "null", bool: "bool", int: "int", Uint: "uint", float: "double", str: "string", bytes: "bytes",
    tuple: "list", frozenset: "list", CelMap: "map", Timestamp: "timestamp", Duration: "duration", CelType: "type",
    Micro: "score",
}  # fmt: skip
NUMBERS: Final = frozenset({int, Uint, float})
ORDERED: Final = frozenset({bool, str, bytes, Timestamp, Duration, Micro})
LISTS: Final = frozenset({tuple, frozenset})


def kind(value: Value) -> str:
    """The name of a value's type in messages."""
    return KINDS[type(value)]


def no_overload(function: str, *args: Value) -> CelError:
    return CelError(f"no such overload: {function}({', '.join(map(kind, args))})")


def map_key(key: Value) -> Value:
    """A key as a Python dictionary tells keys apart: without this `true` and `1` would be one."""
    if type(key) is bool:
        return (key,)
    if type(key) in (int, Uint, str):
        return key
    raise CelError(f"no map has a key of type {kind(key)}")


def elements(value: Value) -> Iterable[Value]:
    """What a macro runs over: a list's elements, a map's keys, a set's elements in ascending order."""
    if type(value) is frozenset:
        return sorted(value)
    if type(value) is tuple or type(value) is CelMap:
        return value
    raise CelError(f"a macro runs over a list or a map, not over {kind(value)}")


def micros(number: float) -> int:
    """A decimal in millionths, exactly; CelError where it has more than six places."""
    scaled = Decimal(repr(number)) * MICROS
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise CelError("a score is compared with a decimal of at most six places")
    return int(scaled)


def equal(a: Value, b: Value) -> bool:
    """`==`: numbers by value, whatever their types; other values of different types are unequal, never an error."""
    left, right = type(a), type(b)
    if left in NUMBERS and right in NUMBERS:
        return bool(a == b)
    if left is Micro or right is Micro:
        return _compare_scores("==", a, b)
    if left in LISTS and right in LISTS:
        return len(a) == len(b) and all(map(equal, elements(a), elements(b)))
    if left is not right:
        return False
    if left is CelMap:
        return len(a) == len(b) and all(key in b and equal(value, b[key]) for key, value in a.items())
    return bool(a == b)


COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": equal,
    "!=": lambda a, b: not equal(a, b),
}  # fmt: skip


def compare(symbol: str, a: Value, b: Value) -> bool:
    """`< <= > >= == !=`. Numbers compare exactly across int, uint and double; a NaN answers false to every order."""
    if symbol in ("==", "!="):
        return COMPARE[symbol](a, b)
    left, right = type(a), type(b)
    if left is Micro or right is Micro:
        return _compare_scores(symbol, a, b)
    if (left in NUMBERS and right in NUMBERS) or (left is right and left in ORDERED):
        return COMPARE[symbol](a, b)
    raise no_overload(f"_{symbol}_", a, b)


def _compare_scores(symbol: str, a: Value, b: Value) -> bool:
    if not {type(a), type(b)} <= {Micro, float}:
        raise no_overload(f"_{symbol}_", a, b)
    left, right = (int(x) if type(x) is Micro else micros(x) for x in (a, b))
    return COMPARE[symbol](left, right)


def contains(item: Value, container: Value) -> bool:
    """`item in container`: a list's elements by `==`, a map's keys."""
    if type(container) is CelMap:
        return item in container
    if type(container) in LISTS:
        return any(equal(item, element) for element in container)
    raise no_overload("@in", item, container)


def int64(value: int) -> int:
    """`value` itself; CelError outside of 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise CelError("integer overflow")


def uint64(value: int) -> Uint:
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise CelError("unsigned integer overflow")
