"""`limen fmt PATH…`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from limen.cli.errors import CannotError, reason, why
from limen.cli.packs import show
from policy_dsl.printer import FormatError, format_source
from policy_dsl.source import Source

STDIN = Path("-")


def fmt(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Rule files, or folders of them; `-` reads standard input.")
    ],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; show what would change and exit with 1.")
    ] = False,
) -> None:
    """Write rule files in their canonical form; comments stay, meaning stays, twice is once. Status 1 where one has errors."""
    files = list(_rule_files(paths))
    if not files:
        typer.echo(f"limen: no rule files in {', '.join(f'`{path}`' for path in paths)}", err=True)
    found = [_format(path, check=check) for path in files]
    if "invalid" in found or (check and "changed" in found):
        raise typer.Exit(1)


def _rule_files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path == STDIN:
            yield path
        elif path.is_dir():
            yield from sorted(
                found
                for found in path.rglob("*.limen")
                if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts)
            )
        elif not path.is_file():
            raise CannotError(f"cannot read `{path}`: no such file or folder")
        elif path.suffix != ".limen":
            raise CannotError(f"`{path}` is no rule file: expected a name that ends in `.limen`, or a folder")
        else:
            yield path


def _format(path: Path, *, check: bool) -> str:
    """`invalid`, `changed` or `same`."""
    text = _read(path)
    source = Source(str(path), text)
    try:
        formatted = format_source(source)
    except FormatError as error:
        show(error.diagnostics, {source.path: source}, "text", err=True)
        return "invalid"
    if check:
        _show_difference(path, text, formatted)
    elif path == STDIN:
        typer.echo(formatted, nl=False)
    elif formatted != text:
        _write(path, formatted)
    return "same" if formatted == text else "changed"


def _show_difference(path: Path, text: str, formatted: str) -> None:
    lines = difflib.unified_diff(
        text.splitlines(), formatted.splitlines(), str(path), f"{path} (formatted)", lineterm=""
    )
    for line in lines:
        typer.echo(line)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CannotError(f"cannot write `{path}`: {reason(error)}") from None
    typer.echo(f"formatted {path}")


def _read(path: Path) -> str:
    """The text with `\\n` line ends: how a checkout ends its lines is no matter of form."""
    try:
        data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CannotError(f"`{path}` is not UTF-8, at byte {error.start + 1}: save it as UTF-8") from None
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {why(error)}") from None
