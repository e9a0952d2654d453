"""`limen explain --pack PACK --input FILE.json`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.rendering import Decision
from limen.cli.errors import CannotError
from limen.cli.lines import Line, opened
from limen.cli.moderate import content_of
from limen.cli.packs import Cache, engine
from limen.cli.telling import tell


def explain(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="One record or content as JSON; `-` is standard input.")],
    cache: Cache = None,
) -> None:
    """Tell one decision to a person: what was decided, why, and what would change it."""
    loaded = engine(pack, "scalar", cache)
    data = _object(input)
    is_record = "scores" in data or not ({"text", "images"} & data.keys())
    if is_record:
        decisions = loaded.decide_record(data)
    else:
        item = content_of(Line(1, data), input.parent, allow_outside=False)
        if isinstance(item, Line):
            raise CannotError(f"`{input}`: {item.problem}")
        decisions = asyncio.run(loaded.moderate_all([item]))[0]
    typer.echo("\n\n".join(_told(decision) for decision in decisions))


def _told(decision: Decision) -> str:
    return tell(decision.to_dict())


def _object(path: Path) -> dict[str, Any]:
    with opened(path) as stream:
        raw = stream.read()
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CannotError(f"`{path}` is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise CannotError(f"`{path}` holds no JSON object")
    return data
