"""A log replayed in parts, and by Spark, gives the cube of the local replay, to the last count."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.load import load_pack
from policy_dsl.program import Program
from simulator.compare import Question, compare
from simulator.cube import Cube
from simulator.log import Log, open_log
from simulator.replay import replay
from simulator.result import Pack
from simulator.settings import apply_settings
from simulator.spark import (
    FrameReplay,
    OnSpark,
    PartitionReplay,
    SparkError,
    alike,
    check_python,
    merged,
    read_parquet,
    replay_frame,
    spark_path,
)
from tests.spark import session_or_skip

LOG = Path("limen/demo/log.parquet")
COHORTS = ("content.surface",)
PACK = Pack("p", "policies", "sha256:0")


@pytest.fixture(scope="module")
def programs() -> tuple[Program, Program]:
    a = load_pack(Path("policies")).compiled.program
    assert a is not None
    return a, apply_settings(a, ["hate.text.hate.block+review=0.9"])


@pytest.fixture(scope="module")
def log(programs: Sequence[Program]) -> Log:
    return open_log([str(LOG)], inputs=programs[0].inputs)


@pytest.fixture(scope="module")
def local(log: Log, programs: Sequence[Program]) -> Cube:
    return alike(replay(log, programs, COHORTS).cube)


def parts(table: pa.Table, asked: FrameReplay) -> tuple[Cube, int]:
    """The table in three parts, in batches of different sizes, and one part without rows."""
    cuts = [0, table.num_rows // 5, table.num_rows // 2, table.num_rows]
    slices = [table.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
    run = PartitionReplay(asked, tuple(table.schema.names))
    found = [row for part in [*slices, table.slice(0, 0)] for row in run(iter(part.to_batches(max_chunksize=997)))]
    unpacked = [pickle.loads(row.column("found")[0].as_py()) for row in found]
    made, account = merged(unpacked, asked, table.schema, ())
    return made.cube, account.rows


def test_parts_add_up(programs: tuple[Program, Program], local: Cube) -> None:
    table = pq.read_table(LOG)
    cube, rows = parts(table, FrameReplay(programs, COHORTS))
    assert cube.canonical() == local.canonical()
    assert rows == table.num_rows


def test_only_what_is_needed_is_read(programs: tuple[Program, Program]) -> None:
    schema = pq.read_schema(LOG).append(pa.field("a.stranger", pa.string()))
    asked = FrameReplay(programs).asked(schema, ())
    assert "text.hate" in asked
    assert "a.stranger" not in asked


def test_the_workers_python_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    with pytest.raises(SparkError, match="`PYSPARK_PYTHON` is not set: name the Python of the workers"):
        check_python()


def test_a_path_without_a_scheme_is_of_this_machine(tmp_path: Path) -> None:
    assert spark_path(str(tmp_path / "a log")) == (tmp_path / "a log").as_uri()
    assert spark_path("s3://bucket/log") == "s3://bucket/log"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("id,region,text.hate\n1,DE,0.5\n", encoding="utf-8")
    with pytest.raises(SparkError, match=r"log\.csv` is no Parquet file that can be read"):
        read_parquet(lambda: None, open_log([str(tmp_path / "log.csv")]))


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    yield from session_or_skip()


def test_spark_finds_what_is_found_here(spark: Any, log: Log, programs: tuple[Program, Program], local: Cube) -> None:
    frame = read_parquet(lambda: spark, log).repartition(3)
    found, account = replay_frame(frame, FrameReplay(programs, COHORTS))
    assert found.cube.canonical() == local.canonical()
    assert account.rows == local.rows
    question = Question(programs, (PACK, PACK), "", "0", COHORTS, replicates=40)
    here, there = (
        compare(log, question),
        compare(on_spark := OnSpark(frame, log, FrameReplay(programs, COHORTS)), question, run=on_spark.run),
    )
    assert sorted(map(repr, there.counts)) == sorted(map(repr, here.counts))
    assert sorted(map(repr, there.transitions)) == sorted(map(repr, here.transitions))
    assert [(one.tier, one.queue) for one in there.load] == [(one.tier, one.queue) for one in here.load]
    assert there.examples == here.examples
    assert [file.path for file in on_spark.account.files] == [str(LOG)]
