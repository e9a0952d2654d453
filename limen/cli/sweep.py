"""`limen sweep`: every threshold of a policy's rungs at once, on a scored log."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import limen
from limen.cli.errors import CannotError, reason
from limen.cli.log import EXTRA, Columns, Pairs, column_map
from limen.cli.packs import engine
from policy_dsl.program import MICRO, Program

if TYPE_CHECKING:
    from simulator.log import Log
    from simulator.readings import Point, Reading
    from simulator.sweep import Sweep
    from simulator.sweeppage import About

Logs = Annotated[
    list[str], typer.Option("--log", help="The scored log: files, globs, folders or URIs. Repeatable.", metavar="LOG")
]
PackOption = Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")]
Score = Annotated[str | None, typer.Option(help="Only the thresholds on this score.")]
Action = Annotated[str | None, typer.Option(help="Only this rung, such as `remove` or `reduce and review`.")]
Region = Annotated[str | None, typer.Option(help="Only in this region and below: its thresholds, its rows.")]
POINTS = 2000
SHOWN = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def sweep(
    log: Logs,
    pack: PackOption,
    policy: Annotated[str, typer.Option(help="The policy whose thresholds are swept.")],
    score: Score = None,
    action: Action = None,
    region: Region = None,
    columns: Columns = None,
    column: Pairs = None,
    json_: Annotated[Path | None, typer.Option("--json", help="All curves as JSON; `-` is standard output.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="A page with the curves.")] = None,
    points: Annotated[
        int, typer.Option(min=0, help="Thresholds a curve in the JSON, each exact; 0: every one that matters.")
    ] = POINTS,
) -> None:
    """Show what every other threshold would have done: counts, precision, recall and false-positive rate, exactly.

    One rung moves at a time; everything else stays, exceptions and other policies too.
    """
    if str(json_) == str(html) == "-":
        raise CannotError("`--json -` and `--html -` would mix on standard output: give one of them a file")
    loaded = engine(pack, "scalar")
    try:
        from simulator.readings import readings  # noqa: PLC0415 - other commands do without
        from simulator.sweepdata import rung_data  # noqa: PLC0415
        from simulator.sweeppage import html as page  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"sweeping needs an extra: {EXTRA}") from None
    opened = open_rows(log, columns, column, loaded.program)
    found = swept(opened, loaded.program, policy, score, action, region)
    told = [(item, list(readings(item))) for item in found]
    about = _about(opened, str(pack), loaded.digest)
    if json_ is not None:
        rungs = [rung_data(item, parts, points or None) for item, parts in told]
        write(json_, json.dumps(_document(about, rungs), ensure_ascii=False, allow_nan=False))
    if html is not None:
        write(html, page(told, about))
    if str(json_) != "-" and str(html) != "-":
        typer.echo("\n\n".join("\n".join(_lines(item, parts)) for item, parts in told))
        for path in (json_, html):
            typer.echo(f"wrote {path}", err=True) if path is not None else None


def open_rows(paths: Sequence[str], columns: Path | None, pairs: list[str] | None, program: Program) -> Log:
    """Raises CannotError."""
    from simulator.columns import ColumnError  # noqa: PLC0415 - other commands do without
    from simulator.log import LogError, open_log  # noqa: PLC0415

    try:
        return open_log(paths, column_map(columns, pairs), inputs=program.inputs, regions=program.regions)
    except (LogError, ColumnError) as error:
        raise CannotError(str(error)) from None


def swept(
    opened: Log, program: Program, policy: str, score: str | None, action: str | None, region: str | None
) -> tuple[Sweep, ...]:
    """The rungs that the names leave, in one pass. Raises CannotError."""
    from engine.columnar import ColumnarError  # noqa: PLC0415 - other commands do without
    from simulator.log import LogError  # noqa: PLC0415
    from simulator.settings import SettingError, resolve  # noqa: PLC0415
    from simulator.stepping import plan  # noqa: PLC0415
    from simulator.sweep import sweep_all  # noqa: PLC0415

    try:
        plans = [plan(program, target) for target in resolve(program, policy, score, action, region)]
        with rows_told(opened.rows) as told:
            return sweep_all(opened, plans, told=told)
    except (SettingError, ColumnarError, LogError) as error:
        raise CannotError(str(error)) from None


@contextmanager
def rows_told(total: int | None) -> Iterator[Callable[[int], object]]:
    """A bar of the rows on a terminal, none in a pipe."""
    if not sys.stderr.isatty():
        yield int
        return
    from rich.console import Console  # noqa: PLC0415 - a pipe does without
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("rows", total=total)
        yield lambda rows: shown.advance(task, rows)


def write(path: Path, text: str) -> None:
    """To a file, or `-`: standard output. Raises CannotError."""
    if str(path) == "-":
        typer.echo(text)
    else:
        try:
            path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CannotError(f"cannot write `{path}`: {reason(error)}") from None


def command() -> str:
    """The line that this run was called with."""
    return shlex.join(["limen", *sys.argv[1:]])


def _about(opened: Log, pack: str, digest: str) -> About:
    from simulator.sweeppage import About  # noqa: PLC0415 - other commands do without

    account = opened.account
    files = tuple(file.path for file in account.files)
    return About(command(), pack, digest, limen.__version__, files, account.rows, account.caveats, account.no_signal)


def _document(about: About, rungs: list[dict[str, Any]]) -> dict[str, Any]:
    from simulator.sweepdata import VERSION  # noqa: PLC0415 - other commands do without

    return {
        "version": VERSION,
        "limen": about.limen,
        "command": about.command,
        "pack": {"source": about.pack, "digest": about.digest},
        "log": {
            "files": list(about.files),
            "rows": about.rows,
            "caveats": list(about.caveats),
            "no_signal": list(about.no_signal),
        },
        "rungs": rungs,
    }


def _lines(found: Sweep, parts: Sequence[Reading]) -> Iterator[str]:
    from simulator.readings import presents  # noqa: PLC0415 - other commands do without
    from simulator.settings import shown  # noqa: PLC0415

    whole, account = parts[0], found.account
    stated = [item.threshold for item in presents(found)]
    now = ", ".join(dict.fromkeys(map(shown, stated)))
    none, false, true = whole.labels
    labels = f"{false + true} labelled, {true} of them violations" if false + true else "no label of this policy"
    yield f"{found.plan.target} (now {now}): {account.rows} rows, {labels}"
    apart = {name: getattr(account, name) for name in ("elsewhere", "undecided", "missing", "adjusting")}
    if any(apart.values()):
        yield "  apart: " + ", ".join(f"{rows} {_APART[name]}" for name, rows in apart.items() if rows)
    if not account.rows:
        yield "  no row stands on the curves, so there is nothing to show"
        return
    if none and false + true:
        yield "  " + (_WEIGHTED if found.propensities else _BOUNDED)
    for zone in whole.zones[:5]:
        yield f"  nobody looked from {shown(zone.low)} to {shown(zone.high)}: {zone.rows} rows"
    yield f"  {'threshold':>10}  {'acts on':>9}  {'precision':>24}  {'recall':>24}  {'false-positive rate':>24}  {'changed':>9}"
    yield _line("as it is", whole.present)
    levels = sorted({*(round(level * MICRO) for level in SHOWN), *(level for level in stated if level is not None)})
    for level in levels:
        yield _line(shown(level), whole.at(level))
    yield _line("off", whole.at(None))


_APART = {
    "elsewhere": "where it does not reach",
    "undecided": "without any decision",
    "missing": "without the score",
    "adjusting": "for which it is not known whether an adjustment holds",
}
_WEIGHTED = "the labels are a sample: figures are for all rows, by the chance of a label"
_BOUNDED = "the labels are a part of the rows, chosen by an unknown chance: not identified, so bounds"


def _line(name: str, point: Point) -> str:
    from simulator.readings import QUALITIES  # noqa: PLC0415 - other commands do without
    from simulator.sweepdata import told  # noqa: PLC0415

    figures = "  ".join(f"{told(point.quality[name]).replace('not identified ', ''):>24}" for name in QUALITIES)
    return f"  {name:>10}  {point.rows['acts']:>9}  {figures}  {point.rows['changed']:>9}"
