"""cel-python as a second opinion: it says the same wherever it is asked."""

import pytest
from hypothesis import given, settings

from policy_dsl.cel.celpython import portable, program
from policy_dsl.cel.check import check
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import BOOL
from policy_dsl.cel.values import Micro
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source
from tests.cel.strategies import INPUTS, inputs, same, typed


def parsed(text):
    expr, found = parse_condition(Source("t", text))
    assert expr is not None, found
    return resolve(expr, INPUTS.__contains__)


@settings(max_examples=100, deadline=None)
@given(typed(BOOL, 2).filter(lambda expr: portable(expr, INPUTS)), inputs())
def test_both_say_the_same(expr, given_inputs):
    if not check(expr, INPUTS)[1]:
        assert same(program(expr)(given_inputs), interpret(expr, given_inputs.__getitem__))


@pytest.mark.parametrize(("text", "values", "wanted"), [
    ("text.hate >= 0.5", {"text.hate": Micro(500_000)}, True),
    ("text.hate >= image.nudity", {"text.hate": Micro(1), "image.nudity": Micro(2)}, False),
    ("tags.exists(x, x.startsWith('a')) && 'b' in tags", {"tags": frozenset({"ab", "b"})}, True),
    ("1 / n > 0 || flag", {"n": 0, "flag": True}, True),
    ("content.context in ['art', 'none'] ? n > 2 : flag", {"content.context": "art", "n": 3, "flag": False}, True),
])  # fmt: skip
def test_it_runs_what_conditions_are_made_of(text, values, wanted):
    assert portable(parsed(text), INPUTS)
    assert program(parsed(text))(values) is wanted


def test_an_error_is_an_error_for_both():
    assert same(program(parsed("1 / n > 0"))({"n": 0}), interpret(parsed("1 / n > 0"), {"n": 0}.__getitem__))


@pytest.mark.parametrize("text", [
    "span > duration('1h')", "at > timestamp('2026-01-01T00:00:00Z')", "counts.a == 1", "{1: 2}[1] == 2", "int('1') == 1", "u > 1u", "raw == b''", "has(n)", "null == null",
    "n > -9223372036854775808", "type(n) == int", "xs[0] == 1", "at < at", "raw == raw", "body + body == body",
])  # fmt: skip
def test_what_it_takes_otherwise_it_is_not_asked(text):
    assert not portable(parsed(text), INPUTS)
