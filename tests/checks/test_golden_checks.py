"""Each code's golden case: `bad` has the finding and, of errors, no other; `good`, which is nearly the same, has not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from policy_dsl.codes import CODES
from policy_dsl.diagnostics import Severity
from tests.checks.packs import GOLDEN, Checked, check_folder

CASES = sorted(path.name for path in (GOLDEN / "checks").iterdir() if path.is_dir())


def told(checked: Checked, code: str) -> str:
    """The errors and the findings of the code itself; other lints of so small a pack would only distract."""
    findings = checked.compiled.diagnostics
    return checked.rendered(found for found in findings if found.severity is Severity.ERROR or found.code == code)


@pytest.mark.parametrize("code", CASES)
def test_bad(code: str, golden: Callable[[Path, str], None]) -> None:
    folder = GOLDEN / "checks" / code
    checked = check_folder(folder / "bad")
    assert code in checked.codes
    assert set(checked.errors) <= {code}, "one mistake gives one finding"
    golden(folder / "expected.txt", told(checked, code))


@pytest.mark.parametrize("code", CASES)
def test_good(code: str) -> None:
    checked = check_folder(GOLDEN / "checks" / code / "good")
    assert code not in checked.codes
    assert checked.errors == []
    assert checked.compiled.program is not None


def test_each_finding_is_as_bad_as_its_code_says() -> None:
    for code in CASES:
        for found in check_folder(GOLDEN / "checks" / code / "bad").compiled.diagnostics:
            assert found.severity is CODES[found.code].severity, found
