"""`limen sql`: the pack as one query for a warehouse, and the table of thresholds that it joins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from limen.cli.errors import CannotError
from limen.cli.packs import Cache, engine
from policy_dsl.suggest import suggest

EXTRA = "pip install 'limen[sql]'"


def sql(
    pack: Annotated[Path, typer.Option(help="The pack's folder, or a bundle.")],
    dialect: Annotated[
        Literal["duckdb", "spark", "bigquery", "snowflake", "postgres"], typer.Option(help="Whose SQL it is.")
    ] = "duckdb",
    table: Annotated[str, typer.Option(help="The scored log.")] = "scored_log",
    thresholds: Annotated[str, typer.Option(help="Where the thresholds stand.")] = "thresholds",
    show: Annotated[
        Literal["both", "query", "thresholds"], typer.Option(help="The script of the thresholds, the query, or both.")
    ] = "both",
    region: Annotated[
        list[str] | None, typer.Option(help="Thresholds of these regions alone. Repeatable; all, if left out.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="FOREIGN=OURS such as `hate=text.hate`: what a column of ours is called; `=text.hate`: there is none. Repeatable."
        ),
    ] = None,
    shares: Annotated[
        bool, typer.Option("--shares", help="The log's scores are numbers in [0, 1], not whole millionths.")
    ] = False,
    skipped: Annotated[
        bool, typer.Option("--skipped", help="The log says in `skipped` which inputs were not asked for.")
    ] = False,
    cache: Cache = None,
) -> None:
    """Write a pack as SQL: a query that decides every row of a scored log, and the table of thresholds beside it."""
    try:
        from engine.sql.errors import SqlUnsupportedError  # noqa: PLC0415 - other commands do without
        from engine.sql.query import Source  # noqa: PLC0415
        from engine.sql.script import decision_query, thresholds_script  # noqa: PLC0415
    except ImportError:
        raise CannotError(f"writing SQL needs an extra: {EXTRA}") from None
    program = engine(pack, "scalar", cache).program
    unknown = sorted(set(region or ()) - set(program.regions))
    if unknown:
        near = suggest(unknown[0], program.regions)
        hint = f", did you mean `{near}`" if near else ", expected a code of its tree such as `GLOBAL` or `DE`"
        raise CannotError(f"`--region {unknown[0]}` is no region of the pack{hint}")
    usual = Source.of(program, dialect, table, skipped=skipped)
    columns = _renamed(dict(usual.columns), column or [])
    scores = frozenset(spec.name for spec in program.inputs if spec.kind == "score")
    try:
        query = decision_query(program, dialect, Source(table, columns, scores if shares else frozenset()), thresholds)
    except SqlUnsupportedError as error:
        raise CannotError(str(error)) from None
    if show != "query":
        typer.echo(thresholds_script(program, dialect, thresholds, region) + "\n" * (show == "both"))
    if show != "thresholds":
        typer.echo(f"{query};")


def _renamed(columns: dict[str, str], pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        foreign, mark, ours = (part.strip() for part in pair.rpartition("="))
        if not mark:
            raise CannotError(f"`--column {pair}` is no pair, expected FOREIGN=OURS such as `hate=text.hate`")
        if ours not in columns:
            near = suggest(ours, columns)
            hint = f"did you mean `{foreign}={near}`" if near else "expected FOREIGN=OURS such as `hate=text.hate`"
            raise CannotError(f"`--column {pair}`: the query reads no column `{ours}`, {hint}")
        columns.pop(ours) if not foreign else columns.update({ours: foreign})
    return columns
