"""Values as JSON has them -> an Arrow array that the kind's converter reads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from simulator.account import ColumnTally
from simulator.columns import text_of
from simulator.reading.kinds import TYPES


class _Wrong:
    """Stands for a value of a wrong type."""


def from_json(kind: str, values: list[Any], tally: ColumnTally) -> pa.Array:
    """Values of JSON -> an Arrow type that the kind's converter reads; others are of a wrong type, as in a record."""
    kept = [value if value is None or FITS[kind](value) else _Wrong for value in values]
    if _Wrong in kept:
        bad = [value for value, got in zip(values, kept, strict=True) if got is _Wrong]
        tally.wrong_type += len(bad)
        tally.show(bad)
        kept = [None if value is _Wrong else value for value in kept]
    if kind in ("text", "key", "label"):
        return pa.array([None if value is None else str(text_of(value)) for value in kept], pa.string())
    if kind == "time":
        return _times_of_json(kept)
    if kind in ("bool", "names"):
        return pa.array(kept, TYPES[kind])
    if kind in ("int", "count") and all(value is None or (type(value) is int and abs(value) < 2**63) for value in kept):
        return pa.array(kept, pa.int64())
    return pa.array([None if value is None else _as_float(value) for value in kept], pa.float64())


def _times_of_json(values: list[Any]) -> pa.Array:
    """Numbers where all are; else texts, among which a number is none that can be read."""
    if any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array([None if value is None else _as_float(value) for value in values], pa.float64())


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_str(value: Any) -> bool:
    return isinstance(value, str)


FITS: dict[str, Callable[[Any], bool]] = {
    "score": _is_number,
    "double": _is_number,
    "propensity": _is_number,
    "int": _is_number,
    "count": _is_number,
    "bool": lambda value: isinstance(value, bool),
    "label": lambda value: isinstance(value, (bool, int, float, str)),
    "text": _is_str,
    "key": lambda value: isinstance(value, str) or type(value) is int,
    "names": lambda value: isinstance(value, list) and all(map(_is_str, value)),
    "time": lambda value: isinstance(value, str) or _is_number(value),
}
