"""`limen sweep` and `limen tune` from the shell, on the shipped log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from limen.cli.app import app

ROOT = Path(__file__).parents[2]
LOG = ["--log", str(ROOT / "limen" / "demo" / "log.parquet"), "--pack", str(ROOT / "policies")]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def test_a_sweep_tells_writes_json_and_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    page, data = tmp_path / "sweep.html", tmp_path / "sweep.json"
    files = ["--html", str(page), "--json", str(data)]
    found = run("sweep", *LOG, "--policy", "nudity", "--action", "remove", *files)
    assert found.exit_code == 0, found.output
    assert "nudity.risk.remove (now " in found.output
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert re.findall(r"(?:src|href)=\"(?!#)", text) == []
    (rung,) = json.loads(data.read_text("utf-8"))["rungs"]
    assert (rung["policy"], rung["score"], rung["rung"]) == ("nudity", "nudity.risk", "remove")
    whole = rung["slices"][0]
    curve = whole["curve"]
    assert {len(values) for values in curve.values()} == {len(curve["thresholds"])}
    assert curve["thresholds"] == sorted(curve["thresholds"])
    assert curve["acts"] == sorted(curve["acts"], reverse=True)
    regions = [part for part in rung["slices"] if part["dimension"] == "region"]
    assert sum(part["rows"] for part in regions) == whole["rows"]
    assert sum(part["present"]["rows"]["acts"] for part in regions) == whole["present"]["rows"]["acts"]


def test_json_goes_to_standard_output_alone() -> None:
    found = run("sweep", *LOG, "--policy", "spam", "--action", "label", "--points", "20", "--json", "-")
    assert found.exit_code == 0, found.output
    assert len(json.loads(found.stdout)["rungs"][0]["slices"][0]["curve"]["thresholds"]) < 40


def test_a_tune_gives_a_setting_and_a_patch(tmp_path: Path) -> None:
    where = tmp_path / "spam.patch"
    asked = ["--policy", "spam", "--action", "label", "--require", "action_rate<=0.06", "--maximise", "action_rate"]
    found = run("tune", *LOG, *asked, "--patch", str(where))
    assert found.exit_code == 0, found.output
    (level,) = re.findall(r"--set 'spam\.text\.spam\.label=([0-9.]+)'", found.output)
    assert where.read_text("utf-8").count(f">= {level}") == 2


def test_what_is_not_shown_is_refused_with_status_1() -> None:
    asked = ["--policy", "spam", "--action", "label", "--require", "precision>=0.999", "--maximise", "recall"]
    found = run("tune", *LOG, *asked, "--format", "json")
    assert found.exit_code == 1
    said = json.loads(found.stdout)
    assert said["chosen"] is None
    assert "`precision(label)>=0.999` is not borne out" in said["reason"]


def test_files_are_named_on_standard_error_alone(tmp_path: Path) -> None:
    found = run("sweep", *LOG, "--policy", "spam", "--action", "label", "--json", str(tmp_path / "sweep.json"))
    assert found.stderr == f"wrote {tmp_path / 'sweep.json'}\n"
    assert "wrote" not in found.stdout


def test_a_patch_on_standard_output_that_there_is_not_says_why() -> None:
    asked = ["--policy", "spam", "--action", "label", "--require", "precision>=0.999", "--maximise", "recall"]
    found = run("tune", *LOG, *asked, "--patch", "-")
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.startswith("limen: no patch: `precision(label)>=0.999` is not borne out")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sweep", *LOG, "--policy", "hat"], "unknown policy `hat`"),
        (["sweep", *LOG, "--policy", "hate", "--score", "text.hat"], "did you mean `text.hate`"),
        (["sweep", *LOG, "--policy", "hate", "--region", "Germany"], "unknown region `Germany`"),
        (["sweep", "--log", "none.parquet", "--pack", str(ROOT / "policies"), "--policy", "hate"], "none.parquet"),
        (["tune", *LOG, "--policy", "spam", "--require", "fpr<=0.1"], "expected one of `--maximise` and `--minimise`"),
        (
            ["tune", *LOG, "--policy", "spam", "--require", "fpr<=0.1", "--maximise", "recall"],
            "several rungs are tuned",
        ),
        (["sweep", *LOG, "--policy", "spam", "--json", "-", "--html", "-"], "would mix on standard output"),
        (
            ["sweep", *LOG, "--policy", "spam", "--action", "label", "--json", "no/such/folder/a.json"],
            "limen: cannot write `no/such/folder/a.json`: no such file or directory\n",
        ),
        (
            [
                "tune",
                *LOG,
                "--policy",
                "spam",
                "--require",
                "fpr<=0.1",
                "--minimise",
                "fpr",
                "--patch",
                "-",
                "--format",
                "json",
            ],
            "`--format json` holds the patch already",
        ),
        (
            ["tune", *LOG, "--policy", "spam", "--action", "label", "--require", "fpr<=0.1", "--maximise", "fpr"],
            "`--minimise fpr`",
        ),
    ],
)
def test_a_slip_ends_with_one_line_and_status_2(words: list[str], says: str) -> None:
    found = run(*words)
    assert found.exit_code == 2
    assert says in found.stderr
    assert "Traceback" not in found.stderr
