"""A scored log, of whatever format and names -> Arrow batches of our columns, and an account of what was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from policy_dsl.program import Input
from regions import load_regions
from simulator.account import Account, ColumnTally, FileAccount, FileTally
from simulator.columns import ColumnMap
from simulator.reading.convert import Raw, constant
from simulator.reading.kinds import OF_INPUT, TYPES, by_type
from simulator.reading.places import LogError, find
from simulator.reading.plans import Part, Plan, check_constant, check_names, plans_of
from simulator.reading.sources import Source, open_source
from simulator.reading.tables import DamagedError

__all__ = ["Log", "LogError", "open_log"]

ROWS = 131_072  # of a batch: its columns fit the cache of a core


@dataclass(slots=True)
class Tally:
    """What is counted while batches are drawn."""

    files: list[FileTally]
    columns: dict[str, ColumnTally] = field(default_factory=dict)
    rows: int = 0
    rows_read: int = 0
    backward: int = 0
    last: int | None = None
    since: int | None = None
    until: int | None = None
    missing: tuple[str, ...] = ()
    assumed: Mapping[str, Any] = field(default_factory=dict)


class Log:
    """Files with columns in our names; made by `open_log`.

    `schema` has our columns, of the types that `batches` gives. `rows` is None where only reading tells it (CSV, JSON lines).
    """

    def __init__(
        self,
        parts: Sequence[Part],
        refused: Sequence[FileAccount],
        columns: ColumnMap,
        assumed: Mapping[str, tuple[str, Any]],
        regions: Collection[str] | None,
    ) -> None:
        self._parts, self._refused, self._map = tuple(parts), tuple(refused), columns
        self._assumed, self._regions = dict(assumed), regions
        kinds = {name: plan.kind for part in parts for name, plan in part.plans.items()}
        kinds |= {name: kind for name, (kind, _) in assumed.items()}
        self.schema = pa.schema([(name, TYPES[kind]) for name, kind in kinds.items()])
        counts = [part.source.rows for part in parts]
        self.rows = None if None in counts else sum(count for count in counts if count is not None)
        self._tally = Tally([])

    @property
    def columns(self) -> ColumnMap:
        """The map with which the log is read: its `caveats` and `no_signal` belong into every report."""
        return self._map

    def is_ours(self, name: str) -> bool:
        """Whether a file has the column, and the map, a pack or Limen itself knows what it is."""
        return any(name in part.plans and part.plans[name].ours for part in self._parts)

    @property
    def parts(self) -> tuple[Log, ...]:
        """A log for each file, to be read apart, perhaps by another process; accounts and counts merge."""
        return tuple(Log((part,), (), self._map, self._assumed, self._regions) for part in self._parts)

    def batches(self, columns: Collection[str], size: int = ROWS, *, threads: bool = True) -> Iterator[pa.RecordBatch]:
        """The asked columns that the log has, in the order of `schema`, at most `size` rows at a time, file by file.

        Scores are millionths. A row whose region is a list comes once for each, where `region` is asked for. Where a file lacks a column that another has, it is null. `account` counts anew with each call.
        Raises LogError where the log has none of the columns.
        """
        asked = set(columns)
        names = [name for name in self.schema.names if name in asked]
        missing = tuple(sorted(asked - set(names)))
        if not any(name in part.plans for part in self._parts for name in names):
            raise LogError(self._nothing(missing))
        assumed = {name: value for name, (_, value) in self._assumed.items() if name in asked}
        tally = Tally([], missing=missing, assumed=assumed)
        self._tally = tally
        return self._batches(names, size, tally, threads=threads)

    def _nothing(self, asked: Sequence[str]) -> str:
        held = sorted({name for part in self._parts for name in part.source.schema.names})
        wanted = f" ({', '.join(f'`{name}`' for name in asked[:4])}{', …' * (len(asked) > 4)})" if asked else ""
        shown = ", ".join(f"`{name}`" for name in held[:12]) or "no column at all"
        return f"the log has none of the columns that are asked for{wanted}, but {shown}: say by a column map which is which"

    def _batches(self, names: Sequence[str], size: int, tally: Tally, *, threads: bool) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([self.schema.field(name) for name in names])
        for part in self._parts:
            source = part.source
            file = FileTally(source.path, source.format, source.bytes, source.rows)
            tally.files.append(file)
            plans = {name: part.plans[name] for name in names if name in part.plans}
            foreign = sorted({plan.column.source for plan in plans.values() if plan.column.source is not None})
            texts = [
                plan.column.source for plan in plans.values() if plan.kind in ("text", "label") and plan.column.source
            ]
            foreign = foreign or source.schema.names[:1]  # how many rows there are, has to come from somewhere
            try:
                for rows, raw in source.batches(foreign, texts, size, file, threads=threads):
                    file.rows += rows
                    tally.rows_read += rows
                    yield self._mapped(schema, plans, rows, raw, source, tally)
            except DamagedError as error:
                file.damage = f"after {file.rows} rows: {error}"

    def _mapped(
        self,
        schema: pa.Schema,
        plans: Mapping[str, Plan],
        rows: int,
        raw: Mapping[str, Raw],
        source: Source,
        tally: Tally,
    ) -> pa.RecordBatch:
        codes, repeats = _one_region_a_row(raw, plans.get("region"))
        arrays = [
            self._absent(field, rows)
            if (plan := plans.get(field.name)) is None
            else self._column(plan, rows, _values(raw, plan, codes), tally, parse=source.parse)
            for field in schema
        ]
        if repeats is not None:
            arrays = [
                array if name == "region" else array.take(repeats)
                for name, array in zip(schema.names, arrays, strict=True)
            ]
        tally.rows += rows if repeats is None else len(repeats)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _column(self, plan: Plan, rows: int, values: Raw | None, tally: Tally, *, parse: bool) -> pa.Array:
        name = plan.column.name
        counts = tally.columns.setdefault(name, ColumnTally(name, plan.column.source, plan.type))
        if values is None:
            counts.rows += rows
            return constant(plan.kind, plan.column.constant, rows)
        array = plan.read(values, counts, parse=parse)
        if name == "at" and len(array) > array.null_count:
            _look_at_times(array, tally)
        if name == "region":
            self._look_at_regions(array, counts)
        return array

    def _absent(self, field: pa.Field, rows: int) -> pa.Array:
        if field.name in self._assumed:
            kind, value = self._assumed[field.name]
            return constant(kind, value, rows)
        return pa.nulls(rows, field.type)

    def _look_at_regions(self, array: pa.DictionaryArray, counts: ColumnTally) -> None:
        if self._regions is None:
            self._regions = frozenset(load_regions().codes)
        strange = [value not in self._regions for value in array.dictionary.to_pylist()]
        if any(strange):
            rows = np.bincount(array.indices.drop_null().to_numpy(), minlength=len(strange))
            for value, is_strange, count in zip(array.dictionary.to_pylist(), strange, rows.tolist(), strict=True):
                if is_strange and count:
                    counts.unlisted[str(value)] += count

    @property
    def account(self) -> Account:
        """What the last call of `batches` has read so far; complete once all batches were drawn."""
        tally = self._tally
        used = {plan.column.source for part in self._parts for plan in part.plans.values() if plan.ours}
        held = dict.fromkeys(name for part in self._parts for name in part.source.schema.names)
        return Account(
            (*(file.frozen() for file in tally.files), *self._refused),
            tally.rows,
            tally.rows_read,
            tuple(column.frozen() for column in tally.columns.values()),
            tuple(name for name in held if name not in used),
            tally.missing,
            tally.assumed,
            tally.backward,
            tally.since,
            tally.until,
            self._map.caveats,
            self._map.no_signal,
        )

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files as they are, under their own names."""
        return tuple(part.source for part in self._parts)

    @property
    def refused(self) -> tuple[FileAccount, ...]:
        """Files that could not be opened."""
        return self._refused


