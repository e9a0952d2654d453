"""`limen scorers bench`: a table, a picture, and one clear line for what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.limen.packs import Run

QUICK = ("--seconds", "0", "--batch", "1,3")
LISTS = "{lists: {spam: [free money]}}"


def test_it_prints_a_row_for_each_size(run: Run) -> None:
    status, out, _ = run("scorers", "bench", "text-linear", *QUICK)
    assert status == 0
    assert "text-linear@1 on cpu, loaded in" in out
    assert [line.split("│")[1].strip() for line in out.splitlines() if line.startswith("│")] == ["1", "3"]


def test_its_json_is_numbers(run: Run) -> None:
    status, out, _ = run("scorers", "bench", "keywords", "--settings", LISTS, *QUICK, "--format", "json")
    found = json.loads(out)
    assert (status, found["version"], found["scorer"]) == (0, 1, "keywords@1")
    for size, row in zip((1, 3), found["batches"], strict=True):
        assert row["batch"] == size
        assert row["calls"] >= 5
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert row["throughput"] > 0
        assert row["preparing"] is None


def test_a_scorer_in_two_stages_says_what_preparing_takes(run: Run) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("onnxruntime")
    status, out, _ = run("scorers", "bench", "nudity", "--seconds", "0", "--batch", "1", "--format", "json")
    (row,) = json.loads(out)["batches"]
    assert status == 0
    assert 0 < row["preparing"] < 1


def test_settings_and_contents_may_be_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spam.txt").write_text("free money\n", encoding="utf-8")
    (tmp_path / "settings.yaml").write_text("lists: {spam: spam.txt}\n", encoding="utf-8")
    (tmp_path / "in.jsonl").write_text('{"text": "free money"}\n{"text": "good morning"}\n', encoding="utf-8")
    files = ("--settings", tmp_path / "settings.yaml", "--input", tmp_path / "in.jsonl")
    assert run("scorers", "bench", "keywords", *files, *QUICK)[0] == 0


def test_it_draws_a_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "bench.png"
    assert run("scorers", "bench", "text-linear", *QUICK, "--plot", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text-linea"], "no scorer `text-linea` is registered, did you mean `text-linear`"),
        (["video-frames"], "`judges`: field required: give the settings by `--settings '{…}'`"),
        (["text-linear", "--batch", "1,x"], "`--batch 1,x`: expected whole numbers from 1"),
        (["text-linear", "--batch", "0"], "expected whole numbers from 1"),
        (["text-linear", "--device", "cuda"], "unknown setting `device`"),
        (["text-linear", "--settings", "no-such-file.yaml"], "cannot be read: no such file or directory"),
        (["text-linear", "--settings", "{a"], "the settings are no YAML"),
        (["keywords", "--settings", "{lists: {a: [b]}}", "--input", "gone.jsonl"], "gone.jsonl"),
        (["text-linear", "--plot", "a.txt"], "`a.txt` is no picture"),
        (["text-linear", "--plot", "no/such/folder/a.png"], "cannot be written: no such file or directory"),
    ],
)
def test_what_cannot_be_measured_is_told_in_a_line(run: Run, arguments: list[str], message: str) -> None:
    status, _, err = run(
        "scorers", "bench", *arguments, "--seconds", "0", *(() if "--batch" in arguments else QUICK[2:])
    )
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1


def test_contents_about_which_nothing_is_said_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"audio": [{"base64": "AAAA"}]}\n', encoding="utf-8")
    status, _, err = run("scorers", "bench", "text-linear", *QUICK, "--input", tmp_path / "in.jsonl")
    assert (status, "there is no content that the scorer judges" in err) == (2, True)
