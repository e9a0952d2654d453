"""Author hashes and cells -> sums of Poisson weights by replicate; bytes -> hashes. Compiled once, cached on disk."""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64
from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15  # of splitmix64: 2^64 over the golden ratio


@njit(cache=True, nogil=True, inline="always")
def mixed(value: np.uint64) -> np.uint64:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014, variant 13 of Stafford): each bit of the value reaches all of the result."""
    value = (value ^ (value >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> uint64(27))) * uint64(0x94D049BB133111EB)
    return value ^ (value >> uint64(31))


@njit(cache=True, nogil=True)
def add_weights(
    authors: NDArray[np.uint64],
    cells: NDArray[np.int32],
    values: NDArray[np.int64],
    seed: np.uint64,
    weight_of: NDArray[np.uint8],
    sums: NDArray[np.int64],
) -> None:
    """Add each row's weights, times its value where `values` is not empty, to the sums of its cell; cells below 0 are left out.

    Weight r of an author is drawn from sixteen bits of the (r // 4)-th output of splitmix64 that is seeded by author and seed: from a
    counter, so that it is the same whenever and wherever the author comes. `weight_of` maps these bits to a weight; `sums` is [cells, replicates],
    replicates a multiple of 4.
    """
    for i in range(authors.size):
        if cells[i] < 0:
            continue
        row = sums[cells[i]]
        value = values[i] if values.size else 1
        state = mixed(authors[i] ^ seed)
        for r in range(0, sums.shape[1], 4):
            state += uint64(STEP)
            bits = mixed(state)
            row[r] += int64(weight_of[bits & uint64(65535)]) * value
            row[r + 1] += int64(weight_of[(bits >> uint64(16)) & uint64(65535)]) * value
            row[r + 2] += int64(weight_of[(bits >> uint64(32)) & uint64(65535)]) * value
            row[r + 3] += int64(weight_of[bits >> uint64(48)]) * value


@njit(cache=True, nogil=True)
def hash_bytes(offsets: NDArray[np.int64], data: NDArray[np.uint8], hashes: NDArray[np.uint64]) -> None:
    """FNV-1a, 64 bits (Fowler, Noll and Vo), of each stretch of `data` between two offsets."""
    for i in range(hashes.size):
        value = uint64(0xCBF29CE484222325)
        for position in range(offsets[i], offsets[i + 1]):
            value = (value ^ uint64(data[position])) * uint64(0x100000001B3)
        hashes[i] = value


@njit(cache=True, nogil=True)
def mix(values: NDArray[np.uint64], salt: np.uint64) -> None:
    """In place: hashes that have nothing to do with those of another salt."""
    for i in range(values.size):
        values[i] = mixed(values[i] ^ salt)
