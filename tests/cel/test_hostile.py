"""Conditions and inputs made to hurt: none takes longer than its length, none escapes as anything but a CEL error."""

from bisect import bisect_left

import pytest

from policy_dsl.cel.check import check
from policy_dsl.cel.functions import compiled
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.lowering import to_function
from policy_dsl.cel.partial import Err
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.serial import from_json, to_json
from policy_dsl.cel.times import parse_duration, parse_timestamp
from policy_dsl.cel.types import DYN, INT, STRING
from policy_dsl.cel.unparse import unparse
from policy_dsl.cel.values import CelError
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source

MANY = 200_000  # a quadratic reader would take hours over this, an exponential one for ever


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "^(a|a)*$",
        "(a|aa)+$",
        "(.*)(.*)(.*)(.*)(.*)x",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "a?" * 50 + "a" * 50 + "b",
    ],
)
def test_a_pattern_never_backtracks(pattern):
    assert not compiled(pattern)("a" * MANY + "!")


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "a{1000}{1000}", "(" * 2000, "\ud800", "["])
def test_a_pattern_that_is_not_linear_is_refused(pattern):
    with pytest.raises(CelError):
        compiled(pattern)


def test_a_pattern_may_search_what_is_no_unicode():
    assert compiled("^.$")("\ud800")
    assert compiled("b")("\ud800b")


@pytest.mark.parametrize(
    "text",
    [
        "a" * MANY,
        "1" * MANY,
        "1" * MANY + "s",
        "0" * MANY,
        "0." + "1" * MANY,
        "99h" * MANY,
        "-" * MANY,
        "." * MANY,
        "1.1.1" * MANY,
    ],
)
def test_a_duration_is_read_once(text):
    with pytest.raises(CelError):
        parse_duration(text)


def test_a_long_duration_is_read_all_the_same():
    assert parse_duration("0." + "0" * MANY + "s").nanos == 0
    assert parse_duration("0s" * MANY).nanos == 0


@pytest.mark.parametrize("text", ["9" * MANY, "2026-03-01T00:00:00." + "1" * MANY, "2026-03-01T00:00:00" + "Z" * MANY])
def test_a_timestamp_is_read_once(text):
    with pytest.raises(CelError):
        parse_timestamp(text)


@pytest.mark.parametrize("function", ["int", "uint", "double", "bool", "timestamp", "duration"])
@pytest.mark.parametrize("text", ["9" * MANY + "x", "-" * MANY, "1." * MANY, "1e" + "9" * MANY + "x"])
def test_a_conversion_is_read_once(function, text):
    assert isinstance(interpret(parsed(f"{function}(s)"), {"s": text}.__getitem__), Err)


def parsed(text):
    expr, found = parse_condition(Source("t", text))
    assert expr is not None, found
    return resolve(expr, {"s", "n"}.__contains__)


# Each takes a depth; the test looks for the deepest that the parser takes.
DEEP = {
    "a chain of ||": lambda k: " || ".join(["n == 1"] * k), "a chain of &&": lambda k: " && ".join(["1 / n == 1"] * k),
    "a sum": lambda k: " + ".join(["n"] * k) + " == 1", "parentheses": lambda k: "(" * k + "n" + " + 1)" * k + " == 99",
    "parentheses on the right": lambda k: "(1 + " * k + "n" + ")" * k + " == 99", "negations": lambda k: "!" * k + "(n == 1)",
    "minuses": lambda k: "-" * k + "n == 1", "lists": lambda k: "[" * k + "n" + "]" * k + " == []", "maps": lambda k: "{1: " * k + "n" + "}" * k + " == n",
    "choices": lambda k: "n == 2 ? true : " * k + "false", "macros": lambda k: "[n].exists(x, " * k + "x == n" + ")" * k,
    "macros that err": lambda k: "[n].all(x, " * k + "1 / x == n" + ")" * k, "calls": lambda k: "size(string(" * k + "n" + "))" * k + " == 1",
    "methods": lambda k: "'a'.contains(" * k + "s" + ")" * k, "indexes": lambda k: "n" + "[0]" * k, "fields": lambda k: "{'a': n}" + ".a" * k,
    "chained maps": lambda k: "[n]" + ".map(x, x)" * k + " == [n]",
    "a mixture": lambda k: "(n == 1 && (n > 2 || !(" * k + "1 / n == 1" + ")))" * k,
}  # fmt: skip


def deepest(form):
    """The parser takes every depth up to some limit, and none beyond."""
    limit = bisect_left(range(1, 300), True, key=lambda k: parse_condition(Source("t", form(k)))[0] is None)
    return parsed(form(limit))


def below(frames, call):
    """`call()` with that many more frames on the stack, as in a service."""
    return below(frames - 1, call) if frames else call()


def generated(expr, types, inputs):
    try:
        return to_function(expr, types)(inputs)
    except CelError as error:
        return Err(str(error))


@pytest.mark.parametrize("form", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize("types", [{"n": INT, "s": STRING}, {"n": DYN, "s": DYN}], ids=["typed", "untyped"])
def test_what_the_parser_takes_runs_however_deep(form, types):
    expr = deepest(form)
    below(200, lambda: check(expr, types))
    assert below(200, lambda: from_json(to_json(expr))) == expr
    assert parsed(below(200, lambda: unparse(expr))) == expr
    for n in (0, 1, 2):
        inputs = {"n": n, "s": ""}
        result, wanted = below(200, lambda: (generated(expr, types, inputs), interpret(expr, inputs.__getitem__)))  # noqa: B023
        assert result == wanted
