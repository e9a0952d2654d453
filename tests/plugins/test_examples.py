"""The example package for authors of scorers is one: laid out as an installer would, Limen finds it and its own tests pass."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.plugins.test_third_party import LIMEN, offer, python

EXAMPLE = LIMEN / "examples" / "limen-qr-links"
pytest.importorskip("cv2", reason="OpenCV comes with the extra `ocr`")


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(EXAMPLE / "src", folder)
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offer(folder, project["name"], project["version"], project["entry-points"]["limen.scorers"])
    return folder


FOUND = """
import json
from scorers.registry import Registry
registry = Registry.installed()
print(json.dumps([registry.sources["qr-links"], list(registry.plugins["qr-links"].outputs), registry.problems]))
"""


def test_limen_finds_the_example(site):
    assert python(site, FOUND) == ["limen-qr-links", ["qr.found", "qr.links", "qr.hidden_link"], []]


def test_the_tests_of_the_example_pass(site):
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(site), str(LIMEN)))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, EXAMPLE / "tests"]
    done = subprocess.run(command, check=False, env=env, cwd=EXAMPLE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_the_example_names_its_outputs_and_settings():
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for name in ("qr.found", "qr.links", "qr.hidden_link", "prefix", "trusted"):
        assert f"`{name}`" in page
    assert Path(EXAMPLE / "src" / "limen_qr_links" / "__init__.py").is_file()
