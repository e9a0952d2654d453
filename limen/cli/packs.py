"""Loading packs for commands: what cannot be read ends the command, what is wrong with a pack is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.bundle import BundleError
from engine.collection import paused_collection
from engine.engine import Engine, Evaluator
from engine.load import LoadedPack, load_pack
from engine.loader import PackInvalidError
from engine.plan import Mode
from limen.cli.errors import CannotError, why
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.pack import PackError
from policy_dsl.render import Format, render
from policy_dsl.source import Source

Cache = Annotated[
    Path | None, typer.Option(envvar="LIMEN_CACHE", help="A folder where compiled packs are kept, by content.")
]
DOCS = "docs/reference/errors"


def url_of(code: str) -> str:
    """The page of a code, in the repository's docs."""
    return f"{DOCS}/{code}.md"


def load(path: Path) -> LoadedPack:
    """A pack's folder with all that is found about it. Raises CannotError where there is no pack to read."""
    try:
        with paused_collection():
            return load_pack(path)
    except PackError as error:
        raise CannotError(str(error)) from None
    except OSError as error:
        raise CannotError(f"cannot read the pack `{path}`: {why(error)}") from None


def engine(
    path: Path, evaluator: Evaluator, cache: Path | None = None, *, mode: Mode = "decisive", sample: float = 0.0
) -> Engine:
    """The engine of a pack or a bundle; its errors are shown in full. Raises CannotError."""
    if path.is_file() and path.suffix in (".limen", ".yaml"):
        raise CannotError(f"`{path}` is a file of a pack, expected the pack's folder or a bundle")
    if cache is not None and cache.exists() and not cache.is_dir():
        raise CannotError(f"the cache `{cache}` is no folder")
    try:
        return Engine.load(path, evaluator=evaluator, cache=cache, mode=mode, sample=sample)
    except PackInvalidError as error:
        show(error.diagnostics, error.sources, "text", err=True)
        raise CannotError(f"the pack `{path}` has errors and does not load") from None
    except (PackError, BundleError) as error:
        raise CannotError(str(error)) from None
    except OSError as error:
        raise CannotError(f"cannot load `{path}`: {why(error)}") from None


def tell_problems(loaded: Engine) -> None:
    """Scorers of a bundle that are not at hand here: their outputs are missing, and somebody should know."""
    for problem in loaded.problems:
        typer.echo(f"limen: the outputs of a scorer are missing: {problem}", err=True)


def show(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], format: Format, *, err: bool = False
) -> None:
    stream = sys.stderr if err else sys.stdout
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    text = render(diagnostics, sources, format, url_of, colour=colour)
    typer.echo(text.rstrip("\n"), err=err, color=colour) if text else None
