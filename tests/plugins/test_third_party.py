"""A scorer in a package of its own, installed beside Limen, is found by its entry point; a broken one harms nobody."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import scorers

PACKAGE = Path(__file__).parent / "limen-shouting"
LIMEN = Path(scorers.__file__).parents[1]


def by_hand(package, folder):
    """Lay out what an installer would: the module, and a dist-info with the entry points of the pyproject."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offer(folder, project["name"], project["version"], project["entry-points"]["limen.scorers"])
    shutil.copy(package / "limen_shouting.py", folder)


def by_pip(package, folder):
    if not all(map(importlib.util.find_spec, ("pip", "hatchling"))):
        pytest.skip("pip or hatchling is not installed")
    source = shutil.copytree(package, folder.parent / "source")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--target", folder, source], check=True, capture_output=True, timeout=120)


def offer(folder, name, version, points):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[limen.scorers]", *lines, ""]))


def python(folder, code):
    """Run code in a fresh interpreter that has the folder's distributions; return the JSON that it prints."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), str(LIMEN)))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=False, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


SHOUT = """
import asyncio, json
from pathlib import Path
from limen import Content
from limen.testing import check_scorer
from scorers.registry import Registry
from scorers.runner import Runner

registry = Registry.installed()
check_scorer(registry.plugins["shouting"])
card = next(card for card in registry.describe() if card.name == "shouting")
setup = registry.configure({"loud": {"use": "shouting", "short": 3}}, Path())
(result,) = asyncio.run(Runner(setup.scorers).run([Content(text="HEY you!!")]))
print(json.dumps([card.source, card.version, registry.problems, setup.problems, result.values, result.scorers]))
"""


@pytest.mark.parametrize("install", [by_hand, by_pip])
def test_an_installed_scorer_is_found_and_holds_to_the_contract(site, install):
    install(PACKAGE, site)
    assert python(site, SHOUT) == [
        "limen-shouting", "1.0", [], [], {"text.shouting": 0.5, "text.exclamations": 2}, {"loud": "shouting@1.0"},
    ]  # fmt: skip


BROKEN = """
import json
from scorers.registry import Registry
registry = Registry.installed()
print(json.dumps([sorted(registry.sources.items()), [[p.scorer, p.message] for p in registry.problems]]))
"""


def test_broken_distributions_are_named_and_the_built_ins_stay(site):
    (site / "explodes.py").write_text("1 / 0")
    (site / "rival.py").write_text("from scorers.builtin.keywords import PLUGIN")
    (site / "exits.py").write_text("raise SystemExit(3)")
    offer(site, "explosive", "1", {"explodes": "explodes:PLUGIN"})
    offer(site, "absent", "1", {"gone": "no_such_module:PLUGIN"})
    offer(site, "quitter", "1", {"exits": "exits:PLUGIN"})
    offer(site, "rival", "2", {"keywords": "rival:PLUGIN"})
    sources, problems = python(site, BROKEN)
    assert dict(sources)["keywords"] == "limen"
    assert dict(problems) == {
        "explodes": "the scorer `explodes` of explosive cannot be loaded from `explodes:PLUGIN`: ZeroDivisionError: division by zero",
        "gone": "the scorer `gone` of absent cannot be loaded from `no_such_module:PLUGIN`: ModuleNotFoundError: No module named 'no_such_module'",
        "exits": "the scorer `exits` of quitter cannot be loaded from `exits:PLUGIN`: SystemExit: 3",
        "keywords": "rival offers a second scorer `keywords`: that of limen stays",
    }
