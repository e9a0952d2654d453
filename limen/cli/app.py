"""All commands under one name, and what they share when something cannot be carried out."""

from __future__ import annotations

import logging
import os
import sys
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
app.command("init")(init.init)
app.command("import")(importing.import_)
app.command("check")(check.check)
app.command("fmt")(fmt.fmt)
app.command("test")(test.run)
app.command("decide")(decide.decide)
app.command("moderate")(moderate.moderate)
app.command("explain")(explain.explain)
app.command("bundle")(bundle.bundle)
app.add_typer(scorers.app, name="scorers")
app.command("demo")(demo.demo)


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
