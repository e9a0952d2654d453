"""Scores -> Python text that compares them with thresholds, on the doubles that the caller sent where order allows it.

A raw score is compared with the double that `cuts` computed. Where every step of a derived score keeps or turns the order
(max, min, a constant times a score, cascade), the threshold is carried through to the inputs: `max(a, 0.8 * b) >= 0.76`
becomes `a >= 0.76 or b >= 0.95`. Other fusions are computed in doubles first, which settles all but the few values that
lie within rounding of the threshold; for these the exact integers decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.compiled.cuts import cut, inverse_product
from engine.compiled.fusion import Expr, applying, exact, expand, operands, small
from engine.compiled.slots import Presence, Slot
from engine.compiled.spans import span_of
from engine.compiled.states import NA
from engine.compiled.text import FALSE, TRUE, all_of, any_of, choice, negated
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import MICRO

WRITTEN_OUT = 24  # operands: a derived score of more is computed once, and compared as an integer


class Scores:
    """All scores, by name, as the fast path sees them. `lines` are the variables that the comparisons need."""

    def __init__(
        self, slots: Mapping[str, Slot], derived: Mapping[str, Expr], constants: Constants, prefix: str = "d"
    ) -> None:
        self.slots, self.derived, self.constants, self.prefix = slots, derived, constants, prefix
        self.lines: list[str] = []
        self._written_out = small(derived, WRITTEN_OUT)
        self._variables: dict[str, str] = {}
        self._known: dict[str, Expr | None] = {}

    def expr(self, name: str) -> Expr | None:
        """The score over leaves that may apply: inputs, and derived scores that are not written out. None: never applies."""
        if name not in self._known:
            self._known[name] = applying(expand(["ref", name], self._written_out), self._never)
        return self._known[name]

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

    # -- leaves ------------------------------------------------------------------------------------------------------

    def _never(self, leaf: str) -> bool:
        """Whether it never applies."""
        if leaf in self.slots:
            return self.slots[leaf].presence is Presence.NEVER
        if leaf not in self._known:
            self._known[leaf] = None if applying(self.derived[leaf], self._never) is None else ["ref", leaf]
        return self._known[leaf] is None

    def _always(self, leaf: str) -> bool:
        """Whether it is an input that always applies."""
        return leaf in self.slots and self.slots[leaf].presence is Presence.ALWAYS

    def _leaf(self, name: str) -> str:
        """The variable of an input (a double) or of a derived score that is not written out (millionths, -1 for none)."""
        if name in self.slots:
            return self.slots[name].variable
        return self._variable(["ref", name], lambda: self._fused(self.derived[name]))

    def _leaf_micros(self, name: str) -> str:
        return f"int({self._leaf(name)} * 1000000.0 + 0.5)" if name in self.slots else self._leaf(name)

    # -- expressions -------------------------------------------------------------------------------------------------

    def _applies(self, expr: Expr) -> str:
        match expr:
            case ["ref", name]:
                return self.slots[name].applies if name in self.slots else f"({self._leaf(name)} >= 0)"
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
                return f"({self._leaf(name)} >= {cut(t) if name in self.slots else t!r})"
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
        """Through a variable: the double nearby, and the exact value where that does not settle it."""
        if not all(map(self._always, operands(expr))) or not _is_flat(expr):
            return f"({self._variable(expr, lambda: self._micros(expr))} >= {t})"
        near = self._variable(["near", expr], lambda: _near(expr, self._leaf))
        error = _error(expr)
        low, high = (t - error) / MICRO, (t + error) / MICRO
        return f"({near} >= {high!r} or ({near} >= {low!r} and {self._micros(expr)} >= {t}))"

    def _micros(self, expr: Expr) -> str:
        """Exactly; for a derived score -1 where it does not apply."""
        if expr[0] == "ref":
            return self._leaf_micros(expr[1])
        return exact(expr, self._leaf_micros) if all(map(self._always, operands(expr))) else self._fused(expr)

    def _fused(self, expr: Expr) -> str:
        """By a call, which asks for each operand whether it applies."""
        names = sorted({name for name in operands(expr) if not self._never(name)})
        return f"{self.constants.add(Fused(expr, names))}({', '.join(map(self._leaf, names))})"

    def _variable(self, key: Expr, value: Callable[[], str]) -> str:
        name = repr(key)
        if name not in self._variables:
            text = value()
            self._variables[name] = f"{self.prefix}{len(self._variables)}"
            self.lines.append(f"{self._variables[name]} = {text}")
        return self._variables[name]


class Fused:
    """A derived score as a function of its operands: doubles of inputs, millionths of other derived scores."""

    def __init__(self, expr: Expr, names: Sequence[str]) -> None:
        index = {name: number for number, name in enumerate(names)}
        left = applying(expr, lambda name: name not in index)
        self.span = (lambda _: NA) if left is None else span_of(left, index)

    def __call__(self, *values: Any) -> int:
        """-1 where it does not apply."""
        found = self.span([_micros(value) for value in values])
        return -1 if found is NA else int(found)


def _micros(value: float) -> Any:
    if value < 0:
        return NA
    return int(value * 1_000_000.0 + 0.5) if type(value) is float else value


def _is_flat(expr: Expr) -> bool:
    """Whether it is one fusion of scores and constants, so that a double for it is known to lie close."""
    match expr:
        case ["weighted", pairs]:
            parts = [item for _, item in pairs]
        case ["mul", left, right]:
            parts = [left, right]
        case ["mean" | "noisy_or", items]:
            parts = items
        case _:
            return False
    return all(part[0] in ("ref", "const") for part in parts)


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
