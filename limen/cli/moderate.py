"""`limen moderate --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from engine.engine import Engine
from limen.cli.decide import unreadable
from limen.cli.lines import Line, read_lines, writer
from limen.cli.packs import Cache, engine
from scorers.content import Content, ContentError

T = TypeVar("T")
BATCH = 64


def moderate(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="Contents, one JSON object a line; `-` is standard input.")],
    output: Annotated[Path, typer.Option(help="Where decisions go, one a line; `-` is standard output.")] = Path("-"),
    trace: Annotated[
        Literal["none", "fired", "full"], typer.Option(help="How much of the explanation is written.")
    ] = "full",
    cache: Cache = None,
    *,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Media may lie outside of the input's folder.")
    ] = False,
) -> None:
    """Run the pack's scorers on contents and decide. A line that is no content gives an `unavailable` decision, and status 1."""
    loaded = engine(pack, "scalar", cache)
    folder = Path.cwd() if str(input) == "-" else input.parent
    with writer(output) as write:
        bad = asyncio.run(_run(loaded, input, folder, trace, write, allow_outside=allow_outside))
    if bad:
        typer.echo(
            f"limen: {bad} {'line' if bad == 1 else 'lines'} could not be read; each has an `unavailable` decision that says why",
            err=True,
        )
        raise typer.Exit(1)


async def _run(
    loaded: Engine, path: Path, folder: Path, trace: Any, write: Callable[[str], None], *, allow_outside: bool
) -> int:
    """Batch by batch; the number of lines that could not be read."""
    bad = 0
    for batch in batches(read_lines(path), BATCH):
        read = [content_of(line, folder, allow_outside=allow_outside) for line in batch]
        good = [item for item in read if not isinstance(item, Line)]
        decided = iter(await loaded.moderate_all(good))
        for item in read:
            if isinstance(item, Line):
                bad += 1
                write(unreadable(item, loaded.digest))
            else:
                for decision in next(decided):
                    write(decision.to_json(trace))
    return bad


def content_of(line: Line, folder: Path, *, allow_outside: bool) -> tuple[Content, Any, Any] | Line:
    """Content, region and time of a line; or the line with what is wrong with it."""
    if line.data is None:
        return line
    try:
        content = Content.from_record(line.data, folder, allow_outside=allow_outside)
    except ContentError as error:
        return Line(line.number, None, f"line {line.number}: {error}")
    return content, line.data.get("region"), line.data.get("at")


def batches(items: Iterator[T], size: int) -> Iterator[Sequence[T]]:
    while batch := list(islice(items, size)):
        yield batch
