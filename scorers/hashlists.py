"""A list of known hashes (text, CSV or JSON lines) -> its entries one by one, and the hashes that are none.

A bad hash costs itself only: a feed of known illegal material must not go dark for one typing error.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TextIO, TypeAlias, TypeVar

from scorers.paths import OutsideFolderError, inside
from scorers.scorer import SettingsError

SHOWN_BAD_LINES = 20

EXACT = MappingProxyType({"md5": 32, "sha1": 40, "sha256": 64})
PERCEPTUAL = MappingProxyType({"pdq": 64, "phash": 16})
HEX = re.compile(r"[0-9a-fA-F]+")

Digits: TypeAlias = Mapping[str, int]
"""Algorithm -> how many hexadecimal digits its hashes have. Only these algorithms are read from a list."""


class Listed(NamedTuple):
    """A hash of a list: its line, and, as far as the list says, of which thing (else ``) and of which quality (else None)."""

    number: int
    algorithm: str
    digest: bytes
    id: str = ""
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a list of which a hash was left out, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class HashList:
    """Digests by algorithm (`md5`, `sha1`, `sha256`), and what was left out."""

    digests: Mapping[str, frozenset[bytes]]
    bad: tuple[BadLine, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.digests.values()))


def read_hashes(path: Path) -> HashList:
    """Read a list of exact hashes. Raises OSError if the file cannot be read."""
    digests: dict[str, set[bytes]] = defaultdict(set)
    bad: list[BadLine] = []
    for entry in entries(path, EXACT):
        if isinstance(entry, BadLine):
            bad.append(entry)
        else:
            digests[entry.algorithm].add(entry.digest)
    return HashList(MappingProxyType({name: frozenset(found) for name, found in digests.items()}), tuple(bad))


def entries(path: Path, digits: Digits) -> Iterator[Listed | BadLine]:
    """Read a list; its form follows from the suffix: `.jsonl`, `.csv`, anything else is text. A row is a line.

    Bytes that are no UTF-8 spoil no more than the hash that they stand in. Raises OSError if the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for number, row in _FORMS.get(path.suffix.lower(), _text)(file, digits):
            yield from _listed(number, row, digits)


class ReadList(Protocol):
    """What a reader makes of a file: so many hashes, and what was left out."""

    @property
    def bad(self) -> tuple[BadLine, ...]: ...

    def __len__(self) -> int: ...


Read = TypeVar("Read", bound=ReadList)


def list_of(name: str, path: str, folder: Path, read: Callable[[Path], Read]) -> Read:
    """Read the list that the setting `lists.NAME` holds as a path inside `folder`.

    Raises SettingsError where it cannot be read, or where it has lines and none is good: it would find nothing, unnoticed.
    """
    key = f"lists.{name}"
    try:
        known = read(inside(folder, path))
    except OutsideFolderError as error:
        raise SettingsError(str(error), key) from error
    except FileNotFoundError as error:
        raise SettingsError(f"there is no list `{path}` in `{folder}`", key) from error
    except OSError as error:
        raise SettingsError(f"the list `{path}` cannot be read: {error}", key) from error
    if known.bad and not len(known):
        first = known.bad[0]
        raise SettingsError(f"the list `{path}` has no usable hash: line {first.number}: {first.reason}", key)
    return known


def left_out(path: str, known: ReadList) -> Iterator[str]:
    """Tell the bad lines of a list, the first twenty one by one."""
    for bad in known.bad[:SHOWN_BAD_LINES]:
        yield f"{path}:{bad.number}: {bad.reason}; it is left out"
    if len(known.bad) > SHOWN_BAD_LINES:
        yield f"{path}: {len(known.bad) - SHOWN_BAD_LINES} more are left out"


Row: TypeAlias = Mapping[str, Any] | str
"""What a line holds, by column; or why it holds nothing."""


def _text(file: TextIO, _digits: Digits) -> Iterator[tuple[int, Row]]:
    """Yield `HASH` or `ALGORITHM:HASH`, and an id after it, as `sha256sum` prints a name; `#` begins a comment."""
    for number, line in enumerate(file, 1):
        words = line.partition("#")[0].split(maxsplit=1)
        if words:
            yield number, {"hash": words[0], "id": "".join(words[1:]).strip().removeprefix("*")}


