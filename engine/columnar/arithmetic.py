"""Operations of derived scores on columns (S1, rulings R7 to R9), compiled once (numba, kept on disk).

A stack holds [depth, rows] of the lowest and the highest possible value in millionths, and the mask of the inputs that leave a value
open. Not applicable is -1 in both, with no mask. As `engine.intervals.evaluate`, in the same whole numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MICRO = 1_000_000
HALF = MICRO // 2
MISSING, NA = -2, -1

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def load(column: NDArray[np.int32], bit: int, low: Ints, high: Ints, lost: Ints) -> None:
    """A column of micro-scores, MISSING and NA among them."""
    for i in range(column.size):
        missing = column[i] == MISSING
        low[i] = 0 if missing else column[i]
        high[i] = MICRO if missing else column[i]
        lost[i] = bit if missing else 0


@njit(cache=True, nogil=True)
def settle(low: Ints, high: Ints, lost: Ints) -> None:
    """A known value leaves nothing open, whatever was missing on the way to it."""
    for i in range(low.size):
        if low[i] == high[i]:
            lost[i] = 0


@njit(cache=True, nogil=True)
def either(lost: Ints) -> None:
    """The masks of all operands into the first one's; what does not apply has none."""
    for j in range(1, lost.shape[0]):
        for i in range(lost.shape[1]):
            lost[0, i] |= lost[j, i]


@njit(cache=True, nogil=True)
def maximum(values: Ints) -> None:
    """Of the operands that apply, into the first."""
    for j in range(1, values.shape[0]):
        for i in range(values.shape[1]):
            values[0, i] = max(values[0, i], values[j, i])


@njit(cache=True, nogil=True)
def minimum(values: Ints) -> None:
    """Of the operands that apply, into the first."""
    for j in range(1, values.shape[0]):
        for i in range(values.shape[1]):
            a, b = values[0, i], values[j, i]
            values[0, i] = b if a == NA else a if b == NA else min(a, b)


@njit(cache=True, nogil=True)
def weighted(values: Ints, weights: Ints) -> None:
    """floor((2 sum wx + sum w) / (2 sum w)) over the operands that apply, into the first."""
    for i in range(values.shape[1]):
        doubled = total = np.int64(0)
        for j in range(values.shape[0]):
            if values[j, i] != NA:
                doubled += 2 * weights[j] * values[j, i]
                total += weights[j]
        values[0, i] = (doubled + total) // (2 * total) if total else NA


@njit(cache=True, nogil=True)
def noisy_or(values: Ints) -> None:
    """1 - prod(1 - x) over the operands that apply, rounded half up after each product, into the first."""
    for i in range(values.shape[1]):
        rest, applies = np.int64(MICRO), False
        for j in range(values.shape[0]):
            if values[j, i] != NA:
                rest = (rest * (MICRO - values[j, i]) + HALF) // MICRO
                applies = True
        values[0, i] = MICRO - rest if applies else NA


@njit(cache=True, nogil=True)
def add(low: Ints, high: Ints) -> None:
    for i in range(low.shape[1]):
        if low[0, i] == NA or low[1, i] == NA:
            low[0, i] = high[0, i] = NA
        else:
            low[0, i] = min(low[0, i] + low[1, i], MICRO)
            high[0, i] = min(high[0, i] + high[1, i], MICRO)


@njit(cache=True, nogil=True)
def subtract(low: Ints, high: Ints) -> None:
    for i in range(low.shape[1]):
        if low[0, i] == NA or low[1, i] == NA:
            low[0, i] = high[0, i] = NA
        else:
            low[0, i] = max(low[0, i] - high[1, i], 0)
            high[0, i] = max(high[0, i] - low[1, i], 0)


@njit(cache=True, nogil=True)
def multiply(low: Ints, high: Ints) -> None:
    for i in range(low.shape[1]):
        if low[0, i] == NA or low[1, i] == NA:
            low[0, i] = high[0, i] = NA
        else:
            low[0, i] = (low[0, i] * low[1, i] + HALF) // MICRO
            high[0, i] = (high[0, i] * high[1, i] + HALF) // MICRO


@njit(cache=True, nogil=True)
def cascade(low: Ints, high: Ints, lost: Ints, bottom: int, top: int) -> None:
    """The cheap score outside of the closed band, the deep one inside; the one that applies where the other does not."""
    for i in range(low.shape[1]):
        a, b, c = low[0, i], high[0, i], low[1, i]
        if a == NA:
            low[0, i], high[0, i], lost[0, i] = c, high[1, i], lost[1, i]
        elif not (b < bottom or a > top or c == NA):
            least, most = c, high[1, i]
            if a < bottom:
                least, most = min(least, a), max(most, bottom - 1)
            if b > top:
                least, most = min(least, top + 1), max(most, b)
            low[0, i], high[0, i] = least, most
            lost[0, i] |= lost[1, i]
