"""`limen decide --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from limen.cli.lines import Line, read_lines, writer
from limen.cli.packs import Cache, engine


def decide(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="Records with scores, one JSON object a line; `-` is standard input.")],
    output: Annotated[Path, typer.Option(help="Where decisions go, one a line; `-` is standard output.")] = Path("-"),
    evaluator: Annotated[Literal["scalar", "reference"], typer.Option(help="Which evaluator decides.")] = "scalar",
    trace: Annotated[
        Literal["none", "fired", "full"], typer.Option(help="How much of the explanation is written.")
    ] = "full",
    cache: Cache = None,
) -> None:
    """Decide on records that carry their scores. A line that is no record gives an `unavailable` decision, and status 1."""
    loaded = engine(pack, evaluator, cache)
    bad = 0
    with writer(output) as write:
        for line in read_lines(input):
            if line.data is None:
                bad += 1
                write(unreadable(line, loaded.digest))
            else:
                for decision in loaded.decide_record(line.data):
                    write(decision.to_json(trace))
    if bad:
        typer.echo(
            f"limen: {bad} {'line' if bad == 1 else 'lines'} could not be read; each has an `unavailable` decision that says why",
            err=True,
        )
        raise typer.Exit(1)


def unreadable(line: Line, digest: str) -> str:
    """The decision for a line that holds no record: nothing is lost, and no outage reads as a verdict."""
    known: dict[str, Any] = {
        "id": None,
        "region": None,
        "status": "unavailable",
        "enforcement": None,
        "routes": [],
        "sanctions": [],
        "effects": {},
    }
    return json.dumps(
        {**known, "missing": [], "pack": digest, "line": line.number, "reason": line.problem}, ensure_ascii=False
    )
