"""The passes over a batch's columns, compiled once (numba, kept on disk): tables are arguments, so that no policy needs another build."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

MISSING, NOT_APPLICABLE = -2, -1
"""In a column of micro-scores: no value, and no value wanted."""

MICRO = 1_000_000
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
"""A slot of a hash table that holds no key; no key is that large."""


@njit(cache=True, nogil=True)
def micro_scores(values: NDArray[Any], valid: NDArray[np.uint8], gap: NDArray[np.int8], out: NDArray[np.int32]) -> None:
    """Raw micro-scores -> a value in [0, 1,000,000], MISSING where it is none, and where there is none (`valid` 0) the row's `gap`.

    `valid` may be empty: all rows have a value.
    """
    if valid.size == 0:
        for i in range(values.size):
            out[i] = values[i] if 0 <= values[i] <= MICRO else MISSING
    else:
        for i in range(values.size):
            none = MISSING if valid[i] else gap[i]
            out[i] = values[i] if valid[i] and 0 <= values[i] <= MICRO else none


@njit(cache=True, nogil=True)
def codes(
    values: NDArray[Any], valid: NDArray[np.uint8], gap: NDArray[np.int8], end: int, out: NDArray[np.int32]
) -> None:
    """A dictionary's codes, and where there is none (`valid` 0) `end` plus the row's `gap`, which counts from the end."""
    if valid.size == 0:
        for i in range(values.size):
            out[i] = values[i]
    else:
        for i in range(values.size):
            out[i] = values[i] if valid[i] else end + gap[i]


@njit(cache=True, nogil=True)
def outside(values: NDArray[np.int64], bound: int, out: NDArray[np.uint8]) -> None:
    """Marks what is not in [0, bound)."""
    for i in range(values.size):
        out[i] |= (values[i] < 0) | (values[i] >= bound)


@njit(cache=True, nogil=True)
def shares(
    values: NDArray[np.float64], valid: NDArray[np.uint8], gap: NDArray[np.int8], out: NDArray[np.int32]
) -> None:
    """Shares in [0, 1] as binary64 -> as `micro_scores`: floor(x * 1,000,000 + 0.5), the range tested after rounding (ruling R21)."""
    for i in range(values.size):
        if valid.size > 0 and not valid[i]:
            out[i] = gap[i]
            continue
        scaled = np.floor(values[i] * 1_000_000.0 + 0.5)
        out[i] = np.int32(scaled) if 0.0 <= scaled <= 1_000_000.0 else MISSING


@njit(cache=True, nogil=True)
def positions(values: NDArray[Any], cuts: NDArray[Any], out: NDArray[np.int32]) -> None:
    """How many of the ascending `cuts` each value reaches."""
    if cuts.size <= 24:
        out[:] = 0
        for cut in cuts:
            for i in range(values.size):
                out[i] += values[i] >= cut
        return
    for i in range(values.size):
        out[i] = np.searchsorted(cuts, values[i], side="right")


@njit(cache=True, nogil=True)
def mapped(codes: NDArray[np.int32], table: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """`table[code]`; a code of -1 is the table's last entry."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@njit(cache=True, nogil=True)
def joined(
    code: NDArray[np.int64],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    c: NDArray[np.int32],
    d: NDArray[np.int32],
    shifts: NDArray[np.int64],
) -> None:
    """Writes four axes into the rows' codes; an empty one is left out."""
    if d.size > 0:
        for i in range(code.size):
            code[i] |= (
                np.int64(a[i]) << shifts[0]
                | np.int64(b[i]) << shifts[1]
                | np.int64(c[i]) << shifts[2]
                | np.int64(d[i]) << shifts[3]
            )
        return
    for i in range(code.size):
        code[i] |= np.int64(a[i]) << shifts[0]
    if b.size > 0:
        for i in range(code.size):
            code[i] |= np.int64(b[i]) << shifts[1]
    if c.size > 0:
        for i in range(code.size):
            code[i] |= np.int64(c[i]) << shifts[2]


