"""A score's integer form -> SQL columns: the lowest and the highest that it can be, and what leaves it open (S1, R7 to R9).

NULL stands for not applicable: GREATEST and LEAST would treat it differently from dialect to dialect, so that every operand of
a fusion is given a number that leaves the result alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlglot import exp

from engine.sql.dialects import Dialect
from engine.sql.inputs import Range
from engine.sql.layers import Layers
from engine.sql.terms import (
    E,
    bits,
    case,
    compare,
    constant,
    differ,
    every,
    function,
    greatest,
    is_null,
    least,
    minus,
    number,
    plus,
    times,
)
from policy_dsl.program import MICRO

HALF = MICRO // 2
Side: TypeAlias = Sequence[E]


@dataclass(frozen=True, slots=True)
class Fusing:
    dialect: Dialect
    layers: Layers
    lookup: Callable[[str], Range]

    def evaluate(self, expr: Sequence[Any]) -> Range:
        match expr:
            case ["ref", name]:
                return self.lookup(name)
            case ["const", value]:
                return Range(number(value), number(value), number(0))
            case ["weighted", pairs]:
                weights = [weight for weight, _ in pairs]
                return self.each([item for _, item in pairs], lambda side: self.weighted(weights, side))
            case ["cascade", cheap, deep, low, high]:
                return self.cascade(self.evaluate(cheap), self.evaluate(deep), low, high)
            case ["add" | "sub" | "mul" as operator, left, right]:
                return self.arithmetic(operator, self.evaluate(left), self.evaluate(right))
            case ["mean", items]:
                return self.each(items, lambda side: self.weighted([1] * len(items), side))
            case ["max", items]:
                return self.each(items, self.highest)
            case ["min", items]:
                return self.each(items, self.lowest)
            case ["noisy_or", items]:
                return self.each(items, self.noisy_or)
        raise AssertionError(expr)

    def each(self, items: Sequence[Any], fold: Callable[[Side], E]) -> Range:
        """A function that rises with every operand, over the operands that apply."""
        found = [self.evaluate(item) for item in items]
        return self.made(
            fold([item.low for item in found]), fold([item.high for item in found]), [item.missing for item in found]
        )

    def made(self, low: E, high: E, missing: Sequence[E]) -> Range:
        """A known value leaves nothing open, whatever was missing on the way to it."""
        low, high = self.layers.let("low", low), self.layers.let("high", high)
        return Range(low, high, self.open(low, high, bits(*missing)))

    def open(self, low: E, high: E, missing: E) -> E:
        if low == high or constant(missing) == 0:
            return number(0)
        return self.layers.let("open", case([(differ(low, high), missing)], number(0)))

    def highest(self, side: Side) -> E:
        return self.applied(side, greatest(*(self.or_else(x, -1) for x in side)))

    def lowest(self, side: Side) -> E:
        return self.applied(side, least(*(self.or_else(x, MICRO + 1) for x in side)))

    def weighted(self, weights: Sequence[int], side: Side) -> E:
        """floor((2·Σwx + Σw) / (2·Σw)): one rounding, half up."""
        total = self.layers.let("weights", plus(*(self.counted(x, w) for w, x in zip(weights, side, strict=True))))
        sum_ = plus(*(times(self.or_else(x, 0), number(2 * w)) for w, x in zip(weights, side, strict=True)))
        divisor = greatest(times(total, number(2)), number(1))
        return self.applied(side, self.dialect.divide(self.layers.let("sum", plus(sum_, total)), divisor))

    def noisy_or(self, side: Side) -> E:
        """1 - Π(1 - x), rounded half up after each product, in written order; what does not apply counts as 0."""
        rest: E = number(MICRO)
        for x in side:
            product = plus(times(rest, minus(number(MICRO), self.or_else(x, 0))), number(HALF))
            rest = self.layers.let("rest", self.dialect.divide(self.layers.let("product", product), number(MICRO)))
        return self.applied(side, minus(number(MICRO), rest))

    def applied(self, side: Side, result: E) -> E:
        """NULL where no operand applies."""
        if any(constant(x) is not None for x in side):
            return result
        return case([(every(is_null(x) for x in side), exp.null())], result)

    def or_else(self, term: E, value: int) -> E:
        return term if constant(term) is not None else function("COALESCE", term, number(value))

    def counted(self, term: E, weight: int) -> E:
        return number(weight) if constant(term) is not None else case([(is_null(term), number(0))], number(weight))

    def cascade(self, cheap: Range, deep: Range, low: int, high: int) -> Range:
        """`cheap` outside of the closed band, `deep` inside; the one that applies where the other does not."""
        only_deep = is_null(cheap.low)
        outside = exp.or_(compare("<", cheap.high, number(low)), compare(">", cheap.low, number(high)))
        only_cheap = exp.or_(outside, is_null(deep.low))
        under, over = compare("<", cheap.low, number(low)), compare(">", cheap.high, number(high))
        bottom = least(deep.low, case([(under, cheap.low)], deep.low), case([(over, number(high + 1))], deep.low))
        top = greatest(deep.high, case([(under, number(low - 1))], deep.high), case([(over, cheap.high)], deep.high))
        missing = self.layers.let("open", bits(cheap.missing, deep.missing))
        lower = self.layers.let("low", case([(only_deep, deep.low), (only_cheap, cheap.low)], bottom))
        upper = self.layers.let("high", case([(only_deep, deep.high), (only_cheap, cheap.high)], top))
        one = case([(only_deep, deep.missing), (only_cheap, cheap.missing)], missing)
        return Range(lower, upper, self.open(lower, upper, one))

    def arithmetic(self, operator: str, a: Range, b: Range) -> Range:
        missing = [a.missing, b.missing]
        if operator == "add":
            return self.made(self.clamped(plus(a.low, b.low)), self.clamped(plus(a.high, b.high)), missing)
        if operator == "sub":
            return self.made(self.clamped(minus(a.low, b.high)), self.clamped(minus(a.high, b.low)), missing)
        return self.made(self.product(a.low, b.low), self.product(a.high, b.high), missing)

    def product(self, a: E, b: E) -> E:
        """Millionths of a product, rounded half up."""
        raw = self.layers.let("product", plus(times(a, b), number(HALF)))
        return self.clamped(self.dialect.divide(raw, number(MICRO)))

    def clamped(self, term: E) -> E:
        value = constant(term)
        if value is not None:
            return number(min(max(value, 0), MICRO))
        raw = self.layers.let("raw", term)
        return case([(compare("<", raw, number(0)), number(0)), (compare(">", raw, number(MICRO)), number(MICRO))], raw)
