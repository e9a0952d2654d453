"""Mistakes of first-time authors: each is found where it stands, alone, and the finding names what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from policy_dsl.diagnostics import Severity
from tests.checks.packs import GOLDEN, check, check_folder

MISTAKES = GOLDEN / "mistakes"
CASES = sorted(path.name for path in MISTAKES.iterdir() if path.is_dir())


def test_there_are_enough() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_a_mistake(name: str, golden: Callable[[Path, str], None]) -> None:
    folder = MISTAKES / name
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    checked = check_folder(folder)
    text = checked.rendered(checked.compiled.diagnostics)
    golden(folder / "expected.txt", text)
    worst, *others = sorted(checked.compiled.diagnostics, key=lambda found: list(Severity).index(found.severity))
    assert (worst.code, f"{worst.span.path}:{checked.place(worst)}") == (case["code"], case["at"])
    assert all(found.severity is Severity.NOTE for found in others), "one mistake gives one finding"
    told = " ".join(filter(None, [worst.message, worst.help, worst.fix and worst.fix.description]))
    assert all(word in told for word in case["says"]), told


def test_without_the_mistake_there_is_no_finding() -> None:
    """Each case is an edit of this pack, so that nothing else in it can be what is found."""
    clean = (MISTAKES / "00-none.limen").read_text(encoding="utf-8")
    assert check({"hateful.limen": clean}).compiled.diagnostics == ()
