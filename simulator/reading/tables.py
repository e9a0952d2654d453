"""Parquet and Arrow IPC -> the columns of a log, batch by batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulator.account import FileTally
from simulator.reading.convert import Raw
from simulator.reading.kinds import is_text
from simulator.reading.places import LogError, Place, one_line

Columns: TypeAlias = tuple[int, Mapping[str, Raw]]  # rows, and the columns asked for by their foreign names

NEAR, FAR = 256 << 10, 4 << 20  # bytes read at a time, of a local file and of an object store
MOST_HELD = (
    64 << 20
)  # bytes: of a larger row group, column chunks are not held whole, so that memory does not grow with it


class DamagedError(Exception):
    """Reading had to stop in the midst of a file."""


def leaves(schema: pa.Schema) -> dict[str, tuple[tuple[str, ...], pa.DataType]]:
    """Columns by their names, those inside of structs by dotted ones; `scores` and `facts` lend their columns no prefix."""
    found: dict[str, tuple[tuple[str, ...], pa.DataType]] = {}

    def walk(prefix: str, path: tuple[str, ...], field: pa.Field) -> None:
        if pa.types.is_struct(field.type):
            inner = "" if not path and field.name in ("scores", "facts") else f"{prefix}{field.name}."
            for index in range(field.type.num_fields):
                walk(inner, (*path, field.name), field.type.field(index))
        else:
            found.setdefault(f"{prefix}{field.name}", ((*path, field.name), field.type))

    for field in schema:
        walk("", (), field)
    return found


def flat_schema(schema: pa.Schema) -> pa.Schema:
    names = schema.names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise LogError(f"two columns are named `{twice}`, expected a name for each")
    return pa.schema([(name, held) for name, (_, held) in leaves(schema).items()])


def pull(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    array = batch.column(path[0])
    for name in path[1:]:
        array = pc.struct_field(array, name)
    return array


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one column over a file, by its footer; `low` and `high` are None where it holds no numbers."""

    rows: int
    nulls: int
    low: float | None
    high: float | None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Read row group by row group, only the columns asked for."""

    place: Place
    metadata: Any
    arrow: pa.Schema
    schema: pa.Schema
    format: str = "parquet"
    parse: bool = False

    @classmethod
    def open(cls, place: Place) -> ParquetSource:
        try:
            with place.fs.open_input_file(place.inner) as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
                return cls(place, file.metadata, file.schema_arrow, flat_schema(file.schema_arrow))
        except pa.ArrowInvalid as error:
            hint = (
                "its footer, which stands at the end, cannot be read, so the file is not whole: write or fetch it anew"
            )
            raise LogError(f"cannot read `{place.path}`: {hint} ({one_line(error)})") from None

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def bytes(self) -> int | None:
        return self.place.bytes

    @property
    def rows(self) -> int | None:
        return int(self.metadata.num_rows)

    def batches(
        self,
        names: Collection[str],
        texts: Collection[str],
        size: int,
        tally: FileTally,  # noqa: ARG002 - of rows that can be read, none is left out
        *,
        threads: bool,
    ) -> Iterator[Columns]:
        where = {name: leaves(self.arrow)[name][0] for name in names}
        wanted = sorted({".".join(path) for path in where.values()})
        encoded = [".".join(where[name]) for name in texts if is_text(self.schema.field(name).type)]
        options = {"pre_buffer": False, "metadata": self.metadata, "read_dictionary": encoded}
        buffered = FAR if not self.place.local else NEAR if self._held(wanted) > MOST_HELD else 0
        try:
            with (
                self.place.fs.open_input_file(self.place.inner) as handle,
                pq.ParquetFile(handle, buffer_size=buffered, **options) as file,
            ):
                for batch in file.iter_batches(size, columns=wanted, use_threads=threads):
                    yield batch.num_rows, {name: pull(batch, path) for name, path in where.items()}
        except (OSError, pa.ArrowException) as error:
            raise DamagedError(one_line(error)) from None

    def _held(self, wanted: Collection[str]) -> int:
        """The bytes of the asked columns in the largest row group, as they are stored."""
        schema, groups = self.metadata.schema, range(self.metadata.num_row_groups)
        places = [place for place in range(self.metadata.num_columns) if schema.column(place).path in wanted]
        found = (self.metadata.row_group(group) for group in groups)
        return max((sum(group.column(place).total_compressed_size for place in places) for group in found), default=0)

    def statistics(self, name: str) -> Statistics | None:
        """What the footer says about a column of numbers or times; None where a row group says nothing."""
        path = ".".join(leaves(self.arrow)[name][0]) if name in leaves(self.arrow) else None
        place = next((i for i in range(self.metadata.num_columns) if self.metadata.schema.column(i).path == path), None)
        if place is None:
            return None
        found = [self.metadata.row_group(index).column(place) for index in range(self.metadata.num_row_groups)]
        told = [(chunk.num_values, chunk.statistics) for chunk in found]
        if any(one is None or not one.has_null_count for _, one in told):
            return None
        ends = [float(end) for _, one in told if one.has_min_max for end in (one.min, one.max) if _is_number(end)]
        return Statistics(
            sum(rows for rows, _ in told),
            sum(one.null_count for _, one in told),
            min(ends, default=None),
            max(ends, default=None),
        )


@dataclass(frozen=True, slots=True)
class ArrowSource:
    """Arrow IPC: a file (Feather, version 2) or a stream."""

    place: Place
    arrow: pa.Schema
    schema: pa.Schema
    stream: bool
    rows: int | None = None
    format: str = "arrow"
    parse: bool = False

    @classmethod
    def open(cls, place: Place) -> ArrowSource:
        with place.fs.open_input_file(place.inner) as handle:
            stream = handle.read(6) != b"ARROW1"
            handle.seek(0)
            try:
                reader = pa.ipc.open_stream(handle) if stream else pa.ipc.open_file(handle)
            except pa.ArrowInvalid as error:
                hint = (
                    "its index stands at the end: the file is not whole"
                    if not stream
                    else "the stream does not begin well"
                )
                raise LogError(f"cannot read `{place.path}`: {hint} ({one_line(error)})") from None
            return cls(place, reader.schema, flat_schema(reader.schema), stream)

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def bytes(self) -> int | None:
        return self.place.bytes

    def batches(
        self,
        names: Collection[str],
        texts: Collection[str],  # noqa: ARG002 - the file says how they are encoded
        size: int,
        tally: FileTally,  # noqa: ARG002
        *,
        threads: bool,
    ) -> Iterator[Columns]:
        where = {name: leaves(self.arrow)[name][0] for name in names}
        fields = sorted({self.arrow.get_field_index(path[0]) for path in where.values()})
        options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=threads)
        try:
            with self._handle() as handle:
                for whole in self._read(handle, options):
                    for start in range(0, whole.num_rows, size):
                        batch = whole.slice(start, size)
                        yield batch.num_rows, {name: pull(batch, path) for name, path in where.items()}
        except (OSError, pa.ArrowException) as error:
            raise DamagedError(one_line(error)) from None

    def _handle(self) -> Any:
        return pa.memory_map(self.place.inner) if self.place.local else self.place.fs.open_input_file(self.place.inner)

    def _read(self, handle: Any, options: Any) -> Iterator[pa.RecordBatch]:
        if self.stream:
            yield from pa.ipc.open_stream(handle, options=options)
            return
        reader = pa.ipc.open_file(handle, options=options)
        for index in range(reader.num_record_batches):
            yield reader.get_batch(index)
