"""Rows in which no scorer found anything -> their outcomes by their facts alone; only the others need their whole signature.

A row is quiet where each score lies below the lowest threshold that anything compares it with, each other output of a scorer says
nothing (false, or a number below the lowest constant), and an output is there exactly where its modality is. Then its cell is known
from the row's modalities; of an output that is optional, whether it is there matters only where a condition reads it, for a ladder
proposes nothing either way. In most logs nine rows out of ten are quiet, and telling them costs one comparison a score and, for
truth values, a few operations on Arrow's bitmaps. A policy none of whose rules could hold in a quiet row proposes nothing there,
whatever exceptions and adjustments its facts grant: where decisions are only counted, its facts are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columnar import kernel
from engine.columnar.axes import ValueAxis
from engine.columnar.frame import MISSING, Discrete, Frame, Ints, TableFrame
from engine.columnar.needs import Needs
from engine.columnar.table import Axis, Table
from engine.compiled.fusion import below
from engine.intervals import noisy_or, product
from engine.record import NA, Missing, typed
from policy_dsl.program import MICRO, Input

KINDS = frozenset({"score", "bool", "int"})

Bytes = npt.NDArray[np.uint8]


@dataclass
class Quiet:
    """Below which value each output of a scorer says nothing. `read` are those that conditions read; `facts` must not be missing."""

    bounds: dict[str, int] = field(default_factory=dict)
    specs: dict[str, Input] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    facts: dict[int, Input] = field(default_factory=dict)
    possible: bool = True

    def add(self, needs: Needs) -> None:
        derived = {score.name: score.expr for score in needs.scores}
        for name, asked in needs.asked.items():
            spec = needs.specs.get(name)
            if spec is not None and spec.is_fact:
                continue
            kind = "score" if spec is None else spec.kind
            if kind not in KINDS or (asked.exact and kind != "bool"):
                self.possible = False
                return
            cut = int(min((cut for cut in asked.cuts if cut > 0), default=MICRO + 1))
            bound = cut if spec is not None else _bound(name, derived, cut)
            for one in below({name}, derived):
                self._input(needs.specs[one], bound)
        self.read |= {name for name in below(needs.read, derived) if not needs.specs[name].is_fact}

    def _input(self, spec: Input, bound: int) -> None:
        if self.specs.setdefault(spec.name, spec) != spec:
            self.possible = False
        self.bounds[spec.name] = min(bound, self.bounds.get(spec.name, bound))


def _bound(name: str, derived: Mapping[str, Any], cut: int) -> int:
    """The largest bound so that, with every input below it, the score lies below the cut; 0 where there is none."""
    low, high = 0, MICRO + 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _most(name, derived, middle - 1) < cut else (low, middle - 1)
    return low


def _most(name: str, derived: Mapping[str, Any], value: int) -> int:
    """What a derived score can come to at most, where no input is larger than `value`; some may not apply."""
    found: dict[str, int] = {}
    for one, expr in derived.items():  # each after those that it names
        found[one] = _most_of(expr, lambda name: found.get(name, value))
    return found[name]


def _most_of(expr: Any, known: Callable[[str], int]) -> int:
    match expr:
        case ["ref", name]:
            return known(name)
        case ["const", constant]:
            return int(constant)
        case ["weighted", pairs]:
            return max(_most_of(item, known) for _, item in pairs)
        case ["noisy_or", items]:
            return noisy_or([_most_of(item, known) for item in items])
        case ["add", left, right]:
            return min(_most_of(left, known) + _most_of(right, known), MICRO)
        case ["mul", left, right]:
            return product(_most_of(left, known), _most_of(right, known))
        case ["sub", left, _]:
            return _most_of(left, known)
        case ["cascade", cheap, deep, _, _]:
            return max(_most_of(cheap, known), _most_of(deep, known))
    return max(_most_of(item, known) for item in expr[1])


class QuietTable:
    """The axis of outcomes: `whole` for rows that something was found in, `facts` and modalities for all others.

    `facts` are the axes of all that is no scorer's output; `bits` gives each modality that an input has a bit; `columns` are
    those that a decision may depend on.
    """

    def __init__(
        self, whole: Table, quiet: Quiet, facts: Sequence[Axis], bits: Mapping[str, int], columns: frozenset[str]
    ) -> None:
        self._whole, self._quiet, self._bit, self._columns = whole, quiet, bits, columns
        self._table = None
        if quiet.possible:
            axes: list[Axis] = [*facts, ValueAxis(_parts), _Read(quiet), _Loud(self)]
            self._table = _Ids(axes, self._ids)

    @property
    def values(self) -> list[Any]:
        return self._whole.values

    @property
    def size(self) -> int:
        return self._whole.size

    def cells(self, frame: Frame) -> Ints:
        if self._table is None or not isinstance(frame, TableFrame):
            return self._whole.cells(frame)
        return frame.kept(self, lambda: self._cells(frame))

    def _cells(self, frame: TableFrame) -> Ints:
        assert self._table is not None
        loud = np.flatnonzero(self.loud(frame))
        if loud.size * 2 > frame.rows:
            return self._whole.cells(frame)
        found = self._table.cells(frame)
        if loud.size:
            found[loud] = frame.kept((self, "loud"), lambda: self._whole.cells(frame.take(loud, self._columns)))
        return found

    def _ids(self, frame: TableFrame, rows: npt.NDArray[np.int64]) -> Ints:
        """The outcomes of quiet rows, and on the way of all loud ones; what stands here for loud ones nobody reads."""
        loud = self.loud(frame)
        others, quiet = np.flatnonzero(loud), loud[rows] == 0
        found = np.zeros(rows.size, np.int32)
        if not quiet.any():
            return found
        cells = self._whole.cells(frame.take(np.concatenate([rows[quiet], others]), self._columns))
        count = np.count_nonzero(quiet)
        found[quiet] = cells[:count]
        frame.kept((self, "loud"), lambda: cells[count:])
        return found

    def loud(self, frame: TableFrame) -> Bytes:
        return frame.kept(self, lambda: self._loud(frame))

    def _loud(self, frame: TableFrame) -> Bytes:
        out = np.zeros(frame.rows, np.uint8)
        said = np.zeros((frame.rows + 7) // 8, np.uint8)
        for name, spec in self._quiet.specs.items():
            array = frame.column(name)
            if array is not None and _fits(spec, array.type) and array.offset % 8 == 0:
                self._look(frame, spec, array, said, out)
            else:
                self._look_slowly(frame, spec, out)
        for spec in self._quiet.facts.values():
            _look_at_fact(frame, spec, out)
        for listed in (frame.strange, frame.skipped):
            if listed is not None:
                out |= listed.codes > 0
        out |= np.unpackbits(said, count=frame.rows, bitorder="little")
        return out

    def _look(self, frame: TableFrame, spec: Input, array: Any, said: Bytes, out: Bytes) -> None:
        valid, values = array.buffers()
        first, end = array.offset // 8, array.offset // 8 + said.size
        there = None if valid is None or not array.null_count else np.frombuffer(valid, np.uint8)[first:end]
        if spec.kind == "bool":
            yes = np.frombuffer(values, np.uint8)[first:end]
            said |= yes if there is None else yes & there
        else:
            raw = np.frombuffer(values, array.type.to_pandas_dtype())[array.offset : array.offset + frame.rows]
            kernel.outside(raw, self._quiet.bounds[spec.name], out)
        if spec.optional:
            return
        wanted = self._wanted(frame, spec)
        if spec.name in self._quiet.read and wanted is not None:
            said |= ~wanted if there is None else there ^ wanted
        elif there is not None:
            said |= ~there if wanted is None else ~there & wanted

    def _wanted(self, frame: TableFrame, spec: Input) -> Bytes | None:
        """Which rows have the modality, as a bitmap; None: all."""
        bits = frame.modality_bits
        if spec.modality is None or not bits.size:
            return None
        bit = self._bit[spec.modality]
        return frame.kept(("wanted", bit), lambda: np.packbits(bits & bit != 0, bitorder="little"))

    def _look_slowly(self, frame: TableFrame, spec: Input, out: Bytes) -> None:
        """A column that is not there, or of another type."""
        bound, gaps = self._quiet.bounds[spec.name], None
        if spec.kind == "score":
            values: npt.NDArray[Any] = frame.scores(spec)
            gaps = np.minimum(values, 0)
        elif spec.kind == "int":
            values, gaps = frame.numbers(spec).values, frame.numbers(spec).gaps
        else:
            found = frame.discrete(spec)
            states = np.array(
                [{False: 0, MISSING: kernel.MISSING, NA: kernel.NOT_APPLICABLE}.get(v, 1) for v in found.values]
            )
            values, bound = states[found.codes], 1
            gaps = np.minimum(values, 0)
        said = (values < 0) | (values >= bound)
        out |= said if gaps is None else np.where(gaps == 0, said, gaps == kernel.MISSING)
        bits = frame.modality_bits
        if spec.name in self._quiet.read and not spec.optional and spec.modality is not None and bits.size:
            there = True if gaps is None else gaps == 0
            out |= there & (bits & self._bit[spec.modality] == 0)


def _look_at_fact(frame: TableFrame, spec: Input, out: Bytes) -> None:
    """Marks the rows in which it is missing."""
    array = frame.column(spec.name)
    if array is None and (spec.optional or spec.default is not None):
        return
    if array is not None and _is_sound(spec, array):
        return
    if spec.kind in ("int", "double"):
        gaps = frame.numbers(spec).gaps
        if gaps is not None:
            out |= gaps == kernel.MISSING
    else:
        found = frame.discrete(spec)
        out |= np.array([value is MISSING for value in found.values])[found.codes]


def _is_sound(spec: Input, array: Any) -> bool:
    """Whether each value is certainly one of the input's; False where that would have to be looked up row by row."""
    kind = array.type
    if array.null_count and not spec.optional and spec.default is None:
        return False
    match spec.kind:
        case "bool":
            return bool(pa.types.is_boolean(kind))
        case "int" if pa.types.is_signed_integer(kind):
            low, high = spec.minimum, spec.maximum
            values = np.frombuffer(array.buffers()[1], kind.to_pandas_dtype())[array.offset : array.offset + len(array)]
            return (low is None or values.min() >= low) and (high is None or values.max() <= high)
        case "string" | "enum" if pa.types.is_dictionary(kind):
            return not any(isinstance(typed(spec, value), Missing) for value in array.dictionary.to_pylist())
        case "set" if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
            return not array.values.null_count
    return False