def _csv(file: TextIO, digits: Digits) -> Iterator[tuple[int, Row]]:
    """Yield rows by the columns that the first line names, or, where it names none that is known, as hash and id.

    Each line is read by itself, so that a quote that is never closed does not swallow those that follow.
    """
    names: Sequence[str] = ()
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        cells = _cells(line)
        if isinstance(cells, str):
            yield number, cells
            continue
        if not names:
            columns = [_plain(cell) for cell in cells]
            is_header = not {*digits, "hash"}.isdisjoint(columns)
            names = columns if is_header else ("hash", "id")
            if is_header:
                continue
        yield number, dict(zip(names, cells, strict=False))


def _jsonl(file: TextIO, _digits: Digits) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, _object(line)


_FORMS = MappingProxyType({".csv": _csv, ".jsonl": _jsonl})


def _cells(line: str) -> list[str] | str:
    try:
        (cells,) = csv.reader([line.rstrip("\r\n")])
    except (csv.Error, ValueError) as error:
        return f"no CSV: {error}"
    return cells or [""]


def _object(line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    if not isinstance(value, dict):
        return f'a {type(value).__name__}, expected an object such as {{"hash": "…"}}'
    return {_plain(key): cell for key, cell in value.items()}


def _plain(name: str) -> str:
    """Return a column's or algorithm's name as it is known here: `SHA-256` is `sha256`."""
    return name.strip().lower().replace("-", "")


def _listed(number: int, row: Row, digits: Digits) -> Iterator[Listed | BadLine]:
    """Yield the hashes of a row, each by itself: one may be bad and the others good."""
    if isinstance(row, str):
        yield BadLine(number, row)
        return
    named = [(name, row[name]) for name in digits if row.get(name)]
    if not named and not row.get("hash"):
        yield BadLine(number, f"no hash: expected one of {', '.join(f'`{name}`' for name in (*digits, 'hash'))}")
    for algorithm, written in named or _tagged(row):
        try:
            name = _algorithm(algorithm, written, digits)
            yield Listed(number, name, _digest(name, written, digits), _id(row), _quality(row))
        except ValueError as error:
            yield BadLine(number, str(error))


def _tagged(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the column `hash` with the algorithm that stands before its colon or in a column of its own."""
    if row.get("hash"):
        tag, _, written = str(row["hash"]).strip().rpartition(":")
        yield tag or str(row.get("algorithm") or ""), written


def _algorithm(name: str, written: Any, digits: Digits) -> str:
    """Return the algorithm that is named, or else the one whose hashes are as long. Raises ValueError."""
    if name:
        if _plain(name) not in digits:
            raise ValueError(f"unknown algorithm `{_short(name)}`, expected {_either(digits)}")
        return _plain(name)
    text = str(written).strip()
    for algorithm, length in digits.items():
        if len(text) == length:
            return algorithm
    lengths = _either([f"{length} ({algorithm})" for algorithm, length in digits.items()])
    raise ValueError(f"`{_short(text)}` has {len(text)} characters, expected {lengths}")


def _digest(algorithm: str, written: Any, digits: Digits) -> bytes:
    text = str(written).strip()
    if len(text) != digits[algorithm] or not HEX.fullmatch(text):
        seen = "" if len(text) == digits[algorithm] else f"it has {len(text)} characters, "
        raise ValueError(f"`{_short(text)}` is no {algorithm}: {seen}expected {digits[algorithm]} hexadecimal digits")
    return bytes.fromhex(text)


def _id(row: Mapping[str, Any]) -> str:
    return "" if row.get("id") is None else str(row["id"]).strip()


def _quality(row: Mapping[str, Any]) -> int | None:
    written = row.get("quality")
    if written is None or written == "":
        return None
    if str(written).strip().isdecimal() and 0 <= int(written) <= 100:
        return int(written)
    raise ValueError(f"the quality `{_short(str(written))}` is no whole number from 0 to 100")


def _either(names: Sequence[str] | Digits) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:12]}…"
