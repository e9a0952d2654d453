"""The generated code: plain Python where the types allow it, and right where plain Python would not be."""

import math

import pytest

from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.lowering import lower, lower_condition, to_function
from policy_dsl.cel.partial import Err
from policy_dsl.cel.pycode import Constants, Name
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import BOOL
from policy_dsl.cel.values import INT_MIN, CelError, CelMap, Duration, Micro
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source
from tests.cel.strategies import INPUTS

NAMES = {name: Name(name.replace(".", "_"), of, f"{name.replace('.', '_')}_applies") for name, of in INPUTS.items()}


def parsed(text):
    expr, found = parse_condition(Source("t", text))
    assert expr is not None, found
    return resolve(expr, INPUTS.__contains__)


def code(text, constants=None):
    return lower(parsed(text), NAMES, constants or Constants())


def run(text, **inputs):
    inputs = {name.replace("__", "."): value for name, value in inputs.items()}
    try:
        result = to_function(parsed(text), INPUTS)(inputs)
    except CelError as error:
        result = Err(str(error))
    assert result == interpret(parsed(text), inputs.__getitem__)
    return result


@pytest.mark.parametrize(("text", "source"), [
    ("n >= 3 && body == 'x'", "((n >= 3) and (body == 'x'))"),
    ("text.hate >= 0.9", "(text_hate >= 900000)"),
    ("0.000001 < text.hate || text.hate < image.nudity", "((1 < text_hate) or (text_hate < image_nudity))"),
    ("!hash.match", "(not hash_match)"),
    ("body.startsWith('a') && body.contains('b') && 'x'.endsWith(body)", "(body.startswith('a') and ('b' in body) and 'x'.endswith(body))"),
    ("size(body) > 3", "(len(body) > 3)"),
    ("'a' in tags", "('a' in tags)"),
    ("tags.exists(x, x == 'a')", "any((cel_v0 == 'a') for cel_v0 in tags)"),
    ("xs.all(x, x > n)", "all((cel_v0 > n) for cel_v0 in xs)"),
    ("n > 1.5 || ratio > 1", "((n > 1.5) or (ratio > 1))"),
    ("ratio * 2.0 + 1.0 > 0.0", "(((ratio * 2.0) + 1.0) > 0.0)"),
    ("flag ? n : 3", "(n if flag else 3)"),
    ("has(text.hate)", "text_hate_applies"),
    ("content.context != 'art'", "(content_context != 'art')"),
    ("1 + 1 == n", "(2 == n)"),
])  # fmt: skip
def test_what_cannot_err_is_plain_python(text, source):
    assert code(text).source == source
    assert not code(text).can_err


@pytest.mark.parametrize(("text", "source"), [
    ("n + 1 > 3", "(cel_int64(n + 1) > 3)"),
    ("n + 1 > 3 && flag", "(flag and (cel_int64(n + 1) > 3))"),
    ("n / 0 > 3 || flag", "(flag or (cel_div(n, 0) > 3))"),
    ("xs[0] == 1 && n % 2 == 0", "((cel_mod(n, 2) == 0) and (cel_index(xs, 0) == 1))"),
    ("xs[0] == 1 || counts.a > 1", "(cel_or(lambda: (cel_index(xs, 0) == 1), lambda: (cel_select(counts, 'a') > 1)))"),
])  # fmt: skip
def test_what_can_err_says_so_and_comes_last(text, source):
    assert code(text).can_err
    assert code(text).source == source


def test_constants_become_globals():
    constants = Constants()
    before = set(constants.globals)
    source = code(
        "content.context in ['art', 'none'] && body.matches('^a+$') && span > duration('1h')", constants
    ).source
    added = {name: value for name, value in constants.globals.items() if name not in before}
    assert frozenset({"art", "none"}) in added.values()
    assert Duration(3_600_000_000_000) in added.values()
    function = eval(f"lambda content_context, body, span: {source}", constants.globals)
    assert [function("art", body, Duration(2**62)) for body in ("aa", "ab")] == [True, False]


def test_a_condition_is_a_bool_or_errs():
    condition = lower_condition(parsed("n"), NAMES, Constants())
    assert (condition.type, condition.can_err, condition.source) == (BOOL, True, "cel_bool(n)")
    assert lower_condition(parsed("flag"), NAMES, Constants()).source == "flag"


def test_a_nan_is_in_no_list_even_if_it_is_the_same_object():
    nan = math.nan
    assert run("ratio in ds", ratio=nan, ds=(nan,)) is False
    assert run("ds == ds", ds=(nan,)) is False


def test_a_division_by_minus_one_can_err():
    assert code("n / -1 > 0").can_err
    assert not code("n / 2 > 0").can_err
    assert run("n / -1 > 0 || flag", n=INT_MIN, flag=True) is True
    assert run("n / -1 > 0", n=INT_MIN) == Err("integer overflow")


def test_constants_that_python_cannot_spell():
    assert run("ratio < 1.0 / 0.0", ratio=1.0) is True
    assert run("ratio == 0.0 / 0.0", ratio=1.0) is False
    assert run("u == 18446744073709551615u", u=5) is False


def test_the_first_error_of_a_set_is_the_same_each_time():
    tags = frozenset(f"tag{i}" for i in range(50))
    assert run("tags.all(x, counts[x] > 0)", tags=tags, counts=CelMap()) == Err("no such key: 'tag0'")


def test_python_and_cel_differ_on_these():
    assert run("true == dyn(1)") is False
    assert run("dyn(1) in [true]") is False
    assert run("-7 / 2 == -3 && -7 % 2 == -1 && n % 2 == -1", n=-7) is True
    assert run("'ab' < 'b' && 'Z' < 'a'") is True
    assert run("n == 9007199254740993.0", n=9007199254740993) is False
    assert run("{true: 1, 1: 2}[true]") == 1


def test_scores_are_whole_millionths_and_nothing_else():
    assert run("text.hate == 0.1", text__hate=Micro(100_000)) is True
    assert run("text.hate == 1", text__hate=Micro(1_000_000)).message.startswith("no such overload")
    assert run("text.hate + 0.1 > 0.0", text__hate=Micro(1)).message.startswith("no such overload")
    assert run("[text.hate].exists(x, x >= 0.5)", text__hate=Micro(500_000)) is True
    assert (
        run("(flag ? text.hate : image.nudity) > 0.4", flag=True, text__hate=Micro(500_000), image__nudity=Micro(0))
        is True
    )
