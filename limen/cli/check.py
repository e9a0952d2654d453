"""`limen check PACK`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from limen.cli.packs import load, show


def check(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="The pack's folder.")],
    format: Annotated[
        Literal["text", "json", "sarif", "github"], typer.Option(help="How findings are written.")
    ] = "text",
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
) -> None:
    """Parse, resolve, type and lint a pack: every finding in one run. Status 1 where one is an error."""
    loaded = load(pack)
    found = loaded.compiled.diagnostics
    show(found, loaded.pack.sources, format)
    if loaded.compiled.errors or (strict and any(d.severity == "warning" for d in found)):
        raise typer.Exit(1)
    if format == "text":
        count = len(loaded.pack.policies)
        typer.echo(f"{pack}: {count} {'policy' if count == 1 else 'policies'}, no errors")
