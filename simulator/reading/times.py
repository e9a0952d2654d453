"""Arrow arrays of moments, in any unit or as texts -> microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from simulator.account import ColumnTally
from simulator.columns import Column
from simulator.reading.arrays import buffer, by_value, count_bad, decoded, valid_mask, wrong
from simulator.reading.kinds import TIME, is_text

EARLIEST = -62_135_596_800_000_000  # year 1
LATEST = 253_402_300_799_999_999  # year 9999
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def times(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    array = decoded(array)
    if is_text(array.type):
        return _times_of_texts(array, tally, utc=column.utc)
    if pa.types.is_timestamp(array.type):
        per_second = PER_SECOND[array.type.unit]
        array = array.cast(pa.timestamp(array.type.unit, "UTC")).view(pa.int64())
    elif pa.types.is_date(array.type):
        per_second, array = 1_000_000, array.cast(pa.timestamp("us")).view(pa.int64())
    elif column.unit in PER_SECOND and (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        per_second = PER_SECOND[column.unit]
    else:
        return wrong(array, tally, TIME)
    return _micros_since_1970(buffer(array), valid_mask(array), per_second, tally)


def _micros_since_1970(values: np.ndarray, valid: np.ndarray, per_second: int, tally: ColumnTally) -> pa.Array:
    """Whole numbers stay exact; the calendar's ends are tested before they are multiplied."""
    low, high = EARLIEST / 1e6 * per_second, (LATEST + 1) / 1e6 * per_second
    good = valid & (values >= low) & (values < high)
    count_bad(values, valid & ~good, tally)
    kept = np.where(good, values, 0)
    if kept.dtype.kind == "f":
        micros = np.floor(kept * (1_000_000 / per_second) + 0.5).astype(np.int64)
    elif per_second > 1_000_000:
        micros = kept.astype(np.int64) // (per_second // 1_000_000)
    else:
        micros = kept.astype(np.int64) * (1_000_000 // per_second)
    return pa.array(micros, pa.int64(), mask=None if good.all() else ~good).view(TIME)


def _times_of_texts(array: pa.Array, tally: ColumnTally, *, utc: bool) -> pa.Array:
    try:
        return array.cast(pa.string()).cast(TIME)
    except pa.ArrowInvalid:
        pass

    def read(text: str) -> int | None:
        try:
            at = datetime.fromisoformat(text.strip())
            at = at.replace(tzinfo=UTC) if at.tzinfo is None and utc else at
            return None if at.tzinfo is None else _since_1970(at)
        except (ValueError, OverflowError):
            return None

    return by_value(array, pa.int64(), read, tally).view(TIME)


def _since_1970(at: datetime) -> int:
    passed = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
