"""A column's name and type -> its kind, which says of what type our column is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from policy_dsl.program import Input
from simulator.columns import Column

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("us", "UTC")
NAMES = pa.list_(pa.string())
TYPES = {
    "score": pa.int32(),
    "bool": pa.bool_(),
    "label": pa.bool_(),
    "int": pa.int64(),
    "count": pa.int64(),
    "double": pa.float64(),
    "propensity": pa.float64(),
    "text": DICTIONARY,
    "key": pa.string(),
    "names": NAMES,
    "time": TIME,
}
KNOWN = {
    "id": "key",
    "author.id": "key",
    "at": "time",
    "region": "text",
    "language": "text",
    "way": "text",
    "modalities": "names",
    "skipped": "names",
    "review.propensity": "propensity",
    "propensity": "propensity",
    "views": "count",
}
OF_INPUT = {
    "score": "score",
    "bool": "bool",
    "int": "int",
    "double": "double",
    "string": "text",
    "enum": "text",
    "set": "names",
}


def kind_of(name: str, type: pa.DataType, inputs: dict[str, Input]) -> str | None:
    """What a column of ours holds, by its name, the pack's input of that name, or its type; None: nothing that we can use.

    A column that no input names is a score where its name is dotted and its type one in which scores are logged.
    """
    if name in KNOWN:
        return KNOWN[name]
    if name.startswith("label."):
        return "label"
    if name in inputs:
        return OF_INPUT[inputs[name].kind]
    if "." in name and (pa.types.is_int32(type) or pa.types.is_floating(type)):
        return "score"
    return by_type(type)


def by_type(type: pa.DataType) -> str | None:
    if is_text(value_type(type)):
        return "text"
    if pa.types.is_list(type) or pa.types.is_large_list(type):
        return "names" if is_text(type.value_type) else None
    checks: tuple[tuple[Callable[[Any], bool], str], ...] = (
        (pa.types.is_boolean, "bool"),
        (pa.types.is_integer, "int"),
        (pa.types.is_floating, "double"),
        (pa.types.is_decimal, "double"),
    )
    return next((kind for is_one, kind in checks if is_one(type)), None)


def is_native(kind: str, column: Column, type: pa.DataType) -> bool:
    """Whether such a column needs no more than a look at its range."""
    return column.plain and type == TYPES[kind] and kind not in ("double", "propensity")


def value_type(type: pa.DataType) -> pa.DataType:
    return type.value_type if pa.types.is_dictionary(type) else type


def is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))
