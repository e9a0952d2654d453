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
    return [word for spec in program.inputs if spec.name not in held for word in ("--column", f"={spec.name}")]


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


def test_a_column_is_renamed_as_in_a_column_map() -> None:
    query = command("--show", "query", "--column", "hate_score=text.hate")
    assert '"hate_score"' in query
    assert '"text.hate" AS' not in query


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--column", "bad=x"], "`--column bad=x`: the query reads no column `x`, expected FOREIGN=OURS"),
        (["--column", "hate=text.hat"], "did you mean `hate=text.hate`"),
        (["--column", "hate"], "`--column hate` is no pair, expected FOREIGN=OURS"),
        (["--region", "XX"], "`--region XX` is no region of the pack, expected a code of its tree"),
    ],
)
def test_a_slip_is_told_in_a_line(words: list[str], says: str) -> None:
    found = CliRunner().invoke(app, ["sql", "--pack", "policies", *words])
    assert found.exit_code == 2
    assert says in found.stderr
    assert found.stderr.count("\n") == 1
