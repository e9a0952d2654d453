"""All commands under one name, and what they share when something cannot be carried out."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable
from typing import Annotated

import structlog
import typer

import limen
from limen.cli import bundle, check, decide, demo, explain, fmt, importing, init, moderate, scorers, test
from limen.cli.errors import CannotError

app = typer.Typer(
    name="limen",
    help="Policy as code for content moderation: check, test and run packs of rule files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("init", init.init),
    ("import", importing.import_),
    ("check", check.check),
    ("fmt", fmt.fmt),
    ("test", test.run),
    ("decide", decide.decide),
    ("moderate", moderate.moderate),
    ("explain", explain.explain),
    ("bundle", bundle.bundle),
    ("demo", demo.demo),
)
for _name, _command in COMMANDS:
    app.command(_name, short_help=re.split(r"[.:;]", _command.__doc__ or "")[0])(_command)
app.add_typer(scorers.app, name="scorers", short_help="What is registered, and one scorer in full")


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"limen {limen.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda value: _version(wanted=value), is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Policy as code for content moderation: check, test and run packs of rule files."""


def _configure_log() -> None:
    """Log lines go to standard error; warnings and above unless `LIMEN_LOG` names another level."""
    level = logging.getLevelNamesMapping().get(os.environ.get("LIMEN_LOG", "warning").upper(), logging.WARNING)
    as_json = os.environ.get("LIMEN_LOG_FORMAT") == "json"
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """The entry point: one clear message on standard error, and status 2, for what cannot be carried out."""
    _configure_log()
    try:
        app()
    except CannotError as error:
        typer.echo(f"limen: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)
