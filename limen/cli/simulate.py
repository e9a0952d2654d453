"""`limen simulate`: A against B on a scored log."""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from limen.cli.errors import CannotError, reason, why
from limen.cli.log import Columns, Pairs, column_map
from limen.cli.packs import Cache
from limen.cli.packs import engine as load_engine
from limen.cli.progress import told
from limen.cli.revisions import at_path

if TYPE_CHECKING:
    from policy_dsl.program import Program
    from simulator.columns import ColumnMap
    from simulator.compare import Question
    from simulator.log import Log
    from simulator.result import Pack, Result
    from simulator.staffing import Staffing

EXTRA = "pip install 'limen[simulate]'"
MOST = 1e9  # of a factor: beyond it, nothing is told that could be read


def simulate(
    log: Annotated[
        list[str],
        typer.Option("--log", help="A scored log: files, globs, folders or URIs of object stores. Repeatable."),
    ],
    base: Annotated[
        str, typer.Option("--base", help="A: a pack's folder, a bundle, or REVISION:FOLDER of this git repository.")
    ],
    variant: Annotated[str | None, typer.Option("--variant", help="B: a pack, as for `--base`.")] = None,
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="POLICY.SCORE.ACTION[@REGION]=X: B is A, or `--variant`, with that threshold. Repeatable."
        ),
    ] = None,
    columns: Columns = None,
    column: Pairs = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="A cohort column to tell apart, beside region and language. Repeatable."),
    ] = None,
    acts: Annotated[
        str | None, typer.Option(help="The enforcement from which on a decision counts as positive; any, if left out.")
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="A decision that calls a reviewer counts as positive, too.")
    ] = False,
    beta: Annotated[float, typer.Option(min=0.01, help="Of F-beta: how much more recall weighs than precision.")] = 1.0,
    level: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Of the intervals.")] = 0.95,
    staffing: Annotated[
        Path | None, typer.Option(help="Who reviews when (YAML): waits and missed SLAs are told.")
    ] = None,
    scale: Annotated[
        float, typer.Option(min=1e-9, help="How many posts of the traffic a row stands for, where the log is a sample.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn by chance.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Where the result goes as JSON; `-` is standard output.")] = None,
    html: Annotated[Path | None, typer.Option(help="Where the report goes: one page that opens offline.")] = None,
    engine: Annotated[
        Literal["local", "spark"], typer.Option("--engine", help="Where rows are decided: here, or on your Spark.")
    ] = "local",
    cache: Cache = None,
) -> None:
    """Replay a scored log under two packs: what changes, how good either is, what it costs, and what the log cannot tell."""
    try:
        from engine.columnar import ColumnarError  # noqa: PLC0415
        from simulator.columns import ColumnError  # noqa: PLC0415 - other commands do without
        from simulator.compare import Question, compare  # noqa: PLC0415
        from simulator.log import LogError, open_log  # noqa: PLC0415
        from simulator.settings import SettingError  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"replaying logs needs an extra: {EXTRA}") from None
    for path in (html, json):
        _check_writable(path)
    _check_numbers(beta=beta, scale=scale)
    if html is not None and json is not None and str(html) == str(json):
        raise CannotError(f"`--html` and `--json` both go to `{html}`: give each its own place")
    try:
        sides = _sides(base, variant, set or [], cache)
        programs = (sides[0][0], sides[1][0])
        _check_acts(acts, programs)
        specs = [spec for program in programs for spec in program.inputs]
        opened = open_log(log, column_map(columns, column), inputs=specs, regions=_regions(programs))
        question = Question(
            programs,
            (sides[0][1], sides[1][1]),
            shlex.join(["limen", *sys.argv[1:]]),
            version("limen"),
            tuple(by or ()),
            acts,
            reviewed,
            beta,
            level,
            seed,
            scale,
            None if staffing is None else _staffing(staffing, programs),
        )
        if engine == "spark":
            found = _on_spark(opened, question, column_map(columns, column))
        else:
            with told(opened.rows, "replaying") as tell:
                found = compare(opened, question, tell)
    except (LogError, ColumnError, ColumnarError, SettingError) as error:
        raise CannotError(str(error)) from None
    _write(found, json, html)


