"""What the converters share: Arrow arrays as NumPy sees them, and counts of what is no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from simulator.account import ColumnTally


def buffer(array: pa.Array) -> np.ndarray:
    """The values of a primitive array without a copy; what stands under a null is anything."""
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if data is None:
        return np.zeros(0, array.type.to_pandas_dtype())
    return np.frombuffer(data, array.type.to_pandas_dtype(), len(array), array.offset * width)


def valid_mask(array: pa.Array) -> np.ndarray:
    if array.null_count == 0:
        return np.ones(len(array), np.bool_)
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def count_bad(values: np.ndarray, bad: np.ndarray, tally: ColumnTally) -> None:
    if not bad.any():
        return
    seen = values[bad]
    nan, infinite = (int(test(seen).sum()) for test in (np.isnan, np.isinf))
    tally.nan += nan
    tally.infinite += infinite
    tally.out_of_range += len(seen) - nan - infinite
    tally.show(f"{value:g}" if isinstance(value, float) else value for value in seen[:5].tolist())


def parsed(array: pa.Array, type: pa.DataType, read: Callable[[str], Any], tally: ColumnTally) -> pa.Array:
    try:
        return array.cast(type)
    except pa.ArrowInvalid:
        return by_value(array, type, read, tally)


def by_value(array: pa.Array, type: pa.DataType, read: Callable[[str], Any], tally: ColumnTally) -> pa.Array:
    """Texts read one by one: for batches that hold one that is none."""
    texts = array.to_pylist()
    found = [None if text is None else read(text) for text in texts]
    bad = [text for text, value in zip(texts, found, strict=True) if value is None and text is not None]
    tally.unparsable += len(bad)
    tally.show(bad)
    return pa.array(found, type)


def wrong(array: pa.Array, tally: ColumnTally, type: pa.DataType | None = None) -> pa.Array:
    """All of it is of a type that the column cannot have."""
    there = array.drop_null()
    tally.wrong_type += len(there)
    tally.show(there.slice(0, 3).to_pylist())
    return pa.nulls(len(array), type or pa.null())


def decoded(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
