"""Unknown, not applicable and erring inputs: the tables of S2, S3 and rulings R3, R8, R22."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.partial import NA, SCORES, Err, Interval, Unknown, is_open
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import BOOL, INT
from policy_dsl.cel.values import Micro
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source
from tests.cel.strategies import INPUTS, inputs, same, typed


def unknown(name, domain=None):
    return Unknown(frozenset({name}), domain)


STATES = {
    "yes": True, "no": False, "gone": unknown("gone"), "lost": unknown("lost"), "na": NA, "bad": Err("bad"),
    "s.gone": unknown("s.gone", SCORES), "s.lost": unknown("s.lost", SCORES), "s.half": Micro(500_000), "s.na": NA,
    "n.gone": unknown("n.gone", Interval(0, None)), "n.small": unknown("n.small", Interval(0, 2)), "n": 5,
    "kind": unknown("kind", frozenset({"a", "b"})), "flag": unknown("flag", frozenset({True, False})), "tags": frozenset({"a", "c"}),
    "list": (1, 2, 3), "list.gone": unknown("list.gone"),
}  # fmt: skip


def ask(text, states=STATES):
    expr, found = parse_condition(Source("t", text))
    assert expr is not None, found
    return interpret(resolve(expr, states.__contains__), states.__getitem__)


def shown(result):
    return (
        {True: "T", False: "F"}.get(result)
        if isinstance(result, bool)
        else "N"
        if result is NA
        else type(result).__name__[0]
    )


OPERANDS = {"T": "yes", "F": "no", "U": "gone", "E": "bad", "N": "na"}
# Rows and columns in this order; the operators are symmetric.
TABLES = {
    "&&": {"T": "TFUEN", "F": "FFFFF", "U": "UFUUU", "E": "EFUEE", "N": "NFUEN"},
    "||": {"T": "TTTTT", "F": "TFUEN", "U": "TUUUU", "E": "TEUEE", "N": "TNUEN"},
}


@pytest.mark.parametrize("operator", TABLES)
@pytest.mark.parametrize("left", OPERANDS)
def test_the_tables_of_and_and_or(operator, left):
    row = [shown(ask(f"{OPERANDS[left]} {operator} {right}")) for right in OPERANDS.values()]
    assert "".join(row) == TABLES[operator][left]


@pytest.mark.parametrize(("operand", "wanted"), [("yes", "F"), ("no", "T"), ("gone", "U"), ("bad", "E"), ("na", "N")])
def test_not_keeps_what_is_open(operand, wanted):
    assert shown(ask(f"!{operand}")) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("gone ? 1 : 1", "U"), ("na ? 1 : 1", "N"), ("bad ? 1 : 1", "E"), ("yes ? na : gone", "N"), ("no ? na : gone", "U"),
    ("1 ? yes : no", "E"),
])  # fmt: skip
def test_the_condition_of_a_choice_decides_what_it_is(text, wanted):
    assert shown(ask(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("n + n.gone > 3", "U"), ("n.gone < na", "U"), ("n.gone < bad", "U"), ("na < bad", "E"), ("na < n", "N"), ("s.na >= 0.5", "N"),
    ("size(list.gone) > 0", "U"), ("[n.gone, 1][1] == 1", "U"), ("{'a': na}['a'] == 1", "N"), ("n.gone + 1 >= 1", "U"),
])  # fmt: skip
def test_strict_operations_are_as_open_as_the_worst_operand(text, wanted):
    assert shown(ask(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("s.gone >= 0.0", "T"), ("s.gone <= 1.0", "T"), ("s.gone > 1.0", "F"), ("s.gone < 0.0", "F"), ("0.0 <= s.gone", "T"),
    ("s.gone >= 0.000001", "U"), ("s.gone < 1.0", "U"), ("s.gone == 0.5", "U"), ("s.gone >= s.half", "U"), ("s.gone == s.lost", "U"),
    ("s.gone >= s.gone", "U"), ("s.half >= 0.5", "T"), ("s.half > 0.5", "F"), ("s.gone >= 0.5 || s.gone < 0.5", "U"),
    ("n.gone >= 0", "T"), ("n.gone < 0", "F"), ("n.gone == -1", "F"), ("n.gone != -1", "T"), ("n.gone > 0", "U"), ("-1 < n.gone", "T"),
    ("n.gone <= 9223372036854775807", "U"), ("n.small <= 2", "T"), ("n.small < n", "T"), ("n.small == n.gone", "U"),
    ("n.small in [0, 1, 2]", "T"), ("n.small in [0, 1]", "U"), ("n.small in [3, 4]", "F"), ("n.small in []", "F"),
    ("n.small in [2, 1, 0, 0, 9]", "T"), ("n.small == 'a'", "F"), ("n.small < 'a'", "U"), ("n.gone in ['a']", "F"),
    ("kind == 'z'", "F"), ("kind != 'z'", "T"), ("kind == 'a'", "U"), ("kind in ['a', 'b']", "T"), ("kind in ['a']", "U"),
    ("kind in tags", "U"), ("kind in ['z']", "F"), ("flag in [true, false]", "T"), ("flag == flag", "U"), ("flag && kind == 'z'", "F"),
    ("kind < 'c'", "T"), ("'zz' in list.gone", "U"), ("gone == 1", "U"), ("s.gone >= 0.1234567", "U"), ("s.half >= 0.1234567", "E"),
])  # fmt: skip
def test_a_comparison_is_decided_where_every_value_answers_alike(text, wanted):
    assert shown(ask(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("has(na)", "F"), ("has(gone)", "T"), ("has(bad)", "T"), ("has(s.na)", "F"), ("has(s.gone)", "T"), ("has(n)", "T"),
    ("has({'a': 1}.a)", "T"), ("has({'a': gone}.a)", "U"),
])  # fmt: skip
def test_has_asks_whether_an_input_applies(text, wanted):
    assert shown(ask(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("list.all(x, x > 0 && gone)", "U"), ("list.all(x, x > 1 && gone)", "F"), ("list.exists(x, x == 2 || na)", "T"),
    ("list.exists(x, x == 9 || na)", "N"), ("list.exists(x, x == 2 ? bad : gone)", "U"), ("list.exists_one(x, x == 2 || na)", "N"),
    ("list.exists_one(x, x == 2)", "T"), ("list.map(x, gone)", "U"), ("list.filter(x, na)", "N"), ("list.map(x, x == 2, bad)", "E"),
    ("list.map(x, x == 9, bad) == []", "T"), ("list.gone.all(x, false)", "U"), ("[].all(x, bad)", "T"), ("list.map(x, x == 2 ? 1 / 0 : gone)", "U"),
    ("n.exists(x, true)", "E"), ("list.all(x, 1)", "E"),
])  # fmt: skip
def test_macros_fold_like_and_and_or(text, wanted):
    assert shown(ask(text)) == wanted


def test_an_unknown_names_every_input_that_it_waits_for():
    assert ask("gone && yes && lost").deps == {"gone", "lost"}
    assert ask("gone && no").__class__ is bool
    assert ask("n.gone + n.small > 2 || s.gone > 0.5").deps == {"n.gone", "n.small", "s.gone"}
    assert ask("gone ? lost : lost").deps == {"gone"}


def test_an_undeclared_name_is_an_error_unless_it_names_a_type():
    assert ask("nowhere == 1") == Err("undeclared reference to nowhere")
    assert ask("type(1) == int") is True


DOMAINS = {"bool": frozenset({True, False}), "score": SCORES, "enum": frozenset({"none", "medical", "art"})}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_decided_with_inputs_missing_is_so_for_each_value_of_them(data):
    expr = data.draw(st.one_of(typed(BOOL), typed(INT)))
    missing = data.draw(st.sets(st.sampled_from(list(INPUTS)), min_size=1))
    known = data.draw(inputs())
    partial = {
        name: unknown(name, DOMAINS.get(INPUTS[name].name)) if name in missing else value
        for name, value in known.items()
    }
    result = interpret(expr, partial.__getitem__)
    if isinstance(result, Unknown):
        assert result.deps <= missing
    if not is_open(result):
        assert same(result, interpret(expr, known.__getitem__))
