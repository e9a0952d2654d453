"""`limen simulate`, `limen decide --evaluator columnar`, and `Engine.decide_table`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import limen
from tests.limen.packs import Run

pa = pytest.importorskip("pyarrow")
pytest.importorskip("numba")
import pyarrow.parquet as pq  # noqa: E402

SCORES = (0.1, 0.5, 0.9, 0.92, 0.949999, 0.95, 0.99, None)


@pytest.fixture
def table() -> object:
    count = 400
    return pa.table(
        {
            "id": [f"p{i}" for i in range(count)],
            "at": pa.array([1_788_220_800_000_000 + i * 3_600_000_000 for i in range(count)], pa.timestamp("us", "UTC")),
            "region": [("DE", "US", "IN")[i % 3] for i in range(count)],
            "image.nudity": [SCORES[i % len(SCORES)] for i in range(count)],
            "keywords.insults.match": [i % 50 == 0 for i in range(count)],
            "keywords.insults.count": pa.array([int(i % 50 == 0) for i in range(count)], pa.int32()),
            "label.insults": [None if i % 2 else SCORES[i % len(SCORES)] in (0.92, 0.99) for i in range(count)],
            "views": pa.array([i % 7 for i in range(count)], pa.int64()),
            "modalities": [["image", "text"]] * count,
            "author.id": [f"u{i % 60}" for i in range(count)],
        }
    )  # fmt: skip


@pytest.fixture
def log(tmp_path: Path, table: object) -> Path:
    path = tmp_path / "log.parquet"
    pq.write_table(table, path, row_group_size=150)
    return path


def test_a_threshold_is_tried_on_a_log(run: Run, pack: Path, log: Path, tmp_path: Path) -> None:
    page, told = tmp_path / "report.html", tmp_path / "report.json"
    change = "insults.image.nudity.remove=0.92"
    status, out, err = run("simulate", "--log", log, "--base", pack, "--set", change, "--html", page, "--json", told)
    assert status == 0, err
    found = json.loads(told.read_text())
    remove = next(one for one in found["counts"] if one["name"] == "remove" and one["slice"]["dimension"] == "all")
    assert (remove["a"], remove["b"]) == (100, 200)
    assert [(change["where"], change["before"], change["after"]) for change in found["changes"]] == [
        ("insults.image.nudity.remove@GLOBAL", "0.95", "0.92")
    ]
    assert found["unreplayed"][0]["name"] == "image.nudity"
    assert len(found["examples"]) <= 20
    assert found["labels"][0]["reviewed"] is False
    assert "or a call for a reviewer" not in page.read_text(encoding="utf-8")
    status, _, err = run("simulate", "--log", log, "--base", pack, "--set", change, "--reviewed", "--html", page)
    assert status == 0, err
    assert "or a call for a reviewer" in page.read_text(encoding="utf-8")
    assert "B instead of A changes the decision on" in out
    assert "--set insults.image.nudity.remove=0.92" in page.read_text(encoding="utf-8")
    assert f"wrote {page}" in err


def test_json_on_standard_output_is_all_that_stands_there(run: Run, pack: Path, log: Path) -> None:
    status, out, _ = run(
        "simulate", "--log", log, "--base", pack, "--set", "insults.image.nudity.remove=off", "--json", "-"
    )
    assert status == 0
    assert json.loads(out)["version"] == 1


def test_a_page_on_standard_output_is_all_that_stands_there(run: Run, pack: Path, log: Path) -> None:
    change = "insults.image.nudity.remove=off"
    status, out, _ = run("simulate", "--log", log, "--base", pack, "--set", change, "--html", "-")
    assert status == 0
    assert out.startswith("<!DOCTYPE html>")
    assert out.rstrip().endswith("</html>")


def test_a_revision_of_the_repository_is_a_side(
    run: Run, pack: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-C", str(pack.parent), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for more in (["init", "-q"], ["add", "pack"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *more], check=True)
    rules = pack / "insults.limen"
    rules.write_text(rules.read_text().replace("0.95\n  }", "0.92\n  }"))
    monkeypatch.chdir(pack.parent)
    status, out, err = run("simulate", "--log", log, "--base", "HEAD:pack", "--variant", "pack", "--json", "-")
    assert status == 0, err
    assert [change["after"] for change in json.loads(out)["changes"]] == ["0.92"]
    status, _, err = run("simulate", "--log", log, "--base", "nowhere:pack", "--variant", "pack")
    assert status == 2
    assert "cannot read `nowhere:pack`: git says" in err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "there is no B: give `--variant PACK`, or `--set POLICY.SCORE.ACTION=X`"),
        (["--set", "insult.image.nudity.remove=0.9"], "did you mean `insults`"),
        (["--set", "insults.image.nudity.remove=0.9", "--acts", "allow"], "`--acts allow` is no enforcement that does anything"),
        (["--set", "insults.image.nudity.remove=0.9", "--by", "colour"], "no column `colour` to group by"),
        (["--set", "insults.image.nudity.remove=0.9", "--by", "label.insults"], "`label.insults` is no column to group by"),
        (["--set", "insults.image.nudity.remove=0.9", "--by", "modalities"], "`modalities` is no column to group by"),
        (["--set", "insults.image.nudity.remove=0.9", "--scale", "inf"], "`--scale inf` is too large, expected at most 1e+09"),
        (["--set", "insults.image.nudity.remove=0.9", "--beta", "inf"], "`--beta inf` is too large"),
        (["--set", "insults.image.nudity.remove=0.9", "--html", "absent/x.html"], "cannot write `absent/x.html`: there is no folder `absent`"),
        (["--set", "insults.image.nudity.remove=0.9", "--json", "."], "cannot write `.`: is a directory"),
        (["--set", "insults.image.nudity.remove=0.9", "--json", "-", "--html", "-"], "`--html` and `--json` both go to `-`"),
        (["--set", "insults.image.nudity.remove=0.9", "--by", "id", "--log", "absent.parquet"], "absent.parquet"),
        (["--variant", "absent"], "absent"),
        (["--set", "insults.image.nudity.remove=0.9", "--staffing", "absent.yaml"], "cannot read `absent.yaml`"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_a_line(run: Run, pack: Path, log: Path, more: list[str], message: str) -> None:
    status, out, err = run("simulate", "--log", log, "--base", pack, *more)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_log_without_a_row_is_told(run: Run, pack: Path, log: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.parquet"
    pq.write_table(pq.read_table(log).slice(0, 0), empty)
    status, out, err = run("simulate", "--log", empty, "--base", pack, "--set", "insults.image.nudity.remove=0.9")
    assert status == 0, err
    assert "0 rows" in out


def test_tables_are_decided_as_records_are(pack: Path, table: object) -> None:
    engine = limen.Engine.load(pack)
    found = engine.decide_table(table).to_pylist()
    for row, decision in zip(table.to_pylist(), found, strict=True):
        scores = {name: row[name] for name in ("image.nudity", "keywords.insults.match", "keywords.insults.count")}
        given = {name: value for name, value in scores.items() if value is not None}
        wanted = engine.decide(scores=given, region=row["region"]).to_dict()
        assert (decision["status"], decision["enforcement"]) == (wanted["status"], wanted["enforcement"])
        assert decision["routes"] == wanted["routes"]
        assert json.loads(decision["effects"]) == wanted["effects"]
        assert decision["missing"] == wanted["missing"]
        assert (decision["id"], decision["region"]) == (row["id"], row["region"])


def test_times_without_a_zone_are_refused(pack: Path) -> None:
    from engine.columnar import ColumnarError

    rules = pack / "insults.limen"
    rules.write_text(rules.read_text().replace("reduce and review\n", "reduce and review\n    from 2026-01-01\n", 1))
    dated = pa.table({"region": ["DE"], "image.nudity": [0.9], "at": pa.array([0], pa.timestamp("us"))})
    with pytest.raises(ColumnarError, match="expected a timestamp with a time zone"):
        limen.Engine.load(pack).decide_table(dated)


def test_every_evaluator_writes_the_same_decisions(run: Run, pack: Path, tmp_path: Path) -> None:
    records = [
        {"id": "1", "region": "DE", "scores": {"image.nudity": 0.96}}, {"id": "2", "region": ["US", "nowhere"], "scores": {"image.nudity": "x"}},
        {"id": "3", "scores": {}}, {"id": "4", "region": "IN", "scores": {"keywords.insults.match": True}, "facts": {"content.context": "news"}},
        {"id": "5", "region": "IN", "modalities": ["txt"]},
    ]  # fmt: skip
    source = tmp_path / "records.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records) + "no record\n")
    told = [
        run("decide", "--pack", pack, "--input", source, "--evaluator", name)
        for name in ("scalar", "columnar", "reference")
    ]
    assert told[0] == told[1] == told[2]
    assert told[0][1].count("\n") == 7