def _fits(spec: Input, kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind) if spec.kind == "bool" else pa.types.is_signed_integer(kind))


def _parts(frame: Any) -> Discrete:
    """The modalities of each row."""
    bits = frame.modality_bits
    if not bits.size:
        return Discrete(np.zeros(frame.rows, np.int32), [None])
    top = int(bits.max()) + 1 if bits.min() >= 0 else 0
    return Discrete(np.where(bits < 0, max(top, 1), bits).astype(np.int32), [*range(max(top, 1)), None])


class _Ids(Table):
    """A table whose entries are ids of rows, found many at a time."""

    def __init__(self, axes: Sequence[Axis], ids: Callable[[Any, npt.NDArray[np.int64]], Ints]) -> None:
        super().__init__(axes, lambda *_: None)
        self._ids_of = ids

    def filled(self, frame: Frame, rows: npt.NDArray[np.int64]) -> Ints:
        return self._ids_of(frame, rows)


class _Read:
    """Which of the optional outputs that conditions read are there."""

    def __init__(self, quiet: Quiet) -> None:
        self._names = sorted(name for name in quiet.read if quiet.specs[name].optional)
        self.size = 1 << len(self._names)

    def cells(self, frame: Any) -> Ints:
        out = np.zeros(frame.rows, np.int32)
        for number, name in enumerate(self._names):
            array = frame.column(name)
            if array is not None:
                out |= array.is_valid().to_numpy(zero_copy_only=False).astype(np.int32) << number
        return out


class _Loud:
    size = 2

    def __init__(self, rows: QuietTable) -> None:
        self._rows = rows

    def cells(self, frame: Any) -> Ints:
        return self._rows.loud(frame).astype(np.int32)


__all__ = ["Quiet", "QuietTable"]
