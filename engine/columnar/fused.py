"""Derived scores -> the operations that `kernel.spans` carries out on columns of micro-scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.columnar import kernel
from engine.columnar.errors import ColumnarError
from engine.compiled.fusion import below
from policy_dsl.program import Score

FUSIONS = {"max": kernel.MAX, "min": kernel.MIN, "mean": kernel.WEIGHTED, "noisy_or": kernel.NOISY_OR}
ARITHMETIC = {"add": kernel.ADD, "sub": kernel.SUB, "mul": kernel.MUL}
DEPTH = 64  # of the kernel's stack
WIDTH = 62  # inputs in a mask

Operation = tuple[int, int, int]


@dataclass(frozen=True)
class Fused:
    """Some derived scores: the inputs they rest on, their operations, and at which row of the result each stands."""

    inputs: tuple[str, ...]
    names: tuple[str, ...]
    operations: npt.NDArray[np.int64]

    @staticmethod
    def of(scores: Sequence[Score]) -> Fused:
        """Raises ColumnarError for an expression beyond the kernel's limits."""
        derived = {score.name: score.expr for score in scores}
        inputs = tuple(sorted(below(derived, derived)))
        names = tuple(derived)
        places = {name: (kernel.REF, number) for number, name in enumerate(inputs)}
        found: list[Operation] = []
        for number, (name, expr) in enumerate(derived.items()):
            operations = list(_operations(expr, places))
            operations[-1] = (*operations[-1][:2], number)
            found += operations
            places[name] = kernel.DERIVED, number
        if len(inputs) > WIDTH or _depth(found) > DEPTH:
            raise ColumnarError(
                f"the score `{names[-1]}` is too deep or rests on more than {WIDTH} inputs: decide with `--evaluator scalar`"
            )
        return Fused(inputs, names, np.array(found, np.int64).reshape(-1, 3))


def _operations(expr: Sequence[Any], places: dict[str, tuple[int, int]]) -> Iterator[Operation]:
    match expr:
        case ["ref", name]:
            yield (*places[name], -1)
        case ["const", value]:
            yield kernel.CONST, value, -1
        case ["weighted", pairs]:
            weighed = [(weight, item) for weight, item in pairs if weight]
            for weight, item in weighed:
                yield kernel.CONST, weight, -1
                yield from _operations(item, places)
            yield kernel.WEIGHTED, len(weighed), -1
        case ["mean", items]:
            yield from _operations(["weighted", [[1, item] for item in items]], places)
        case ["cascade", cheap, deep, low, high]:
            yield from _operations(cheap, places)
            yield from _operations(deep, places)
            yield kernel.CONST, low, -1
            yield kernel.CONST, high, -1
            yield kernel.CASCADE, 0, -1
        case ["add" | "sub" | "mul" as operator, left, right]:
            yield from _operations(left, places)
            yield from _operations(right, places)
            yield ARITHMETIC[operator], 0, -1
        case [function, items]:
            for item in items:
                yield from _operations(item, places)
            yield FUSIONS[function], len(items), -1
        case _:
            raise AssertionError(expr)


def _depth(operations: Sequence[Operation]) -> int:
    """How high the stack grows."""
    top = most = 0
    for operation, argument, target in operations:
        if operation <= kernel.CONST:
            top += 1
        elif operation <= kernel.NOISY_OR:
            top -= argument * (2 if operation == kernel.WEIGHTED else 1) - 1
        else:
            top -= 3 if operation == kernel.CASCADE else 1
        most = max(most, top)
        top -= target >= 0
    return most