@njit(cache=True, nogil=True)
def looked_up(code: NDArray[np.int64], table: NDArray[np.int32], out: NDArray[np.int32], new: NDArray[np.int64]) -> int:
    """Dense table -> ids; the first row of each code that is not known yet goes into `new`. Returns how many those are."""
    count = 0
    for i in range(code.size):
        found = table[code[i]]
        if found == -1:
            table[code[i]] = -2
            new[count] = i
            count += 1
        out[i] = found
    return count


@njit(cache=True, nogil=True)
def _place(keys: NDArray[np.uint64], key: np.uint64) -> np.uint64:
    mask = np.uint64(keys.size - 1)
    hashed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    at = (hashed ^ (hashed >> np.uint64(29))) & mask
    while keys[at] != EMPTY and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True, nogil=True)
def hashed(
    code: NDArray[np.int64],
    keys: NDArray[np.uint64],
    ids: NDArray[np.int32],
    out: NDArray[np.int32],
    new: NDArray[np.int64],
    room: int,
) -> tuple[int, int]:
    """As `looked_up`, by open addressing: new keys get the id -1. Stops where `room` new keys were added.

    Returns how many are new, and up to which row it came.
    """
    count = 0
    for i in range(code.size):
        key = np.uint64(code[i])
        at = _place(keys, key)
        if keys[at] == EMPTY:
            if count == room:
                return count, i
            keys[at] = key
            ids[at] = -1
            new[count] = i
            count += 1
        out[i] = ids[at]
    return count, code.size


@njit(cache=True, nogil=True)
def put(
    keys: NDArray[np.uint64], ids: NDArray[np.int32], new_keys: NDArray[np.int64], new_ids: NDArray[np.int32]
) -> None:
    """Sets the ids of keys."""
    for i in range(new_keys.size):
        key = np.uint64(new_keys[i])
        at = _place(keys, key)
        keys[at] = key
        ids[at] = new_ids[i]


@njit(cache=True, nogil=True)
def rehashed(
    keys: NDArray[np.uint64], ids: NDArray[np.int32], larger: NDArray[np.uint64], larger_ids: NDArray[np.int32]
) -> None:
    for i in range(keys.size):
        if keys[i] != EMPTY:
            at = _place(larger, keys[i])
            larger[at] = keys[i]
            larger_ids[at] = ids[i]


@njit(cache=True, nogil=True)
def row_bits(
    codes: NDArray[np.int32], offsets: NDArray[np.int64], bits: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
    """Lists of dictionary codes -> the bits of each row's; `bits[code]`."""
    for i in range(offsets.size - 1):
        found = 0
        for j in range(offsets[i], offsets[i + 1]):
            found |= bits[codes[j]]
        out[i] = found


@njit(cache=True, nogil=True)
def added(
    ids: NDArray[np.int32], values: NDArray[np.int64], sums: NDArray[np.int64], squares: NDArray[np.float64]
) -> None:
    """Adds each row's value, and its square, to the sums of its id."""
    for i in range(ids.size):
        sums[ids[i]] += values[i]
        squares[ids[i]] += np.float64(values[i]) * values[i]


@njit(cache=True, nogil=True)
def weighed(
    ids: NDArray[np.int32],
    chances: NDArray[np.float64],
    views: NDArray[np.int64],
    rows: NDArray[np.int64],
    weight: NDArray[np.float64],
    weight2: NDArray[np.float64],
    weight_views: NDArray[np.float64],
    weight2_views2: NDArray[np.float64],
) -> None:
    """Adds what a row stands for, 1 / chance, to the sums of its id; a chance outside of (0, 1] is none."""
    for i in range(ids.size):
        if 0.0 < chances[i] <= 1.0:
            found = 1.0 / chances[i]
            rows[ids[i]] += 1
            weight[ids[i]] += found
            weight2[ids[i]] += found * found
            if views.size > 0:
                weight_views[ids[i]] += found * views[i]
                weight2_views2[ids[i]] += (found * views[i]) ** 2


@njit(cache=True, nogil=True)
def counted(ids: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    for i in range(ids.size):
        counts[ids[i]] += 1
