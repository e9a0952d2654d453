"""The guard against a stranger's package of the same name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import limen

HOME = Path(limen.__file__).parent.parent


@pytest.mark.parametrize("shape", ["engine.py", "engine/__init__.py"])
def test_a_stranger_in_front_is_named(tmp_path: Path, shape: str) -> None:
    stranger = tmp_path / shape
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(HOME)])}
    done = subprocess.run(
        [sys.executable, "-c", "import limen"], env=env, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert f"Limen needs its own package `engine` (in {HOME})" in done.stderr
    assert str(tmp_path) in done.stderr.splitlines()[-1]


def test_at_home_it_is_silent(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-c", "import limen"], env=env, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
