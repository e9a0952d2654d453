"""Some rows of a table -> columns as the inputs of a program see them: typed values, missing, not applicable (S2, rulings R5, R21)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.columnar import kernel
from engine.columnar.errors import ColumnarError
from engine.record import NA, Missing, Record, read_input, typed
from policy_dsl.program import Input

Ints: TypeAlias = npt.NDArray[np.int32]
Made = TypeVar("Made")

NO_TIME = np.iinfo(np.int64).min
MISSING = Missing("missing")
INT64 = 2**63
WIDTH = 62  # texts in a mask
NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Discrete:
    """Rows as codes into `values`, each a typed value, NA or MISSING. Several codes may have equal values."""

    codes: Ints
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Rows as numbers; where `gaps` is not None, `kernel.MISSING` and `kernel.NOT_APPLICABLE` stand in it for rows without one."""

    values: npt.NDArray[Any]
    gaps: npt.NDArray[np.int8] | None


class Frame(Protocol):
    """Some rows. A NULL, like a column that is not there, is an absent input."""

    rows: int

    def scores(self, spec: Input) -> Ints:
        """Micro-scores, `kernel.MISSING` or `kernel.NOT_APPLICABLE`."""

    def discrete(self, spec: Input) -> Discrete: ...

    def numbers(self, spec: Input) -> Numbers:
        """Of an int or a double."""

    @property
    def regions(self) -> Discrete:
        """A region's code, or None."""

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """Microseconds since 1970 UTC, or NO_TIME."""

    @property
    def skipped(self) -> Discrete | None:
        """Frozen sets of input names; None where no row has any."""

    @property
    def strange(self) -> Discrete | None:
        """The names of modalities that nobody knows, as sorted tuples; None where no row has any."""

    def kept(self, key: Any, make: Callable[[], Made]) -> Made:
        """What `make` gives, computed once for these rows."""


class _Keeping:
    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def kept(self, key: Any, make: Callable[[], Made]) -> Made:
        if key not in self._kept:
            self._kept[key] = make()
        found: Made = self._kept[key]
        return found


