"""Derived scores x columns of micro-scores -> their lowest and highest possible values, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.columnar import arithmetic
from engine.columnar.errors import ColumnarError
from engine.columnar.frame import Frame
from engine.compiled.fusion import below
from policy_dsl.program import Input, Score

WIDTH = 62  # inputs in a mask

Ints: TypeAlias = npt.NDArray[np.int64]
Span: TypeAlias = tuple[Ints, Ints, Ints]
"""[rows] each: lowest and highest possible value (both -1: not applicable), and the mask of what leaves it open."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Some derived scores, each made of inputs and of scores before it. `inputs` are numbered by the bits of masks."""

    scores: tuple[Score, ...]
    inputs: tuple[Input, ...]

    @staticmethod
    def behind(scores: Sequence[Score]) -> tuple[str, ...]:
        """The names of the inputs. Raises ColumnarError where they are too many for a mask."""
        derived = {score.name: score.expr for score in scores}
        found = tuple(sorted(below(derived, derived)))
        if len(found) > WIDTH:
            raise ColumnarError(
                f"the score `{scores[-1].name}` rests on more than {WIDTH} inputs: decide with `--evaluator scalar`"
            )
        return found

    def of(self, frame: Frame, name: str) -> Span:
        return frame.kept((self, name), lambda: self._computed(frame, name))

    def _computed(self, frame: Frame, name: str) -> Span:
        expr = next(score.expr for score in self.scores if score.name == name)
        work = _Work(self, frame)
        found = work.value(expr)
        return found[0][0], found[1][0], found[2][0]


@dataclass(frozen=True)
class _Work:
    """The scores of one frame. A value is three arrays [1, rows] or, as operands, [n, rows]; they are the caller's to change."""

    spans: Spans
    frame: Frame

    def value(self, expr: Sequence[Any]) -> Span:
        match expr:
            case ["ref", name]:
                return self._named(name)
            case ["const", value]:
                return self._constant(value)
            case ["weighted", pairs]:
                weighed = [(weight, item) for weight, item in pairs if weight]
                return self._fused("weighted", [item for _, item in weighed], [weight for weight, _ in weighed])
            case ["mean", items]:
                return self._fused("weighted", items, [1] * len(items))
            case ["cascade", cheap, deep, low, high]:
                found = self._operands([cheap, deep])
                arithmetic.cascade(*found, low, high)
                return _first(found)
            case ["add" | "sub" | "mul" as operator, left, right]:
                low, high, lost = self._operands([left, right])
                lost[:, (low == arithmetic.NA).any(axis=0)] = 0
                {"add": arithmetic.add, "sub": arithmetic.subtract, "mul": arithmetic.multiply}[operator](low, high)
                arithmetic.either(lost)
                return _first((low, high, lost))
            case [function, items]:
                return self._fused(function, items, [])
        raise AssertionError(expr)

    def _fused(self, function: str, items: Sequence[Any], weights: Sequence[int]) -> Span:
        low, high, lost = found = self._operands(items)
        for values in (low, high) if lost.any() else (low,):
            if function == "weighted":
                arithmetic.weighted(values, np.array(weights, np.int64))
            else:
                {"max": arithmetic.maximum, "min": arithmetic.minimum, "noisy_or": arithmetic.noisy_or}[function](
                    values
                )
        if not lost.any():
            high[0] = low[0]
        arithmetic.either(lost)
        return _first(found)

    def _operands(self, items: Sequence[Any]) -> Span:
        found = [self.value(item) for item in items]
        low, high, lost = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return low, high, lost

    def _named(self, name: str) -> Span:
        if any(score.name == name for score in self.spans.scores):
            low, high, lost = (values.copy() for values in self.spans.of(self.frame, name))
            return low[None], high[None], lost[None]
        number = next(number for number, spec in enumerate(self.spans.inputs) if spec.name == name)
        low, high, lost = self._empty()
        arithmetic.load(self.frame.scores(self.spans.inputs[number]), 1 << number, low[0], high[0], lost[0])
        return low, high, lost

    def _constant(self, value: int) -> Span:
        low, high, lost = self._empty()
        low[:], high[:], lost[:] = value, value, 0
        return low, high, lost

    def _empty(self) -> Span:
        low, high, lost = (np.empty((1, self.frame.rows), np.int64) for _ in range(3))
        return low, high, lost


def _first(found: Span) -> Span:
    low, high, lost = (values[:1] for values in found)
    arithmetic.settle(low[0], high[0], lost[0])
    return low, high, lost
