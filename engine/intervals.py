"""A derived score over what is known: an interval of millionths, or not applicable (S1, S2, rulings R7, R8, R9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from policy_dsl.program import MICRO

HALF = MICRO // 2


@dataclass(frozen=True, slots=True)
class Span:
    """Every value from `low` to `high` millionths is possible; `missing` are the inputs that leave it open."""

    low: int
    high: int
    missing: frozenset[str] = frozenset()

    @staticmethod
    def of(low: int, high: int, missing: frozenset[str]) -> Span:
        """A known value leaves nothing open, whatever was missing on the way to it."""
        return Span(low, high, missing if low != high else frozenset())


Lookup = Callable[[str], Span | None]
"""The span of an input or an earlier derived score by name; None where it is not applicable."""


def evaluate(expr: Sequence[Any], lookup: Lookup) -> Span | None:
    """The span of a score's integer form (`policy_dsl.scores`); None where it is not applicable."""
    match expr:
        case ["ref", name]:
            return lookup(name)
        case ["const", value]:
            return Span(value, value)
        case ["weighted", pairs]:
            present = [(weight, span) for weight, item in pairs if (span := evaluate(item, lookup)) is not None]
            return _each([span for _, span in present], lambda xs: weighted([weight for weight, _ in present], xs))
        case ["cascade", cheap, deep, low, high]:
            return _cascade(evaluate(cheap, lookup), lambda: evaluate(deep, lookup), low, high)
        case ["add" | "sub" | "mul" as operator, left, right]:
            a, b = evaluate(left, lookup), evaluate(right, lookup)
            return None if a is None or b is None else _arithmetic(operator, a, b)
        case [function, items]:
            spans = [span for item in items if (span := evaluate(item, lookup)) is not None]
            return _each(spans, FUSIONS[function])
    raise AssertionError(expr)


def weighted(weights: Sequence[int], values: Sequence[int]) -> int:
    """floor((2·Σwx + Σw) / (2·Σw)): one rounding, half up."""
    total = sum(weights)
    return (2 * sum(w * x for w, x in zip(weights, values, strict=True)) + total) // (2 * total)


def mean(values: Sequence[int]) -> int:
    return weighted([1] * len(values), values)


def noisy_or(values: Sequence[int]) -> int:
    """1 - Π(1 - x), rounded half up after each product, in written order."""
    rest = MICRO
    for value in values:
        rest = (rest * (MICRO - value) + HALF) // MICRO
    return MICRO - rest


FUSIONS: dict[str, Callable[[Sequence[int]], int]] = {"max": max, "min": min, "mean": mean, "noisy_or": noisy_or}


def _each(spans: Sequence[Span], function: Callable[[Sequence[int]], int]) -> Span | None:
    """A function that rises with every operand, over the operands that apply."""
    if not spans:
        return None
    missing = frozenset().union(*(span.missing for span in spans))
    return Span.of(function([span.low for span in spans]), function([span.high for span in spans]), missing)


def _cascade(cheap: Span | None, deep: Callable[[], Span | None], low: int, high: int) -> Span | None:
    """`cheap` outside of the closed band, `deep` inside; the one that applies where the other does not."""
    if cheap is None:
        return deep()
    if cheap.high < low or cheap.low > high:
        return cheap
    inside = deep()
    if inside is None:
        return cheap
    bottom, top, missing = inside.low, inside.high, cheap.missing | inside.missing
    if cheap.low < low:
        bottom, top = min(bottom, cheap.low), max(top, low - 1)
    if cheap.high > high:
        bottom, top = min(bottom, high + 1), max(top, cheap.high)
    return Span.of(bottom, top, missing)


def _arithmetic(operator: str, a: Span, b: Span) -> Span:
    missing = a.missing | b.missing
    if operator == "add":
        return Span.of(clamp(a.low + b.low), clamp(a.high + b.high), missing)
    if operator == "sub":
        return Span.of(clamp(a.low - b.high), clamp(a.high - b.low), missing)
    return Span.of(clamp(product(a.low, b.low)), clamp(product(a.high, b.high)), missing)


def product(a: int, b: int) -> int:
    """Millionths of a product, rounded half up."""
    return (a * b + HALF) // MICRO


def clamp(value: int) -> int:
    return min(max(value, 0), MICRO)
