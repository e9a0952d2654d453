"""What was read of a log, what was skipped, and why: counted while it is read, frozen to be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXAMPLES = 5  # bad values of a column that are shown
KINDS_OF_BAD = {
    "nan": "not a number (NaN)",
    "infinite": "infinite",
    "out_of_range": "out of range",
    "wrong_type": "of a wrong type",
    "unparsable": "not readable",
    "unknown": "without a place in the encoding",
}


@dataclass(slots=True)
class ColumnTally:
    """Counts of one column while it is read; every bad value became null."""

    name: str
    source: str | None = None
    type: str = ""
    rows: int = 0
    nulls: int = 0
    nan: int = 0
    infinite: int = 0
    out_of_range: int = 0
    wrong_type: int = 0
    unparsable: int = 0
    unknown: int = 0
    unlisted: Counter[str] = field(default_factory=Counter)
    examples: dict[str, None] = field(default_factory=dict)

    def show(self, values: Iterable[Any]) -> None:
        """Keeps the first few bad values, to be shown."""
        for value in values:
            if len(self.examples) >= EXAMPLES:
                return
            self.examples.setdefault(str(value)[:40])

    def frozen(self) -> ColumnAccount:
        counts = {name: getattr(self, name) for name in ("rows", "nulls", *KINDS_OF_BAD)}
        unlisted = tuple(self.unlisted.most_common())
        return ColumnAccount(
            self.name, self.source, self.type, **counts, unlisted=unlisted, examples=tuple(self.examples)
        )


@dataclass(slots=True)
class FileTally:
    """Counts of one file while it is read."""

    path: str
    format: str
    bytes: int | None = None
    declared: int | None = None
    rows: int = 0
    damage: str | None = None
    refused: str | None = None
    skipped: Counter[str] = field(default_factory=Counter)

    def frozen(self) -> FileAccount:
        return FileAccount(
            self.path, self.format, self.bytes, self.declared, self.rows, self.damage, self.refused, dict(self.skipped)
        )


@dataclass(frozen=True, slots=True)
class FileAccount:
    """One file. `declared` rows stand in its footer; `rows` were read. `damage` says where reading had to stop and why; of a
    `refused` file nothing was read. `skipped`: rows left out, by reason.
    """

    path: str
    format: str
    bytes: int | None = None
    declared: int | None = None
    rows: int = 0
    damage: str | None = None
    refused: str | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnAccount:
    """One of our columns. `source` is the foreign column, None where a constant stands in its place, `type` its type in the file.

    `rows` were read of it and `nulls` were null in the file; the other counts are values that became null: `nan`, `infinite`,
    `out_of_range`, `wrong_type`, `unparsable` (a text that is no such value), `unknown` (a value without a place in the
    map's encoding). `unlisted` are regions that the tree does not know, with their rows; they are kept as they are.
    """

    name: str
    source: str | None
    type: str
    rows: int = 0
    nulls: int = 0
    nan: int = 0
    infinite: int = 0
    out_of_range: int = 0
    wrong_type: int = 0
    unparsable: int = 0
    unknown: int = 0
    unlisted: tuple[tuple[str, int], ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def bad(self) -> int:
        """Values that were there and are no such values."""
        return sum(int(getattr(self, name)) for name in KINDS_OF_BAD)

    def merge(self, other: ColumnAccount) -> ColumnAccount:
        counts = {name: getattr(self, name) + getattr(other, name) for name in ("rows", "nulls", *KINDS_OF_BAD)}
        unlisted = Counter(dict(self.unlisted)) + Counter(dict(other.unlisted))
        examples = tuple(dict.fromkeys((*self.examples, *other.examples)))[:EXAMPLES]
        types = self.type if self.type == other.type else f"{self.type or '-'}, {other.type or '-'}"
        return ColumnAccount(
            self.name, self.source, types, **counts, unlisted=tuple(unlisted.most_common()), examples=examples
        )

    def told(self) -> tuple[str, ...]:
        """A sentence for each kind of bad value."""
        what = [f"{getattr(self, name)} {words}" for name, words in KINDS_OF_BAD.items() if getattr(self, name)]
        shown = ", such as " + ", ".join(f"`{value}`" for value in self.examples) if self.examples else ""
        lines = [f"`{self.name}`: {', '.join(what)} of {self.rows} became null{shown}"] if what else []
        for value, rows in self.unlisted[:EXAMPLES]:
            lines.append(f"`{self.name}`: {rows} rows with `{value}`, which is no region of the tree")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Account:
    """What was read. `rows` came out; `rows_read` went in (a row for several regions comes out once for each).

    `ignored` are foreign columns that nothing reads, `missing` columns asked for that the log lacks, `assumed` the value each
    input that was not logged is taken to have. `backward` counts rows whose time lies before that of the row above; `since` and
    `until` are the first and last time, in microseconds since 1970 UTC.
    """

    files: tuple[FileAccount, ...] = ()
    rows: int = 0
    rows_read: int = 0
    columns: tuple[ColumnAccount, ...] = ()
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    assumed: Mapping[str, Any] = field(default_factory=dict)
    backward: int = 0
    since: int | None = None
    until: int | None = None
    caveats: tuple[str, ...] = ()
    no_signal: tuple[str, ...] = ()

    @property
    def skipped(self) -> Mapping[str, int]:
        """Rows left out, by reason, over all files."""
        return dict(sum((Counter(dict(file.skipped)) for file in self.files), Counter()))

    def column(self, name: str) -> ColumnAccount | None:
        return next((column for column in self.columns if column.name == name), None)

    def merge(self, other: Account) -> Account:
        """Of two parts of one log, read apart. Times are then in order only within each part."""
        names = dict.fromkeys(column.name for column in (*self.columns, *other.columns))
        return Account(
            (*self.files, *other.files),
            self.rows + other.rows,
            self.rows_read + other.rows_read,
            tuple(_merged(self.column(name), other.column(name)) for name in names),
            tuple(dict.fromkeys((*self.ignored, *other.ignored))),
            tuple(dict.fromkeys((*self.missing, *other.missing))),
            {**self.assumed, **other.assumed},
            self.backward + other.backward,
            min((at for at in (self.since, other.since) if at is not None), default=None),
            max((at for at in (self.until, other.until) if at is not None), default=None),
            tuple(dict.fromkeys((*self.caveats, *other.caveats))),
            tuple(dict.fromkeys((*self.no_signal, *other.no_signal))),
        )

    def told(self) -> tuple[str, ...]:
        """What a reader has to know, a sentence each; empty where all is well."""
        return (
            *(f"`{file.path}` was not read: {file.refused}" for file in self.files if file.refused),
            *(f"`{file.path}` is damaged: {file.damage}" for file in self.files if file.damage),
            *(f"{rows} rows left out: {why}" for why, rows in self.skipped.items()),
            *(("the log holds no row",) if not self.rows else ()),
            *(line for column in self.columns for line in column.told()),
            *((f"not in the log: {_names(self.missing)}",) if self.missing else ()),
            *self._assumptions(),
            *(
                (f"{self.backward} rows lie before the row above them in time: the log is not in order",)
                if self.backward
                else ()
            ),
            *(f"`{name}` carries no signal: a breakdown by it means nothing" for name in self.no_signal),
            *self.caveats,
        )

    def _assumptions(self) -> Iterable[str]:
        """A sentence for each value."""
        names: dict[str, list[str]] = {}
        for name, value in self.assumed.items():
            names.setdefault(_plain(value), []).append(name)
        for value, assumed in names.items():
            yield f"not logged, and taken to be `{value}` throughout: {_names(sorted(assumed))}"

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON; times as ISO 8601."""
        plain = asdict(self)
        plain["skipped"] = dict(self.skipped)
        return plain | {"since": iso(self.since), "until": iso(self.until), "told": list(self.told())}


def iso(micros: int | None) -> str | None:
    """Microseconds since 1970 UTC as ISO 8601."""
    return None if micros is None else (EPOCH + timedelta(microseconds=micros)).isoformat()


def _merged(one: ColumnAccount | None, other: ColumnAccount | None) -> ColumnAccount:
    if one is None or other is None:
        found = one or other
        assert found is not None
        return found
    return one.merge(other)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
