"""Rows of batches -> additive tables of counts by (slice, step function, label, score reached), merged as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from policy_dsl.program import MICRO

UNLABELLED, NEGATIVE, POSITIVE = range(3)
KINDS = 4096  # room in a key: far more step functions than one rung has
SCORES = MICRO + 2  # from -1, which reaches nothing
PENDING = 1 << 21  # keys that may wait before they are merged

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Cell k: `rows[k]` rows of the slice `slices[where[k]]` with `label[k]` and the step function `kind[k]`, whose scores reach
    thresholds up to `at[k]` millionths (-1: none). `weighted` of them have a propensity; `weight` and `weight2` are the sums of
    1/propensity and of its square.
    """

    slices: tuple[str | None, ...]
    where: Ints
    kind: Ints
    label: Ints
    at: Ints
    rows: Ints
    weighted: Ints
    weight: Floats
    weight2: Floats

    def select(self, mask: NDArray[np.bool_]) -> Table:
        """The cells of the mask."""
        names = ("where", "kind", "label", "at", "rows", "weighted", "weight", "weight2")
        return replace(self, **{name: getattr(self, name)[mask] for name in names})

    def of(self, value: str | None) -> Table:
        """One slice; no cells where it does not occur."""
        number = self.slices.index(value) if value in self.slices else -1
        return self.select(self.where == number)


@dataclass(frozen=True, slots=True)
class Rows:
    """One batch's rows: what their cells are made of. `weight` is 1/propensity, 0 without one; None where no row has any."""

    kind: Ints
    label: Ints
    at: Ints
    weight: Floats | None


@dataclass
class Tally:
    """Sums by key; what came last waits unmerged."""

    slices: dict[str | None, int] = field(default_factory=dict)
    parts: list[tuple[Ints, tuple[Ints | Floats, ...]]] = field(default_factory=list)
    pending: int = 0

    def add(self, rows: Rows, column: pa.Array | None = None) -> None:
        """`column`: the slice of each row, a text or null; None puts all into the slice None."""
        where = self._numbered(column) if column is not None else self.slices.setdefault(None, 0)
        keys = ((where * KINDS + rows.kind) * 3 + rows.label) * SCORES + rows.at + 1
        self._keep(*_summed(keys, rows.weight))

    def merge(self, table: Table, kinds: Ints) -> None:
        """Adds a table whose step functions are numbered otherwise: its kind k is `kinds[k]` here."""
        numbers = np.array([self.slices.setdefault(value, len(self.slices)) for value in table.slices], np.int64)
        keys = ((numbers[table.where] * KINDS + kinds[table.kind]) * 3 + table.label) * SCORES + table.at + 1
        self._keep(keys, (table.rows, table.weighted, table.weight, table.weight2))

    def table(self) -> Table:
        """All that was added; the slices in the order in which they came."""
        self._consolidate()
        keys, sums = self.parts[0] if self.parts else _summed(np.zeros(0, np.int64), None)
        rest, at = np.divmod(keys, SCORES)
        rest, label = np.divmod(rest, 3)
        where, kind = np.divmod(rest, KINDS)
        return Table(tuple(self.slices), where, kind, label, at - 1, *sums)  # type: ignore[arg-type]  # as `_summed` orders them

    def _numbered(self, column: pa.Array) -> Ints:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        values: Sequence[str | None] = [*coded.dictionary.to_pylist(), None]
        codes = coded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        used = np.unique(codes)
        numbers = np.zeros(len(values), np.int64)
        for code in used.tolist():
            numbers[code] = self.slices.setdefault(values[code], len(self.slices))
        found: Ints = numbers[codes]
        return found

    def _keep(self, keys: Ints, sums: tuple[Ints | Floats, ...]) -> None:
        self.parts.append((keys, sums))
        self.pending += keys.size
        if self.pending > PENDING:
            self._consolidate()

    def _consolidate(self) -> None:
        if len(self.parts) > 1:
            keys = np.concatenate([keys for keys, _ in self.parts])
            unique, inverse = np.unique(keys, return_inverse=True)
            columns = zip(*(sums for _, sums in self.parts), strict=True)
            self.parts = [(unique, tuple(_total(inverse, np.concatenate(c), unique.size) for c in columns))]
        self.pending = 0


def _summed(keys: Ints, weight: Floats | None) -> tuple[Ints, tuple[Ints | Floats, ...]]:
    """Rows, weighted rows, weights, squares of weights."""
    if weight is None:
        unique, rows = np.unique(keys, return_counts=True)
        none = np.zeros(unique.size)
        return unique, (rows.astype(np.int64), none.astype(np.int64), none, none)
    unique, inverse, rows = np.unique(keys, return_inverse=True, return_counts=True)
    weighted, total, squares = (np.bincount(inverse, w, unique.size) for w in (weight > 0, weight, weight * weight))
    return unique, (rows.astype(np.int64), weighted.astype(np.int64), total, squares)


def _total(inverse: Ints, values: Ints | Floats, size: int) -> Ints | Floats:
    """Whole numbers stay exact: in binary64 up to 2**53 rows."""
    found = np.bincount(inverse, values, size)
    return found.astype(np.int64) if values.dtype == np.int64 else found
