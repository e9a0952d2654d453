"""What decisions depend on -> axes: between which thresholds a score lies, which value a fact has, and the like."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.columnar import kernel
from engine.columnar.frame import MISSING, NO_TIME, Discrete, Frame, Ints
from engine.columnar.fused import Spans
from engine.record import NA
from policy_dsl.program import MICRO, Input


class ScoreAxis:
    """A score: missing, not applicable, or between which of the cuts."""

    def __init__(self, spec: Input, cuts: Sequence[int]) -> None:
        self.spec = spec
        inner = sorted({cut for cut in cuts if 0 < cut <= MICRO})
        self._cuts = np.array([kernel.NOT_APPLICABLE, 0, *inner], np.int32)
        self.size = self._cuts.size + 1

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        out = np.empty(frame.rows, np.int32)
        kernel.positions(frame.scores(self.spec), self._cuts, out)
        return out


class NumberAxis:
    """A number that is only compared with constants: between which of them it lies."""

    def __init__(self, spec: Input, cuts: Sequence[int | float]) -> None:
        self.spec = spec
        self._cuts = sorted(set(cuts))
        self.size = len(self._cuts) + 3

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        numbers = frame.numbers(self.spec)
        out = np.empty(frame.rows, np.int32)
        kernel.positions(numbers.values, self._as(numbers.values), out)
        out += 2
        if numbers.gaps is not None:
            np.copyto(out, numbers.gaps + 2, where=numbers.gaps < 0, casting="unsafe")
        return out

    def _as(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The cuts in the values' type; one beyond it is reached by none, or by all."""
        if not np.issubdtype(values.dtype, np.integer):
            return np.array(self._cuts, values.dtype)
        bounds = np.iinfo(values.dtype)
        within = [cut for cut in self._cuts if bounds.min < cut <= bounds.max]
        low = [bounds.min for cut in self._cuts if cut <= bounds.min]
        return np.array([*low, *within], values.dtype)


class ValueAxis:
    """A column of few values: which class each is of. Without `classify` every value is a class of its own."""

    def __init__(
        self, column: Callable[[Any], Discrete | None], classify: Callable[[Any], Hashable] | None = None
    ) -> None:
        self._column, self._classify = column, classify
        self._known: dict[Hashable, int] = {}
        self._classes: dict[Hashable, int] = {}
        self.size = 1

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        found = self._column(frame)
        if found is None:
            return np.zeros(frame.rows, np.int32)
        table = np.array([self._cell(value) for value in found.values], np.int32)
        self.size = max(len(self._classes), 1)
        if np.array_equal(table, np.arange(table.size)):
            return found.codes
        out = np.empty(frame.rows, np.int32)
        kernel.mapped(found.codes, table, out)
        return out

    @property
    def classes(self) -> tuple[Any, ...]:
        """By cell."""
        return tuple(self._classes)

    def seed(self, classes: Iterable[Hashable]) -> None:
        """Gives some classes the first cells, in this order."""
        self._classes = {kind: number for number, kind in enumerate(classes)}
        self.size = max(len(self._classes), 1)

    def _cell(self, value: Any) -> int:
        key = (type(value), value)
        if key not in self._known:
            kind = key if self._classify is None else self._classify(value)
            self._known[key] = self._classes.setdefault(kind, len(self._classes))
        return self._known[key]


class ExactAxis:
    """A score or a derived score of which the value itself matters: every one that occurs is a cell."""

    def __init__(self, values: Callable[[Frame], Sequence[npt.NDArray[Any]]]) -> None:
        self._values = values
        self._known: dict[Hashable, int] = {}

    @property
    def size(self) -> int:
        return max(len(self._known), 1)

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        rows = zip(*(column.tolist() for column in self._values(frame)), strict=True)
        return np.array([self._known.setdefault(row, len(self._known)) for row in rows], np.int32)


class SpanAxis:
    """A derived score: not applicable, between which cuts, or between which ones it may lie, and for want of what."""

    def __init__(self, spans: Spans, name: str, cuts: Sequence[int]) -> None:
        self._spans, self._name = spans, name
        inner = sorted({cut for cut in cuts if 0 < cut <= MICRO})
        self._cuts = np.array([0, *inner], np.int64)
        self._open: dict[tuple[int, ...], int] = {}

    @property
    def size(self) -> int:
        return int(self._cuts.size) + 1 + len(self._open)

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        low, high, mask = self._spans.of(frame, self._name)
        out = np.empty(frame.rows, np.int32)
        kernel.positions(low, self._cuts, out)
        rows = np.flatnonzero(mask)
        if rows.size:
            top = np.empty(rows.size, np.int32)
            kernel.positions(high[rows], self._cuts, top)
            signs, inverse = np.unique(np.stack([mask[rows], out[rows], top]), axis=1, return_inverse=True)
            first = self._cuts.size + 1
            ids = [first + self._open.setdefault(tuple(sign), len(self._open)) for sign in signs.T.tolist()]
            out[rows] = np.array(ids, np.int32)[inverse.ravel()]
        return out


class TimeAxis:
    """No time, or between which dates."""

    def __init__(self, dates: Sequence[int]) -> None:
        self._dates = np.array([NO_TIME + 1, *sorted(set(dates))], np.int64)
        self.size = self._dates.size + 1

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        out = np.empty(frame.rows, np.int32)
        kernel.positions(frame.times, self._dates, out)
        return out


__all__ = ["MISSING", "NA", "ExactAxis", "NumberAxis", "ScoreAxis", "SpanAxis", "Spans", "TimeAxis", "ValueAxis"]
