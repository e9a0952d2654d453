"""The reference page on conditions: its examples do what the comment behind each says, its tables and figures are true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from policy_dsl.cel.check import check
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.partial import NA, Err, Unknown
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import BOOL, INT, SCORE, STRING, enum_of, set_of
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source
from tests.cel.conformance.test_conformance import ALL, exceptions, refusals
from tests.docs.pages import DOCS, snippets

PAGE = DOCS / "reference" / "conditions.md"
TEXT = PAGE.read_text(encoding="utf-8")
TYPES = {
    "text.hate": SCORE, "image.nudity": SCORE, "author.age_days": INT, "content.context": enum_of(("none", "medical", "art")),
    "content.tags": set_of(STRING), "hash.match": BOOL, "text.body": STRING,
}  # fmt: skip


OPERANDS = {"true": True, "false": False, "unknown": Unknown(frozenset({"x"})), "error": Err("no"), "n/a": NA}


def lines() -> Iterator[str]:
    for block in snippets(PAGE, "cel"):
        yield from block.text.splitlines()


def outcome(text: str) -> str | None:
    read, found = parse_condition(Source("t", text))
    assert read is not None, found
    expr = resolve(read, TYPES.__contains__)
    findings = check(expr, TYPES)[1]
    if findings:
        return " ".join(finding.code for finding in findings)
    if any(name in text for name in TYPES):
        return None
    result = interpret(expr, {}.__getitem__)
    return "error" if isinstance(result, Err) else str(result).lower()


@pytest.mark.parametrize("line", tuple(lines()))
def test_an_example_does_what_it_says(line: str) -> None:
    text, _, wanted = line.partition("#")
    assert outcome(text) == (wanted.strip() or None)


def table() -> dict[tuple[str, str], str]:
    """The page's table of `&&`: its two operands -> what it comes to."""
    rows = ("| `&&` |" + TEXT.partition("\n| `&&` |")[2].partition("\n\n")[0]).splitlines()
    (_, *head), _, *body = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in rows]
    return {(left, right): value for left, *values in body for right, value in zip(head, values, strict=True)}


def come_to(symbol: str, left: str, right: str) -> str:
    read, _ = parse_condition(Source("t", f"left {symbol} right"))
    assert read is not None
    values: dict[str, Any] = {"left": OPERANDS[left], "right": OPERANDS[right]}
    result = interpret(resolve(read, values.__contains__), values.__getitem__)
    names = {Unknown: "unknown", Err: "error"}
    return names.get(type(result)) or next(name for name, value in OPERANDS.items() if value is result)


def test_the_table_of_and_and_its_mirror() -> None:
    shown = table()
    mirror = {"true": "false", "false": "true"}
    assert len(shown) == 25
    for (left, right), value in shown.items():
        assert come_to("&&", left, right) == value
        assert come_to("||", mirror.get(left, left), mirror.get(right, right)) == mirror.get(value, value)


def test_the_figures_are_those_of_the_conformance_cases() -> None:
    refused = {code: len(names) for code, names in refusals().items()}
    assert f"Of the {ALL:,} official conformance cases" in TEXT
    assert f"{ALL - len(exceptions()):,} come out right" in TEXT
    assert (
        f"{sum(refused.values())} of the cases that have a value are refused on purpose: {refused['LIM340']} have"
        in TEXT
    )
