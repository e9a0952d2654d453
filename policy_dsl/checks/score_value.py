"""A derived score of known scores, in millionths (ruling R9): what a test's `given` comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from policy_dsl.program import MICRO

Lookup = Callable[[str], int | None]


def score_value(expr: Sequence[Any], lookup: Lookup) -> int | None:
    """Of a score's integer form (`policy_dsl.scores`); None where it is not applicable, as `lookup` says of a name."""
    match expr:
        case ["ref", name]:
            return lookup(name)
        case ["const", value]:
            return int(value)
        case ["weighted", pairs]:
            present = [(weight, value) for weight, item in pairs if (value := score_value(item, lookup)) is not None]
            return _weighted(present)
        case ["cascade", cheap, deep, low, high]:
            first, second = score_value(cheap, lookup), score_value(deep, lookup)
            if first is None or second is None:
                return first if second is None else second
            return second if low <= first <= high else first
        case ["add" | "sub" | "mul" as operator, left, right]:
            return _arithmetic(operator, score_value(left, lookup), score_value(right, lookup))
        case [function, items]:
            values = [value for item in items if (value := score_value(item, lookup)) is not None]
            return _FUSIONS[function](values) if values else None
    raise AssertionError(expr)


def _weighted(present: Sequence[tuple[int, int]]) -> int | None:
    total = sum(weight for weight, _ in present)
    return (2 * sum(w * x for w, x in present) + total) // (2 * total) if present else None


def _noisy_or(values: Sequence[int]) -> int:
    rest = MICRO
    for value in values:
        rest = (rest * (MICRO - value) + MICRO // 2) // MICRO
    return MICRO - rest


def _arithmetic(operator: str, a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return None
    exact = {"add": a + b, "sub": a - b, "mul": (a * b + MICRO // 2) // MICRO}[operator]
    return min(max(exact, 0), MICRO)


_FUSIONS: dict[str, Callable[[Sequence[int]], int | None]] = {
    "max": max,
    "min": min,
    "mean": lambda values: _weighted([(1, value) for value in values]),
    "noisy_or": _noisy_or,
}
