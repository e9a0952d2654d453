"""A file's columns, a column map and the packs' inputs -> how each of our columns is made of the file's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from policy_dsl.program import MICRO, Input
from policy_dsl.suggest import suggest
from simulator.account import ColumnTally
from simulator.columns import Column, ColumnError, ColumnMap
from simulator.reading.convert import Raw, convert
from simulator.reading.kinds import KNOWN, is_native, kind_of
from simulator.reading.numeric import MOST_VIEWS, clip
from simulator.reading.sources import Source


@dataclass(frozen=True, slots=True)
class Plan:
    """How one of our columns is made of a file's. `ours`: the map or a pack speaks of it; others are carried along."""

    kind: str
    column: Column
    type: str
    ours: bool = True

    def read(self, raw: Raw, tally: ColumnTally, *, parse: bool) -> pa.Array:
        if isinstance(raw, list) or not is_native(self.kind, self.column, raw.type):
            return convert(self.kind, self.column, raw, tally, parse=parse)
        tally.rows += len(raw)
        tally.nulls += raw.null_count
        if self.kind in ("score", "count"):
            return clip(raw, MICRO if self.kind == "score" else MOST_VIEWS, tally)
        return raw


@dataclass(frozen=True, slots=True)
class Part:
    """One file with the plans of its columns, by our names."""

    source: Source
    plans: Mapping[str, Plan]


def check_names(columns: ColumnMap, known: Mapping[str, Input]) -> None:
    """A slip in one of our names would read a column that nobody asks for."""
    for name in columns.columns:
        if known and "." in name and name not in known and name not in KNOWN and not name.startswith("label."):
            near = suggest(name, [*known, *KNOWN])
            if near:
                raise ColumnError(f"the column map speaks of `{name}`, which no pack reads, did you mean `{near}`")


def plans_of(source: Source, columns: ColumnMap, known: dict[str, Input]) -> dict[str, Plan]:
    held = {name: source.schema.field(name).type for name in source.schema.names}
    plans = {}
    for name, column in columns.for_schema(held, source.path).items():
        if column.source is None:
            kind = kind_of(name, pa.scalar(column.constant).type, known)
            assert kind is not None
            check_constant(name, kind, column.constant)
            plans[name] = Plan(kind, column, "constant")
            continue
        seen = held[column.source]
        kind = kind_of(name, seen, known)
        if column.unit is not None and kind not in ("time", "propensity", "score"):
            kind = "score"
        if kind is not None:
            _check_unit(name, kind, column, seen, source)
            ours = name in columns.columns or name in known or name in KNOWN or name.startswith("label.")
            plans[name] = Plan(kind, column, str(seen), ours)
    return plans


def _check_unit(name: str, kind: str, column: Column, type: pa.DataType, source: Source) -> None:
    of_time = column.unit in ("s", "ms", "us", "ns")
    where = f"`{column.source}` of `{source.path}`"
    if column.unit is not None and (kind == "time") != of_time:
        expected = "`s`, `ms`, `us` or `ns`" if kind == "time" else "`millionths`, `share`, `percent` or `logit`"
        raise ColumnError(f"`{name}` has the unit `{column.unit}`, expected {expected}")
    if kind != "time" or source.parse or source.format == "jsonl":
        return
    if column.unit is None and (pa.types.is_integer(type) or pa.types.is_floating(type)):
        raise ColumnError(f"{where} holds numbers, expected a unit for `{name}`: `{{from: {column.source}, unit: ms}}`")
    if pa.types.is_timestamp(type) and type.tz is None and not column.utc:
        raise ColumnError(
            f"{where} names no time zone; if it is UTC, say so in the column map: `{name}: {{from: {column.source}, zone: UTC}}`"
        )


def check_constant(name: str, kind: str, value: Any) -> None:
    """Raises ColumnError where the value is none of that kind."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        "score": number and 0 <= value <= 1,
        "propensity": number and 0 < value <= 1,
        "double": number,
        "int": number and isinstance(value, int),
        "count": number and isinstance(value, int) and value >= 0,
        "bool": isinstance(value, bool),
        "label": isinstance(value, bool),
        "names": isinstance(value, list),
        "text": not isinstance(value, list),
        "key": isinstance(value, str),
        "time": False,
    }[kind]
    if not fits:
        raise ColumnError(f"the constant of `{name}` is `{value}`, expected a value of the kind `{kind}`")
