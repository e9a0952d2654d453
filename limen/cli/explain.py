"""`limen explain --pack PACK --input FILE.json`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.engine import Engine
from engine.plan import Mode
from engine.rendering import Decision
from limen.cli.errors import CannotError
from limen.cli.lines import MAX_BYTES, Line, ObjectError, opened, parse_object
from limen.cli.moderate import judge, read_content
from limen.cli.packs import Cache, engine, tell_problems
from limen.cli.telling import tell

CONTENT = {"text", "images", "videos", "audio"}


def explain(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="One record or content as JSON; `-` is standard input.")],
    cache: Cache = None,
    mode: Annotated[
        Mode, typer.Option(help="`decisive`: scorers that cannot change a decision are not asked; `complete`: all are.")
    ] = "decisive",
    *,
    all: Annotated[
        bool, typer.Option("--all", help="Tell the policies that had nothing to say one by one, too.")
    ] = False,
) -> None:
    """Tell one decision to a person: what was decided, why, and what would change it."""
    loaded = engine(pack, "reference", cache, mode=mode)
    data = _object(input)
    is_record = "scores" in data or not CONTENT & data.keys()
    decisions = loaded.decide_record(data) if is_record else _moderated(loaded, data, input)
    typer.echo("\n\n".join(tell(decision, silent=all) for decision in decisions))
    if any(decision.record is None for decision in decisions):
        raise typer.Exit(1)


def _moderated(loaded: Engine, data: dict[str, Any], input: Path) -> tuple[Decision, ...]:
    tell_problems(loaded)
    item = read_content(Line(1, data), input.parent, allow_outside=False)
    ((line, decisions),) = asyncio.run(judge(loaded, [item]))
    if line.problem:
        raise CannotError(f"`{input}`: {line.problem.removeprefix('line 1: ')}")
    return decisions


def _object(path: Path) -> dict[str, Any]:
    with opened(path) as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise CannotError(f"`{path}` has more than {MAX_BYTES:,} bytes, expected one record or content")
    try:
        return parse_object(raw)
    except ObjectError as error:
        raise CannotError(f"`{path}` {error}") from None
