"""What is said of a condition's ways to hold is true of every value: found by trying them all."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.values import Micro
from policy_dsl.checks.boxes import can_hold, contradicted
from policy_dsl.parser import parse_condition
from policy_dsl.program import Guard, Input
from policy_dsl.source import Source

INPUTS = {
    "a.flag": Input("a.flag", "bool"),
    "a.word": Input("a.word", "enum", values=("x", "y", "z")),
    "a.count": Input("a.count", "int", minimum=0, maximum=3),
    "a.score": Input("a.score", "score"),
}
VALUES = {
    "a.flag": (False, True),
    "a.word": ("x", "y", "z"),
    "a.count": (0, 1, 2, 3),
    "a.score": tuple(map(Micro, (0, 1, 499_999, 500_000, 500_001, 999_999, 1_000_000))),
}
ATOMS = (
    "a.flag", "!a.flag", "a.flag == false", 'a.word == "x"', 'a.word != "x"', 'a.word in ["x", "y"]', 'a.word in ["z"]',
    "a.count > 1", "a.count < 2", "a.count >= 3", "0 >= a.count", "a.count == 2", "a.count != 0", "a.count in [0, 3]",
    "a.score >= 0.5", "a.score < 0.5", "0.5 < a.score", "a.score <= 0.000001", "a.score == 1.0", "true", "false",
)  # fmt: skip


def read(text: str) -> Expr:
    expr, found = parse_condition(Source("p", text))
    assert expr is not None, found
    return resolve(expr, INPUTS.__contains__)


def conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from(("&&", "||")), inner) | inner.map("!({})".format)
        ),
        max_leaves=5,
    )


@given(conditions())
def test_what_cannot_hold_never_holds(text: str) -> None:
    expr = read(text)
    answers = {interpret(expr, dict(zip(VALUES, row, strict=True)).__getitem__) for row in product(*VALUES.values())}
    if not can_hold(expr, INPUTS):
        assert answers == {False}
    if not can_hold(expr, INPUTS, positive=False):
        assert answers == {True}


@pytest.mark.parametrize(
    "text",
    [
        'a.word == "x" && a.word == "y"',
        "a.count > 5",
        "a.count > 2 && a.count < 3",
        "a.score > 0.5 && a.score < 0.500001",
        "a.flag && !a.flag",
        'a.word == "x" && !(a.word in ["x", "y"])',
        '(a.word == "x" || a.word == "y") && a.word == "z"',
        "0.9 <= a.score && a.score <= 0.1",
        'a.word != "x" && a.word != "y" && a.word != "z"',
        "false",
    ],
)
def test_contradictions_are_seen(text: str) -> None:
    assert not can_hold(read(text), INPUTS)


@pytest.mark.parametrize(
    "text",
    [
        'a.word == "x" || a.word == "y"',
        "a.count > 1 && a.count < 3",
        "a.score > 0.5 && a.score < 0.500002",
        "a.count > 1 || a.count < 1",
        "a.other > 5 && a.other < 3",
    ],
)
def test_near_misses_are_not(text: str) -> None:
    assert can_hold(read(text), INPUTS)


def test_a_for_block_around_is_asked_too() -> None:
    expr = read('a.word == "x"')
    assert not can_hold(expr, INPUTS, Guard(within=(("a.word", ("y", "z")),)))
    assert can_hold(expr, INPUTS, Guard(within=(("a.word", ("x", "z")),)))


def test_the_input_at_fault_is_named() -> None:
    assert contradicted(read('a.flag && a.word == "x" && a.word == "y"'), INPUTS) == "a.word"
    assert contradicted(read("a.flag || a.count > 5"), INPUTS) is None


def test_too_many_ways_say_nothing() -> None:
    text = " && ".join(f"(a.count == {i % 4} || a.flag)" for i in range(9)) + " && false"
    assert can_hold(read(text), INPUTS)
