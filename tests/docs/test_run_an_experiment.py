"""The page on experiments: its command, run over a made-up log, prints what it shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.docs.packs import pack
from tests.docs.pages import DOCS, snippets
from tests.limen.packs import Run

PAGE = DOCS / "how-to" / "run-an-experiment.md"


def write_log(path: Path) -> None:
    """Authors with a few posts each; the score is a fair chance that the label is true, and half of the posts are labelled."""
    rng = np.random.default_rng(11)
    rows, authors = 60_000, 12_000
    author = rng.integers(0, authors, rows)
    score = np.round(np.clip(rng.beta(0.5, 2.0, authors)[author] + 0.15 * rng.standard_normal(rows), 0, 1), 4)
    data = {
        "region": rng.choice(["US", "DE"], rows),
        "image.nudity": pa.array((score * 1e6).astype(np.int32)),
        "author.id": [f"a{number}" for number in author],
        "label.nudity": pa.array(rng.random(rows) < score, mask=rng.random(rows) < 0.5),
    }
    pq.write_table(pa.table(data), path)


def test_the_command_prints_what_is_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (policy,) = snippets(PAGE, "limen")
    command, shown = snippets(PAGE, "sh", "text")
    pack(tmp_path / "pack", nudity=policy.text)
    write_log(tmp_path / "log.parquet")
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*shlex.split(command.text)[1:])
    assert (status, err) == (0, "")
    assert out == shown.text
