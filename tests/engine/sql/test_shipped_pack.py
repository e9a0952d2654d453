"""The shipped pack over its log: the warehouse decides each row as the columnar evaluator does, and the command writes what it runs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from engine.columnar import Columnar
from engine.load import load_pack
from limen.cli.app import app

LOG = Path("limen/demo/log.parquet")
ROWS = 1000


def command(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["sql", "--pack", "policies", *arguments])
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def absent() -> list[str]:
    """Inputs that the log lacks, as options of the command."""
    program = load_pack(Path("policies")).compiled.program
    assert program is not None
    held = set(pq.read_schema(LOG).names)
    return [word for spec in program.inputs if spec.name not in held for word in ("--column", f"{spec.name}=")]


def test_it_decides_the_shipped_log(absent: list[str]) -> None:
    program = load_pack(Path("policies")).compiled.program
    assert program is not None
    table = pq.read_table(LOG).slice(0, ROWS)
    with duckdb.connect() as warehouse:
        warehouse.register("scored_log", table)
        for statement in command("--show", "thresholds").split(";\n\n"):
            warehouse.execute(statement)
        found = warehouse.sql(command("--show", "query", *absent)).to_arrow_table().to_pylist()
    seen = {one["id"]: (one["status"], one["enforcement"], one["routes"]) for one in found}
    columnar = Columnar([program], "full")
    ids = [number for batch in table.combine_chunks().to_batches() for number in columnar.outcome_ids(batch)]
    names, tiers = [item.name for item in program.enforcements], [tier.name for tier in program.severities]
    for row, number in zip(table.column("id").to_pylist(), ids, strict=True):
        [outcome] = columnar.outcomes[number]
        routes = ", ".join(f"{one.route}({one.queue}) {tiers[one.priority]}" for one in outcome.routes)
        enforcement = None if outcome.enforcement is None else names[outcome.enforcement]
        assert seen[row] == (str(outcome.status), enforcement, routes), row


def test_it_refuses_a_column_that_nothing_reads() -> None:
    found = CliRunner().invoke(app, ["sql", "--pack", "policies", "--column", "bad=x"])
    assert found.exit_code == 2
    assert "`--column bad=x` is none that the query reads" in found.output
