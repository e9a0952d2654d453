"""The README's rules check, its commands end with 0, its Python prints what stands behind it, its make targets exist."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import limen
from tests.docs.packs import pack
from tests.docs.pages import README, ROOT, run_python, snippets
from tests.limen.packs import Run

TEXT = README.read_text(encoding="utf-8")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the Python blocks define, after each has printed what the block behind it shows."""
    monkeypatch.chdir(ROOT)
    return run_python(README, lambda: capsys.readouterr().out)


def test_the_rules_check_without_a_finding_and_are_tested_at_every_boundary(run: Run, tmp_path: Path) -> None:
    (block,) = snippets(README, "limen")
    folder = pack(tmp_path, nudity=block.text)
    assert run("check", folder) == (0, f"{folder}: 1 policy, no errors\n", "")
    assert run("test", folder, "--coverage")[0] == 0
    assert run("fmt", "--check", folder)[0] == 0


def test_the_commands_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder in which the repository's pack and log lie, too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "limen").symlink_to(ROOT / "limen")
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    commands = [line[2:] for block in snippets(README, "console") for line in block.text.splitlines()]
    commands += re.findall(r"`(limen --[^`]*)`", TEXT)
    assert [name for _, name, *_ in map(shlex.split, commands)] == [
        *("init", "check", "test", "fmt"),
        *("simulate", "sweep"),
        "--help",
    ]
    for command in commands:
        status, _, err = run(*shlex.split(command, comments=True)[1:])
        assert (status, err.replace("wrote report.html\n", "")) == (0, ""), command


def test_what_is_printed_is_shown(names: dict[str, Any]) -> None:
    assert names["decision"].enforcement == "allow"


def test_the_scorer_serves_rules(names: dict[str, Any], tmp_path: Path) -> None:
    (line,) = re.findall(r"`(scorers: .*?)` in the manifest", TEXT)
    rules = "policy shouting { severity P3  thresholds on text.shouting { label >= 0.9 } }"
    engine = limen.Engine.load(pack(tmp_path, line, shouting=rules), scorers=[names["shouting"]])
    for text, enforcement in {"HEAR": "label", "hear": "allow"}.items():
        decision = asyncio.run(engine.moderate(limen.Content(text=text), region="US"))
        assert (decision.enforcement, decision.status) == (enforcement, "decided")


def test_make_has_the_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):.* ##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"^    make ([a-z-]+)", TEXT, re.MULTILINE)
    assert len(named) == 2
    assert set(named) <= targets
