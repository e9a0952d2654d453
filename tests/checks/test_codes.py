"""The table of codes: behind each a place in the code that gives it, a page, a golden case and a near miss."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy_dsl.codes import CODES
from policy_dsl.diagnostics import Severity

ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "docs" / "reference" / "errors"
GOLDEN = ROOT / "tests" / "golden" / "checks"
SOURCES = tuple((ROOT / "policy_dsl").rglob("*.py")) + tuple((ROOT / "engine").rglob("*.py"))
TABLES = ("codes.py", "syntax_codes.py")
SECTIONS = ["## Avoid", "## Prefer", "## Why"]
BLOCK = re.compile(r"```limen\n(.*?)```", re.DOTALL)

every_code = pytest.mark.parametrize("code", sorted(CODES))


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def decoded(path: Path) -> str:
    """Of a file that is not UTF-8 (a mistake, too) what its author meant."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


@pytest.fixture(scope="module")
def given_by() -> dict[str, set[str]]:
    """Each code -> the modules that name it, tables of codes aside."""
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        if path.name not in TABLES:
            for code in re.findall(r"\"(LIM[0-9]{3})\"", path.read_text(encoding="utf-8")):
                found.setdefault(code, set()).add(path.name)
    return found


@every_code
def test_something_gives_it(code: str, given_by: dict[str, set[str]]) -> None:
    assert given_by.get(code)


def test_every_code_that_is_given_stands_in_the_table(given_by: dict[str, set[str]]) -> None:
    assert set(given_by) <= set(CODES)


@every_code
def test_it_has_a_page(code: str) -> None:
    text = page(code)
    lines = text.splitlines()
    assert lines[0] == f"# {code} {CODES[code].title}"
    cause = text.split("\n\n")[1]
    assert cause.endswith(".")
    assert "\n" not in cause.strip()
    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert len(BLOCK.findall(text)) == 2


@every_code
def test_its_page_shows_what_the_golden_case_runs(code: str) -> None:
    """Every line of an example, comments aside, stands in the case's files: so no page shows what the checker does not find."""
    for side, block in zip(("bad", "good"), BLOCK.findall(page(code)), strict=True):
        files = [path for path in (GOLDEN / code / side).rglob("*") if path.is_file()]
        written = {line.partition("#")[0].strip() for path in files for line in decoded(path).splitlines()}
        shown = {line.partition("#")[0].strip() for line in block.splitlines()} - {""}
        assert shown <= written, f"{side}: {shown - written}"


@every_code
def test_it_has_a_golden_case_and_a_near_miss(code: str) -> None:
    for side in ("bad", "good"):
        assert any((GOLDEN / code / side).rglob("*.limen")), f"{side} is missing"
    assert (GOLDEN / code / "expected.txt").read_text(encoding="utf-8").strip()


def test_the_index_lists_every_code_once() -> None:
    rows = re.findall(
        r"^\| \[(LIM\d{3})\]\(\1\.md\) \| (\w+) \| (.+) \|$",
        (PAGES / "index.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert rows == [(row.code, str(row.severity), row.title) for row in CODES.values()]


def test_no_page_or_case_is_left_over() -> None:
    assert {path.stem for path in PAGES.glob("LIM*.md")} == set(CODES)
    assert {path.name for path in GOLDEN.iterdir() if path.is_dir()} == set(CODES)


def test_slugs_are_distinct_and_titles_are_phrases() -> None:
    slugs = [row.slug for row in CODES.values()]
    assert len(set(slugs)) == len(slugs)
    for row in CODES.values():
        assert re.fullmatch(r"LIM\d{3}", row.code)
        assert row.title[0].islower() or row.title[0] == "`"
        assert not row.title.endswith(".")
        assert row.severity in Severity
