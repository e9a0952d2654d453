"""CSV and JSON lines -> the columns of a log, batch by batch."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from simulator.account import FileTally
from simulator.reading.places import LogError, Place, one_line, suffix_of
from simulator.reading.tables import Columns, DamagedError, flat_schema

BLOCK = 4 << 20  # bytes of CSV that are read at a time
HEAD = 1 << 20  # bytes of CSV that tell its columns
PIECE = 64 << 10  # bytes of JSON that are read at a time: so much is lost of a truncated compressed file
SNIFFED = 32 << 20  # bytes of JSON that tell its columns
LONGEST_LINE = 16 << 20
DEEPEST = 8  # objects inside of objects that are flattened
NULLS = ["", "null", "NULL", "None", r"\N"]


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Comma- or tab-separated, with a header. Everything is read as text, so that what is no number can be told."""

    place: Place
    schema: pa.Schema
    delimiter: str
    rows: int | None = None
    format: str = "csv"
    parse: bool = True

    @classmethod
    def open(cls, place: Place) -> CsvSource:
        with place.fs.open_input_stream(place.inner) as stream:
            head = stream.read(HEAD)
        if not head.strip(b"\0\r\n \t"):
            raise LogError(f"`{place.path}` is empty, expected a line with the names of the columns")
        if len(head) == HEAD:
            head = head[: head.rfind(b"\n") + 1]
        delimiter = "\t" if suffix_of(place.path) == "tsv" else ","
        table = pacsv.read_csv(
            io.BytesIO(head),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda _: "skip"
            ),
            convert_options=pacsv.ConvertOptions(null_values=NULLS, strings_can_be_null=True),
        )
        return cls(place, flat_schema(table.schema), delimiter)

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def bytes(self) -> int | None:
        return self.place.bytes

    def batches(
        self, names: Collection[str], texts: Collection[str], size: int, tally: FileTally, *, threads: bool
    ) -> Iterator[Columns]:
        try:
            with (
                self.place.fs.open_input_stream(self.place.inner) as stream,
                self._reader(stream, names, texts, tally, threads=threads) as reader,
            ):
                for whole in reader:
                    for start in range(0, whole.num_rows, size):
                        batch = whole.slice(start, size)
                        yield batch.num_rows, {name: batch.column(name) for name in names}
        except (OSError, pa.ArrowException) as error:
            raise DamagedError(one_line(error)) from None

    def _reader(
        self, stream: Any, names: Collection[str], texts: Collection[str], tally: FileTally, *, threads: bool
    ) -> pacsv.CSVStreamingReader:
        def skip(row: Any) -> str:
            tally.skipped[f"a line with {row.actual_columns} values instead of {row.expected_columns}"] += 1
            return "skip"

        encoded = pa.dictionary(pa.int32(), pa.string())
        types = {name: encoded if name in texts else pa.string() for name in names}
        convert = pacsv.ConvertOptions(
            column_types=types, include_columns=list(names), null_values=NULLS, strings_can_be_null=True
        )
        parse = pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=skip)
        read = pacsv.ReadOptions(block_size=BLOCK, use_threads=threads)
        return pacsv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)


@dataclass(frozen=True, slots=True)
class JsonSource:
    """JSON lines: flat rows, or records as `limen moderate --log` writes them."""

    place: Place
    schema: pa.Schema
    rows: int | None = None
    format: str = "jsonl"
    parse: bool = False

    @classmethod
    def open(cls, place: Place) -> JsonSource:
        tally = FileTally(place.path, "jsonl")
        seen: dict[str, pa.DataType] = {}
        try:
            for row in _rows(place, tally, SNIFFED):
                for name, value in row.items():
                    seen[name] = _wider(seen.get(name), _json_type(value))
        except DamagedError as error:
            if not seen:
                raise LogError(f"cannot read `{place.path}`: {error}") from None
        if not seen:
            what = "does not begin with JSON objects" if tally.skipped else "is empty"
            raise LogError(f"`{place.path}` {what}, expected a JSON object a line")
        return cls(place, pa.schema(list(seen.items())))

    @property
    def path(self) -> str:
        return self.place.path

    @property
    def bytes(self) -> int | None:
        return self.place.bytes

    def batches(
        self,
        names: Collection[str],
        texts: Collection[str],  # noqa: ARG002 - the values come as they are
        size: int,
        tally: FileTally,
        *,
        threads: bool,  # noqa: ARG002 - one does it
    ) -> Iterator[Columns]:
        damage: list[DamagedError] = []
        rows = _until_damaged(_rows(self.place, tally), damage)
        while held := list(islice(rows, size)):
            yield len(held), {name: [one.get(name) for one in held] for name in names}
        if damage:
            raise damage[0]


def _until_damaged(rows: Iterator[dict[str, Any]], damage: list[DamagedError]) -> Iterator[dict[str, Any]]:
    """Keeps the error for later: the rows before it are good."""
    try:
        yield from rows
    except DamagedError as error:
        damage.append(error)


def _rows(place: Place, tally: FileTally, most: int | None = None) -> Iterator[dict[str, Any]]:
    """Objects, flattened; other lines are counted and left out."""
    try:
        with place.fs.open_input_stream(place.inner) as stream:
            for line in _lines(stream, tally, most):
                row = _object(line)
                if row is not None:
                    yield row
                elif line.strip():
                    tally.skipped["a line that is no JSON object"] += 1
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(one_line(error)) from None


def _lines(stream: Any, tally: FileTally, most: int | None) -> Iterator[bytes]:
    """Lines of bearable length; of a longer one no more is held than that."""
    held: list[bytes] = []
    size = read = 0
    while block := stream.read(PIECE):
        read += len(block)
        first, *others = block.split(b"\n")
        if size <= LONGEST_LINE:
            held.append(first)
        size += len(first)
        for line in others:
            yield from _line(held, size, tally)
            held, size = [line], len(line)
        if most is not None and read >= most:
            return
    yield from _line(held, size, tally)


def _line(parts: list[bytes], size: int, tally: FileTally) -> Iterator[bytes]:
    if size > LONGEST_LINE:
        tally.skipped[f"a line longer than {LONGEST_LINE >> 20} MiB"] += 1
    else:
        yield b"".join(parts)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _flattened(row) if isinstance(row, dict) else None


def _flattened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values inside of objects by dotted names; those in `scores` and `facts` by their own."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, inner: Mapping[str, Any], depth: int) -> None:
        for name, value in inner.items():
            if isinstance(value, dict) and depth < DEEPEST:
                bare = depth == 0 and name in ("scores", "facts")
                walk("" if bare else f"{prefix}{name}.", value, depth + 1)
            else:
                flat.setdefault(f"{prefix}{name}", value)

    walk("", row, 0)
    return flat


def _json_type(value: Any) -> pa.DataType:
    match value:
        case bool():
            return pa.bool_()
        case int():
            return pa.int64()
        case float():
            return pa.float64()
        case str():
            return pa.string()
        case list():
            return pa.list_(pa.string())
    return pa.null()


def _wider(one: pa.DataType | None, other: pa.DataType) -> pa.DataType:
    """What a column is, by its values: a null tells nothing, a whole number may be a decimal; else the first speaks."""
    if one is None or pa.types.is_null(one):
        return other
    return pa.float64() if pa.types.is_int64(one) and pa.types.is_float64(other) else one
