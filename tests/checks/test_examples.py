"""The language's own examples: no error, and of warnings only true ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy_dsl.diagnostics import Severity
from tests.checks.packs import check

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "tests" / "policy_dsl" / "fixtures" / "examples"
# `reduce >= 0.70` in a block where `block` begins at 0.60; and policies whose examples bring no tests.
TRUE_WARNINGS = {
    ("ads.limen", "LIM206", "reduce >= 0.70"),
    ("ads.limen", "LIM215", "suggestive"),
    ("live.limen", "LIM215", "live_safety"),
}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.limen"))}


def test_the_examples_load_with_true_warnings_only(texts: dict[str, str]) -> None:
    assert len(texts) == 6
    checked = check(texts)
    assert checked.errors == []
    warnings = [found for found in checked.compiled.diagnostics if found.severity is Severity.WARNING]
    assert {(found.span.path, found.code, checked.text(found)) for found in warnings} == TRUE_WARNINGS


def test_the_order_of_files_never_matters(texts: dict[str, str]) -> None:
    backwards = dict(reversed(texts.items()))
    assert check(texts).compiled.diagnostics == check(backwards).compiled.diagnostics
