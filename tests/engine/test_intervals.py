"""Derived scores over what is known: the interval holds every value that a completion gives, and no rounding drifts."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.intervals import FUSIONS, Span, evaluate, mean, noisy_or, weighted
from policy_dsl.program import MICRO

NAMES = ("a", "b", "c")
micros = st.one_of(st.sampled_from((0, 1, 499_999, 500_000, 500_001, 999_999, MICRO)), st.integers(0, MICRO))
leaves = st.one_of(st.sampled_from([["ref", name] for name in NAMES]), micros.map(lambda x: ["const", x]))


def branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(sorted(FUSIONS)), lists).map(list),
        st.tuples(st.sampled_from(("add", "sub", "mul")), inner, inner).map(list),
        lists.map(lambda items: ["weighted", [[MICRO // len(items) or 1, item] for item in items]]),
        st.tuples(st.just("cascade"), inner, inner, st.just(200_000), st.just(650_000)).map(list),
    )


expressions = st.recursive(leaves, branches, max_leaves=6)
values = st.fixed_dictionaries({name: st.one_of(micros, st.none()) for name in NAMES})


def half_up(exact: Fraction) -> int:
    return int((2 * exact + 1) // 2)


def spans(known: dict[str, int | None], gaps: set[str]) -> Any:
    """A name's span: a gap, not applicable (None), or its value."""
    return {
        name: Span(0, MICRO, frozenset({name})) if name in gaps else None if value is None else Span(value, value)
        for name, value in known.items()
    }.__getitem__


@settings(max_examples=300, deadline=None)
@given(expressions, values, st.sets(st.sampled_from(NAMES), max_size=2))
def test_every_completion_lies_within(expr: Any, known: dict[str, int | None], gaps: set[str]) -> None:
    whole = evaluate(expr, spans(known, gaps))
    for filled in product((0, 199_999, 200_000, 650_000, 650_001, MICRO), repeat=len(gaps)):
        exact = evaluate(expr, spans({**known, **dict(zip(sorted(gaps), filled, strict=True))}, set()))
        assert (exact is None) == (whole is None)
        if exact is not None and whole is not None:
            assert exact.low == exact.high
            assert whole.low <= exact.low <= whole.high
            assert 0 <= whole.low <= whole.high <= MICRO
            assert not exact.missing


@given(expressions, values)
def test_a_known_value_leaves_nothing_open(expr: Any, known: dict[str, int | None]) -> None:
    whole = evaluate(expr, spans(known, set()))
    assert whole is None or (whole.low == whole.high and whole.missing == frozenset())


@given(expressions, values, st.sets(st.sampled_from(NAMES)))
def test_what_is_open_says_by_what(expr: Any, known: dict[str, int | None], gaps: set[str]) -> None:
    whole = evaluate(expr, spans(known, gaps))
    assert whole is None or whole.missing <= gaps
    assert whole is None or bool(whole.missing) == (whole.low != whole.high)


@given(st.lists(st.tuples(st.integers(1, MICRO), micros), min_size=1, max_size=6))
def test_weighted_is_the_exact_mean_rounded_once(pairs: list[tuple[int, int]]) -> None:
    weights, scores = zip(*pairs, strict=True)
    exact = Fraction(sum(w * x for w, x in pairs), sum(weights))
    assert weighted(weights, scores) == half_up(exact)


@given(st.lists(micros, min_size=1, max_size=6))
def test_mean_is_weighted_with_equal_weights(scores: list[int]) -> None:
    assert mean(scores) == half_up(Fraction(sum(scores), len(scores)))
    assert min(scores) <= mean(scores) <= max(scores)


@given(st.lists(micros, min_size=1, max_size=6))
def test_noisy_or_rounds_each_product(scores: list[int]) -> None:
    rest = Fraction(MICRO)
    for score in scores:
        rest = Fraction(half_up(rest * (MICRO - score) / MICRO))
    assert noisy_or(scores) == MICRO - rest
    assert noisy_or(scores) >= max(scores) - len(scores)


def test_noisy_or_stays_within_64_bits() -> None:
    """Each intermediate value, before the division."""
    assert MICRO * MICRO + MICRO // 2 < 2**63


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((221_992, 432_743, 29_540), 571_707), ((221_992, 29_540, 432_743), 571_706), ((MICRO,), MICRO), ((0, 0), 0)],
)
def test_noisy_or_by_hand(scores: tuple[int, ...], expected: int) -> None:
    assert noisy_or(scores) == expected


@pytest.mark.parametrize(
    ("cheap", "deep", "expected"),
    [
        (199_999, None, (199_999, 199_999)),
        (650_001, None, (650_001, 650_001)),
        (200_000, 50_000, (50_000, 50_000)),
        (650_000, 50_000, (50_000, 50_000)),
    ],
)
def test_the_band_of_a_cascade_is_closed(cheap: int, deep: int | None, expected: tuple[int, int]) -> None:
    expr = ["cascade", ["ref", "a"], ["ref", "b"], 200_000, 650_000]
    gaps = set() if deep is not None else {"b"}
    found = evaluate(expr, spans({"a": cheap, "b": deep or 0}, gaps))
    assert (found.low, found.high) == expected  # type: ignore[union-attr]


def test_a_cascade_with_a_gap_in_front_is_either_side_of_the_band_or_the_deep_one() -> None:
    expr = ["cascade", ["ref", "a"], ["ref", "b"], 200_000, 650_000]
    narrow = {"a": Span(150_000, 300_000, frozenset({"a"})), "b": Span(400_000, 400_000)}
    assert evaluate(expr, narrow.__getitem__) == Span(150_000, 400_000, frozenset({"a"}))
