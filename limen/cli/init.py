"""`limen init DIR`."""

from __future__ import annotations

import shlex
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from limen.cli.errors import CannotError, reason


def init(
    directory: Annotated[
        Path, typer.Argument(help="A folder that does not exist yet, or holds nothing (but `.git`).", metavar="DIR")
    ],
) -> None:
    """Start a policy repository: a pack with a tested policy, CI, pre-commit hooks, CODEOWNERS."""
    try:
        if directory.exists() and not _is_empty(directory):
            raise CannotError(f"`{directory}` exists and is not empty: name a new folder")
        written = list(_copy(files("limen").joinpath("templates"), directory))
    except OSError as error:
        raise CannotError(f"cannot write `{directory}`: {reason(error)}") from None
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"\nnext: limen test {shlex.quote(str(directory / 'policies'))}; then look for PLACEHOLDER in the files")


def _is_empty(directory: Path) -> bool:
    return directory.is_dir() and all(entry.name == ".git" for entry in directory.iterdir())


def _copy(source: Traversable, target: Path) -> list[Path]:
    """`dot-x` becomes `.x`: names with a dot in front would be hidden among the package's own files."""
    written: list[Path] = []
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir(), key=lambda item: item.name):
        path = target / entry.name.replace("dot-", ".", 1) if entry.name.startswith("dot-") else target / entry.name
        if entry.is_dir():
            written += _copy(entry, path) if entry.name != "__pycache__" else []
        else:
            path.write_bytes(entry.read_bytes())
            written.append(path)
    return written
