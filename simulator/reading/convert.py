"""A foreign column, as it was read -> ours, of the type of its kind; what is no such value becomes null and is counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from policy_dsl.program import MICRO
from simulator.account import ColumnTally
from simulator.columns import KEEP, Column, text_of
from simulator.reading.arrays import count_bad, decoded, wrong
from simulator.reading.json_values import from_json
from simulator.reading.kinds import DICTIONARY, NAMES, TYPES, by_type, is_text, value_type
from simulator.reading.numeric import doubles, ints, numbers, propensities, scores, views
from simulator.reading.times import times

TRUTH = {"true": True, "1": True, "false": False, "0": False}
Raw: TypeAlias = pa.Array | list[Any]  # as Arrow has it, or the values of JSON


def convert(kind: str, column: Column, raw: Raw, tally: ColumnTally, *, parse: bool) -> pa.Array:
    """`parse`: numbers, times and truth values may stand as texts, as in CSV."""
    tally.rows += len(raw)
    tally.nulls += sum(value is None for value in raw) if isinstance(raw, list) else raw.null_count
    array = from_json(kind, raw, tally) if isinstance(raw, list) else raw
    return CONVERTERS[kind](column, array, tally, parse or column.unit is not None)


def _bool(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    if pa.types.is_boolean(array.type):
        return array
    if pa.types.is_nested(array.type) or (is_text(value_type(array.type)) and not parse):
        return wrong(array, tally, pa.bool_())
    return _by_distinct(array, lambda text: TRUTH.get(text.casefold()), tally)


def _label(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    if column.at_least is not None:
        values, valid = numbers(array, tally, parse=True)
        known = valid & ~np.isnan(values)
        count_bad(values, valid & ~known, tally)
        return pa.array(np.where(known, values, 0) >= column.at_least, mask=~known)
    if not (column.positive or column.negative):
        return _bool(column, array, tally, True)

    if pa.types.is_nested(array.type):
        return wrong(array, tally, pa.bool_())

    def read(text: str) -> bool | None:
        if text in column.positive or text in column.negative:
            return text in column.positive
        return {"positive": True, "negative": False}.get(column.others or "")

    return _by_distinct(array, read, tally)


def _by_distinct(array: pa.Array, read: Callable[[str], bool | None], tally: ColumnTally) -> pa.Array:
    """Truth values, each distinct value read once, as a text; None is a value without a place."""
    codes, values = _encoded(array)
    texts = [None if value is None else text_of(value) for value in values]
    found = [None if text is None else read(str(text)) for text in texts]
    _count_unknown(
        codes, [text is not None and got is None for text, got in zip(texts, found, strict=True)], texts, tally
    )
    truth = np.array([*(bool(got) for got in found), False])
    known = np.array([*(got is not None for got in found), False])
    return pa.array(truth[codes], mask=None if known[codes].all() else ~known[codes])


def _encoded(array: pa.Array) -> tuple[np.ndarray, list[Any]]:
    """Codes, -1 for null, and the values they stand for."""
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int64)
    return codes, array.dictionary.to_pylist()


def _count_unknown(codes: np.ndarray, unknown: Sequence[bool], texts: Sequence[Any], tally: ColumnTally) -> None:
    if any(unknown):
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        tally.unknown += int(counts[np.array(unknown)].sum())
        tally.show(text for text, is_unknown in zip(texts, unknown, strict=True) if is_unknown)


def _text(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    if not by_type(array.type) or pa.types.is_nested(array.type):
        return wrong(array, tally, DICTIONARY)
    mapped = column.values or column.others != KEEP or column.nulls is not None
    if array.type == DICTIONARY and not mapped and array.dictionary.null_count == 0:
        return array
    codes, values = _encoded(array)
    texts = [None if value is None else str(text_of(value)) for value in values]
    named = [
        text if text is None else column.values.get(text, text if column.others == KEEP else column.others)
        for text in texts
    ]
    if column.others is None:
        _count_unknown(codes, [a is not None and b is None for a, b in zip(texts, named, strict=True)], texts, tally)
    found = [column.nulls if text is None else name for text, name in zip([*texts, None], [*named, None], strict=True)]
    ours = list(dict.fromkeys(name for name in found if name is not None))
    place = {name: code for code, name in enumerate(ours)}
    codes = np.array([place.get(name, -1) if name is not None else -1 for name in found], np.int32)[codes]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(ours, pa.string()))


def _key(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    array = decoded(array)
    if is_text(array.type) or pa.types.is_integer(array.type):
        return array.cast(pa.string())
    return wrong(array, tally, pa.string())


def _names(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    array = decoded(array)
    if is_text(array.type) and column.separator is not None:
        array = pc.split_pattern(array.cast(pa.string()), column.separator)
    listed = pa.types.is_list(array.type) or pa.types.is_large_list(array.type)
    if not (listed and is_text(value_type(array.type.value_type))):
        return wrong(array, tally, NAMES)
    return array.cast(NAMES)


CONVERTERS: dict[str, Callable[[Column, pa.Array, ColumnTally, bool], pa.Array]] = {
    "score": scores,
    "bool": _bool,
    "label": _label,
    "int": ints,
    "count": views,
    "double": doubles,
    "propensity": propensities,
    "text": _text,
    "key": _key,
    "names": _names,
    "time": times,
}


def constant(kind: str, value: Any, rows: int) -> pa.Array:
    """That value in every row."""
    if kind == "score":
        value = math.floor(float(value) * MICRO + 0.5)
    if kind == "text":
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text_of(value)]))
    if kind == "names":
        length = len(value)
        return pa.ListArray.from_arrays(
            np.arange(rows + 1, dtype=np.int32) * length, pa.array(value * rows, pa.string())
        )
    return pa.repeat(pa.scalar(value, TYPES[kind]), rows)
