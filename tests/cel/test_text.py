"""Expressions as JSON and as text, and back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_dsl.cel.nodes import Ident, Literal, Weight
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.serial import from_json, to_json
from policy_dsl.cel.types import BOOL
from policy_dsl.cel.unparse import unparse
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source
from tests.cel.strategies import INPUTS, typed, weights, wild

EXPRS = st.one_of(wild(), typed(BOOL))
EXAMPLES = settings(max_examples=200, deadline=None)


def same_literals(a, b):
    """Equality of nodes takes `0.0` and `-0.0`, `1` and `true` for one; the JSON form does not."""
    return a == b and to_json(a) == to_json(b)


@EXAMPLES
@given(st.one_of(EXPRS, weights()))
def test_json_reads_back(expr):
    text = json.dumps(to_json(expr), allow_nan=False)
    assert same_literals(from_json(json.loads(text)), expr)
    assert json.dumps(to_json(from_json(json.loads(text)))) == text


@EXAMPLES
@given(EXPRS)
def test_text_reads_back(expr):
    read, found = parse_condition(Source("t", unparse(expr)))
    assert found == ()
    assert same_literals(resolve(read, INPUTS.__contains__), expr)


@pytest.mark.parametrize("text", [
    "a || b && c", "(a || b) && c", "a - (b - c)", "a - b - c", "!(a && b)", "!a && b", "-(-1)", "- -1", "-a", "-(a + b)", "(-1).size()",
    "a ? b : c ? d : e", "(a ? b : c) ? d : e", "a ? (b ? c : d) : e", "a in [b, c] == d", "a.b.c[0].d(e)", "[1, 2].exists(x, x > 1)",
    "{'a': 1}.a", "has(a.b)", "m.`a-b`", "has(m.`a/b`)", "1 == 1u", "1.0", "1e30", "b'\\x00\\xff\"'", r"'\"\n\\\u0007\U000e0001é'", "(a).b",
])  # fmt: skip
def test_text_keeps_its_meaning_with_as_few_parentheses_as_it_needs(text):
    expr, _ = parse_condition(Source("t", text))
    again, _ = parse_condition(Source("t", unparse(expr)))
    assert same_literals(again, expr)
    assert unparse(expr).count("(") <= text.count("(")
    assert unparse(again) == unparse(expr)


@pytest.mark.parametrize("data", [
    [], ["int"], ["int", 5], ["int", "x"], ["float", "1"], ["name"], ["name", 1], ["call"], ["macro", "some", ["null"], "x", ["null"]],
    ["macro", "all", ["null"], "x"], ["map", ["null"]], ["weight", ["name", "x"], ["null"]], ["bytes", "0"], "null", None, ["bool", 1], ["double", "inf"], ["double", "nan"],
    ["get", ["null"], 3], ["list", 3], {"a": 1},
])  # fmt: skip
def test_json_of_no_expression_is_refused(data):
    with pytest.raises(ValueError, match="not an expression"):
        from_json(data)


def test_a_weight_is_written_before_its_value():
    assert unparse(Weight(Literal("double", 0.6), Ident("text.hate"))) == "0.6: text.hate"
