"""What a log looks like to `describe`, and the map that it proposes."""

from __future__ import annotations

import importlib.util
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from engine.engine import Engine
from policy_dsl.program import Input, Program
from simulator.columns import ColumnMap
from simulator.describe import describe
from simulator.log import LogError, open_log
from tests.simulator.test_log import sparse

ROOT = Path(__file__).parents[2]
INPUTS = (
    Input("text.hate", "score", modality="text", scorer="text"),
    Input("image.hate", "score", modality="image", optional=True),
    Input("text.toxicity", "score", modality="text", scorer="text"),
    Input("text.spam", "score", modality="text", scorer="text"),
    Input("image.nudity", "score", modality="image", optional=True),
    Input("keywords.slurs.match", "bool", modality="text", scorer="keywords"),
    Input("content.language", "enum", values=("en", "de", "other", "unknown"), default="unknown"),
    Input("content.surface", "enum", values=("post", "ad"), default="post"),
    Input("author.age_days", "int", optional=True),
)
ROWS = 2000
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def foreign() -> pa.Table:
    rng = np.random.default_rng(0)
    hate = rng.beta(1, 9, ROWS)
    return pa.table(
        {
            "post_id": [f"p{number}" for number in range(ROWS)],
            "created_at": pa.array(
                [BEGAN + timedelta(minutes=20 * number) for number in range(ROWS)], pa.timestamp("s", "UTC")
            ),
            "country": rng.choice(["us", "de"], ROWS),
            "lang": rng.choice(["en", "de", "nl"], ROWS),
            "hateScore": hate.astype(np.float32),
            "img_hate_prob": hate,
            "toxic_pct": hate * 100,
            "spam_logit": rng.normal(-3, 2, ROWS),
            "nudity_micros": (hate * 1e6).astype(np.int32),
            "surface": rng.choice(["post", "ad"], ROWS),
            "age_days": rng.integers(0, 900, ROWS),
            "view_count": rng.integers(0, 100, ROWS),
            "views": rng.integers(0, 100, ROWS),
            "userId": rng.integers(0, 100, ROWS),
            "label_name": rng.choice(["hate_speech", "fine"], ROWS),
            "is_spam": rng.random(ROWS) < 0.1,
            "lang_conf": rng.random(ROWS),
        }
    )


def proposed(path: Path) -> ColumnMap:
    found = describe([str(path)], None, INPUTS, ["hate", "spam"], ["US", "DE"])
    assert found.proposed is not None
    return ColumnMap.from_text(found.proposed.to_yaml(str(path)), "map")


def test_a_map_is_proposed_that_reads_the_log(tmp_path: Path, foreign: pa.Table) -> None:
    pq.write_table(foreign, tmp_path / "log.parquet")
    columns = proposed(tmp_path / "log.parquet").columns
    assert {name: column.source for name, column in columns.items()} == {
        "at": "created_at", "region": "country", "language": "lang", "author.id": "userId", "id": "post_id",
        "label.hate": "label_name", "label.spam": "is_spam", "text.hate": "hateScore", "image.hate": "img_hate_prob", "text.toxicity": "toxic_pct",
        "text.spam": "spam_logit", "image.nudity": "nudity_micros", "content.surface": "surface",
        "author.age_days": "age_days", "content.language": "lang",
    }  # fmt: skip
    units = {name: column.unit for name, column in columns.items() if column.unit}
    assert units == {"text.toxicity": "percent", "text.spam": "logit", "image.nudity": "millionths"}
    assert columns["region"].values == {"us": "US", "de": "DE"}
    assert columns["label.hate"].positive == {"hate_speech"}
    assert columns["content.language"].others == "other"


def test_csv_gets_the_same_proposal_but_for_what_texts_do_not_say(tmp_path: Path, foreign: pa.Table) -> None:
    pq.write_table(foreign, tmp_path / "log.parquet")
    pacsv.write_csv(foreign, tmp_path / "log.csv")
    typed, texts = proposed(tmp_path / "log.parquet").columns, proposed(tmp_path / "log.csv").columns
    assert {name: column.source for name, column in typed.items()} == {name: c.source for name, c in texts.items()}
    lines = [json.dumps(row, default=str) for row in foreign.to_pylist()]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert "text.toxicity" in proposed(tmp_path / "log.jsonl").columns


def test_everything_is_measured_through_the_map(tmp_path: Path, foreign: pa.Table) -> None:
    pq.write_table(foreign, tmp_path / "log.parquet")
    found = describe([str(tmp_path / "log.parquet")], None, INPUTS, ["hate"], ["US", "DE"])
    assert found.measured is not None
    assert found.rows == ROWS
    measured = {one.name: one for one in found.measured}
    hate = measured["text.hate"]
    exact = np.quantile(foreign["hateScore"].to_numpy(), [0.05, 0.25, 0.5, 0.75, 0.95, 0.99], method="inverted_cdf")
    assert np.allclose(hate.quantiles, exact, atol=2e-4)
    assert (hate.rows, hate.nulls) == (ROWS, 0)
    assert measured["text.toxicity"].quantiles == hate.quantiles
    assert dict(measured["region"].top).keys() == {"US", "DE"}
    assert found.drift is not None
    assert {one.verdict for one in found.drift.scores} == {"stable"}
    assert "keywords.slurs.match" in found.proposed.absent  # type: ignore[union-attr]


