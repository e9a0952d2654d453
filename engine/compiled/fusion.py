"""A derived score's expression -> simpler ones: what cannot apply left out, names of other derived scores written out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from policy_dsl.program import MICRO

Expr = list[Any]


def expand(expr: Expr, derived: Mapping[str, Expr]) -> Expr:
    """The same with those derived scores written out."""
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


def small(derived: Mapping[str, Expr], limit: int) -> dict[str, Expr]:
    """The derived scores that can be written out: with all that they rest on, no more than `limit` operands each.

    A score that names another twice has twice its size, so a chain of a few dozen would fill any memory.
    """
    sizes: dict[str, int] = {}
    for name, expr in derived.items():
        sizes[name] = sum(sizes.get(operand, 1) for operand in operands(expr))
    return {name: expr for name, expr in derived.items() if sizes[name] <= limit}


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


def operands(expr: Expr) -> list[str]:
    """The names in it, as often as they stand there."""
    match expr:
        case ["ref", name]:
            return [name]
        case ["const", _]:
            return []
        case ["weighted", pairs]:
            parts = [item for _, item in pairs]
        case ["cascade", cheap, deep, _, _]:
            parts = [cheap, deep]
        case ["add" | "sub" | "mul", left, right]:
            parts = [left, right]
        case [_, items]:
            parts = items
    return [name for part in parts for name in operands(part)]


def below(names: Iterable[str], derived: Mapping[str, Expr]) -> frozenset[str]:
    """The inputs behind some names."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += operands(derived[name]) if name in derived else []
    return frozenset(found) - derived.keys()


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
