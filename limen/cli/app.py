"""All commands under one name, and what they share when something cannot be carried out."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Annotated, Any

import typer

import limen
from limen.cli.errors import CannotError, why
from limen.cli.lazy import Entry, LazyGroup
from limen.cli.streams import prepare_streams, silence

CLOSED_PIPE, INTERRUPTED = 141, 130  # 128 + the signal's number, as shells count


class Commands(LazyGroup):
    """Limen's commands; none lets an exception of the system's or of a user's making through."""

    entries = {  # noqa: RUF012 - the base class declares it
        "init": Entry("limen.cli.init:init", "Start a policy repository"),
        "import": Entry("limen.cli.importing:import_", "Turn the common JSON threshold form into rule files"),
        "check": Entry("limen.cli.check:check", "Parse, resolve, type and lint a pack"),
        "fmt": Entry("limen.cli.fmt:fmt", "Write rule files in their canonical form"),
        "test": Entry("limen.cli.test:run", "Run the pack's own tests"),
        "decide": Entry("limen.cli.decide:decide", "Decide on records that carry their scores"),
        "moderate": Entry("limen.cli.moderate:moderate", "Run the pack's scorers on contents and decide"),
        "explain": Entry("limen.cli.explain:explain", "Tell one decision to a person"),
        "bundle": Entry("limen.cli.bundle:bundle", "Compile a pack into one file"),
        "scorers": Entry("limen.cli.scorers:app", "What is registered, and one scorer in full"),
        "calibrate": Entry("limen.cli.calibrate:calibrate", "Fit a scorer's calibration on labelled rows"),
        "cascade": Entry("limen.cli.cascade:app", "The band of a cascade, with a bound on what it changes"),
        "experiments": Entry("limen.cli.experiments:experiments", "Compare the arms of live experiments on a log"),
        "log": Entry("limen.cli.log:app", "What a scored log holds, and how its columns are read"),
        "simulate": Entry("limen.cli.simulate:simulate", "A against B on a scored log"),
        "sql": Entry("limen.cli.sql:sql", "A pack as a query for a warehouse"),
        "sweep": Entry("limen.cli.sweep:sweep", "Every threshold of a policy at once, on a scored log"),
        "tune": Entry("limen.cli.tune:tune", "Thresholds that meet requirements, with a guarantee"),
        "demo": Entry("limen.cli.demo:demo", "Moderate a small set of real posts under the shipped pack"),
    }

    def invoke(self, ctx: Any) -> Any:
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
        except CannotError as error:
            _end(str(error), 2)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)
        except BrokenPipeError:
            silence(sys.stdout)
            raise typer.Exit(CLOSED_PIPE) from None
        except OSError as error:
            silence(sys.stdout)
            _end(why(error), 2)
        return found


app = typer.Typer(
    name="limen",
    cls=Commands,
    help="Policy as code for content moderation: check, test and run packs of rule files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"limen {limen.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool,
        typer.Option(
            "--version", callback=lambda value: _version(wanted=value), is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Policy as code for content moderation: check, test and run packs of rule files."""
    _configure_log()


def _configure_log() -> None:
    """Log lines go to standard error; warnings and above unless `LIMEN_LOG` names another level."""
    import logging  # noqa: PLC0415 - `limen --help` does without

    import structlog  # noqa: PLC0415 - `limen --help` does without

    level = logging.getLevelNamesMapping().get(os.environ.get("LIMEN_LOG", "warning").upper(), logging.WARNING)
    as_json = os.environ.get("LIMEN_LOG_FORMAT") == "json"
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def main() -> None:
    """The command line: one clear message on standard error, and status 2, for what cannot be carried out."""
    prepare_streams()
    try:
        app()
    except Exception:  # noqa: BLE001 - whatever it is, it must not end with the status of a finding
        traceback.print_exc()
        typer.echo("limen: the lines above show a fault of Limen itself: please report them", err=True)
        sys.exit(2)


def process() -> None:
    """What the installed command runs: `main`, and the end of the process. Tests call `main` within theirs."""
    try:
        main()
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(status: object) -> None:
    """Ends the process at once where a scorer's thread is alive: the interpreter, as it ends, would unwind the thread inside
    of a model's own code, which aborts the process.
    """
    if (status is None or isinstance(status, int)) and any(
        thread.daemon and "limen" in thread.name for thread in threading.enumerate()
    ):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


def _end(message: str, status: int) -> None:
    typer.echo(f"limen: {message}", err=True)
    raise typer.Exit(status) from None