class TableFrame(_Keeping):
    """Rows of an Arrow batch, named as in a scored log."""

    def __init__(self, batch: pa.RecordBatch, modalities: Mapping[str, int], known: frozenset[str]) -> None:
        """`modalities` gives each modality that an input has a bit; `known` are the names that a row may hold."""
        super().__init__()
        self.rows: int = batch.num_rows
        self._batch, self._bit, self._known = batch, modalities, known
        self._names = {name: number for number, name in enumerate(batch.schema.names)}

    def column(self, name: str) -> Any:
        """The array, or None where the table has none, or one without a single value."""
        number = self._names.get(name)
        if number is None:
            return None
        array = self._batch.column(number)
        return None if array.null_count == self.rows or pa.types.is_null(array.type) else array

    # -- what is absent ----------------------------------------------------------------------------------------------

    @cached_property
    def _lists(self) -> tuple[npt.NDArray[np.int64], Discrete | None]:
        """The bits of each row's modalities (empty: every row has all), and the names that nobody knows."""
        array = self.column("modalities")
        if array is None:
            return np.empty(0, np.int64), None
        codes, offsets, names = _list_codes("modalities", array)
        bits = np.array([self._bit.get(name, 0) for name in names] or [0], np.int64)
        found = np.empty(self.rows, np.int64)
        kernel.row_bits(codes, offsets, bits, found)
        if array.null_count:
            found[array.is_null().to_numpy(zero_copy_only=False)] = -1
        unknown = [name not in self._known for name in names]
        return found, _strange(codes, offsets, names, unknown, self.rows) if any(unknown) else None

    @property
    def strange(self) -> Discrete | None:
        return self._lists[1]

    @property
    def modality_bits(self) -> npt.NDArray[np.int64]:
        """Of each row; empty where every row has all."""
        return self._lists[0]

    def take(self, rows: npt.NDArray[np.int64], columns: Collection[str]) -> TableFrame:
        """Some of the rows, and of the columns those that are named."""
        batch = self._batch.select([name for name in self._batch.schema.names if name in columns])
        return TableFrame(batch.take(pa.array(rows)), self._bit, self._known)

    def _gap(self, spec: Input) -> npt.NDArray[np.int8]:
        """What an absent input is in each row: `kernel.MISSING` or `kernel.NOT_APPLICABLE`."""
        bits = self._lists[0]
        by = None if spec.optional or not bits.size else spec.modality
        return self.kept(("gap", spec.optional, by), lambda: self._gaps(by, optional=spec.optional))

    def _gaps(self, modality: str | None, *, optional: bool) -> npt.NDArray[np.int8]:
        if modality is None:
            return np.full(self.rows, kernel.NOT_APPLICABLE if optional else kernel.MISSING, np.int8)
        there = self._lists[0] & self._bit[modality] != 0
        return np.where(there, np.int8(kernel.MISSING), np.int8(kernel.NOT_APPLICABLE))

    # -- inputs ------------------------------------------------------------------------------------------------------

    def scores(self, spec: Input) -> Ints:
        return self.kept(("scores", id(spec)), lambda: self._scores(spec))

    def _scores(self, spec: Input) -> Ints:
        array, out = self.column(spec.name), np.empty(self.rows, np.int32)
        if array is None:
            out[:] = self._gap(spec)
        elif pa.types.is_integer(array.type):
            kernel.micro_scores(_plain(array), _valid(array), self._gap(spec), out)
        elif pa.types.is_floating(array.type):
            wide = array.cast(pa.float64())
            kernel.shares(_plain(wide), _valid(wide), self._gap(spec), out)
        else:
            self._wrong(array, spec, out)
        return out

    def _wrong(self, array: Any, spec: Input, out: npt.NDArray[Any]) -> None:
        """A column of another type: what stands there is missing."""
        out[:] = np.where(array.is_null().to_numpy(zero_copy_only=False), self._gap(spec), kernel.MISSING)

    def numbers(self, spec: Input) -> Numbers:
        return self.kept(("numbers", id(spec)), lambda: self._numbers(spec))

    def _numbers(self, spec: Input) -> Numbers:
        whole = spec.kind == "int"
        array = self.column(spec.name)
        if array is None:
            absent: npt.NDArray[np.bool_] | None = np.ones(self.rows, np.bool_)
            values: npt.NDArray[Any] = np.zeros(self.rows, np.int64 if whole else np.float64)
            bad: npt.NDArray[np.bool_] | None = None
        else:
            absent = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
            values, bad = _numbers_of(array, spec, whole=whole)
        gaps = None if bad is None or not bad.any() else np.where(bad, np.int8(kernel.MISSING), np.int8(0))
        if absent is None or not absent.any():
            return Numbers(values, gaps)
        if spec.default is not None:
            return Numbers(np.where(absent, spec.default, values).astype(values.dtype), gaps)
        return Numbers(values, np.where(absent, self._gap(spec), 0 if gaps is None else gaps).astype(np.int8))

    def discrete(self, spec: Input) -> Discrete:
        return self.kept(("discrete", id(spec)), lambda: self._discrete(spec))

    def _discrete(self, spec: Input) -> Discrete:
        array = self.column(spec.name)
        codes, found = (None, []) if array is None else _coded(array)
        values = [_settled(typed(spec, value)) for value in found]
        if spec.default is None:
            values += [MISSING, NA]  # -2 and -1 from the end, as `_gap` says
            gap = self._gap(spec)
        else:
            values.append(_settled(typed(spec, spec.default)))
            gap = self.kept("last", lambda: np.full(self.rows, -1, np.int8))
        if codes is None:
            return Discrete((len(values) + gap.astype(np.int32)), values)
        return Discrete(self._with_gaps(codes, gap, len(values)), values)

    def _with_gaps(self, codes: Any, gap: npt.NDArray[np.int8], end: int) -> Ints:
        out = np.empty(self.rows, np.int32)
        kernel.codes(_bits(codes, 1) if codes.type == pa.bool_() else _plain(codes), _valid(codes), gap, end, out)
        return out

    def values(self, name: str) -> Discrete:
        """A column as it is, NULL as None."""
        return self.kept(("values", name), lambda: self._as_it_is(name))

    def _as_it_is(self, name: str) -> Discrete:
        array = self.column(name)
        if array is None:
            return Discrete(np.zeros(self.rows, np.int32), [None])
        codes, found = _coded(array)
        gap = self.kept("last", lambda: np.full(self.rows, -1, np.int8))
        return Discrete(self._with_gaps(codes, gap, len(found) + 1), [*found, None])

    def plain(self, name: str, kind: type[np.generic]) -> npt.NDArray[Any] | None:
        """A column of numbers, 0 for NULL; None where there is none."""
        array = self.column(name)
        if array is None or not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
            return None
        whole = array.fill_null(0) if array.null_count else array
        found: npt.NDArray[Any] = whole.to_numpy(zero_copy_only=False).astype(kind, copy=False)
        return found

    # -- the row -----------------------------------------------------------------------------------------------------

    @cached_property
    def regions(self) -> Discrete:
        array = self.column("region")
        if array is None:
            return Discrete(np.zeros(self.rows, np.int32), [None])
        found = self.values("region")
        return Discrete(found.codes, [value if isinstance(value, str) and value else None for value in found.values])

    @cached_property
    def times(self) -> npt.NDArray[np.int64]:
        array = self.column("at")
        if array is None:
            return np.full(self.rows, NO_TIME)
        if not pa.types.is_timestamp(array.type) or array.type.tz is None:
            raise ColumnarError(f"the column `at` is {array.type}, expected a timestamp with a time zone, such as UTC")
        micros = array.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
        found: npt.NDArray[np.int64] = micros.fill_null(NO_TIME).to_numpy()
        return found

    @cached_property
    def skipped(self) -> Discrete | None:
        array = self.column("skipped")
        if array is None:
            return None
        codes, offsets, names = _list_codes("skipped", array)
        if not len(codes):
            return None
        seen: dict[frozenset[str], int] = {frozenset(): 0}
        found = np.zeros(self.rows, np.int32)
        for row in np.flatnonzero(np.diff(offsets)):
            named = frozenset(names[code] for code in codes[offsets[row] : offsets[row + 1]])
            found[row] = seen.setdefault(named, len(seen))
        return Discrete(found, list(seen))


