"""The page on review load: its staffing file is read, and its Python prints what it shows."""

from __future__ import annotations

import pytest

from simulator.staffing_file import parse_staffing
from tests.docs.pages import DOCS, cells, run_python, snippets

PAGE = DOCS / "explanation" / "review-load.md"


def test_its_staffing_is_read_and_its_keys_are_told() -> None:
    (block,) = snippets(PAGE, "yaml")
    found = parse_staffing(block.text, "staffing.yaml", ("general", "specialist"), ("P0", "P1"))
    assert set(found.rosters) == {"general", "specialist"}
    assert {"timezone", "queues", "shifts", "reviewers", "handling", "tiers", "shrinkage"} <= cells(
        PAGE, "## The staffing file"
    )


def test_what_is_printed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run_python(PAGE, lambda: capsys.readouterr().out)
