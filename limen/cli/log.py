"""`limen log describe`: what a scored log holds, and the column map that would make it ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from limen.cli.errors import CannotError, reason
from limen.cli.packs import engine

if TYPE_CHECKING:
    from simulator.columns import ColumnMap
    from simulator.describe import Description, Measured
    from simulator.drift import Drift
    from simulator.propose import Seen

EXTRA = "pip install 'limen[simulate]'"
VALUES = 5  # of a column that are shown

app = typer.Typer(
    help="Scored logs: what they hold, and how they are read.",
    no_args_is_help=True,
    add_completion=False,  # the whole command has none either
)


@app.callback()
def _group() -> None:
    """Scored logs: what they hold, and how they are read."""


Columns = Annotated[
    Path | None, typer.Option("--columns", help="A column map: which column of the log is which of ours.")
]
Pairs = Annotated[
    list[str] | None,
    typer.Option("--column", help="FOREIGN=OURS such as `hate=text.hate`, before what the map says. Repeatable."),
]


@app.command("describe")
def describe(
    files: Annotated[
        list[str], typer.Argument(help="Files, globs, folders or URIs of object stores.", metavar="LOG...")
    ],
    columns: Columns = None,
    column: Pairs = None,
    pack: Annotated[Path | None, typer.Option(help="The pack whose inputs the columns are matched with.")] = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="How it is written.")] = "text",
    write_map: Annotated[
        Path | None, typer.Option(help="Where the proposed column map goes; an existing file stays.")
    ] = None,
    *,
    header_only: Annotated[
        bool, typer.Option("--header-only", help="Look at heads and footers only; so are files above 2 GiB.")
    ] = False,
) -> None:
    """Show what a scored log holds: columns, ranges, gaps and drift; and propose a column map where none is given."""
    loaded = None if pack is None else engine(pack, "scalar").program
    try:
        from simulator.columns import ColumnError  # noqa: PLC0415 - other commands do without
        from simulator.describe import describe as described  # noqa: PLC0415
        from simulator.log import LogError  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"reading logs needs an extra: {EXTRA}") from None
    try:
        with _watched() as watch:
            found = described(
                files,
                column_map(columns, column) if columns or column else None,
                loaded.inputs if loaded else (),
                [policy.name for policy in loaded.policies] if loaded else (),
                loaded.regions if loaded else (),
                header_only=header_only,
                watch=watch,
            )
    except (LogError, ColumnError) as error:
        raise CannotError(str(error)) from None
    if write_map is not None:
        _write(write_map, found)
    typer.echo(
        json.dumps(found.to_dict(), ensure_ascii=False, indent=2) if format == "json" else "\n".join(_lines(found))
    )


def column_map(path: Path | None, pairs: list[str] | None) -> ColumnMap:
    """What `--columns` and `--column` say together. Raises CannotError."""
    from simulator.columns import ColumnError, ColumnMap  # noqa: PLC0415 - other commands do without

    try:
        read = ColumnMap() if path is None else ColumnMap.from_file(path)
        return read.with_pairs(pairs or ())
    except ColumnError as error:
        raise CannotError(str(error)) from None
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {reason(error)}") from None


@contextmanager
def _watched() -> Iterator[Callable[[int], None]]:
    """How many rows were read, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - a pipe does without
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("rows", total=None)
        yield lambda rows: shown.advance(task, rows)


def _write(path: Path, found: Description) -> None:
    if found.proposed is None:
        raise CannotError(
            "`--write-map` writes the proposed map, and there is none where `--columns` or `--column` says it"
        )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(found.proposed.to_yaml(found.files[0].path))
    except FileExistsError:
        raise CannotError(f"`{path}` exists: name another file, so that nobody's corrections are lost") from None
    except OSError as error:
        raise CannotError(f"cannot write `{path}`: {reason(error)}") from None


def _lines(found: Description) -> Iterator[str]:
    rows = "rows not counted" if found.rows is None else f"{found.rows:,} rows"
    yield f"{len(found.files)} file{'s' * (len(found.files) != 1)}, {rows}"
    for file in found.files:
        size = "" if file.bytes is None else f", {file.bytes:,} bytes"
        state = f": refused, {file.refused}" if file.refused else f": damaged {file.damage}" if file.damage else ""
        yield f"  {file.path} ({file.format}{size}){state}"
    if found.header_only:
        yield f"only heads and footers were read: {found.header_only}"
    yield ""
    yield "columns of the log" + (
        " (ranges by footers and first rows)" if found.header_only else " (ranges of its first rows)"
    )
    yield from _table([("name", "type", "null", "range or values"), *(_seen(one) for one in found.seen)])
    if found.measured is not None:
        yield from _measured(found)
    if found.account is not None and (told := found.account.told()):
        yield ""
        yield "what to know"
        yield from (f"  - {line}" for line in told)
    if found.proposed is not None:
        yield ""
        yield "proposed column map (keep it with --write-map FILE, read it with --columns FILE)"
        yield from (f"  {line}" for line in found.proposed.to_yaml(found.files[0].path).splitlines())


def _seen(one: Seen) -> tuple[str, str, str, str]:
    what = ", ".join(f"{value} ({rows})" for value, rows in one.top[:VALUES])
    if one.distinct is not None and one.distinct > VALUES:
        what = f"{one.distinct} values, such as {', '.join(value[:20] for value, _ in one.top[:2])}"
    if one.low is not None and one.high is not None:
        what = f"{_time(one.low)} to {_time(one.high)}" if one.kind == "time" else f"{one.low:.6g} to {one.high:.6g}"
    return one.name, _short(str(one.type)), _share(one.nulls, one.rows), what


def _short(type: str) -> str:
    return type.replace("large_string", "string").replace(
        "dictionary<values=string, indices=int32, ordered=0>", "string"
    )


def _measured(found: Description) -> Iterator[str]:
    yield ""
    yield "read through the map" if found.proposed is None else "read through the proposed map"
    drifts = {one.score: one for one in found.drift.scores} if found.drift else {}
    rows = [_row(one, drifts.get(one.name)) for one in found.measured or ()]
    yield from _table([("name", "missing", "range", "5 %, median, 95 %, 99 %", "drift"), *rows])
    if found.drift is not None and found.drift.scores:
        yield (
            "  drift: PSI and KS distance of the second half"
            f" ({'by time' if found.drift.by == 'time' else 'by the order of rows'}) against the first;"
            " PSI above 0.1 is some, above 0.25 much"
        )


def _row(one: Measured, drift: Drift | None) -> tuple[str, ...]:
    ends = ""
    if one.low is not None and one.high is not None:
        ends = f"{_time(one.low)} to {_time(one.high)}" if one.name == "at" else f"{one.low:.6g} to {one.high:.6g}"
    if one.kind == "classes":
        ends = ", ".join(f"{value} ({rows})" for value, rows in one.top[:VALUES])
    marks = ", ".join(f"{one.quantiles[place]:.4f}" for place in (0, 2, 4, 5)) if one.quantiles else ""
    moved = "" if drift is None else f"PSI {drift.psi:.4f}, KS {drift.ks:.4f}: {drift.verdict}"
    return one.name, _share(one.nulls, one.rows), ends, marks, moved


def _time(micros: float) -> str:
    from simulator.account import iso  # noqa: PLC0415 - other commands do without

    return (iso(int(micros)) or "")[:19]


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %" if of else "-"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [min(40, max(len(row[place]) for row in rows)) for place in range(len(rows[0]))]
    for row in rows:
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
