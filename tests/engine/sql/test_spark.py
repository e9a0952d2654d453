"""SQL decides what the reference decides, on Spark in local mode; left out, with the reason, where Java or PySpark is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from engine.sql.errors import SqlUnsupportedError
from policy_dsl.program import Program
from tests.engine.sql.cases import DECIDING, case_rows, told
from tests.engine.sql.tables import expected, query, row, table, thresholds_table
from tests.engine.sql.test_dialects import EXPERIMENT, PACK
from tests.property.packs import compiled
from tests.spark import session_or_skip


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    yield from session_or_skip()


def on_spark(spark: Any, program: Program, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    spark.createDataFrame(table(program, rows)).createOrReplaceTempView("scored_log")
    spark.createDataFrame(thresholds_table(program)).createOrReplaceTempView("thresholds")
    by_id = {one["id"]: one.asDict() for one in spark.sql(query(program, "spark")).collect()}
    return [by_id[one["id"]] for one in rows]


LONG = pytest.param(PACK, id="many clauses", marks=pytest.mark.deep)  # Spark plans for most of a minute


@pytest.mark.parametrize("text", [LONG, pytest.param(EXPERIMENT, id="experiment")])
def test_it_decides_as_the_reference_does(text: str, spark: Any) -> None:
    program, rng = compiled(text), Random(4)
    rows = [row(program, rng) | {"id": str(number)} for number in range(150)]
    for seen, wanted, one in zip(on_spark(spark, program, rows), expected(program, rows), rows, strict=True):
        assert seen == wanted, one


EVERY_TIME = ("R21", "R05: null", "R22: a value outside")
ON_SPARK = [
    pytest.param(title, id=title, marks=() if title.startswith(EVERY_TIME) else pytest.mark.deep) for title in DECIDING
]


@pytest.mark.parametrize("case", ON_SPARK)
def test_conformance(case: str, spark: Any) -> None:
    """Boundaries, NULL, NaN, what is out of range, not applicable, skipped, in an unknown region."""
    program, rows = case_rows(case)
    try:
        found = on_spark(spark, program, rows)
    except SqlUnsupportedError as refused:
        pytest.skip(told(refused))
    for seen, wanted, one in zip(found, expected(program, rows), rows, strict=True):
        assert seen == wanted or (seen["status"] == "needs evaluator" and one["skipped"]), one
