"""The passes over a batch's columns, compiled once (numba, kept on disk): tables are arguments, so that no policy needs another build."""

from __future__ import annotations

import numpy as np
from numba import njit

MISSING, NOT_APPLICABLE = -2, -1
"""In a column of micro-scores: no value, and no value wanted."""

MICRO = 1_000_000
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
"""A slot of a hash table that holds no key; no key is that large."""

# what a derived score's text of operations is made of (`engine/columnar/fused.py`)
REF, DERIVED, CONST, MAX, MIN, WEIGHTED, NOISY_OR, CASCADE, ADD, SUB, MUL = range(11)


@njit(cache=True, nogil=True)
def micro_scores(values, valid, offset, bits, bit, optional, out):
    """Raw micro-scores -> MISSING, NOT_APPLICABLE or a value in [0, 1,000,000].

    `valid` is Arrow's bitmap of the rows that have a value, from bit `offset` on (empty: all have); `bits[i] & bit` says that row i
    has the modality (`bits` may be empty: all have).
    """
    for i in range(values.size):
        value = values[i]
        at = offset + i
        if valid.size > 0 and not valid[at >> 3] >> (at & 7) & 1:
            away = optional or (bits.size > 0 and bits[i] & bit == 0)
            out[i] = NOT_APPLICABLE if away else MISSING
        elif 0 <= value <= MICRO:
            out[i] = value
        else:
            out[i] = MISSING


@njit(cache=True, nogil=True)
def truths(values, valid, offset, bits, bit, missing, away, out):
    """Arrow's bitmap of booleans -> 0 or 1, or for rows without one `missing`, or `away` where the modality is not there."""
    for i in range(out.size):
        at = offset + i
        if valid.size == 0 or valid[at >> 3] >> (at & 7) & 1:
            out[i] = values[at >> 3] >> (at & 7) & 1
        else:
            out[i] = away if bits.size > 0 and bits[i] & bit == 0 else missing


@njit(cache=True, nogil=True)
def codes(values, valid, offset, bits, bit, missing, away, out):
    """A dictionary's codes, or for rows without one `missing`, or `away` where the modality is not there."""
    for i in range(values.size):
        at = offset + i
        if valid.size == 0 or valid[at >> 3] >> (at & 7) & 1:
            out[i] = values[i]
        else:
            out[i] = away if bits.size > 0 and bits[i] & bit == 0 else missing


@njit(cache=True, nogil=True)
def shares(values, bits, bit, optional, out, absent):
    """Shares in [0, 1] as binary64 -> micro-scores: floor(x * 1,000,000 + 0.5), the range tested after rounding (ruling R21)."""
    for i in range(values.size):
        if absent[i]:
            away = optional or (bits.size > 0 and bits[i] & bit == 0)
            out[i] = NOT_APPLICABLE if away else MISSING
            continue
        scaled = np.floor(values[i] * 1_000_000.0 + 0.5)
        out[i] = np.int32(scaled) if 0.0 <= scaled <= 1_000_000.0 else MISSING


@njit(cache=True, nogil=True)
def positions(values, cuts, out):
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
def mapped(codes, table, out):
    """`table[code]`; a code of -1 is the table's last entry."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@njit(cache=True, nogil=True)
def joined(code, cells, shift, first):
    """Writes one axis into the rows' codes."""
    if first:
        for i in range(cells.size):
            code[i] = np.int64(cells[i]) << shift
    else:
        for i in range(cells.size):
            code[i] |= np.int64(cells[i]) << shift


@njit(cache=True, nogil=True)
def looked_up(code, table, out, new):
    """Dense table -> ids; the first row of each code that is not known yet goes into `new`. Returns how many those are."""
    count = 0
    for i in range(code.size):
        found = table[code[i]]
        if found < 0:
            if found == -1:
                table[code[i]] = -2
                new[count] = i
                count += 1
        out[i] = found
    return count


@njit(cache=True, nogil=True)
def _place(keys, key):
    mask = np.uint64(keys.size - 1)
    hashed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    at = (hashed ^ (hashed >> np.uint64(29))) & mask
    while keys[at] != EMPTY and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True, nogil=True)
def hashed(code, keys, ids, out, new, room):
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
def put(keys, ids, new_keys, new_ids):
    """Sets the ids of keys."""
    for i in range(new_keys.size):
        key = np.uint64(new_keys[i])
        at = _place(keys, key)
        keys[at] = key
        ids[at] = new_ids[i]


@njit(cache=True, nogil=True)
def rehashed(keys, ids, larger, larger_ids):
    for i in range(keys.size):
        if keys[i] != EMPTY:
            at = _place(larger, keys[i])
            larger[at] = keys[i]
            larger_ids[at] = ids[i]


@njit(cache=True, nogil=True)
def row_bits(codes, offsets, bits, out):
    """Lists of dictionary codes -> the bits of each row's; `bits[code]`."""
    for i in range(offsets.size - 1):
        found = 0
        for j in range(offsets[i], offsets[i + 1]):
            found |= bits[codes[j]]
        out[i] = found


@njit(cache=True, nogil=True)
def added(ids, values, sums, squares):
    """Adds each row's value, and its square, to the sums of its id."""
    for i in range(ids.size):
        sums[ids[i]] += values[i]
        squares[ids[i]] += np.float64(values[i]) * values[i]


