"""The generated code and the interpreter come to the same, whatever the expression, the inputs and what is known of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_dsl.cel.check import check
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.lowering import to_function
from policy_dsl.cel.partial import Err
from policy_dsl.cel.types import BOOL, DYN, INT, STRING
from policy_dsl.cel.values import CelError
from tests.cel.strategies import INPUTS, inputs, same, typed, wild

EXAMPLES = settings(max_examples=200, deadline=None)
UNTYPED = dict.fromkeys(INPUTS, DYN)


def generated(expr, types, given_inputs, *, fold=True):
    try:
        return to_function(expr, types, fold=fold)(given_inputs)
    except CelError as error:
        return Err(str(error))


def interpreted(expr, given_inputs):
    return interpret(expr, given_inputs.__getitem__)


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("types", [UNTYPED, INPUTS], ids=["untyped", "typed"])
@EXAMPLES
@given(expr=wild(), given_inputs=inputs())
def test_senseless_expressions_agree(expr, given_inputs, types, fold):
    assert same(generated(expr, types, given_inputs, fold=fold), interpreted(expr, given_inputs))


@pytest.mark.parametrize("types", [UNTYPED, INPUTS], ids=["untyped", "typed"])
@EXAMPLES
@given(expr=st.one_of(typed(BOOL), typed(INT), typed(STRING)), given_inputs=inputs())
def test_sensible_expressions_agree(expr, given_inputs, types):
    assert generated(expr, types, given_inputs) == interpreted(expr, given_inputs)


@EXAMPLES
@given(expr=typed(BOOL), given_inputs=inputs())
def test_what_the_check_accepts_is_a_bool_or_an_error_of_its_values(expr, given_inputs):
    of, findings = check(expr, INPUTS)
    assert [f for f in findings if f.code not in ("LIM333", "LIM332")] == []
    result = interpreted(expr, given_inputs)
    assert of in (BOOL, DYN)
    assert type(result) is bool or (isinstance(result, Err) and "overload" not in result.message)


def test_one_function_in_many_threads_gives_each_its_own_answer():
    from policy_dsl.cel.resolve import resolve
    from policy_dsl.parser import parse_condition
    from policy_dsl.source import Source

    text = '1 / n > 0 || xs.exists(x, xs.all(y, x / y >= 0) && x == n) || body.matches("^a+$")'
    expr, _ = parse_condition(Source("t", text))
    expr = resolve(expr, INPUTS.__contains__)
    function = to_function(expr, INPUTS)
    cases = [{"n": n, "xs": (n, n + 1, 0), "body": "a" * n + "b" * (n % 2)} for n in range(40)]
    wanted = [interpreted(expr, case) for case in cases]

    def run(case):
        try:
            return function(case)
        except CelError as error:
            return Err(str(error))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, cases * 50)) == wanted * 50
