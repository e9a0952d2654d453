"""`limen moderate --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.engine import Engine
from engine.rendering import Decision, Trace
from limen.cli.lines import Line, flow
from limen.cli.packs import Cache, engine, tell_problems
from limen.cli.refused import Refusals, unreadable
from scorers.content import Content, ContentError

BATCH = 64


def moderate(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="Contents, one JSON object a line; `-` is standard input.")],
    output: Annotated[Path, typer.Option(help="Where decisions go, one a line; `-` is standard output.")] = Path("-"),
    trace: Annotated[Trace, typer.Option(help="How much of the explanation is written.")] = "full",
    cache: Cache = None,
    *,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Media may lie outside of the input's folder.")
    ] = False,
) -> None:
    """Run the pack's scorers on contents and decide. A line that is no content gives an `unavailable` decision, and status 1."""
    loaded = engine(pack, "scalar", cache)
    tell_problems(loaded)
    refusals = Refusals()
    with flow(input, output) as (lines, write):
        read = (read_content(line, input.parent, allow_outside=allow_outside) for line in lines)
        asyncio.run(_run(loaded, read, refusals, trace, write))
    refusals.end()


async def _run(
    loaded: Engine,
    read: Iterator[tuple[Line, Content | None]],
    refusals: Refusals,
    trace: Trace,
    write: Callable[[str], None],
) -> None:
    """Batch by batch: scorers see many contents at once, and memory stays small."""
    while batch := list(islice(read, BATCH)):
        for line, decisions in await judge(loaded, batch):
            if line.problem:
                refusals.add(line.problem)
                write(unreadable(line, loaded.digest))
            for decision in decisions:
                refusals.see(decision, line.number)
                write(decision.to_json(trace))


async def judge(
    loaded: Engine, batch: Sequence[tuple[Line, Content | None]]
) -> list[tuple[Line, tuple[Decision, ...]]]:
    """Each line with its decisions, one per region; a refused line has none."""
    asked: list[tuple[Content, Any, Any]] = [  # what the region is, the engine judges
        (content, line.data.get("region"), line.data.get("at"))
        for line, content in batch
        if content is not None and line.data is not None
    ]
    found = iter(await loaded.moderate_all(asked))
    return [(line, () if content is None else _identified(line, next(found))) for line, content in batch]


def _identified(line: Line, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """With the id as the caller wrote it: contents know texts only."""
    return tuple(replace(decision, id=(line.data or {}).get("id")) for decision in decisions)


def read_content(line: Line, folder: Path, *, allow_outside: bool) -> tuple[Line, Content | None]:
    """A line with its content; or with what is wrong with it, and none. Media paths are relative to `folder`."""
    if line.data is None:
        return line, None
    if "scores" in line.data:
        hint = "`scores` belong to a record, which `limen decide` reads; here the scorers judge the content itself"
        return replace(line, problem=f"line {line.number}: {hint}"), None
    try:
        return line, Content.from_record(line.data, folder, allow_outside=allow_outside)
    except ContentError as error:
        return replace(line, problem=f"line {line.number}: {error}"), None
