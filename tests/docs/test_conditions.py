"""The reference page on conditions: every line of its examples does what the comment behind it says."""

import re
from pathlib import Path

import pytest

from policy_dsl.cel.check import check
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.partial import Err
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import BOOL, INT, SCORE, STRING, enum_of, set_of
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conditions.md"
TYPES = {
    "text.hate": SCORE, "image.nudity": SCORE, "author.age_days": INT, "content.context": enum_of(("none", "medical", "art")),
    "content.tags": set_of(STRING), "hash.match": BOOL, "text.body": STRING,
}  # fmt: skip


def lines():
    for block in re.findall(r"```cel\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        yield from block.splitlines()


def outcome(text):
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
def test_an_example_does_what_it_says(line):
    text, _, wanted = line.partition("#")
    assert outcome(text) == (wanted.strip() or None)
