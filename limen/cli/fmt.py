"""`limen fmt PATH…`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from policy_dsl.printer import FormatError, format_source

from limen.cli.errors import CannotError
from limen.cli.packs import show
from policy_dsl.source import Source


def fmt(
    paths: Annotated[list[Path], typer.Argument(help="Rule files, or folders of them; `-` reads standard input.")],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; show what would change and exit with 1.")
    ] = False,
) -> None:
    """Write rule files in their canonical form; comments stay, meaning stays, twice is once."""
    changed = [path for path in _rule_files(paths) if _format(path, check=check)]
    if changed and check:
        raise typer.Exit(1)


def _rule_files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                found
                for found in path.rglob("*.limen")
                if not any(part.startswith(".") for part in found.relative_to(path).parts)
            )
        elif str(path) == "-" or path.is_file():
            yield path
        else:
            raise CannotError(f"cannot read `{path}`: no such file or folder")


def _format(path: Path, *, check: bool) -> bool:
    """Whether the text is not in its canonical form."""
    text = _read(path)
    source = Source(str(path), text.replace("\r\n", "\n"))
    try:
        formatted = format_source(source)
    except FormatError as error:
        show(error.diagnostics, {source.path: source}, "text", err=True)
        raise typer.Exit(1) from None
    if str(path) == "-":
        typer.echo(formatted, nl=False)
        return formatted != text
    if formatted == text:
        return False
    if check:
        diff = difflib.unified_diff(
            text.splitlines(), formatted.splitlines(), str(path), f"{path} (formatted)", lineterm=""
        )
        typer.echo("\n".join(diff))
    else:
        path.write_text(formatted, encoding="utf-8", newline="\n")
        typer.echo(f"formatted {path}")
    return True


def _read(path: Path) -> str:
    try:
        return typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CannotError(f"`{path}` is not UTF-8") from None
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {error.strerror}") from None
