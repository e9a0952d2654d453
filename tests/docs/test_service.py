"""The page on deciding in a service: its Python runs under the shipped pack and prints what it shows; what it names is there."""

from __future__ import annotations

import re

import pytest

import limen
from tests.docs.pages import DOCS, ROOT, cells, run_python

PAGE = DOCS / "how-to" / "decide-in-a-service.md"


def test_what_is_printed_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    decision = run_python(PAGE, lambda: capsys.readouterr().out)["decision"]
    for name in cells(PAGE, "## Acting on a decision"):
        assert hasattr(decision, name.removesuffix("()")), name


def test_what_it_names_is_public() -> None:
    named = set(re.findall(r"limen\.([A-Z]\w+)", PAGE.read_text(encoding="utf-8")))
    assert len(named) >= 6
    assert named <= set(limen.__all__)
