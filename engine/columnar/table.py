"""Axes of a signature -> one id per row: rows with the same cells on all axes get the same id, found once by the exact evaluator."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.columnar import kernel
from engine.columnar.frame import Frame, Ints

NONE = np.empty(0, np.int32)
DENSE = 20  # bits of a code up to which a table has an entry for every code
MOST = 62  # bits of a code


class Axis(Protocol):
    """Something that a decision depends on, as a small number per row."""

    def cells(self, frame: Frame) -> Ints:
        """In [0, size)."""

    @property
    def size(self) -> int:
        """How many cells there are; may grow while rows come."""


Fill = Callable[[Frame, int], Hashable]
"""What a row comes to, by its frame and its number in it."""


class Table:
    """An axis made of axes. `values` are what `fill` gave, each once; a row's cell is its place among them.

    `fill` is asked once for every combination of cells that occurs. It must depend on the row through the axes alone.
    """

    def __init__(self, axes: Sequence[Axis], fill: Fill) -> None:
        self.axes = tuple(axes)
        self.values: list[Any] = []
        self._fill = fill
        self._known: dict[Hashable, int] = {}
        self._bits = [0 for _ in self.axes]
        self._widen([1 for _ in self.axes])

    @property
    def size(self) -> int:
        return len(self.values)

    def cells(self, frame: Frame) -> Ints:
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: Frame) -> Ints:
        cells = [axis.cells(frame) for axis in self.axes]
        needed = [max(axis.size - 1, 1).bit_length() for axis in self.axes]
        if sum(needed) + len(needed) > MOST:
            self._split()
            return self._cells(frame)
        if any(need > bits for need, bits in zip(needed, self._bits, strict=True)):
            self._widen(needed)
        code = np.zeros(frame.rows, np.int64)
        for start in range(0, len(cells), 4):
            a, b, c, d = [*cells[start : start + 4], NONE, NONE, NONE][:4]
            kernel.joined(code, a, b, c, d, self._shifts[start : start + 4])
        out = np.empty(frame.rows, np.int32)
        new = np.empty(frame.rows, np.int64)
        look = self._dense if self._table.size else self._hashed
        while (rows := look(code, out, new)).size:
            self._put(code[rows], self.filled(frame, rows))
        return out

    def filled(self, frame: Frame, rows: npt.NDArray[np.int64]) -> Ints:
        """The cells of rows whose codes are new."""
        return np.array([self._id(self._fill(frame, int(row))) for row in rows], np.int32)

    def _id(self, value: Hashable, key: Hashable | None = None) -> int:
        """`key` is equal where the value is, if it is not the value itself."""
        found = self._known.setdefault(value if key is None else key, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found

    # -- codes -> ids ------------------------------------------------------------------------------------------------

    def _widen(self, needed: Sequence[int]) -> None:
        """Makes room for more cells on an axis, and twice what is needed, for more will come; what was filled is asked again."""
        self._bits = [
            bits if need <= bits else need + (bits > 0) for need, bits in zip(needed, self._bits, strict=True)
        ]
        self._shifts = np.cumsum([0, *self._bits])[:-1]
        total = sum(self._bits)
        self._table = np.full(1 << total if total <= DENSE else 0, -1, np.int32)
        self._keys = np.full(1 << 10, kernel.EMPTY, np.uint64)
        self._ids = np.zeros(1 << 10, np.int32)
        self._count = 0

    def _split(self) -> None:
        """Two axes instead, each of half of them: codes stay narrow enough."""
        half = len(self.axes) // 2
        self.axes = tuple(Pair(part) if len(part) > 1 else part[0] for part in (self.axes[:half], self.axes[half:]))
        self._bits = [0, 0]
        self._widen([2, 2])

    def _dense(self, code: npt.NDArray[np.int64], out: Ints, new: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return new[: kernel.looked_up(code, self._table, out, new)]

    def _hashed(self, code: npt.NDArray[np.int64], out: Ints, new: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        room = self._keys.size // 2 - self._count
        count, reached = kernel.hashed(code, self._keys, self._ids, out, new, room)
        self._count += count
        rows = new[:count].copy()
        if reached < code.size:
            larger = np.full(self._keys.size * 4, kernel.EMPTY, np.uint64)
            ids = np.zeros(larger.size, np.int32)
            kernel.rehashed(self._keys, self._ids, larger, ids)
            self._keys, self._ids = larger, ids
        if not count and reached < code.size:
            return self._hashed(code, out, new)
        return rows

    def _put(self, codes: npt.NDArray[np.int64], ids: Ints) -> None:
        if self._table.size:
            self._table[codes] = ids
        else:
            kernel.put(self._keys, self._ids, codes, ids)


class Pair(Table):
    """Some axes as one: every combination that occurs is a cell."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        super().__init__(axes, lambda *_: None)
        self._whole = tuple(axes)  # `axes` may be split

    def filled(self, frame: Frame, rows: npt.NDArray[np.int64]) -> Ints:
        cells = np.stack([axis.cells(frame)[rows] for axis in self._whole], axis=1)
        return np.array([self._id(tuple(found)) for found in cells.tolist()], np.int32)
