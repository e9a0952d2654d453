"""The static types of conditions: what an input, a literal or a part of an expression can be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from policy_dsl.cel.values import Value, elements, kind


@dataclass(frozen=True, slots=True)
class Type:
    """A type by name, with the types inside it and, for `enum`, the strings that it allows.

    Names: null bool int uint double string bytes score enum list set map timestamp duration type dyn.
    """

    name: str
    args: tuple[Type, ...] = ()
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}<{', '.join(map(str, self.args))}>" if self.args else self.name


NULL: Final = Type("null")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
SCORE: Final = Type("score")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
TYPE: Final = Type("type")
DYN: Final = Type("dyn")
SIMPLE: Final = {t.name: t for t in (BOOL, INT, UINT, DOUBLE, STRING, BYTES, SCORE, TIMESTAMP, DURATION, DYN)}
NUMERIC: Final = (INT, UINT, DOUBLE)

_SPELLING = re.compile(r"(list|set|map)<([a-z]+)(?:, *([a-z]+))?>")


def enum_of(values: tuple[str, ...]) -> Type:
    return Type("enum", values=values)


def list_of(item: Type) -> Type:
    return Type("list", (item,))


def set_of(item: Type) -> Type:
    return Type("set", (item,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def parse_type(text: str, values: tuple[str, ...] = ()) -> Type:
    """A type as a manifest spells it: `int`, `enum` (with `values`), `set<string>`, `map<string, int>`. ValueError for another."""
    if text == "enum" and values:
        return enum_of(values)
    match = _SPELLING.fullmatch(text)
    inner = [part for part in match.groups()[1:] if part] if match else []
    if match and all(part in SIMPLE for part in inner) and len(inner) == (2 if match[1] == "map" else 1):
        return Type(match[1], tuple(SIMPLE[part] for part in inner))
    if text in SIMPLE:
        return SIMPLE[text]
    raise ValueError(f"`{text}` is no type: use {', '.join(SIMPLE)}, enum, list<…>, set<…> or map<…, …>")


_OF_KIND: Final = {**SIMPLE, "null": NULL, "type": TYPE}


def type_of_value(value: Value) -> Type:
    """The type of a run-time value."""
    of = kind(value)
    if of == "map":
        return map_of(joined(map(type_of_value, value)), joined(type_of_value(item) for _, item in value.items()))
    return list_of(joined(map(type_of_value, elements(value)))) if of == "list" else _OF_KIND[of]


def joined(types: Iterable[Type]) -> Type:
    """The one type of several, as CEL knows it, or `dyn`. Unlike `join` it takes no part of a type on trust."""
    several = {plain(of) for of in types}
    return several.pop() if len(several) == 1 else DYN


def plain(of: Type) -> Type:
    """`of` as CEL knows it: an enum is a string."""
    return STRING if of.name == "enum" else of


def is_dyn(*types: Type) -> bool:
    """Whether one of them says nothing."""
    return DYN in types


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of type `given` can stand where `wanted` is asked for."""
    given, wanted = plain(given), plain(wanted)
    if is_dyn(given, wanted):
        return True
    if {given.name, wanted.name} <= {"list", "set"} or given.name == wanted.name:
        return all(map(fits, given.args, wanted.args))
    return False


def join(types: list[Type]) -> Type | None:
    """The one type of a list's elements or of a condition's two results; None where they have none in common."""
    if not types:
        return DYN
    first = types[0] if all(t == types[0] for t in types) else plain(types[0])
    if is_dyn(*types):
        return DYN
    return first if all(fits(t, first) for t in types) else None
