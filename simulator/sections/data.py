"""The account of a log, and its drift -> the report's rows on what was read, what was not taken as it stands, and what that means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator import drift as drifts
from simulator.account import EXAMPLES, KINDS_OF_BAD, Account, ColumnAccount, FileAccount, iso
from simulator.result import Assumption, ColumnUse, Drift, Light, LogFile, Skipped

DIGEST_UP_TO = 1 << 28  # bytes: larger files are told by their size
_LIGHTS: Mapping[str, Light] = {"stable": "green", "some": "amber", "much": "red", "too few rows": "amber"}
_NAMES_SHOWN = 6
_PLAIN = ("nan", "infinite")
_NOT_FINITE = ("nan", "inf", "-inf")


@dataclass(frozen=True, slots=True)
class DataSection:
    """Fields of `result.Result`, and of its `Run`: `files`, `since`, `until`."""

    files: tuple[LogFile, ...]
    since: str | None
    until: str | None
    columns: tuple[ColumnUse, ...]
    ignored: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    drift: tuple[Drift, ...]
    assumptions: tuple[Assumption, ...]
    caveats: tuple[str, ...]
    no_signal: tuple[str, ...]


def data(account: Account, drift: drifts.DriftResult | None = None) -> DataSection:
    """`account` is complete: all batches were drawn."""
    moved = tuple(_drift(one) for one in drift.scores if one.score not in account.assumed) if drift else ()
    return DataSection(
        files=tuple(map(_file, account.files)),
        since=iso(account.since),
        until=iso(account.until),
        columns=tuple(ColumnUse(c.source or "(a constant)", c.name, c.type or None) for c in account.columns),
        ignored=account.ignored,
        skipped=tuple(_skipped(account)),
        drift=moved,
        assumptions=tuple(_assumed(account, moved)),
        caveats=account.caveats,
        no_signal=account.no_signal,
    )


# Files


def _file(file: FileAccount) -> LogFile:
    return LogFile(file.path, file.bytes, _digest(Path(file.path)))


def _digest(path: Path) -> str | None:
    """Of a local file that is not too large."""
    try:
        if path.stat().st_size > DIGEST_UP_TO:
            return None
        with path.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except (OSError, ValueError):
        return None


# What was not taken as it stands


def _skipped(account: Account) -> Iterator[Skipped]:
    for file in account.files:
        yield from _of_file(file)
    for column in account.columns:
        yield from _of_column(column)
    if account.missing:
        yield Skipped(f"not in the log: {_names(account.missing)}", account.rows, then="missing in every row")
    for value, names in _by_value(account.assumed).items():
        yield Skipped(f"not logged: {_names(names)}", account.rows, then=f"taken to be `{value}` in every row")
    if account.backward:
        yield Skipped("earlier than the row above", account.backward, "at", then="read all the same")


def _of_file(file: FileAccount) -> Iterator[Skipped]:
    left = max((file.declared or 0) - file.rows, 0)
    if file.refused:
        yield Skipped("file not read", left, file=file.path, then=file.refused)
    if file.damage:
        yield Skipped("file damaged", left, file=file.path, then=file.damage)
    for why, rows in file.skipped.items():
        yield Skipped(why, rows, file=file.path, then="left out")


def _of_column(column: ColumnAccount) -> Iterator[Skipped]:
    for kind, words in KINDS_OF_BAD.items():
        if rows := getattr(column, kind):
            yield Skipped(words, rows, column.name, then=f"read as missing{_such_as(column, kind)}")
    for value, rows in column.unlisted[:EXAMPLES]:
        yield Skipped(f"`{value}` is no region of the tree", rows, column.name, then="kept as it is")
    if rest := sum(rows for _, rows in column.unlisted[EXAMPLES:]):
        yield Skipped("other values that are no region of the tree", rest, column.name, then="kept as they are")


def _such_as(column: ColumnAccount, kind: str) -> str:
    """Examples, where it is not plain what the values are."""
    shown = [value for value in column.examples if str(value).lower() not in _NOT_FINITE]
    return f", such as {', '.join(f'`{value}`' for value in shown)}" if shown and kind not in _PLAIN else ""


def _by_value(assumed: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in assumed.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found[text] = (*found.get(text, ()), name)
    return found


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"


# Drift


def _drift(drift: drifts.Drift) -> Drift:
    verdict = drift.verdict
    words = {
        "stable": "Its second half is like the first.",
        "some": "Its second half is somewhat different from the first: another mix of posts, or another model version.",
        "much": "Its second half is another distribution than the first: figures of the whole log are those of neither.",
        "too few rows": "Too few rows have the score to tell.",
    }
    distance = None if verdict == "too few rows" else drift.psi
    noise = None if verdict == "too few rows" else drift.psi_noise
    text = words[verdict] + _gaps(drift.missing)
    return Drift(drift.score, "population stability index", distance, _LIGHTS[verdict], text, noise, drift.means)


def _gaps(missing: tuple[float, float]) -> str:
    """Where the score is missing, and not alike in both halves."""
    one, other = missing
    return (
        f" It is missing in {one:.1%} of the first half's rows, {other:.1%} of the second's."
        if abs(one - other) > 0.01
        else ""
    )


# What that means


def _assumed(account: Account, moved: tuple[Drift, ...]) -> Iterator[Assumption]:
    unread = [file.path for file in account.files if file.refused or file.damage]
    if unread:
        yield Assumption(
            "red", "A part of the log could not be read", f"{_names(tuple(unread))}: the figures are those of the rest."
        )
    if account.assumed:
        text = f"{_names(tuple(account.assumed))}: each row counts as if it had the value that the column map gives."
        yield Assumption("amber", "Inputs were not logged", text)
    for light in ("red", "amber"):
        scores = tuple(drift.column for drift in moved if drift.light == light and drift.distance is not None)
        if scores and "at" not in account.no_signal:
            yield Assumption(
                "amber",
                f"Scores moved {'much' if light == 'red' else 'somewhat'} within the log",
                f"{_names(scores)}: next month may be another again.",
            )
