"""What first-time authors get wrong: each mistake, alone in a right file, gives one finding that says what to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from policy_dsl import nodes as n
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.parser import parse
from policy_dsl.render import render
from policy_dsl.source import Source
from policy_dsl.syntax_codes import SYNTAX_CODES

GOLDEN = Path(__file__).parent.parent / "golden" / "syntax"
NONE = "00-none"
CASES = sorted(path.stem for path in GOLDEN.glob("*.limen") if path.stem != NONE)
# Two words stand in full width there, and two values of a table of rows lack their bars.
TWO_FINDINGS = {"full-width"}
# The policy's own first line is what is broken.
LOSES_ALL = {"policy-no-name"}

every_case = pytest.mark.parametrize("case", CASES)


def source(case: str) -> Source:
    data = (GOLDEN / f"{case}.limen").read_bytes()
    return Source(f"{case}.limen", data.decode("utf-8"))


def leaves(items: tuple[object, ...], owners: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The smallest statements, each with the kinds of the blocks around it."""
    for item in items:
        inner = (*owners, type(item).__name__)
        match item:
            case n.Policy() | n.Region() | n.For() | n.Variant():
                yield from leaves(item.body, inner)
            case n.Ladder():
                yield from leaves(item.rungs, inner)
            case n.Test():
                yield from leaves((*item.given, *item.expect), inner)
            case n.Tests():
                yield from leaves(item.rows, inner)
            case _:
                yield owners, item


def edit(before: str, after: str) -> tuple[int, int]:
    """The part of `before` that `after` has otherwise."""
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    pairs = zip(before[start:][::-1], after[start:][::-1], strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)) - start)
    return start, len(before) - same


def fixed(text: str, finding: Diagnostic) -> str:
    assert finding.fix is not None
    return text[: finding.fix.span.start] + finding.fix.text + text[finding.fix.span.end :]


def test_there_is_nothing_to_find_without_a_mistake() -> None:
    assert parse(source(NONE)).diagnostics == ()


@every_case
def test_what_is_told(case: str, golden: Callable[[Path, str], None]) -> None:
    text = source(case)
    findings = parse(text).diagnostics
    told = render(findings, {text.path: text}, "text", lambda code: f"docs/reference/errors/{code}.md")
    golden(GOLDEN / f"{case}.txt", told)


@every_case
def test_one_mistake_gives_one_finding(case: str) -> None:
    findings = parse(source(case)).diagnostics
    assert len(findings) == (2 if case in TWO_FINDINGS else 1)
    assert {found.code for found in findings} <= set(SYNTAX_CODES)


@every_case
def test_only_the_statement_with_the_mistake_is_lost(case: str) -> None:
    whole = source(NONE)
    start, end = edit(whole.text, source(case).text)
    lost = Counter(leaves(parse(whole).file.items))
    lost.subtract(Counter(leaves(parse(source(case)).file.items)))
    away = [node for (_, node), count in lost.items() if count > 0]
    elsewhere = [node for node in away if node.span.end < start - 1 or node.span.start > end + 1]  # type: ignore[attr-defined]
    assert elsewhere == [] or case in LOSES_ALL
    assert all(count > -2 for count in lost.values()), "a statement is there twice"


@every_case
def test_a_fix_leaves_nothing_to_find(case: str) -> None:
    text = source(case).text
    for found in sorted(parse(source(case)).diagnostics, key=lambda found: found.span, reverse=True):
        if found.fix is None:
            return
        text = fixed(text, found)
    assert parse(Source("fixed.limen", text)).diagnostics == ()


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\0", "a NUL byte"),
        ("\x07", "U+0007"),
        ("\x1b", "U+001B"),
        ("\x85", "U+0085"),
        ("\ud800", "half of a character"),
    ],
)
def test_control_characters(char: str, name: str) -> None:
    findings = parse(Source("c.limen", f"policy a {{\n  severity{char}P1\n}}\n")).diagnostics
    assert [found.code for found in findings] == ["LIM002"]
    assert name in findings[0].message


@pytest.mark.parametrize(
    "change",
    [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("  ", "\t")],
)
def test_byte_order_marks_line_ends_and_tabs_are_fine(change: Callable[[str], str]) -> None:
    text = source(NONE).text
    parsed = parse(Source("00-none.limen", change(text)))
    assert parsed.diagnostics == ()
    assert parsed.file == parse(source(NONE)).file
