"""`limen decide --pack PACK --input FILE.jsonl`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.rendering import Trace
from limen.cli.errors import CannotError
from limen.cli.lines import flow
from limen.cli.packs import Cache, engine
from limen.cli.refused import Refusals, unreadable

BATCH = 4096  # records that are decided at once by columns


def decide(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    input: Annotated[Path, typer.Option(help="Records with scores, one JSON object a line; `-` is standard input.")],
    output: Annotated[Path, typer.Option(help="Where decisions go, one a line; `-` is standard output.")] = Path("-"),
    evaluator: Annotated[
        Literal["scalar", "reference", "columnar"], typer.Option(help="Which evaluator decides.")
    ] = "scalar",
    trace: Annotated[Trace, typer.Option(help="How much of the explanation is written.")] = "full",
    cache: Cache = None,
) -> None:
    """Decide on records that carry their scores. A line that is no record gives an `unavailable` decision, and status 1."""
    try:
        loaded = engine(pack, evaluator, cache)
    except ImportError:
        raise CannotError(f"`--evaluator {evaluator}` needs an extra: pip install 'limen[simulate]'") from None
    refusals = Refusals()
    with flow(input, output) as (lines, write):
        while batch := list(islice(lines, BATCH if evaluator == "columnar" else 1)):
            found = iter(loaded.decide_records([line.data for line in batch if line.data is not None]))
            for line in batch:
                if line.data is None:
                    refusals.add(line.problem)
                    write(unreadable(line, loaded.digest))
                    continue
                for decision in next(found):
                    refusals.see(decision, line.number)
                    write(decision.to_json(trace))
    refusals.end()
