"""A derived score's expression -> a function of the values, some of which may be missing or not apply (S2, rulings R8, R9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from engine.compiled.fusion import Expr
from engine.compiled.states import NA, Span, bounds, span
from policy_dsl.program import MICRO

Values = Sequence[Any]
SpanOf = Callable[[Values], Span]
Rising = Callable[[Sequence[int], Sequence[int]], int]
"""A function of operands and their weights that rises with each operand."""


def span_of(expr: Expr, index: Mapping[str, int]) -> SpanOf:
    """`index` says where the scores of these names stand among the values."""

    def go(part: Expr) -> SpanOf:
        return span_of(part, index)

    match expr:
        case ["ref", name]:
            return itemgetter(index[name])
        case ["const", value]:
            return lambda _: value
        case ["weighted", pairs]:
            return _fusion(_weighted, [(weight, go(item)) for weight, item in pairs if weight])
        case ["cascade", cheap, deep, low, high]:
            return _cascade(go(cheap), go(deep), low, high)
        case ["add" | "sub" | "mul" as operator, left, right]:
            return _arithmetic(ARITHMETIC[operator], go(left), go(right), falls=operator == "sub")
        case [function, items]:
            return _fusion(FUSIONS[function], [(1, go(item)) for item in items])
    raise AssertionError(expr)


def _weighted(values: Sequence[int], weights: Sequence[int]) -> int:
    total = sum(weights)
    doubled = sum(2 * weight * value for weight, value in zip(weights, values, strict=True))
    return (doubled + total) // (2 * total)


def _noisy_or(values: Sequence[int], _: Sequence[int]) -> int:
    none = MICRO
    for value in values:
        none = (none * (MICRO - value) * 2 + MICRO) // (2 * MICRO)
    return MICRO - none


FUSIONS: Mapping[str, Rising] = {
    "max": lambda values, _: max(values),
    "min": lambda values, _: min(values),
    "mean": _weighted,
    "noisy_or": _noisy_or,
}
ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda a, b: min(a + b, MICRO),
    "sub": lambda a, b: max(a - b, 0),
    "mul": lambda a, b: (2 * a * b + MICRO) // (2 * MICRO),
}


def _fusion(function: Rising, parts: Sequence[tuple[int, SpanOf]]) -> SpanOf:
    """Over the operands that apply."""

    def fused(values: Values) -> Span:
        found = [(weight, bounds(value)) for weight, part in parts if (value := part(values)) is not NA]
        if not found:
            return NA
        weights, mask = [weight for weight, _ in found], 0
        for _, (_, _, missing) in found:
            mask |= missing
        low = function([low for _, (low, _, _) in found], weights)
        return low if not mask else span(low, function([high for _, (_, high, _) in found], weights), mask)

    return fused


def _arithmetic(function: Callable[[int, int], int], left: SpanOf, right: SpanOf, *, falls: bool) -> SpanOf:
    """`falls`: with its right operand."""

    def computed(values: Values) -> Span:
        first, second = left(values), right(values)
        if first is NA or second is NA:
            return NA
        (a, b, m), (c, d, n) = bounds(first), bounds(second)
        if falls:
            c, d = d, c
        return span(function(a, c), function(b, d), m | n)

    return computed


def _cascade(cheap: SpanOf, deep: SpanOf, low: int, high: int) -> SpanOf:
    """The cheap score outside of the closed band; its possible values there, and the deep one's, where it may lie in both."""

    def chosen(values: Values) -> Span:
        first = cheap(values)
        if first is NA:
            return deep(values)
        a, b, mask = bounds(first)
        if b < low or a > high:
            return first
        second = deep(values)
        if second is NA:
            return first
        c, d, missing = bounds(second)
        possible = [c, d]
        possible += [a, low - 1] if a < low else []
        possible += [high + 1, b] if b > high else []
        return span(min(possible), max(possible), mask | missing)

    return chosen
