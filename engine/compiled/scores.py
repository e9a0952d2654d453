"""Scores -> Python text that compares them with thresholds, on the doubles that the caller sent where order allows it.

A raw score is compared with the double that `cuts` computed. Where every step of a derived score keeps or turns the order
(max, min, a constant times a score, cascade), the threshold is carried through to the inputs: `max(a, 0.8 * b) >= 0.95`
becomes `a >= 0.95 or b >= 1.1875`. Other fusions are computed in doubles first, which settles all but the few values that
lie within rounding of the threshold; for these the exact integers decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.compiled.cuts import cut, inverse_product
from engine.compiled.fusion import Expr, applying, exact, expand, inputs
from engine.compiled.slots import Presence, Slot
from engine.compiled.text import FALSE, TRUE, all_of, any_of, choice, negated
from engine.intervals import Span, evaluate
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import MICRO

LINEAR = ("weighted", "mean", "noisy_or", "mul")


class Scores:
    """All scores, by name, as the fast path sees them. `lines` are the variables that the comparisons need."""

    def __init__(
        self, slots: Mapping[str, Slot], derived: Mapping[str, Expr], constants: Constants, prefix: str = "d"
    ) -> None:
        self.slots, self.derived, self.constants, self.prefix = slots, derived, constants, prefix
        self.lines: list[str] = []
        self._variables: dict[str, str] = {}

    def expr(self, name: str) -> Expr | None:
        """The score over inputs that may apply; None where it never does."""
        return applying(expand(["ref", name], self.derived), lambda leaf: self.slots[leaf].presence is Presence.NEVER)

    def reaches(self, name: str, threshold: int) -> str:
        """Whether it applies and is at least `threshold` millionths."""
        expr = self.expr(name)
        return FALSE if expr is None else self._reaches(expr, threshold)

    def applies(self, name: str) -> str:
        expr = self.expr(name)
        return FALSE if expr is None else self._applies(expr)

    def micros(self, name: str) -> str:
        """Its millionths where it applies."""
        expr = self.expr(name)
        return "0" if expr is None else self._micros(expr)

    # -- inside: expressions over inputs that may apply ------------------------------------------------------------

    def _applies(self, expr: Expr) -> str:
        match expr:
            case ["ref", name]:
                return self.slots[name].applies
            case ["const", _]:
                return TRUE
            case ["weighted", pairs]:
                return any_of(*(self._applies(item) for _, item in pairs))
            case ["cascade", cheap, deep, _, _]:
                return any_of(self._applies(cheap), self._applies(deep))
            case ["add" | "sub" | "mul", left, right]:
                return all_of(self._applies(left), self._applies(right))
            case [_, items]:
                return any_of(*map(self._applies, items))
        raise AssertionError(expr)

    def _reaches(self, expr: Expr, t: int) -> str:
        """`ABSENT` is below every threshold, so only what turns the order has to ask for it."""
        if t <= 0:
            return self._applies(expr)
        if t > MICRO:
            return FALSE
        match expr:
            case ["ref", name]:
                return f"({self.slots[name].variable} >= {cut(t)!r})"
            case ["const", value]:
                return str(value >= t)
            case ["max", items]:
                return any_of(*(self._reaches(item, t) for item in items))
            case ["min", items]:
                each = (any_of(negated(self._applies(item)), self._reaches(item, t)) for item in items)
                return all_of(self._applies(expr), *each)
            case ["cascade", cheap, deep, low, high]:
                return self._cascade(cheap, deep, (low, high), t)
        return self._moved(expr, t) or self._computed(expr, t)

    def _moved(self, expr: Expr, t: int) -> str | None:
        """Arithmetic with a constant, by moving the threshold."""
        match expr:
            case ["mul", ["const", weight], item] | ["mul", item, ["const", weight]]:
                return self._reaches(item, inverse_product(weight, t))
            case ["add", ["const", value], item] | ["add", item, ["const", value]]:
                return self._reaches(item, t - value)
            case ["sub", item, ["const", value]]:
                return self._reaches(item, t + value)
            case ["sub", ["const", value], item]:
                return FALSE if value < t else all_of(self._applies(item), negated(self._reaches(item, value - t + 1)))
        return None

    def _cascade(self, cheap: Expr, deep: Expr, band: tuple[int, int], t: int) -> str:
        inside = all_of(self._reaches(cheap, band[0]), negated(self._reaches(cheap, band[1] + 1)), self._applies(deep))
        asked = any_of(negated(self._applies(cheap)), inside)
        return choice(asked, self._reaches(deep, t), self._reaches(cheap, t))

    def _computed(self, expr: Expr, t: int) -> str:
        """Through a variable: the double nearby, else the exact value."""
        if not self._near(expr):
            return f"({self._variable(expr, lambda: self._micros(expr))} >= {t})"
        near = self._variable(["near", expr], lambda: _near(expr, self._double))
        error = _error(expr)
        low, high = (t - error) / MICRO, (t + error) / MICRO
        return f"({near} >= {high!r} or ({near} >= {low!r} and {self._micros(expr)} >= {t}))"

    def _variable(self, key: Expr, value: Callable[[], str]) -> str:
        name = repr(key)
        if name not in self._variables:
            text = value()
            self._variables[name] = f"{self.prefix}{len(self._variables)}"
            self.lines.append(f"{self._variables[name]} = {text}")
        return self._variables[name]

    def _micros(self, expr: Expr) -> str:
        """Exactly; for a derived score -1 where it does not apply."""
        names = sorted(inputs(expr))
        if all(self.slots[name].presence is Presence.ALWAYS for name in names):
            return exact(expr, lambda name: f"int({self.slots[name].variable} * 1000000.0 + 0.5)")
        if expr[0] == "ref":
            return f"int({self.slots[names[0]].variable} * 1000000.0 + 0.5)"
        values = ", ".join(self.slots[name].variable for name in names)
        return f"{self.constants.add(Fused(expr, names))}({values})"

    def _double(self, name: str) -> str:
        return self.slots[name].variable

    def _near(self, expr: Expr) -> bool:
        """Whether it is one fusion of constants and of scores that are there, whose double is known to lie close."""
        if expr[0] not in LINEAR or any(self.slots[name].presence is not Presence.ALWAYS for name in inputs(expr)):
            return False
        parts = [part for _, part in expr[1]] if expr[0] == "weighted" else expr[1:] if expr[0] == "mul" else expr[1]
        return all(part[0] in ("ref", "const") for part in parts)


class Fused:
    """A derived score some of whose operands may be absent: a function of the doubles that were sent."""

    def __init__(self, expr: Expr, names: Sequence[str]) -> None:
        self.expr, self.names = expr, names

    def __call__(self, *values: Any) -> int:
        known = {name: _span(value) for name, value in zip(self.names, values, strict=True)}
        found = evaluate(self.expr, known.__getitem__)
        return -1 if found is None else found.low


def _span(value: float) -> Span | None:
    if value < 0:
        return None
    micros = int(value * 1_000_000.0 + 0.5)
    return Span(micros, micros)


def _near(expr: Expr, variable: Callable[[str], str]) -> str:
    def leaf(part: Expr) -> str:
        return variable(part[1]) if part[0] == "ref" else repr(part[1] / MICRO)

    match expr:
        case ["weighted", pairs]:
            total = sum(weight for weight, _ in pairs)
            return " + ".join(f"{weight / total!r} * {leaf(item)}" for weight, item in pairs)
        case ["mean", items]:
            return f"({' + '.join(map(leaf, items))}) / {float(len(items))!r}"
        case ["noisy_or", items]:
            return f"1.0 - {' * '.join(f'(1.0 - {leaf(item)})' for item in items)}"
        case ["mul", left, right]:
            return f"{leaf(left)} * {leaf(right)}"
    raise AssertionError(expr)


def _error(expr: Expr) -> float:
    """More than the millionths by which `_near` can differ: half a one for each rounding, of each operand and each step."""
    return float(len(expr[1]) + 1) if expr[0] == "noisy_or" else 2.0