def test_a_naive_time_is_proposed_as_utc_to_be_checked(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"ts": pa.array([1], pa.timestamp("us")), "epoch_time": [1_780_000_000_000]}), tmp_path / "a.parquet"
    )
    text = describe([str(tmp_path / "a.parquet")]).proposed.to_yaml("a")  # type: ignore[union-attr]
    assert "at: {from: ts, zone: UTC}  # check: the times name no zone; are they UTC?" in text
    pq.write_table(pa.table({"epoch_time": [1_780_000_000_000]}), tmp_path / "a.parquet")
    assert proposed(tmp_path / "a.parquet").columns["at"].unit == "ms"


def test_large_files_are_described_by_their_footers(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(
        pa.table({"text.hate": pa.array([7, None, 900_000], pa.int32()), "x": [1.0, 2.0, None]}), path, row_group_size=2
    )
    big = sparse(path, tmp_path / "big.parquet")
    try:
        found = describe([str(big)], None, INPUTS)
    finally:
        big.unlink()
    assert found.header_only == "10.0 GiB are much to read"
    assert (found.rows, found.measured) == (3, None)
    one = found.seen[0]
    assert (one.rows, one.nulls, one.low, one.high) == (3, 1, 7, 900_000)
    assert json.dumps(found.to_dict())


def test_a_ten_gigabyte_text_file_is_described_by_its_head(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    try:
        with path.open("wb") as file:
            file.write(b"hate,region\n" + b"0.5,DE\n" * 200_000)
            file.truncate(10 << 30)
        found = describe([str(path)], None, INPUTS)
    finally:
        path.unlink()
    assert found.header_only
    assert found.rows is None
    assert found.seen[0].low == found.seen[0].high == 0.5


def test_a_log_of_nothing_but_strange_columns(tmp_path: Path) -> None:
    table = pa.table({"a": pa.nulls(3), "b": [[1], None, [2]], "c": [b"x", None, b"y"], "d": [True, None, False]})
    pq.write_table(table, tmp_path / "log.parquet")
    found = describe([str(tmp_path / "log.parquet")], None, INPUTS)
    assert found.measured == ()
    assert [one.name for one in found.seen] == ["a", "b", "c", "d"]
    assert json.dumps(found.to_dict())
    pq.write_table(pa.table({"c": [b"x"]}), tmp_path / "log.parquet")
    with pytest.raises(LogError, match="has no column that can be read"):
        describe([str(tmp_path / "log.parquet")], None, INPUTS)
    pq.write_table(pa.table({"text.hate": pa.array([], pa.int32())}), tmp_path / "log.parquet")
    assert describe([str(tmp_path / "log.parquet")], None, INPUTS).rows == 0


@pytest.fixture(scope="module")
def shipped() -> Program:
    return Engine.load(ROOT / "policies").program


@pytest.mark.skipif("LIMEN_DATA" not in os.environ, reason="LIMEN_DATA is not set")
def test_the_map_of_the_davidson_log(shipped: Program) -> None:
    path = Path(os.environ["LIMEN_DATA"]) / "scored_log_davidson.parquet"
    columns = ColumnMap.from_file(ROOT / "simulator/maps/davidson.yaml")
    log = open_log([str(path)], columns, inputs=shipped.inputs, regions=shipped.regions)
    names = [spec.name for spec in shipped.inputs]
    rows = sum(
        batch.num_rows for batch in log.batches([*names, "at", "region", "language", "label.hate", "modalities"])
    )
    account = log.account
    assert rows == 24_783
    assert {one.name: one.bad for one in account.columns if one.bad or one.unlisted} == {}
    label = account.column("label.hate")
    assert label is not None
    assert label.nulls == 0
    assert account.no_signal == ("region", "at")
    assert {name.partition(".")[0] for name in account.missing} == {"image", "image_hash", "video_hash", "author", "claim", "content", "live", "notice", "vendor"}  # fmt: skip


def test_the_map_of_the_davidson_log_speaks_of_what_the_shipped_pack_knows(shipped: Program) -> None:
    columns = ColumnMap.from_file(ROOT / "simulator/maps/davidson.yaml")
    known = {spec.name for spec in shipped.inputs} | {"at", "language", "modalities", "label.hate"}
    assert set(columns.columns) <= known
    assert "hate" in {policy.name for policy in shipped.policies}
    assumed = columns.assumptions(spec.name for spec in shipped.inputs)
    assert {name.partition(".")[0] for name in assumed} == {"keywords", "text"}


def test_the_demo_log_is_what_its_script_makes(shipped: Program) -> None:
    spec = importlib.util.spec_from_file_location("make_log", ROOT / "limen/demo/make_log.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    path = ROOT / "limen/demo/log.parquet"
    assert pq.read_table(path).equals(script.make())
    assert path.stat().st_size < 400_000
    found = describe([str(path)], None, shipped.inputs, [policy.name for policy in shipped.policies], shipped.regions)
    assert found.proposed is not None
    assert (found.proposed.lines, found.proposed.absent) == ((), ())
    assert found.account is not None
    assert found.account.told() == ()
    assert found.drift is not None
    assert [one.score for one in found.drift.drifted] == ["text.spam"]
    table = pq.read_table(path, columns=["review.propensity", "label.hate"])
    assert table["review.propensity"].null_count == table["label.hate"].null_count > 0
