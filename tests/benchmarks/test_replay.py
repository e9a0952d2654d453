"""What `benchmarks/replay.py` compares is the same: our replay, Polars and DuckDB by hand, and the evaluator of single records."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

pytest.importorskip("polars")
pytest.importorskip("duckdb")

from benchmarks.replay import agree
from benchmarks.replay_log import write_log
from benchmarks.replay_rules import ROUTES, bit, lowered, routes, thresholds
from benchmarks.replay_sides import PACK, Setting, digest, make
from engine.load import load_pack

ROWS = 6_000
GROUP = 2_500


def counts(setting):
    side = make(setting)
    return side.counts(side.run())


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("replay") / "log.parquet"
    write_log(path, ROWS, seed=5, group=GROUP)
    return str(path)


@pytest.fixture(scope="module")
def program():
    return load_pack(PACK).compiled.program


def test_the_contenders_agree_with_the_evaluator_of_single_records(log):
    settings = [Setting(name, (log,)) for name in ("scalar", "ours", "polars", "duckdb")]
    assert agree(settings, counts) == ROWS


def test_a_contender_that_counts_otherwise_is_found(log):
    def wrong(setting):
        found = counts(setting)
        if setting.name == "duckdb":
            key = next(iter(found))
            rows, *rest = found[key]
            found[key] = (rows + 1, *rest)
        return found

    with pytest.raises(SystemExit, match="`duckdb` counts"):
        agree([Setting(name, (log,)) for name in ("polars", "duckdb")], wrong)


def test_more_variants_do_not_change_the_first_two(log):
    two, eight = counts(Setting("ours", (log,), 2)), counts(Setting("ours", (log,), 8))
    found = dict.fromkeys(two, 0)
    for key, (rows, _, _) in eight.items():
        found[key[: len(next(iter(two)))]] += rows
    assert found == {key: rows for key, (rows, _, _) in two.items()}


def test_b_decides_some_rows_otherwise(log):
    changed = sum(rows for key, (rows, _, _) in counts(Setting("ours", (log,))).items() if key[-2] != key[-1])
    assert 10 < changed < ROWS / 10


def test_the_floor_decodes_every_row(log):
    side = make(Setting("floor", (log,)))
    assert side.run() == ROWS


def test_the_log_is_the_same_for_the_same_seed_and_in_groups(log, tmp_path):
    write_log(tmp_path / "again.parquet", ROWS, seed=5, group=GROUP)
    write_log(tmp_path / "other.parquet", ROWS, seed=6, group=GROUP)
    again, other, first = (
        pq.read_table(path) for path in (tmp_path / "again.parquet", tmp_path / "other.parquet", log)
    )
    assert first.equals(again)
    assert not first.equals(other)
    assert pq.ParquetFile(log).num_row_groups == -(-ROWS // GROUP)


def test_the_log_has_every_column_that_the_pack_reads_and_gaps(log, program):
    table = pq.read_table(log)
    read = {name for name in table.column_names if "." in name}
    unused = {"keywords." + name + ".count" for name in (
        "crisis", "dehumanising", "doxxing", "scam", "threats", "urging_self_harm", "voting_procedure"
    )}  # fmt: skip
    assert {spec.name for spec in program.inputs} - read == unused
    assert table["text.hate"].null_count > table["keywords.slurs.match"].null_count > 0  # a scorer that failed, too
    assert 0 < table["label.hate"].null_count < ROWS
    times = table["at"].to_pylist()
    assert times == sorted(times)


def test_the_bits_of_routes_are_read_as_a_decision_is_joined():
    assert routes(0) == ()
    assert routes(bit("general", 2) | bit("general", 1)) == (("review", "general", 1),)
    assert routes(bit("general", 1) | bit("terrorism", 0, "escalate")) == (("escalate", "terrorism", 0),)
    assert len(set(ROUTES)) == len(ROUTES)


def test_a_variant_has_lower_thresholds_in_the_order_of_its_rungs(program):
    before, after = thresholds(program).by_clause, thresholds(lowered(program, 5)).by_clause
    assert {after[name] - value for name, value in before.items()} == {0, -50_000}
    assert lowered(program, 0) == program
    assert replace(lowered(program, 5), policies=()) == replace(program, policies=())


def test_the_digest_tells_counts_apart():
    assert digest({("US",): (2, 5, 0.1)}) == digest({("US",): (2, 5, 0.2)}) != digest({("US",): (3, 5, 0.1)})
