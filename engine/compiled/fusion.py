"""A derived score's expression -> simpler ones: what cannot apply left out, names of other derived scores written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policy_dsl.program import MICRO

Expr = list[Any]


def expand(expr: Expr, derived: Mapping[str, Expr]) -> Expr:
    """The same over inputs alone."""
    match expr:
        case ["ref", name]:
            return expand(derived[name], derived) if name in derived else expr
        case ["const", _]:
            return expr
        case ["weighted", pairs]:
            return ["weighted", [[weight, expand(item, derived)] for weight, item in pairs]]
        case ["cascade", cheap, deep, low, high]:
            return ["cascade", expand(cheap, derived), expand(deep, derived), low, high]
        case ["add" | "sub" | "mul" as operator, left, right]:
            return [operator, expand(left, derived), expand(right, derived)]
        case [function, items]:
            return [function, [expand(item, derived) for item in items]]
    raise AssertionError(expr)


def applying(expr: Expr, never: Callable[[str], bool]) -> Expr | None:
    """`expr` without the operands that never apply (ruling R9); None where the whole never does."""
    match expr:
        case ["ref", name]:
            return None if never(name) else expr
        case ["const", _]:
            return expr
        case ["weighted", pairs]:
            kept = [[weight, left] for weight, item in pairs if weight and (left := applying(item, never)) is not None]
            return kept[0][1] if len(kept) == 1 else ["weighted", kept] if kept else None
        case ["cascade", cheap, deep, low, high]:
            first, second = applying(cheap, never), applying(deep, never)
            return ["cascade", first, second, low, high] if first and second else first or second
        case ["add" | "sub" | "mul" as operator, left, right]:
            a, b = applying(left, never), applying(right, never)
            return [operator, a, b] if a and b else None
        case [function, items]:
            found = [left for item in items if (left := applying(item, never)) is not None]
            return found[0] if len(found) == 1 else [function, found] if found else None
    raise AssertionError(expr)


def inputs(expr: Expr) -> frozenset[str]:
    """The names that it rests on."""
    match expr:
        case ["ref", name]:
            return frozenset({name})
        case ["const", _]:
            return frozenset()
        case ["weighted", pairs]:
            return frozenset().union(*(inputs(item) for _, item in pairs))
        case ["cascade", cheap, deep, _, _]:
            return inputs(cheap) | inputs(deep)
        case ["add" | "sub" | "mul", left, right]:
            return inputs(left) | inputs(right)
        case [_, items]:
            return frozenset().union(*map(inputs, items))
    raise AssertionError(expr)


def exact(expr: Expr, variable: Callable[[str], str]) -> str:
    """Python text for its millionths where every operand applies; `variable` gives those of an input."""

    def go(part: Expr) -> str:
        return exact(part, variable)

    match expr:
        case ["ref", name]:
            return variable(name)
        case ["const", value]:
            return str(value)
        case ["weighted", pairs]:
            return _weighted([(weight, go(item)) for weight, item in pairs])
        case ["max" | "min" as function, items]:
            return f"{function}({', '.join(map(go, items))})"
        case ["mean" | "noisy_or" as function, items]:
            return (_mean if function == "mean" else _noisy_or)(list(map(go, items)))
        case ["cascade", cheap, deep, low, high]:
            return f"({go(deep)} if {low} <= {go(cheap)} <= {high} else {go(cheap)})"
        case ["add" | "sub" | "mul" as operator, left, right]:
            return ARITHMETIC[operator].format(go(left), go(right))
    raise AssertionError(expr)


ARITHMETIC = {
    "add": f"min({{0}} + {{1}}, {MICRO})",
    "sub": "max({0} - {1}, 0)",
    "mul": f"(({{0}} * {{1}} + {MICRO // 2}) // {MICRO})",
}


def _weighted(pairs: list[tuple[int, str]]) -> str:
    total = sum(weight for weight, _ in pairs)
    terms = " + ".join(text if weight == 1 else f"{weight} * {text}" for weight, text in pairs)
    return f"((2 * ({terms}) + {total}) // {2 * total})"


def _mean(items: list[str]) -> str:
    return _weighted([(1, item) for item in items])


def _noisy_or(items: list[str]) -> str:
    rest = f"({MICRO} - {items[0]})"
    for item in items[1:]:
        rest = f"(({rest} * ({MICRO} - {item}) + {MICRO // 2}) // {MICRO})"
    return f"({MICRO} - {rest})"
