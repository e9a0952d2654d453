"""A threshold in millionths -> the smallest double that reaches it, so that scores are compared as they came (S1)."""

from __future__ import annotations

import math

from policy_dsl.program import MICRO


def cut(threshold: int) -> float:
    """The smallest double x >= 0 with floor(x * 1,000,000 + 0.5) >= `threshold`; infinite above one million.

    Rounding keeps order, so `x >= cut(t)` says the same as comparing the millionths of x with t, for every x in [0, 1].
    """
    if threshold <= 0:
        return 0.0
    if threshold > MICRO:
        return math.inf
    x = (threshold - 0.5) / MICRO
    while micros(x) >= threshold:
        x = math.nextafter(x, -math.inf)
    while micros(x) < threshold:
        x = math.nextafter(x, math.inf)
    return x


def micros(score: float) -> int:
    """Millionths of a score in [0, 1] (ruling R21)."""
    return math.floor(score * 1_000_000.0 + 0.5)


def inverse_product(weight: int, threshold: int) -> int:
    """The smallest x >= 0 whose product with `weight`, in millionths rounded half up, reaches `threshold` >= 1."""
    return -((MICRO // 2 - threshold * MICRO) // weight) if weight > 0 else MICRO + 1
