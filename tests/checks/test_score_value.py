"""What a test's `given` comes to is what the evaluators compute."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.intervals import Span, evaluate
from policy_dsl.checks.score_value import score_value
from policy_dsl.program import MICRO

NAMES = ("a", "b", "c")
micros = st.sampled_from((0, 1, 333_333, 499_999, 500_000, 785_138, 976_574, MICRO)) | st.integers(0, MICRO)


def expressions() -> st.SearchStrategy[list[Any]]:
    leaves = st.sampled_from(NAMES).map(lambda name: ["ref", name]) | micros.map(lambda value: ["const", value])
    weights = st.integers(1, MICRO)

    def wider(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[list[Any]]:
        items = st.lists(inner, min_size=1, max_size=3)
        return (
            st.tuples(st.sampled_from(("max", "min", "mean", "noisy_or")), items).map(list)
            | st.lists(st.tuples(weights, inner).map(list), min_size=1, max_size=3).map(
                lambda pairs: ["weighted", pairs]
            )
            | st.tuples(st.just("cascade"), inner, inner, st.just(200_000), st.just(900_000)).map(list)
            | st.tuples(st.sampled_from(("add", "sub", "mul")), inner, inner).map(list)
        )

    return st.recursive(leaves, wider, max_leaves=6)


@given(expressions(), st.fixed_dictionaries({name: st.none() | micros for name in NAMES}))
def test_it_agrees_with_the_reference(expr: list[Any], values: dict[str, int | None]) -> None:
    def span(name: str) -> Span | None:
        value = values[name]
        return None if value is None else Span(value, value)

    reference = evaluate(expr, span)
    assert score_value(expr, values.get) == (None if reference is None else reference.low)
