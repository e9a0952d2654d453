"""`cascade fit`, `calibrate`, and what `moderate` writes for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.limen.packs import Run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Rows as `moderate --log` writes them: two scores that nearly agree, and a label."""
    rng = np.random.default_rng(0)
    deep = rng.beta(0.3, 0.6, 3000)
    cheap = np.clip(deep + 0.05 * rng.standard_normal(3000), 0, 1)
    rows = [
        {
            "id": i,
            "way": "complete",
            "scores": {"a.cheap": round(c, 6), "a.deep": round(d, 6)},
            "bad": bool(rng.random() < d),
            "odd": 7.5,
            "mixed": 2 if i == 7 else c,
            "huge": 10**400,
            "text": str(c),
        }
        for i, (c, d) in enumerate(zip(cheap.tolist(), deep.tolist(), strict=True))
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


FIT = ("cascade", "fit", "--cheap", "a.cheap", "--deep", "a.deep", "--threshold", "0.5", "--at-most", "2%")


def test_a_band_is_printed_as_it_is_written_in_rules(run: Run, log: Path) -> None:
    status, out, err = run(*FIT, "--input", log)
    assert (status, err) == (0, "")
    assert "750 order the bands, 750 test them, 1500 are held out" in out
    assert "write: cascade(a.cheap, a.deep, 0." in out
    told = json.loads(run(*FIT, "--input", log, "--format", "json")[1])
    assert told["line"] in out
    assert told["saved"]["count"] > 0.6 * told["saved"]["of"]
    assert told["changed"]["count"] <= 0.03 * told["changed"]["of"]


def test_rows_that_were_not_drawn_are_left_out(run: Run, log: Path) -> None:
    text = log.read_text(encoding="utf-8").replace('"complete"', '"decisive"', 1000)
    log.write_text(text, encoding="utf-8")
    assert "2000 rows with `a.cheap` and `a.deep`" in run(*FIT, "--input", log)[1]


def test_where_nothing_is_shown_no_band_is_given(run: Run, log: Path) -> None:
    log.write_text("".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[:100]), encoding="utf-8")
    status, out, _ = run(*FIT, "--input", log)
    assert status == 1
    assert "no band" in out
    assert "ask the deep scorer always" in out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--cheap", "a.chaep"), "has no column `a.chaep`, did you mean `a.cheap`"),
        (("--cheap", "odd"), "`odd` holds numbers outside of [0, 1], expected scores"),
        (("--cheap", "way"), "`way` holds something that is no number"),
        (("--cheap", "bad"), "`bad` holds something that is no number"),
        (("--cheap", "text"), "`text` holds something that is no number"),
        (("--cheap", "mixed"), "`mixed` holds decimals and whole numbers above 1, expected scores in [0, 1]"),
        (("--cheap", "huge"), "`huge` holds numbers outside of [0, 1]"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
        (("--threshold", "95"), "`--threshold 95` is no threshold"),
        (("--threshold", "0.0000004"), "`--threshold 4e-07` is no threshold"),
        (("--at-most", "0"), "`--at-most 0` is no share"),
        (("--input", "gone.jsonl"), "cannot read `gone.jsonl`: no such file or directory"),
    ],
)
def test_a_mistake_is_told_in_a_line(run: Run, log: Path, change: tuple[str, str], told: str) -> None:
    status, _, err = run(*FIT, "--input", log, *change)
    assert status == 2
    assert told in err
    assert "Traceback" not in err


def test_a_calibration_is_written_with_all_that_tells_where_it_is_from(run: Run, log: Path, tmp_path: Path) -> None:
    file, plot = tmp_path / "calibration" / "a.json", tmp_path / "a.png"
    options = ("--score", "a.cheap", "--label", "bad", "--scorer", "mine@3", "--output", file, "--plot", plot)
    status, out, err = run("calibrate", "--input", log, *options)
    assert (status, err) == (0, "")
    data = json.loads(file.read_text(encoding="utf-8"))
    assert {key: data[key] for key in ("format", "scorer", "score", "label", "method", "rows", "languages")} == {
        "format": "limen-calibration/1", "scorer": "mine@3", "score": "a.cheap", "label": "bad", "method": "isotonic",
        "rows": 3000, "languages": {},
    }  # fmt: skip
    assert data["data"]["digest"].startswith("sha256:")
    assert f"{data['ece']['before']:.4f} before" in out
    assert plot.stat().st_size > 1000


def test_of_an_empty_log_it_is_said_that_there_is_nothing(run: Run, log: Path) -> None:
    log.write_text("", encoding="utf-8")
    status, _, err = run(*FIT, "--input", log)
    assert status == 2
    assert "has no column `a.cheap`, there are none" in err


@pytest.mark.parametrize("option", ["--output", "--plot"])
def test_a_calibration_does_not_overwrite_its_rows(run: Run, log: Path, tmp_path: Path, option: str) -> None:
    before = log.read_bytes()
    options = ("--score", "a.cheap", "--label", "bad", "--scorer", "mine@3", "--output", tmp_path / "a.json")
    status, _, err = run("calibrate", "--input", log, *options, option, log)
    assert (status, log.read_bytes() == before) == (2, True)
    assert "is the input, too" in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--scorer", "text-linaer"), "no scorer `text-linaer` is registered, did you mean `text-linear`"),
        (("--label", "way"), "`way` holds `complete`, expected true or false"),
        (("--label", "way", "--positive", "sampled"), "0 rows have the label and 3000 have not"),
        (("--plot", "a.xyz"), "cannot draw `a.xyz`"),
    ],
)
def test_what_cannot_be_calibrated_is_told(
    run: Run, log: Path, tmp_path: Path, change: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--score", "a.cheap", "--label", "bad", "--scorer", "mine@3", "--output", tmp_path / "a.json")
    status, _, err = run("calibrate", "--input", log, *options, *change)
    assert status == 2
    assert told in err


def test_moderate_tells_who_was_asked_and_logs_rows_that_decide_the_same(run: Run, pack: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    lines = "".join(f'{{"id": {i}, "region": ["DE", "US"], "text": "badword {i}"}}\n' for i in range(3))
    _, out, err = run("moderate", "--pack", pack, "--input", "-", "--log", rows, "--stats", stdin=lines)
    assert "3 contents" in err
    assert "words                cpu_light         3        0     0.0%" in err
    _, again, _ = run("decide", "--pack", pack, "--input", rows)
    for one, other in zip(out.splitlines(), again.splitlines(), strict=True):
        told, same = json.loads(one), json.loads(other)
        assert {told.pop(key) for key in ("way", "propensity")} == {"decisive", 1.0}
        assert told.pop("skipped") == {}
        assert told | {"scorers": {}} == same | {"scorers": {}}


def test_the_log_must_be_another_file(run: Run, pack: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"region": "DE", "text": "a"}\n', encoding="utf-8")
    status, _, err = run("moderate", "--pack", pack, "--input", posts, "--log", posts)
    assert status == 2
    assert "is the input or the output, too" in err
    by_other_ways = ("--log", tmp_path / "sub" / ".." / "a.jsonl", "--output", tmp_path / "a.jsonl")
    (tmp_path / "sub").mkdir()
    status, _, err = run("moderate", "--pack", pack, "--input", posts, *by_other_ways)
    assert status == 2
    assert "is the input or the output, too" in err
