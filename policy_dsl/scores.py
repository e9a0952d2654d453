"""A score's expression -> its integer form (S1, ruling R9): nested lists, evaluated by every evaluator alike.

["ref", name]                        an input or another derived score
["const", micros]
["max" | "min" | "mean" | "noisy_or", [e…]]
["weighted", [[micros, e]…]]         floor((2·Σwx + Σw) / (2·Σw)) over the operands that apply
["cascade", cheap, deep, low, high]  the band is closed
["add" | "sub", a, b]                clamped to [0, 1]
["mul", a, b]                        floor((a·b + 500,000) / 1,000,000), clamped to [0, 1]
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policy_dsl.cel.nodes import Call, Expr, Ident, Literal, Weight
from policy_dsl.program import MICRO

FUSIONS = ("max", "min", "mean", "noisy_or")
ARITHMETIC = {"_+_": "add", "_-_": "sub", "_*_": "mul"}


def lower_score(expr: Expr) -> list[Any]:
    """The integer form of a checked, resolved expression."""
    match expr:
        case Ident(name=name):
            return ["ref", name]
        case Literal():
            return ["const", micros(expr)]
        case Call(function="weighted", args=args):
            return [
                "weighted",
                [[micros(arg.weight), lower_score(arg.value)] for arg in args if isinstance(arg, Weight)],
            ]
        case Call(function="cascade", args=(cheap, deep, low, high)):
            return ["cascade", lower_score(cheap), lower_score(deep), micros(low), micros(high)]
        case Call(function=function, args=args) if function in FUSIONS:
            return [function, [lower_score(arg) for arg in args]]
        case Call(function=function, args=(left, right)) if function in ARITHMETIC:
            return [ARITHMETIC[function], lower_score(left), lower_score(right)]
    raise AssertionError(f"not a score expression: {expr}")


def micros(literal: Expr) -> int:
    """Millionths of a numeric literal with at most six places."""
    assert isinstance(literal, Literal)
    return int(Decimal(literal.text or str(literal.value)) * MICRO)
