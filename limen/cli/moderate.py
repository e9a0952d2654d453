"""`limen moderate --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.engine import Engine
from engine.plan import Mode
from engine.rendering import Decision, Trace
from limen.cli.asking import Asking
from limen.cli.errors import CannotError
from limen.cli.lines import Line, flow, is_same_file, writer
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
    mode: Annotated[
        Mode, typer.Option(help="`decisive`: scorers that cannot change a decision are not asked; `complete`: all are.")
    ] = "decisive",
    sample: Annotated[
        float, typer.Option(min=0, max=1, help="The share of contents for which all scorers are asked in either mode.")
    ] = 0.0,
    deadline_ms: Annotated[
        float | None, typer.Option(min=0, help="What the scorers have not said so long after a batch began is missing.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Where each content's scores go, as a record that `limen decide` reads.")
    ] = None,
    *,
    stats: Annotated[
        bool,
        typer.Option("--stats", help="Tell, on standard error, how often each scorer was asked, and how often not."),
    ] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Media may lie outside of the input's folder.")
    ] = False,
) -> None:
    """Run the pack's scorers on contents and decide. A line that is no content gives an `unavailable` decision, and status 1."""
    loaded = engine(pack, "scalar", cache, mode=mode, sample=sample)
    tell_problems(loaded)
    if log is not None and (is_same_file(input, log) or log.resolve() == output.resolve()):
        raise CannotError(f"`{log}` is the input or the output, too: name another log")
    run = _Run(loaded, trace, Refusals(), Asking(), deadline_ms)
    with flow(input, output) as (lines, write), writer(log) if log else nullcontext() as keep:
        read = (read_content(line, input.parent, allow_outside=allow_outside) for line in lines)
        asyncio.run(run.all(read, write, keep))
    if stats:
        typer.echo(run.asking.told(loaded), err=True)
    run.refusals.end()


@dataclass(frozen=True, slots=True)
class _Run:
    """What one call of the command keeps."""

    loaded: Engine
    trace: Trace
    refusals: Refusals
    asking: Asking
    deadline_ms: float | None

    async def all(
        self,
        read: Iterator[tuple[Line, Content | None]],
        write: Callable[[str], None],
        keep: Callable[[str], None] | None,
    ) -> None:
        """Batch by batch: scorers see many contents at once, and memory stays small."""
        while batch := list(islice(read, BATCH)):
            for line, decisions in await judge(self.loaded, batch, self.deadline_ms):
                self.one(line, decisions, write)
                if keep and decisions and decisions[0].record is not None:
                    keep(_row(decisions))

    def one(self, line: Line, decisions: tuple[Decision, ...], write: Callable[[str], None]) -> None:
        if line.problem:
            self.refusals.add(line.problem)
            write(unreadable(line, self.loaded.digest))
        self.asking.see(decisions)
        for decision in decisions:
            self.refusals.see(decision, line.number)
            write(decision.to_json(self.trace))


def _row(decisions: tuple[Decision, ...]) -> str:
    """One row a content, with all its regions."""
    row = decisions[0].row() | {"region": [decision.region for decision in decisions]}
    return json.dumps(row, ensure_ascii=False, default=str)


async def judge(
    loaded: Engine, batch: Sequence[tuple[Line, Content | None]], deadline_ms: float | None = None
) -> list[tuple[Line, tuple[Decision, ...]]]:
    """Each line with its decisions, one per region; a refused line has none."""
    asked: list[tuple[Content, Any, Any]] = [  # what the region is, the engine judges
        (content, line.data.get("region"), line.data.get("at"))
        for line, content in batch
        if content is not None and line.data is not None
    ]
    found = iter(await loaded.moderate_all(asked, deadline_ms=deadline_ms))
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
