"""A list of known hashes (text, CSV or JSON lines) -> digests by algorithm, and the lines that are none.

A bad line costs itself only: a feed of known illegal material must not go dark for one typing error.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

HEX_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
_BY_LENGTH = MappingProxyType({length: name for name, length in HEX_LENGTHS.items()})
HEX = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a list that was left out, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class HashList:
    """Digests by algorithm (`md5`, `sha1`, `sha256`), and what was left out."""

    digests: Mapping[str, frozenset[bytes]]
    bad: tuple[BadLine, ...] = ()


def read_hashes(path: Path) -> HashList:
    """Read a list; its form follows from the suffix: `.jsonl`, `.csv`, anything else is text.

    Raises OSError if the file cannot be read, UnicodeDecodeError if it is no UTF-8.
    """
    digests: dict[str, set[bytes]] = defaultdict(set)
    bad: list[BadLine] = []
    rows, parse = _FORMS.get(path.suffix.lower(), (_words, _tagged))
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in rows(file):
            try:
                for algorithm, digest in parse(row):
                    digests[algorithm].add(digest)
            except ValueError as error:
                bad.append(BadLine(number, str(error)))
    return HashList(MappingProxyType({name: frozenset(found) for name, found in digests.items()}), tuple(bad))


def _words(file: TextIO) -> Iterator[tuple[int, str]]:
    """Yield `HASH` or `ALGORITHM:HASH`, also of what `sha256sum` prints; `#` begins a comment."""
    for number, line in enumerate(file, 1):
        words = line.partition("#")[0].split()
        if words:
            yield number, words[0]


def _csv(file: TextIO) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield rows with columns `md5`, `sha1`, `sha256`, or `hash` with or without `algorithm`; others are ignored."""
    rows = csv.DictReader(file)
    for row in rows:
        yield rows.line_num, row


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, line


def _json(line: str) -> Iterator[tuple[str, bytes]]:
    """Read an object with the keys that CSV has as columns."""
    return _columns(_object(line))


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f'a {type(value).__name__}, expected an object such as {{"sha256": "…"}}')  # noqa: TRY004
    return value


def _columns(row: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    named = [name for name in HEX_LENGTHS if row.get(name)]
    if not named and not row.get("hash"):
        raise ValueError("no hash: expected one of `md5`, `sha1`, `sha256`, `hash`")
    for name in named:
        yield name, _digest(name, row[name])
    if row.get("hash"):
        yield from _tagged(f"{row['algorithm']}:{row['hash']}" if row.get("algorithm") else str(row["hash"]))


def _tagged(word: str) -> Iterator[tuple[str, bytes]]:
    algorithm, colon, digits = word.rpartition(":")
    name = algorithm.lower().replace("-", "") if colon else _BY_LENGTH.get(len(digits))
    if name is None:
        raise ValueError(
            f"`{_short(digits)}` has {len(digits)} characters, expected 32 (md5), 40 (sha1) or 64 (sha256)"
        )
    yield name, _digest(name, digits)


def _digest(algorithm: str, digits: Any) -> bytes:
    length = HEX_LENGTHS.get(algorithm)
    if length is None:
        raise ValueError(f"unknown algorithm `{_short(algorithm)}`, expected md5, sha1 or sha256")
    text = str(digits).strip()
    if len(text) != length or not HEX.fullmatch(text):
        raise ValueError(f"`{_short(text)}` is no {algorithm}: expected {length} hexadecimal digits")
    return bytes.fromhex(text)


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:12]}…"


_FORMS: Mapping[str, tuple[Callable[[TextIO], Iterator[Any]], Callable[[Any], Iterator[tuple[str, bytes]]]]] = (
    MappingProxyType({".csv": (_csv, _columns), ".jsonl": (_lines, _json)})
)
