"""What was read of a dirty log is told in the report's rows, and nothing of it is lost."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.account import Account, ColumnAccount, FileAccount
from simulator.columns import ColumnMap
from simulator.drift import DriftCounter
from simulator.log import open_log
from simulator.sections.data import data


@pytest.fixture
def dirty(tmp_path):
    """A log with dirt in most columns, and one beside it that is damaged."""
    path = tmp_path / "log.parquet"
    nan, inf = float("nan"), float("inf")
    table = pa.table(
        {
            "id": ["1", "2", "3", "4", "5"],
            "text.hate": [0.5, nan, inf, 1.5, None],
            "region": ["DE", "XX", "XX", "US", None],
            "note": list("abcde"),
        }
    )
    pq.write_table(table, path)
    (tmp_path / "half.parquet").write_bytes(path.read_bytes()[:300])
    return tmp_path


def read(folder, names=("id", "text.hate", "region", "at"), columns=None):
    log = open_log([str(folder / "*.parquet")], columns or ColumnMap(caveats=("made up",), no_signal=("region",)))
    for _ in log.batches(names):
        pass
    return data(log.account)


def test_every_kind_of_dirt_is_told_with_its_rows(dirty):
    found = read(dirty)
    told = {(row.column, row.what): row.rows for row in found.skipped}
    assert told[("text.hate", "not a number (NaN)")] == 1
    assert told[("text.hate", "infinite")] == 1
    assert told[("text.hate", "out of range")] == 1
    assert told[("region", "`XX` is no region of the tree")] == 2
    then = {row.what: row.then for row in found.skipped if row.column == "text.hate"}
    assert then["out of range"] == "read as missing, such as `1.5`"  # and none that is of another kind
    assert then["infinite"] == "read as missing"
    assert told[(None, "not in the log: `at`")] == 5
    assert any(row.file and row.file.endswith("half.parquet") and row.then for row in found.skipped)
    assert [a.title for a in found.assumptions if a.light == "red"] == ["A part of the log could not be read"]


def test_columns_files_and_the_words_of_the_map_are_there(dirty):
    found = read(dirty)
    assert ("text.hate", "text.hate") in [(use.column, use.read_as) for use in found.columns]
    assert "note" in found.ignored
    assert found.caveats == ("made up",)
    assert found.no_signal == ("region",)
    whole = next(file for file in found.files if file.path.endswith("log.parquet"))
    assert whole.digest == "sha256:" + hashlib.sha256((dirty / "log.parquet").read_bytes()).hexdigest()
    assert whole.bytes == (dirty / "log.parquet").stat().st_size


def test_inputs_that_were_not_logged_are_told_by_the_value_they_are_given():
    account = Account(rows=9, assumed={"a": False, "b": False, **{f"c{i}": 0 for i in range(9)}})
    found = data(account)
    assert [(row.what, row.then) for row in found.skipped] == [
        ("not logged: `a`, `b`", "taken to be `false` in every row"),
        ("not logged: `c0`, `c1`, `c2`, `c3`, `c4`, `c5` and 3 more", "taken to be `0` in every row"),
    ]
    assert [a.title for a in found.assumptions] == ["Inputs were not logged"]


def test_rows_left_out_disorder_and_many_strange_regions_are_told():
    strange = tuple((f"Z{i}", 2) for i in range(8))
    account = Account(
        files=(FileAccount("s3://bucket/x.parquet", "parquet", 10, 9, 8, skipped={"no region": 1}),),
        rows=8,
        columns=(ColumnAccount("region", None, "", 8, unlisted=strange),),
        backward=3,
    )
    found = data(account)
    assert [(row.what, row.rows) for row in found.skipped if row.column != "region"] == [
        ("no region", 1),
        ("earlier than the row above", 3),
    ]
    assert sum(row.rows for row in found.skipped if row.column == "region") == 16
    assert (found.files[0].digest, found.files[0].bytes) == (None, 10)
    assert found.columns[0].column == "(a constant)"


@pytest.mark.parametrize(("later", "light"), [(100_000, "green"), (900_000, "red")])
def test_a_score_that_moves_within_the_log_is_told(later, light):
    counter = DriftCounter(("text.hate",))
    for day in range(20):
        score = [(k * 487 + day) % 200_000 + (later - 100_000 if day >= 10 else 0) for k in range(400)]
        at = pa.array([day * 86_400_000_000] * 400, pa.timestamp("us", "UTC"))
        counter.add(pa.record_batch({"text.hate": pa.array(score, pa.int32()), "at": at}))
    found = data(Account(rows=8_000), counter.result())
    assert [drift.light for drift in found.drift] == [light]
    assert found.drift[0].noise is not None
    assert found.drift[0].distance is not None
    assert (found.drift[0].distance > found.drift[0].noise) == (light == "red")
    assert [a.title for a in found.assumptions] == (["Scores moved much within the log"] if light == "red" else [])
    assert len(found.drift[0].means) == 12


def test_times_without_information_are_no_ground_for_a_warning():
    counter = DriftCounter(("s",))
    for day in range(20):
        at = pa.array([day * 86_400_000_000] * 400, pa.timestamp("us", "UTC"))
        counter.add(
            pa.record_batch({"s": pa.array([50_000 * (day >= 10) * (k % 9) for k in range(400)], pa.int32()), "at": at})
        )
    assert data(Account(rows=8_000, no_signal=("at",)), counter.result()).assumptions == ()


def test_what_is_assumed_does_not_drift():
    counter = DriftCounter(("s",))
    counter.add(
        pa.record_batch(
            {"s": pa.array([1, 2], pa.int32()), "at": pa.array([0, 86_400_000_000], pa.timestamp("us", "UTC"))}
        )
    )
    assert data(Account(rows=2, assumed={"s": 0}), counter.result()).drift == ()


def test_too_few_rows_give_no_distance():
    counter = DriftCounter(("s",))
    counter.add(
        pa.record_batch(
            {"s": pa.array([1, 2], pa.int32()), "at": pa.array([0, 86_400_000_000], pa.timestamp("us", "UTC"))}
        )
    )
    found = data(Account(rows=2), counter.result())
    assert [(drift.distance, drift.light) for drift in found.drift] == [(None, "amber")]
    assert found.assumptions == ()
