"""`limen log describe`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.limen.packs import Run

pytest.importorskip("pyarrow")
LINES = "ts,nudity_pct,verdict,region\n2026-09-01T00:00:00Z,12.5,insults,DE\n2026-09-02T00:00:00Z,99,fine,US\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LINES)
    return path


def test_a_log_is_described_and_its_map_written(run: Run, log: Path, pack: Path, tmp_path: Path) -> None:
    target = tmp_path / "map.yaml"
    status, out, err = run("log", "describe", log, "--pack", pack, "--write-map", target)
    assert (status, err) == (0, "")
    assert "1 file, 2 rows" in out
    assert "image.nudity: {from: nudity_pct, unit: percent}  # check: values from 12.5 to 99 look like percent" in out
    assert "label.insults: {from: verdict, positive: [insults], negative: [fine]}" in out
    status, out, err = run("log", "describe", log, "--pack", pack, "--columns", target, "--format", "json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["version"] == 1
    assert next(one for one in told["measured"] if one["name"] == "image.nudity")["high"] == 0.99
    assert told["proposed"] is None
    status, _, err = run("log", "describe", log, "--write-map", target)
    assert status == 2
    assert "exists: name another file" in err


def test_pairs_serve_as_a_map(run: Run, log: Path, pack: Path) -> None:
    status, out, _ = run("log", "describe", log, "--pack", pack, "--column", "ts=at")
    assert status == 0
    assert "2026-09-01T00:00:00 to 2026-09-02T00:00:00" in out
    assert "read through the map" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere.parquet",), "there is no `nowhere.parquet`"),
        (("LOG", "--column", "tss=at"), "has no column `tss` for `at`"),
        (("LOG", "--column", "ts"), "`ts` is no pair"),
        (("LOG", "--columns", "nowhere.yaml"), "cannot read `nowhere.yaml`: no such file or directory\n"),
        (("LOG", "--write-map", "no/such/x.yaml"), "cannot write `no/such/x.yaml`: no such file or directory\n"),
        (("LOG", "--columns", "LOG"), "not valid YAML"),
        (("LOG", "--column", "ts=at", "--write-map", "x.yaml"), "`--write-map` writes the proposed map"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(run: Run, log: Path, args: tuple[str, ...], said: str) -> None:
    status, out, err = run("log", "describe", *(str(log) if arg == "LOG" else arg for arg in args))
    assert (status, out) == (2, "")
    assert said in err or said.replace("not valid YAML", "is no column map") in err
    assert err.count("\n") == 1


def test_the_group_offers_what_the_whole_command_offers(run: Run) -> None:
    for group in ("log", "cascade", "scorers"):
        assert "completion" not in run(group, "--help")[1]


def test_only_the_head_is_read_where_asked(run: Run, log: Path) -> None:
    status, out, _ = run("log", "describe", log, "--header-only")
    assert status == 0
    assert "only heads and footers were read: asked for" in out
    assert "read through" not in out