def open_log(
    paths: Sequence[str],
    columns: ColumnMap | None = None,
    *,
    inputs: Sequence[Input] = (),
    regions: Collection[str] | None = None,
) -> Log:
    """Files, globs, folders and URIs -> one log. Reads heads and footers only.

    `inputs` are those of the packs: they say which columns are scores, whole numbers, sets, …; a column that none of them names
    is a score where its name is dotted and it is int32 or floating. `regions` are the codes that the packs know (None: those of
    the tree that ships); rows with others are kept, and counted. A file that cannot be opened is refused and told in the
    account. Raises LogError where no file can be read, ColumnError where the map does not fit.
    """
    columns = columns or ColumnMap()
    known = {spec.name: spec for spec in reversed(inputs)}
    check_names(columns, known)
    parts, refused = [], []
    first: LogError | None = None
    for place in find(paths):
        try:
            source = open_source(place)
        except LogError as error:
            first = first or error
            refused.append(FileAccount(place.path, "unknown", place.bytes, refused=str(error)))
            continue
        parts.append(Part(source, plans_of(source, columns, known)))
    if not parts:
        assert first is not None
        raise first
    held = {name for part in parts for name in part.plans}
    assumed = columns.assumptions(name for name in known if name not in held)
    kinds = {name: (OF_INPUT[known[name].kind], value) for name, value in assumed.items()}
    for name, (kind, value) in kinds.items():
        check_constant(name, kind, value)
    return Log(parts, refused, columns, kinds, regions)


def _values(raw: Mapping[str, Raw], plan: Plan, codes: Raw | None) -> Raw | None:
    """Of one column; None of a constant. `codes` stand for the region's lists."""
    if plan.column.name == "region" and codes is not None:
        return codes
    return None if plan.column.source is None else raw[plan.column.source]


def _one_region_a_row(raw: Mapping[str, Raw], plan: Plan | None) -> tuple[Raw | None, pa.Array | None]:
    """Where the region is a list: the regions one by one, and which row each is of."""
    source = None if plan is None else plan.column.source
    lists = None if source is None else _lists(raw[source])
    if source is None or lists is None:
        return None, None
    distinct = [list(dict.fromkeys(found)) if found else [None] for found in lists]
    flat = [code for codes in distinct for code in codes]
    rows = np.repeat(np.arange(len(distinct)), [len(codes) for codes in distinct])
    codes = flat if isinstance(raw[source], list) else pa.array(flat, pa.string())
    return codes, pa.array(rows)


def _lists(values: Raw) -> list[Any] | None:
    if not isinstance(values, list):
        return list(values.to_pylist()) if by_type(values.type) == "names" else None
    if not any(isinstance(value, list) for value in values):
        return None
    return [value if isinstance(value, list) else [value] for value in values]


def _look_at_times(array: pa.Array, tally: Tally) -> None:
    micros: np.ndarray = array.drop_null().view(pa.int64()).to_numpy()
    backward = int(np.count_nonzero(micros[1:] < micros[:-1]))
    first, last = (int(micros[0]), int(micros[-1])) if not backward else (int(micros.min()), int(micros.max()))
    tally.backward += backward + (tally.last is not None and micros[0] < tally.last)
    tally.last = int(micros[-1])
    tally.since = first if tally.since is None else min(tally.since, first)
    tally.until = last if tally.until is None else max(tally.until, last)
