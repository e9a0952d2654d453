"""A log -> what it holds: its columns as they are, a column map that fits, and, read through it, ranges, gaps and drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from policy_dsl.program import MICRO, Input
from simulator.account import Account, ColumnTally, FileAccount, FileTally, iso
from simulator.columns import Column, ColumnMap
from simulator.drift import DriftCounter, DriftResult, as_rows, stride_for
from simulator.log import Log, LogError, open_log
from simulator.propose import Proposed, Seen, propose
from simulator.reading.convert import Raw
from simulator.reading.kinds import KNOWN, by_type, is_text, value_type
from simulator.reading.numeric import numbers
from simulator.reading.places import find
from simulator.reading.sources import Source, open_source
from simulator.reading.tables import DamagedError, ParquetSource
from simulator.reading.times import times

LARGE = 2 << 30  # bytes of all files above which only heads and footers are read
HEAD_ROWS = 65_536
TOP = 8
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
STEP = 100  # millionths between two cuts of the quantiles
CLASSES = 64  # a column of at most so many values shows them


Watch: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """One of our columns, over all rows. Scores in [0, 1]; `quantiles` of scores (by `QUANTILES`), exact to four digits."""

    name: str
    kind: Literal["score", "number", "classes", "other"]
    rows: int
    nulls: int
    low: float | None = None
    high: float | None = None
    quantiles: tuple[float, ...] = ()
    top: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """`seen` are the columns of the files, `measured` ours, read through `columns`; None where only heads and footers were read.
    `header_only` says why.
    """

    files: tuple[FileAccount, ...]
    rows: int | None
    seen: tuple[Seen, ...]
    proposed: Proposed | None
    columns: ColumnMap
    header_only: str | None = None
    account: Account | None = None
    measured: tuple[Measured, ...] | None = None
    drift: DriftResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            "version": 1,
            "rows": self.rows,
            "header_only": self.header_only,
            "files": [_file(file) for file in self.files],
            "columns": [_seen(one) for one in self.seen],
            "proposed": None if self.proposed is None else self.proposed.to_yaml("the log"),
            "account": None if self.account is None else self.account.to_dict(),
            "measured": None if self.measured is None else [_measured(one) for one in self.measured],
            "drift": None if self.drift is None else _drift(self.drift),
        }


def describe(
    paths: Sequence[str],
    columns: ColumnMap | None = None,
    inputs: Sequence[Input] = (),
    policies: Sequence[str] = (),
    regions: Sequence[str] = (),
    *,
    header_only: bool = False,
    watch: Watch = lambda _: None,
) -> Description:
    """Looks at the head of the first file and the footers of all; then reads everything once, unless it is too large.

    `watch` is told how many rows were read, batch by batch. Raises LogError, ColumnError.
    """
    sources, refused = _opened(paths)
    seen = tuple(_looked_at(sources))
    proposed = None if columns is not None else propose(seen, inputs, policies, regions)
    use = columns or (proposed.to_map() if proposed else ColumnMap())
    counts = [source.rows for source in sources]
    rows = None if None in counts else sum(count for count in counts if count is not None)
    size = sum(source.bytes or 0 for source in sources)
    why = "asked for" if header_only else f"{size / (1 << 30):.1f} GiB are much to read" if size > LARGE else None
    files = tuple(FileAccount(one.path, one.format, one.bytes, one.rows) for one in sources)
    if why:
        return Description((*files, *refused), rows, seen, proposed, use, why)
    log = open_log(paths, use, inputs=inputs, regions=regions or None)
    if not log.schema.names:
        raise LogError(
            f"`{paths[0]}` has no column that can be read, expected numbers, texts, truth values, times or lists of texts"
        )
    measured, drift = _read(log, watch)
    account = log.account
    return Description(account.files, account.rows, seen, proposed, use, None, account, measured, drift)


def _opened(paths: Sequence[str]) -> tuple[list[Source], list[FileAccount]]:
    sources, refused, first = [], [], None
    for place in find(paths):
        try:
            sources.append(open_source(place))
        except LogError as error:
            first = first or error
            refused.append(FileAccount(place.path, "unknown", place.bytes, refused=str(error)))
    if first is not None and not sources:
        raise first
    return sources, refused


def _looked_at(sources: Sequence[Source]) -> Iterator[Seen]:
    """The columns of the first file with a row, by its first rows; numbers of Parquet by all footers."""
    source = next((one for one in sources if one.rows != 0), sources[0])
    raw: Mapping[str, Raw] = {}
    try:
        names = source.schema.names
        drawn = (
            source.batches(names, (), HEAD_ROWS, FileTally(source.path, source.format), threads=True) if names else ()
        )
        _, raw = next(iter(drawn), (0, {}))
    except DamagedError:
        pass
    for column in source.schema:
        one = _look(column.name, column.type, raw.get(column.name, []), parse=source.parse)
        yield _by_footers(one, [found for found in sources if isinstance(found, ParquetSource)])


def _look(name: str, type: pa.DataType, values: Raw, *, parse: bool) -> Seen:
    array = _arrow(values, type) if isinstance(values, list) else values
    rows, nulls = len(array), array.null_count
    if pa.types.is_timestamp(type) and not is_text(value_type(array.type)):
        micros = times(Column(name, name, utc=True), array, ColumnTally(name), False).drop_null().view(pa.int64())
        ends = pc.min_max(micros).as_py()
        return Seen(name, type, rows, nulls, ends["min"], ends["max"])
    if pa.types.is_integer(type) or pa.types.is_floating(type) or pa.types.is_decimal(type):
        found, valid = numbers(array, ColumnTally(name), parse=parse)
        kept = found[valid & np.isfinite(found)]
        ends = (float(kept.min()), float(kept.max())) if len(kept) else (None, None)
        return Seen(name, type, rows, nulls, *ends)
    if by_type(type) == "names" and array.type == type:
        return Seen(name, type, rows, nulls, top=_top(array.flatten())[0][:TOP])
    if pa.types.is_nested(type) or pa.types.is_null(type):
        return Seen(name, type, rows, nulls)
    top, distinct = _top(array)
    return Seen(name, type, rows, nulls, top=top if distinct <= CLASSES else top[:2], distinct=distinct)


def _top(array: pa.Array) -> tuple[tuple[tuple[str, int], ...], int]:
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    counts = np.bincount(encoded.indices.drop_null().to_numpy(), minlength=len(values))
    order = np.argsort(-counts, kind="stable")[:CLASSES]
    return tuple((str(values[place]), int(counts[place])) for place in order if counts[place]), int((counts > 0).sum())


def _arrow(values: list[Any], type: pa.DataType) -> pa.Array:
    """Values of JSON that are of the type that most have; others are left out here, and counted when all is read."""
    try:
        return pa.array(values, type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        plain: Any = {"int64": int, "double": (int, float), "string": str, "bool": bool}.get(str(type), object)
        kept = [value if isinstance(value, plain) and abs(_size(value)) < 2**63 else None for value in values]
        try:
            return pa.array(kept, type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            return pa.nulls(len(values), type)


def _size(value: Any) -> float:
    return value if isinstance(value, int) else 0


def _by_footers(one: Seen, sources: Sequence[ParquetSource]) -> Seen:
    """With the ends and gaps that stand in the footers, where every row group has them."""
    ends, rows, nulls = [], 0, 0
    for source in sources:
        found = source.statistics(one.name)
        if found is None:
            return one
        ends += [end for end in (found.low, found.high) if end is not None]
        rows, nulls = rows + found.rows, nulls + found.nulls
    if not rows:
        return one
    numeric = one.low is not None and bool(ends) and not pa.types.is_timestamp(one.type)
    low, high = (min(ends), max(ends)) if numeric else (one.low, one.high)
    return Seen(one.name, one.type, rows, nulls, low, high, one.top, one.distinct)


@dataclass(slots=True)
class _Meter:
    """Counts of one of our columns while it is read."""

    name: str
    kind: Literal["score", "number", "classes", "other"]
    rows: int = 0
    nulls: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(MICRO // STEP + 1, np.int64))
    low: float | None = None
    high: float | None = None
    values: dict[str, int] = field(default_factory=dict)

    def add(self, array: pa.Array) -> None:
        self.rows += len(array)
        self.nulls += array.null_count
        there = array.drop_null()
        if self.kind == "other" or not len(there):
            return
        if self.kind == "classes":
            for value, count in _top(there)[0]:
                if value in self.values or len(self.values) < 4 * CLASSES:
                    self.values[value] = self.values.get(value, 0) + count
            return
        values = there.view(pa.int64()).to_numpy() if pa.types.is_timestamp(there.type) else there.to_numpy()
        low, high = float(values.min()), float(values.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        if self.kind == "score":
            self.counts += np.bincount(values // STEP, minlength=len(self.counts))

    def measured(self) -> Measured:
        scale = MICRO if self.kind == "score" else 1
        ends = [None if end is None else end / scale for end in (self.low, self.high)]
        top = tuple(sorted(self.values.items(), key=lambda item: -item[1]))[:TOP]
        return Measured(self.name, self.kind, self.rows, self.nulls, ends[0], ends[1], self._quantiles(), top)

    def _quantiles(self) -> tuple[float, ...]:
        """The smallest cut that at least that share of the rows does not exceed."""
        if self.kind != "score" or not self.counts.any():
            return ()
        below = np.cumsum(self.counts)
        places = np.searchsorted(below, np.ceil(np.array(QUANTILES) * below[-1]))
        return tuple(float(place) * STEP / MICRO for place in places)


def _read(log: Log, watch: Watch) -> tuple[tuple[Measured, ...], DriftResult | None]:
    """Everything once: our columns, and how the scores moved."""
    names = [name for name in log.schema.names if log.is_ours(name)]
    if not names:
        for batch in log.batches(log.schema.names[:1]):
            watch(batch.num_rows)
        return (), None
    meters = {name: _Meter(name, _meter(name, log.schema.field(name).type)) for name in names}
    scores = [name for name, meter in meters.items() if meter.kind == "score"]
    drift = DriftCounter(scores, stride_for(log.rows))
    for batch in log.batches(names):
        watch(batch.num_rows)
        drift.add(batch)
        for name in names:
            meters[name].add(batch.column(name))
    return tuple(meter.measured() for meter in meters.values()), drift.result() if scores else None


def _meter(name: str, type: pa.DataType) -> Literal["score", "number", "classes", "other"]:
    if pa.types.is_int32(type):
        return "score"
    if pa.types.is_dictionary(type) or pa.types.is_boolean(type):
        return "classes"
    if KNOWN.get(name) == "key" or pa.types.is_nested(type) or is_text(type):
        return "other"
    return "number"


def _file(file: FileAccount) -> dict[str, Any]:
    return {
        "path": file.path,
        "format": file.format,
        "bytes": file.bytes,
        "rows": file.declared if file.declared is not None else file.rows or None,
        "damage": file.damage,
        "refused": file.refused,
        "skipped": dict(file.skipped),
    }


def _seen(one: Seen) -> dict[str, Any]:
    is_time = pa.types.is_timestamp(one.type)
    return {
        "name": one.name,
        "type": str(one.type),
        "rows": one.rows,
        "nulls": one.nulls,
        "low": iso(int(one.low)) if is_time and one.low is not None else one.low,
        "high": iso(int(one.high)) if is_time and one.high is not None else one.high,
        "distinct": one.distinct,
        "top": [{"value": value, "rows": rows} for value, rows in one.top[:TOP]],
    }


def _measured(one: Measured) -> dict[str, Any]:
    ends: list[Any] = [one.low, one.high]
    if one.name == "at":
        ends = [None if end is None else iso(int(end)) for end in ends]
    return {
        "name": one.name,
        "kind": one.kind,
        "rows": one.rows,
        "nulls": one.nulls,
        "low": ends[0],
        "high": ends[1],
        "quantiles": dict(zip(map(str, QUANTILES), one.quantiles, strict=False)),
        "top": [{"value": value, "rows": rows} for value, rows in one.top],
    }


def _drift(found: DriftResult) -> dict[str, Any]:
    return {"by": found.by, "split": iso(found.split), "stride": found.stride, "scores": as_rows(found)}