def _on_spark(opened: Log, question: Question, columns: ColumnMap | None) -> Result:
    try:
        import pyspark  # noqa: F401, PLC0415 - Spark is an extra
    except ImportError:
        raise CannotError("`--engine spark` needs an extra: pip install 'limen[spark]'") from None
    from simulator.columns import ColumnMap  # noqa: PLC0415
    from simulator.compare import compare  # noqa: PLC0415
    from simulator.spark import FrameReplay, OnSpark, SparkError, check_python, read_parquet, session  # noqa: PLC0415

    asked = FrameReplay(question.programs, question.cohorts, columns or ColumnMap(), _regions(question.programs))
    try:
        check_python()
        log = OnSpark(read_parquet(session, opened), opened, asked)
        return compare(log, question, run=log.run)
    except SparkError as error:
        raise CannotError(str(error)) from None


def _sides(base: str, variant: str | None, settings: list[str], cache: Path | None) -> list[tuple[Program, Pack]]:
    from policy_dsl.stored import digest, to_json  # noqa: PLC0415
    from simulator.result import Pack  # noqa: PLC0415
    from simulator.settings import apply_settings  # noqa: PLC0415

    if variant is None and not settings:
        raise CannotError("there is no B: give `--variant PACK`, or `--set POLICY.SCORE.ACTION=X`")
    a = _load(base, cache)
    b = a if variant is None else _load(variant, cache)
    changed = apply_settings(b, settings)
    packs = (
        Pack(a.pack, base, digest(to_json(a))),
        Pack(b.pack, variant or base, digest(to_json(changed)), tuple(settings)),
    )
    return [(a, packs[0]), (changed, packs[1])]


def _load(pack: str, cache: Path | None) -> Program:
    with at_path(pack) as path:
        return load_engine(path, "scalar", cache).program


def _check_acts(acts: str | None, programs: tuple[Program, Program]) -> None:
    names = [enforcement.name for enforcement in programs[0].enforcements]
    if acts is not None and acts not in names[1:]:
        raise CannotError(
            f"`--acts {acts}` is no enforcement that does anything, expected one of {', '.join(names[1:])}"
        )


def _regions(programs: tuple[Program, Program]) -> frozenset[str]:
    return frozenset(region for program in programs for region in program.regions)


def _staffing(path: Path, programs: tuple[Program, Program]) -> Staffing:
    from simulator.compare import queues  # noqa: PLC0415
    from simulator.staffing_file import StaffingError, read_staffing  # noqa: PLC0415

    named = sorted({queue for program in programs for queue in queues(program)})
    tiers = [tier.name for program in programs for tier in program.severities]
    try:
        return read_staffing(path, named, dict.fromkeys(tiers))
    except StaffingError as error:
        raise CannotError(str(error)) from None
    except OSError as error:
        raise CannotError(f"cannot read `{path}`: {why(error)}") from None


def _write(found: Result, json: Path | None, html: Path | None) -> None:
    from simulator.report.stored import to_json  # noqa: PLC0415
    from simulator.report.text import summary  # noqa: PLC0415

    if html is not None:
        from simulator.report.page import html as page  # noqa: PLC0415

        _put(html, page(found))
    if json is not None:
        _put(json, to_json(found))
    if "-" not in map(str, (html, json)):  # else standard output is a page, or JSON, and nothing else
        typer.echo(summary(found), nl=False)
    for path in (html, json):
        if path is not None and str(path) != "-":
            typer.echo(f"wrote {path}", err=True)


def _put(path: Path, text: str) -> None:
    if str(path) == "-":
        typer.echo(text, nl=not text.endswith("\n"))
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotError(f"cannot write `{path}`: {reason(error)}") from None


def _check_writable(path: Path | None) -> None:
    """Before a long log is read."""
    if path is None or str(path) == "-":
        return
    if path.is_dir():
        raise CannotError(f"cannot write `{path}`: is a directory")
    if not path.parent.is_dir():
        raise CannotError(f"cannot write `{path}`: there is no folder `{path.parent}`")


def _check_numbers(**numbers: float) -> None:
    for name, number in numbers.items():
        if number > MOST:
            raise CannotError(f"`--{name} {number:g}` is too large, expected at most {MOST:g}")
