"""How far a command has come with a file, on standard error, where a person waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def progress(input: Path, output: Path) -> Iterator[Callable[[int], None]]:
    """A function that is told how many bytes of `input` were read.

    It shows a bar on a terminal, unless the output appears there, too, or nobody knows how long `input` is.
    """
    if not _is_watched(input, output):
        yield lambda _: None
        return
    with _bar(input.name, input.stat().st_size) as advance:
        yield advance


@contextmanager
def told(rows: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A function that is told how many rows of a log were read. It shows a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with _bar(what, rows) as advance:
        yield advance


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console  # noqa: PLC0415 - a pipe does without
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda read: shown.advance(task, read)


def _is_watched(input: Path, output: Path) -> bool:
    in_the_way = str(output) == "-" and sys.stdout.isatty()
    return sys.stderr.isatty() and not in_the_way and input.is_file()