def _settled(value: Any) -> Any:
    """A typed value; a set as a frozen one."""
    if isinstance(value, Missing):
        return MISSING
    return frozenset(value) if isinstance(value, list) else value


def _numbers_of(array: Any, spec: Input, *, whole: bool) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Values of the input's type, and which of them are none (None: all are good)."""
    kind = array.type
    if pa.types.is_integer(kind):
        if pa.types.is_uint64(kind):
            large = pc.greater(array, INT64 - 1).fill_null(False).to_numpy(zero_copy_only=False)
            values = array.fill_null(0).to_numpy().astype(np.int64)
        else:
            large, values = None, array.fill_null(0).to_numpy()
        values = values if whole else values.astype(np.float64)
    elif pa.types.is_floating(kind):
        wide = array.cast(pa.float64()).fill_null(0.0).to_numpy()
        large = ~np.isfinite(wide)
        if whole:
            large |= (np.abs(wide) >= INT64) | (np.floor(wide) != wide)
        values = np.where(large, 0, wide).astype(np.int64 if whole else np.float64)
    else:
        return np.zeros(len(array), np.int64 if whole else np.float64), array.is_valid().to_numpy(zero_copy_only=False)
    return values, _outside(values, spec, large)


def _outside(values: npt.NDArray[Any], spec: Input, bad: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_] | None:
    if not values.size:
        return bad
    if spec.minimum is not None and values.min() < spec.minimum:
        bad = (values < spec.minimum) | (False if bad is None else bad)
    if spec.maximum is not None and values.max() > spec.maximum:
        bad = (values > spec.maximum) | (False if bad is None else bad)
    return bad


def _coded(array: Any) -> tuple[Any, list[Any]]:
    """An Arrow array of the rows' codes into distinct values, NULL where there is none. Booleans are codes themselves."""
    if pa.types.is_boolean(array.type):
        return array, [False, True]
    if pa.types.is_nested(array.type) and not pa.types.is_dictionary(array.type):
        return _nested(array)
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes, found = array.indices, array.dictionary.to_pylist()
    if None in found:  # a NULL may stand in the dictionary, too
        codes = pc.if_else(pc.equal(codes, found.index(None)), None, codes)
    return codes, found


def _plain(array: Any) -> npt.NDArray[Any]:
    """The numbers of an array, whatever stands where there is none."""
    width = array.type.bit_width // 8
    kind = array.type.to_pandas_dtype()
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * width)


def _valid(array: Any) -> npt.NDArray[np.uint8]:
    """1 where a row has a value, else 0; empty: all have."""
    return _bits(array, 0) if array.null_count else NOTHING


def _bits(array: Any, buffer: int) -> npt.NDArray[np.uint8]:
    """One of Arrow's bitmaps, a byte a row."""
    first, last = array.offset // 8, -(-(array.offset + len(array)) // 8)
    whole = np.frombuffer(array.buffers()[buffer], np.uint8, last - first, first)
    return np.unpackbits(whole, bitorder="little")[array.offset % 8 :][: len(array)]


def _codes(array: Any) -> tuple[Ints, list[Any]]:
    """The rows' codes into distinct values, -1 for NULL."""
    codes, found = _coded(array)
    if codes.type == pa.bool_():
        codes = codes.cast(pa.int8())
    return codes.cast(pa.int32()).fill_null(-1).to_numpy(), found


