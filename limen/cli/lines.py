"""JSON lines in and out: `-` is standard input or output; a bad line is told by its number and nothing else is lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from limen.cli.errors import CannotError

MAX_LINE = 16_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its object, or what is wrong with it."""

    number: int
    data: dict[str, Any] | None
    problem: str | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """The non-empty lines of a file. Raises CannotError where it cannot be read."""
    with opened(path) as stream:
        for number, raw in enumerate(stream, start=1):
            if raw.strip():
                yield _line(number, raw)


def _line(number: int, raw: bytes) -> Line:
    if len(raw) > MAX_LINE:
        return Line(number, None, f"line {number} has more than {MAX_LINE:,} bytes")
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Line(number, None, f"line {number} is not UTF-8: byte {error.start + 1}")
    except (ValueError, RecursionError) as error:
        return Line(number, None, f"line {number} is not JSON: {error}")
    if not isinstance(data, dict):
        return Line(number, None, f'line {number} is no JSON object such as {{"region": "DE", …}}')
    return Line(number, data)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {error.strerror}") from None
    with stream:
        yield stream


@contextmanager
def writer(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that writes one line."""
    if str(path) == "-":
        yield print  # it is the command's output
        return
    try:
        stream = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise CannotError(f"cannot write `{path}`: {error.strerror}") from None
    with stream:
        yield lambda text: _write(stream, text)


def _write(stream: IO[str], text: str) -> None:
    stream.write(text + "\n")
