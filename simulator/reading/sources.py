"""A file of a log -> a source, which gives its columns batch by batch, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Protocol

import pyarrow as pa

from policy_dsl.suggest import suggest
from simulator.account import FileTally
from simulator.reading.places import SUFFIXES, LogError, Place, kinds, one_line, suffix_of
from simulator.reading.tables import ArrowSource, Columns, ParquetSource
from simulator.reading.texts import CsvSource, JsonSource


class Source(Protocol):
    """One file. `schema` has its columns by their foreign names, nested ones dotted; of texts (`parse`) the types are what the
    first rows look like. `rows` is None where only reading tells it.
    """

    @property
    def path(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def schema(self) -> pa.Schema: ...
    @property
    def parse(self) -> bool: ...

    def batches(
        self, names: Collection[str], texts: Collection[str], size: int, tally: FileTally, *, threads: bool
    ) -> Iterator[Columns]:
        """The named columns, `texts` of them with few distinct values. Raises DamagedError."""
        ...


def open_source(place: Place) -> Source:
    """Reads the file's head or footer. Raises LogError."""
    try:
        with place.fs.open_input_file(place.inner) as file:
            magic = file.read(6)
        return OPENERS[_format(place.path, magic)](place)
    except LogError:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:
        raise LogError(f"cannot read `{place.path}`: {one_line(error)}") from None


def _format(path: str, magic: bytes) -> str:
    """By its first bytes, else by its name; never by trying."""
    if magic[:4] == b"PAR1":
        return "parquet"
    if magic == b"ARROW1" or magic[:4] == b"\xff\xff\xff\xff":
        return "arrow"
    if magic[:4] == b"PARE":
        raise LogError(f"`{path}` is an encrypted Parquet file, which is not supported: decrypt it first")
    named = suffix_of(path)
    if named in ("parquet", "arrow"):
        what = "is empty" if not magic else "does not begin as such a file does"
        kind = "Parquet" if named == "parquet" else "Arrow"
        raise LogError(f"`{path}` is named as {kind} and {what}: it is not whole, or no {kind}")
    if named is None:
        near = suggest("." + path.rpartition(".")[2], SUFFIXES) if "." in path.rpartition("/")[2] else None
        hint = f"did you mean `{near}`" if near else f"expected {kinds()}"
        raise LogError(f"`{path}` is of no kind of log that its name or first bytes tell, {hint}")
    return named


OPENERS: Mapping[str, Callable[[Place], Source]] = {
    "parquet": ParquetSource.open,
    "arrow": ArrowSource.open,
    "csv": CsvSource.open,
    "tsv": CsvSource.open,
    "jsonl": JsonSource.open,
}
