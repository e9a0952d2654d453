"""`limen decide --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.rendering import Trace
from limen.cli.lines import flow
from limen.cli.packs import Cache, engine
from limen.cli.refused import Refusals, unreadable


def decide(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="Records with scores, one JSON object a line; `-` is standard input.")],
    output: Annotated[Path, typer.Option(help="Where decisions go, one a line; `-` is standard output.")] = Path("-"),
    evaluator: Annotated[Literal["scalar", "reference"], typer.Option(help="Which evaluator decides.")] = "scalar",
    trace: Annotated[Trace, typer.Option(help="How much of the explanation is written.")] = "full",
    cache: Cache = None,
) -> None:
    """Decide on records that carry their scores. A line that is no record gives an `unavailable` decision, and status 1."""
    loaded = engine(pack, evaluator, cache)
    refusals = Refusals()
    with flow(input, output) as (lines, write):
        for line in lines:
            if line.data is None:
                refusals.add(line.problem)
                write(unreadable(line, loaded.digest))
                continue
            for decision in loaded.decide_record(line.data):
                refusals.see(decision, line.number)
                write(decision.to_json(trace))
    refusals.end()
