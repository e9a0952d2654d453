"""An expression <-> nested JSON lists, one form per expression, without spans.

    ["null"] ["bool", true] ["int", "5"] ["uint", "5"] ["double", "0.5"] ["string", "x"] ["bytes", "00ff"]
    ["name", "a.b"] ["get", operand, "field"] ["has", operand, "field"] ["call", "_&&_", a, b] ["method", "size", target, …]
    ["list", …] ["map", [key, value], …] ["macro", "all", range, "x", body…] ["weight", weight, value]

Numbers are texts, so that a reader whose JSON numbers are doubles loses nothing.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeAlias

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight

Json: TypeAlias = list[Any]

_NUMBERS = {"int": int, "uint": int, "double": float}


def to_json(expr: Expr) -> Json:
    match expr:
        case Literal():
            return _literal_to_json(expr)
        case Ident(name):
            return ["name", name]
        case Select(operand, field, test):
            return ["has" if test else "get", to_json(operand), field]
        case Call(function, args, None):
            return ["call", function, *map(to_json, args)]
        case Call(function, args, target) if target is not None:
            return ["method", function, to_json(target), *map(to_json, args)]
        case ListExpr(items):
            return ["list", *map(to_json, items)]
        case MapExpr(entries):
            return ["map", *([to_json(key), to_json(value)] for key, value in entries)]
        case Macro(kind, over, var, body):
            return ["macro", kind, to_json(over), var, *map(to_json, body)]
        case Weight(weight, value):
            return ["weight", to_json(weight), to_json(value)]
    raise AssertionError(expr)


def from_json(data: Json) -> Expr:
    """Raises ValueError for anything that `to_json` does not give."""
    try:
        return _read(data)
    except (TypeError, ValueError) as error:
        raise ValueError(f"not an expression: {data!r:.80}") from error


def _read(data: Json) -> Expr:
    match data:
        case ["name", str(name)]:
            return Ident(name)
        case ["get" | "has" as tag, operand, str(field)]:
            return Select(_read(operand), field, test=tag == "has")
        case ["call", str(function), *args]:
            return Call(function, tuple(map(_read, args)))
        case ["method", str(function), target, *args]:
            return Call(function, tuple(map(_read, args)), _read(target))
        case ["list", *items]:
            return ListExpr(tuple(map(_read, items)))
        case ["map", *entries]:
            return MapExpr(tuple((_read(key), _read(value)) for key, value in entries))
        case ["macro", "all" | "exists" | "exists_one" | "map" | "filter" as kind, over, str(var), *body] if body:
            return Macro(kind, _read(over), var, tuple(map(_read, body)))
        case ["weight", weight, value]:
            number = _read(weight)
            if isinstance(number, Literal):
                return Weight(number, _read(value))
        case _:
            return _literal_from_json(data)
    raise ValueError("not an expression: a weight is a number")


def _literal_to_json(literal: Literal) -> Json:
    value = literal.value
    if value is None:
        return ["null"]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    return [literal.kind, repr(value) if literal.kind in _NUMBERS else value]


def _literal_from_json(data: Json) -> Literal:
    match data:
        case ["null"]:
            return Literal("null", None)
        case ["bool", bool(value)]:
            return Literal("bool", value)
        case ["string", str(text)]:
            return Literal("string", text)
        case ["bytes", str(digits)]:
            return Literal("bytes", bytes.fromhex(digits))
        case ["int" | "uint" | "double" as kind, str(digits)] if isfinite(number := _NUMBERS[kind](digits)):
            return Literal(kind, number)
    raise ValueError(f"not an expression: {data!r:.80}")
