"""Arrow arrays of numbers -> scores, shares and whole numbers; what is none becomes null and is counted."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from policy_dsl.program import MICRO
from simulator.account import ColumnTally
from simulator.columns import Column
from simulator.reading.arrays import buffer, count_bad, decoded, parsed, valid_mask, wrong
from simulator.reading.kinds import TYPES, is_text

MOST_VIEWS = 10**12  # of one post: more than all people could have given it; and the sums of a log stay whole numbers
LEAST_CHANCE = 1e-9  # of a review: a row that stood for more than a billion others would drown them all


def clip(array: pa.Array, most: int, tally: ColumnTally) -> pa.Array:
    """Whole numbers from 0 to `most`, untouched where they all are: one pass, as a negative one is a huge one without a sign."""
    values = buffer(array)
    if len(values) == 0 or values.view(values.dtype.str.replace("i", "u")).max() <= most:
        return array
    return whole(values, valid_mask(array), (0, most), array.type, tally)


def whole(
    values: np.ndarray, valid: np.ndarray, bounds: tuple[int, int], type: pa.DataType, tally: ColumnTally
) -> pa.Array:
    good = valid & (values >= bounds[0]) & (values <= bounds[1])
    count_bad(values, valid & ~good, tally)
    kept = np.where(good, values, 0).astype(type.to_pandas_dtype())
    return pa.array(kept, type, mask=None if good.all() else ~good)


def numbers(array: pa.Array, tally: ColumnTally, *, parse: bool) -> tuple[np.ndarray, np.ndarray]:
    """Values and which of them are there; whole numbers stay whole."""
    array = decoded(array)
    if is_text(array.type) and parse:
        array = parsed(array, pa.float64(), _float, tally)
    elif pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    elif not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        wrong(array, tally)
        return np.zeros(len(array)), np.zeros(len(array), np.bool_)
    return buffer(array), valid_mask(array)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def scores(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:
    """Millionths: floor(x * 1,000,000 + 0.5) in binary64, the range tested after rounding (ruling R21)."""
    values, valid = numbers(array, tally, parse=parse)
    unit = column.unit or ("millionths" if values.dtype.kind in "iu" else "share")
    if unit == "millionths" and values.dtype.kind in "iu":
        return whole(values, valid, (0, MICRO), TYPES["score"], tally)
    with np.errstate(over="ignore", invalid="ignore"):
        x = values.astype(np.float64)
        micros = x if unit == "millionths" else np.floor(_share(x, unit) * 1_000_000.0 + 0.5)
        good = valid & np.isfinite(x) & (micros >= 0) & (micros <= MICRO) & (micros == np.floor(micros))
    if good.all():
        return pa.array(micros.astype(np.int32))
    count_bad(x, valid & ~good, tally)
    return pa.array(np.where(good, micros, 0).astype(np.int32), mask=~good)


def _share(x: np.ndarray, unit: str) -> np.ndarray:
    if unit == "percent":
        return x / 100.0
    if unit == "logit":
        return np.asarray(1.0 / (1.0 + np.exp(-x)))
    return x


def doubles(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    return _floats(array, tally, (-math.inf, math.inf), parse=parse)


def propensities(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:
    """A chance in (0, 1], and not next to nothing."""
    values, valid = numbers(array, tally, parse=parse)
    floats = pa.array(_share(values.astype(np.float64), column.unit or "share"), mask=~valid)
    return _floats(floats, tally, (LEAST_CHANCE, 1.0), parse=False)


def _floats(array: pa.Array, tally: ColumnTally, bounds: tuple[float, float], *, parse: bool) -> pa.Array:
    values, valid = numbers(array, tally, parse=parse)
    values = values.astype(np.float64)
    good = valid & np.isfinite(values) & (values >= bounds[0]) & (values <= bounds[1])
    count_bad(values, valid & ~good, tally)
    return pa.array(np.where(good, values, 0.0), mask=None if good.all() else ~good)


def ints(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    return _integers(array, tally, parse=parse, bounds=(-(2**63), 2**63 - 1))


def views(column: Column, array: pa.Array, tally: ColumnTally, parse: bool) -> pa.Array:  # noqa: ARG001
    return _integers(array, tally, parse=parse, bounds=(0, MOST_VIEWS))


def _integers(array: pa.Array, tally: ColumnTally, *, parse: bool, bounds: tuple[int, int]) -> pa.Array:
    values, valid = numbers(array, tally, parse=parse)
    if values.dtype.kind == "f":
        good = valid & np.isfinite(values) & (np.floor(values) == values)
        good &= (values >= bounds[0]) & (values < min(bounds[1] + 1, 2**63))
        count_bad(values, valid & ~good, tally)
        return pa.array(np.where(good, values, 0).astype(np.int64), mask=None if good.all() else ~good)
    return whole(values, valid, bounds, pa.int64(), tally)
