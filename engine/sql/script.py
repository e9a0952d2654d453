"""A Program -> the script of its table of thresholds, beside the query that joins it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.sql import thresholds
from engine.sql.dialects import Dialect, Name
from engine.sql.query import Query, Source
from engine.sql.terms import E, null, number, text
from policy_dsl.program import Program

BATCH = 1000
"""Rows of one INSERT; Snowflake takes 16,384 at most."""


def decision_query(program: Program, dialect: Name, source: Source | None = None, table: str = thresholds.TABLE) -> str:
    """One SELECT that decides every row of a scored log as the other evaluators do.

    Its columns: `id`, `region`, `status`, `enforcement` (NULL where there is none), `routes` as one text, and `policy.<name>`
    with each policy's own enforcement (NULL where the policy does not apply). `source` says what the log's columns are called
    (default: as Limen writes them, in the table `scored_log`), `table` where the thresholds stand.
    Raises SqlUnsupportedError where a clause has no SQL of the same meaning.
    """
    return Query(program, Dialect(dialect), source or Source.of(program, dialect), table).text()


def thresholds_script(
    program: Program, dialect: Name, table: str = thresholds.TABLE, regions: Sequence[str] | None = None
) -> str:
    """CREATE TABLE and INSERT of the thresholds; `regions` None: of all."""
    name = exp.to_table(table)
    kinds = ["text"] * 5 + ["bigint"] * 3
    columns = [
        exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind))
        for column, kind in zip(thresholds.COLUMNS, kinds, strict=True)
    ]
    made: list[exp.Expression] = [exp.Create(this=exp.Schema(this=name, expressions=columns), kind="TABLE")]
    found = thresholds.rows(program, regions)
    made += [_insert(name, found[start : start + BATCH]) for start in range(0, len(found), BATCH)]
    return ";\n\n".join(one.sql(dialect=dialect, pretty=True) for one in made) + ";"


def _insert(name: exp.Table, rows: Sequence[thresholds.Row]) -> exp.Insert:
    columns = [exp.to_identifier(column, quoted=True) for column in thresholds.COLUMNS]
    tuples = [exp.Tuple(expressions=[_written(value) for value in row]) for row in rows]
    return exp.Insert(this=exp.Schema(this=name.copy(), expressions=columns), expression=exp.Values(expressions=tuples))


def _written(value: str | int | None) -> E:
    if value is None:
        return null()
    return number(value) if isinstance(value, int) else text(value)
