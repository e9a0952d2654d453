"""`limen --help` is there at once, and says what there is; `import limen` costs what is used of it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import limen
from limen.cli.app import Commands
from tests.limen.packs import Run

HOME = Path(limen.__file__).parents[1]
HEAVY = {"celpy", "numpy", "pydantic", "lark", "rich", "structlog", "httpx", "yaml", "re2", "asyncio"}
OURS = {"engine", "policy_dsl", "scorers", "regions"}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_nothing_heavy(argument: str) -> None:
    code = f"import sys; sys.argv = ['limen', '{argument}']\nfrom limen.cli import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stderr.split())
    assert {name.partition(".")[0] for name in loaded} & (HEAVY | OURS) == set()


def test_every_command_has_a_line_of_help_and_is_there(run: Run) -> None:
    _, out, _ = run("--help")
    for name, entry in Commands.entries.items():
        assert entry.told in " ".join(out.split())
        module, _, attribute = entry.home.partition(":")
        assert getattr(importlib.import_module(module), attribute)
        assert run(name, "--help")[0] == 0


def test_a_mistyped_command_is_guessed(run: Run) -> None:
    status, out, err = run("chek")
    assert (status, out) == (2, "")
    assert err.endswith("Error: there is no command `chek`, did you mean `check`\n")
    assert run("--chek")[0] == 2
    assert "did you mean" not in run("xyzzy")[2]


def test_public_names_are_what_their_homes_define() -> None:
    homes = {name: home for home, names in limen._HOMES.items() for name in names}
    assert sorted(homes) == limen.__all__
    for name, home in homes.items():
        assert getattr(limen, name) is getattr(importlib.import_module(home), name)
    assert set(limen.__all__) <= set(dir(limen))
    with pytest.raises(AttributeError, match="has no `Engin`"):
        _ = limen.Engin  # type: ignore[attr-defined]


def test_a_fault_of_ours_is_no_finding(run: Run, monkeypatch: pytest.MonkeyPatch, pack: Path) -> None:
    monkeypatch.setattr("limen.cli.check.load", lambda _: 1 // 0)
    status, _, err = run("check", pack)
    assert status == 2
    assert err.endswith("limen: the lines above show a fault of Limen itself: please report them\n")
