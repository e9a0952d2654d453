"""`limen bundle PACK --output bundle.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import limen
from engine.bundle import make_bundle
from limen.cli.errors import CannotError
from limen.cli.lines import is_same_file, writer
from limen.cli.packs import load, show


def bundle(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="The pack's folder.")],
    output: Annotated[Path, typer.Option(help="Where the bundle goes; `-` is standard output.")] = Path("bundle.json"),
) -> None:
    """Compile a pack into one file that loads without its rule files: program, digest, provenance."""
    loaded = load(pack)
    if loaded.compiled.program is None:
        show(loaded.compiled.diagnostics, loaded.pack.sources, "text", err=True)
        raise CannotError(f"the pack `{pack}` has errors and cannot be bundled")
    mine = next((file for file in loaded.pack.sources if is_same_file(pack / file, output)), None)
    if mine:
        raise CannotError(f"`{output}` is a file of the pack: name another output")
    made = make_bundle(loaded.compiled.program, loaded.pack, limen.__version__)
    with writer(output) as write:
        write(made.to_json())
    typer.echo(f"{made.digest}", err=str(output) == "-")