def _nested(array: Any) -> tuple[Any, list[Any]]:
    """Lists of texts as distinct sets; anything else is as it stands, one value a row."""
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not _is_text(kind.value_type):
        return pc.if_else(array.is_valid(), pa.scalar(0, pa.int32()), None), [object()]
    inner, offsets, names = _list_codes("", array)
    codes, held = _sets(inner, offsets, len(names))
    none = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    return pa.array(codes, mask=none), [[names[code] for code in some] for some in held]


def _sets(inner: Ints, offsets: npt.NDArray[np.int64], names: int) -> tuple[Ints, list[tuple[int, ...]]]:
    """Lists of codes -> the number of each row's set, and the sets, the empty one first."""
    codes = np.zeros(len(offsets) - 1, np.int32)
    if names <= WIDTH:
        masks = np.empty(codes.size, np.int64)
        kernel.row_bits(inner, offsets, 1 << np.arange(max(names, 1)), masks)
        some = np.flatnonzero(masks)
        distinct, inverse = np.unique(masks[some], return_inverse=True)
        codes[some] = inverse + 1
        return codes, [(), *(tuple(k for k in range(names) if mask >> k & 1) for mask in distinct.tolist())]
    seen: dict[tuple[int, ...], int] = {(): 0}
    for row in np.flatnonzero(np.diff(offsets)):
        held = tuple(sorted(set(inner[offsets[row] : offsets[row + 1]].tolist())))
        codes[row] = seen.setdefault(held, len(seen))
    return codes, list(seen)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _list_codes(name: str, array: Any) -> tuple[Ints, npt.NDArray[np.int64], list[Any]]:
    """A column of lists of texts -> the codes of all items, where each row's begin, and the texts (a NULL among them)."""
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not _is_text(kind.value_type):
        raise ColumnarError(f"the column `{name}` is {kind}, expected lists of texts")
    offsets = array.offsets.to_numpy().astype(np.int64)
    if array.null_count:  # a NULL list may still span items
        array = array.fill_null([]) if not pa.types.is_dictionary(kind.value_type) else array
        offsets = array.offsets.to_numpy().astype(np.int64)
    items = array.values.slice(offsets[0], offsets[-1] - offsets[0])
    codes, names = _codes(items)
    if items.null_count:
        codes, names = np.where(codes < 0, len(names), codes).astype(np.int32), [*names, None]
    return codes, offsets - offsets[0], names


def _strange(codes: Ints, offsets: npt.NDArray[np.int64], names: list[Any], unknown: list[bool], rows: int) -> Discrete:
    seen: dict[tuple[str, ...], int] = {(): 0}
    found = np.zeros(rows, np.int32)
    for row in range(rows):
        held = {names[code] for code in codes[offsets[row] : offsets[row + 1]] if unknown[code]}
        found[row] = seen.setdefault(tuple(sorted(map(str, held))), len(seen))
    return Discrete(found, list(seen))


class RecordFrame(_Keeping):
    """Records as `engine.record` reads them, with their regions: every value that JSON can hold."""

    def __init__(self, records: Sequence[Record], regions: Sequence[str | None]) -> None:
        super().__init__()
        self.rows = len(records)
        self._records, self._regions = records, regions

    def _values(self, spec: Input) -> list[Any]:
        return self.kept(("values", id(spec)), lambda: [_settled(read_input(spec, record)) for record in self._records])

    def scores(self, spec: Input) -> Ints:
        gaps = {id(MISSING): kernel.MISSING, id(NA): kernel.NOT_APPLICABLE}
        return np.array([gaps.get(id(value), value) for value in self._values(spec)], np.int32)

    def numbers(self, spec: Input) -> Numbers:
        values = self._values(spec)
        gaps = np.array(
            [kernel.MISSING if v is MISSING else kernel.NOT_APPLICABLE if v is NA else 0 for v in values], np.int8
        )
        plain = [0 if gap else value for value, gap in zip(values, gaps, strict=True)]
        return Numbers(np.array(plain, np.int64 if spec.kind == "int" else np.float64), gaps if gaps.any() else None)

    def discrete(self, spec: Input) -> Discrete:
        return _distinct(self._values(spec))

    @property
    def regions(self) -> Discrete:
        return _distinct(self._regions)

    @property
    def times(self) -> npt.NDArray[np.int64]:
        return np.array([NO_TIME if record.at is None else record.at for record in self._records], np.int64)

    @property
    def skipped(self) -> Discrete | None:
        found = _distinct([record.skipped for record in self._records])
        return found if any(found.values) else None

    @property
    def strange(self) -> Discrete | None:
        return None  # reading a record refuses them


def _distinct(values: Sequence[Any]) -> Discrete:
    """By type too: True is not 1."""
    seen: dict[Any, int] = {}
    codes = [seen.setdefault((type(value), value), len(seen)) for value in values]
    return Discrete(np.array(codes, np.int32), [value for _, value in seen])
