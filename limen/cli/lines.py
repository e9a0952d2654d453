"""JSON lines in and out: `-` is standard input or output; a bad line is told by its number and nothing else is lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from limen.cli.errors import CannotError, reason
from limen.cli.progress import progress

MAX_BYTES = 16_000_000
MAX_DEPTH = 64


class ObjectError(ValueError):
    """A text that is no JSON, or none that can be used."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its object, or what is wrong with it; with both, the object was refused."""

    number: int
    data: dict[str, Any] | None
    problem: str | None = None


@contextmanager
def flow(input: Path, output: Path) -> Iterator[tuple[Iterator[Line], Callable[[str], None]]]:
    """The lines of `input` and a function that writes one to `output`. Raises CannotError.

    Nothing of `output` is touched before `input` is open.
    """
    with opened(input) as stream:
        if is_same_file(input, output):
            raise CannotError(f"`{output}` is the input, too: writing would destroy it, name another output")
        with writer(output) as write, progress(input, output) as advance:
            yield read_lines(stream, advance), write


def read_lines(stream: IO[bytes], advance: Callable[[int], None]) -> Iterator[Line]:
    """The lines that are not empty; `advance` is told how many bytes were read."""
    number = 0
    while raw := stream.readline(MAX_BYTES + 1):
        number += 1
        advance(len(raw))
        if len(raw) > MAX_BYTES:
            _skip_rest(stream, raw, advance)
            yield Line(number, None, f"line {number} has more than {MAX_BYTES:,} bytes")
        elif raw.strip():
            yield _line(number, raw)


def _skip_rest(stream: IO[bytes], raw: bytes, advance: Callable[[int], None]) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_BYTES)
        advance(len(raw))


def _line(number: int, raw: bytes) -> Line:
    try:
        return Line(number, parse_object(raw))
    except ObjectError as error:
        return Line(number, None, f"line {number} {error}")


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object, as `parse_json` reads it. Raises ObjectError."""
    data = parse_json(raw)
    if not isinstance(data, dict):
        raise ObjectError('is no JSON object such as {"region": "DE", …}')
    return data


def parse_json(raw: bytes, parse_float: Callable[[str], Any] = float) -> Any:
    """A JSON value, not too deep, no key of which stands twice. Raises ObjectError, whose message begins with a verb."""
    try:
        data = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_float=parse_float)
    except UnicodeDecodeError as error:
        hint = ": it looks like UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise ObjectError(f"is not UTF-8, at byte {error.start + 1}{hint}") from None
    except json.JSONDecodeError as error:
        raise ObjectError(f"is not JSON: {error.msg[0].lower()}{error.msg[1:]}, at {_place(error)}") from None
    except RecursionError:
        raise ObjectError(_TOO_DEEP) from None
    except ObjectError:
        raise
    except ValueError:  # Python's guard against texts that take long to become a number
        raise ObjectError("holds a whole number of too many digits") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _is_deep(data):
        raise ObjectError(_TOO_DEEP)
    return data


def _place(error: json.JSONDecodeError) -> str:
    return (
        f"character {error.pos + 1}" if "\n" not in error.doc.strip() else f"line {error.lineno}, column {error.colno}"
    )


_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values with one name neither can be trusted."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ObjectError(f"names the key `{twice[:40]}` twice")
    return found


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {reason(error)}") from None
    with stream:
        yield stream


@contextmanager
def writer(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that writes one line."""
    if str(path) == "-":
        yield print  # it is the command's output
        return
    try:
        stream = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise CannotError(f"cannot write `{path}`: {reason(error)}") from None
    try:
        with stream:
            yield lambda text: print(text, file=stream)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.filename:
            raise
        raise CannotError(f"cannot write `{path}`: {reason(error)}") from None


def is_same_file(one: Path, other: Path) -> bool:
    """Whether writing to `other` would write into the regular file `one`."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:
        return False
