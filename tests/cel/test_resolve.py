"""Chains of fields and the names that they spell."""

import pytest

from policy_dsl.cel.nodes import Call, Ident, Select
from policy_dsl.cel.resolve import dotted, free_names, resolve
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source

DECLARED = {"a.b", "a.b.c", "x", "m", "x.y", "hash.csam.match"}


def resolved(text):
    expr, _ = parse_condition(Source("t", text))
    return resolve(expr, DECLARED.__contains__)


@pytest.mark.parametrize(("text", "expr"), [
    ("hash.csam.match", Ident("hash.csam.match")),
    ("a.b.c", Ident("a.b.c")),
    ("a.b.d", Select(Ident("a.b"), "d")),
    ("a.d", Select(Ident("a"), "d")),
    ("m.k.l", Select(Select(Ident("m"), "k"), "l")),
    ("has(a.b)", Call("has", (Ident("a.b"),))),
    ("has(a.b.d)", Select(Ident("a.b"), "d", test=True)),
    ("has(a.d)", Select(Ident("a"), "d", test=True)),
    ("has(x)", Call("has", (Ident("x"),))),
    ("a.b.f()", Call("f", (), Ident("a.b"))),
    ("a.`b`", Ident("a.b")),
    ("a.`b.c`", Select(Ident("a"), "b.c")),
    ("(a.b).c", Ident("a.b.c")),
])  # fmt: skip
def test_the_longest_declared_prefix_is_the_name(text, expr):
    assert resolved(text) == expr


def test_a_name_covers_its_whole_chain():
    expr = resolved("1 == hash.csam.match")
    name = expr.args[1]
    assert (name.span.start, name.span.end) == (5, 20)


def test_a_macros_variable_shadows_every_name_that_begins_with_it():
    assert [name for name, _ in free_names(resolved("m.exists(x, x.y == x && a.b == 1) || x.y"))] == ["m", "a.b", "x.y"]
    assert [name for name, _ in free_names(resolved("x.y.all(x, x)"))] == ["x.y"]


def test_free_names_come_in_the_order_of_the_text_each_time():
    names = free_names(resolved("x + a.b > x ? [m] : {m: nowhere.z}"))
    assert [name for name, _ in names] == ["x", "a.b", "x", "m", "m", "nowhere"]
    assert [span.start for _, span in names] == [0, 4, 10, 15, 21, 24]


def test_only_a_chain_is_dotted():
    assert dotted(Select(Select(Ident("a"), "b"), "c")) == "a.b.c"
    assert dotted(Select(Call("f", ()), "b")) is None
    assert dotted(Select(Ident("a"), "b c")) is None