@njit(cache=True, nogil=True)
def weighed(ids, chances, views, rows, weight, weight2, weight_views, weight2_views2):
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
def counted(ids, counts):
    for i in range(ids.size):
        counts[ids[i]] += 1


@njit(cache=True, nogil=True)
def spans(ops, columns, lows, highs, masks):
    """Derived scores -> their lowest and highest possible value and the mask of the inputs that leave them open, each.

    `columns` are micro-scores [inputs, rows]; `lows`, `highs`, `masks` [derived, rows] are written. A score that does not apply is
    NOT_APPLICABLE in `lows`. `ops` [n, 3] is postfix: operation, argument, where the result goes (-1: onto the stack). As
    `engine.intervals.evaluate`, in the same whole numbers.
    """
    low = np.zeros(64, np.int64)
    high = np.zeros(64, np.int64)
    lost = np.zeros(64, np.int64)
    weight = np.zeros(64, np.int64)
    for row in range(columns.shape[1]):
        top = 0
        for k in range(ops.shape[0]):
            operation, argument, target = ops[k, 0], ops[k, 1], ops[k, 2]
            if operation == REF:
                value = columns[argument, row]
                low[top], high[top], lost[top] = value, value, 0
                if value == MISSING:
                    low[top], high[top], lost[top] = 0, MICRO, np.int64(1) << argument
                top += 1
            elif operation == DERIVED:
                low[top], high[top], lost[top] = lows[argument, row], highs[argument, row], masks[argument, row]
                top += 1
            elif operation == CONST:
                low[top], high[top], lost[top] = argument, argument, 0
                top += 1
            elif operation <= NOISY_OR:
                # operands of WEIGHTED stand as (weight constant, value) pairs
                size = argument * (2 if operation == WEIGHTED else 1)
                base = top - size
                count = 0
                total = np.int64(0)
                for j in range(argument):
                    at = base + (2 * j + 1 if operation == WEIGHTED else j)
                    if low[at] != NOT_APPLICABLE:
                        w = low[base + 2 * j] if operation == WEIGHTED else np.int64(1)
                        a, b, m = low[at], high[at], lost[at]
                        low[base + count], high[base + count], lost[base + count], weight[count] = a, b, m, w
                        total += w
                        count += 1
                a, b, m = _fused(operation, low, high, lost, weight, base, count, total)
                low[base], high[base], lost[base] = a, b, m
                top = base + 1
            elif operation == CASCADE:
                # cheap, deep, low bound, high bound
                base = top - 4
                a, b, m = _cascade(
                    low[base],
                    high[base],
                    lost[base],
                    low[base + 1],
                    high[base + 1],
                    lost[base + 1],
                    low[base + 2],
                    low[base + 3],
                )
                low[base], high[base], lost[base] = a, b, m
                top = base + 1
            else:
                base = top - 2
                a, b, m = _arithmetic(
                    operation, low[base], high[base], lost[base], low[base + 1], high[base + 1], lost[base + 1]
                )
                low[base], high[base], lost[base] = a, b, m
                top = base + 1
            if target >= 0:
                top -= 1
                lows[target, row], highs[target, row], masks[target, row] = low[top], high[top], lost[top]


@njit(cache=True, nogil=True)
def _fused(operation, low, high, lost, weight, base, count, total):
    if count == 0:
        return np.int64(NOT_APPLICABLE), np.int64(NOT_APPLICABLE), np.int64(0)
    mask = np.int64(0)
    for j in range(count):
        mask |= lost[base + j]
    a = _fusion(operation, low, weight, base, count, total)
    if mask == 0:
        return a, a, mask
    b = _fusion(operation, high, weight, base, count, total)
    return a, b, mask if a != b else np.int64(0)


@njit(cache=True, nogil=True)
def _fusion(operation, values, weight, base, count, total):
    found = values[base]
    if operation == MAX:
        for j in range(1, count):
            found = max(found, values[base + j])
    elif operation == MIN:
        for j in range(1, count):
            found = min(found, values[base + j])
    elif operation == WEIGHTED:
        doubled = np.int64(0)
        for j in range(count):
            doubled += 2 * weight[j] * values[base + j]
        found = (doubled + total) // (2 * total)
    else:
        rest = np.int64(MICRO)
        for j in range(count):
            rest = (rest * (MICRO - values[base + j]) + MICRO // 2) // MICRO
        found = MICRO - rest
    return found


@njit(cache=True, nogil=True)
def _cascade(a, b, m, c, d, n, bottom, top):
    if a == NOT_APPLICABLE:
        return c, d, n
    if b < bottom or a > top or c == NOT_APPLICABLE:
        return a, b, m
    low, high, mask = c, d, m | n
    if a < bottom:
        low, high = min(low, a), max(high, bottom - 1)
    if b > top:
        low, high = min(low, top + 1), max(high, b)
    return low, high, mask if low != high else np.int64(0)


@njit(cache=True, nogil=True)
def _arithmetic(operation, a, b, m, c, d, n):
    if a == NOT_APPLICABLE or c == NOT_APPLICABLE:
        return np.int64(NOT_APPLICABLE), np.int64(NOT_APPLICABLE), np.int64(0)
    if operation == ADD:
        low, high = min(a + c, MICRO), min(b + d, MICRO)
    elif operation == SUB:
        low, high = max(a - d, 0), max(b - c, 0)
    else:
        low, high = (a * c + MICRO // 2) // MICRO, (b * d + MICRO // 2) // MICRO
    return low, high, m | n if low != high else np.int64(0)
