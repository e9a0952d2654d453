"""`limen experiments`: what a person reads, what a script reads, and the status."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.limen.packs import Run

MANIFEST = """
pack: small
language: 1
enforcements: {allow: {}, remove: {}}
routes: {review: {queue: general}}
severities: {P2: {sla: 24h}}
inputs:
  author.id: {type: string, optional: true}
  text.spam: {type: score, modality: text}
"""
POLICY = """
policy spam {
  title "Spam"
  owner "spam"
  severity P2
  thresholds on text.spam { remove >= 0.9  review >= 0.6 }
  experiment stricter { unit author.id share 50% variant B { thresholds on text.spam { remove >= 0.7 } } }
}
"""


@pytest.fixture
def spam(tmp_path: Path) -> Path:
    folder = tmp_path / "spam"
    folder.mkdir()
    (folder / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "spam.limen").write_text(POLICY, encoding="utf-8")
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    rows = 6000
    score = rng.random(rows)
    data = {
        "region": ["US"] * rows,
        "spam_score": score.astype(np.float32),
        "author.id": [f"u{i}" for i in rng.integers(0, 2000, rows)],
        "label.spam": rng.random(rows) < score,
        "arm": ["B"] * rows,
    }
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(data), path)
    return path


def test_arms_are_told_with_their_intervals(run: Run, spam: Path, log: Path) -> None:
    status, out, err = run("experiments", "--log", log, "--pack", spam, "--column", "spam_score=text.spam")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "spam/stricter: no guardrail is given"
    assert lines[1].startswith("  6,000 rows; arms by the hash of `author.id`: control ")
    assert "units (planned 50 %)" in lines[1]
    names = [line.split()[0] for line in lines if line.startswith("    ")]
    assert names == [
        "measure",
        "enforcement.remove",
        "route.review",
        "verdict.remove",
        "precision",
        "recall",
        "false_positive_rate",
    ]
    removed = next(line for line in lines if line.startswith("    enforcement.remove"))
    assert " +2" in removed  # some 20 points more
    assert "have no label" not in out


def test_rows_without_a_label_are_told_of(run: Run, spam: Path, log: Path) -> None:
    data = pq.read_table(log)
    seen = pa.array(data.column("label.spam").to_pylist(), mask=np.arange(6000) >= 2500)
    pq.write_table(data.set_column(data.schema.names.index("label.spam"), "label.spam", seen), log)
    _, out, _ = run("experiments", "--log", log, "--pack", spam, "--column", "spam_score=text.spam")
    assert "  3,500 of the rows have no label: precision, recall and false_positive_rate say nothing of them" in out


def test_a_broken_guardrail_stops(run: Run, spam: Path, log: Path) -> None:
    call = ("experiments", "--log", log, "--pack", spam, "--column", "spam_score=text.spam", "--guardrail")
    status, out, _ = run(*call, "enforcement.remove<=5%")
    assert status == 1
    assert out.startswith("spam/stricter: stop: broken guardrail enforcement.remove<=5% for B\n")
    assert "  guardrail enforcement.remove<=5% for B: broken, +" in out
    status, out, _ = run(*call, "enforcement.remove<=50%")
    assert status == 0
    assert out.startswith("spam/stricter: the guardrails are kept\n")


def test_arms_that_are_not_as_planned_stop(run: Run, spam: Path, log: Path) -> None:
    call = ("experiments", "--log", log, "--pack", spam, "--column", "spam_score=text.spam", "--arm", "stricter=arm")
    status, out, _ = run(*call)
    assert status == 1
    assert out.startswith("spam/stricter: stop: the arms are not of the planned sizes")
    assert "arms as logged, units by `author.id`" in out
    status, out, _ = run(*call, "--format", "json")
    data = json.loads(out)
    (one,) = data["experiments"]
    assert (status, data["version"], data["level"], one["mismatch"], one["stop"]) == (1, 1, 0.95, True, True)
    assert one["arms"][0] == {"name": "control", "share": 0.5, "units": 0}
    assert one["measures"][0]["differences"][0]["kind"] == "refused"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--experiment", "strict"), "the pack has no experiment `strict`, did you mean `stricter`"),
        (("--experiment", "spam/other"), "the pack has no experiment `spam/other`, there are `spam/stricter`"),
        (("--arm", "stricter"), "`--arm stricter` is no pair, expected EXPERIMENT=COLUMN"),
        (("--arm", "stricter=arms"), "the log has no column `arms`, the arm of the experiment `spam/stricter`"),
        (("--guardrail", "remove"), "`remove` is no guardrail, expected one such as"),
        (("--guardrail", "enforcement.removed<=1%"), "did you mean `enforcement.remove`"),
        (("--level", "2"), "`--level 2` is no share"),
        (("--column", "nothing=text.spam"), "has no column `nothing`"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    run: Run, spam: Path, log: Path, more: tuple[str, ...], message: str
) -> None:
    status, out, err = run("experiments", "--log", log, "--pack", spam, *more)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_pack_without_experiments_and_a_log_that_is_none(run: Run, spam: Path, log: Path, pack: Path) -> None:
    status, _, err = run("experiments", "--log", log, "--pack", pack)
    assert (status, err) == (2, "limen: the pack `small` has no experiment\n")
    status, _, err = run("experiments", "--log", log.parent / "none.parquet", "--pack", spam)
    assert status == 2
    assert err.count("\n") == 1
