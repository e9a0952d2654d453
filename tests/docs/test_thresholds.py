"""What the pages on sweeping and tuning show is what the commands say, on the tweets that they speak of."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from limen.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = ("sweep-thresholds", "tune-thresholds")


@pytest.mark.parametrize("page", PAGES)
def test_the_example_says_what_stands_there(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "LIMEN_DATA" not in os.environ:
        pytest.skip("LIMEN_DATA is not set")
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    (line,), (said,) = (re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[:1] for kind in ("sh", "text"))
    words = shlex.split(line.replace("\\\n", " "))[1:]
    words[words.index("log.parquet")] = str(Path(os.environ["LIMEN_DATA"]) / "scored_log_davidson.parquet")
    words[words.index("policies")] = str(ROOT / "policies")
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, [*words, "--columns", str(ROOT / "simulator" / "maps" / "davidson.yaml")])
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith(said.rstrip("\n")), found.stdout
