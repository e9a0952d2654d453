"""Ratios of sums by cell: without weights they are plain shares, and they do not depend on how rows are put into cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.intervals import paired_difference, proportion
from simulator.ratios import Sums, ratio, share, share_difference
from simulator.result import Refused

CELLS = st.lists(st.integers(0, 200), min_size=5, max_size=5)
# flagged by A and B, by A, by B: with a violation and without
PRECISION = [1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0]
OF_B = [1, 0, 0, 0, 1, 0], [1, 1, 0, 0, 1, 1]


@given(st.integers(0, 50), st.integers(0, 50))
def test_without_weights_a_share_is_a_proportion(yes, no) -> None:
    found, plain = share(Sums.of([yes, no, 7]), [1, 0, 0], [1, 1, 0]), proportion(yes, yes + no)
    if isinstance(plain, Refused):
        assert isinstance(found, Refused)
        return
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high), abs=1e-9)
    assert (found.method, found.n) == (plain.method, plain.n)


def weighted(rng, rows):
    """Rows of six kinds with weights, as one cell per kind and as one cell per row."""
    kind, weight = rng.integers(0, 6, rows), rng.uniform(1, 9, rows)
    by_kind = Sums(*(np.bincount(kind, values, 6) for values in (np.ones(rows), weight, weight**2)))
    return kind, by_kind, Sums(np.ones(rows, np.int64), weight, weight**2)


def test_rows_and_cells_say_the_same() -> None:
    kind, cells, rows = weighted(np.random.default_rng(1), 300)
    (num, den), other = (np.array(PRECISION), np.array(OF_B))
    for function in (ratio, share):
        a, b = function(cells, num, den), function(rows, num[kind], den[kind])
        assert (a.value, a.low, a.high, a.n) == pytest.approx((b.value, b.low, b.high, b.n))
    a = share_difference(cells, (num, den), tuple(other))
    b = share_difference(rows, (num[kind], den[kind]), tuple(other[:, kind]))
    assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def test_the_delta_method_is_that_of_the_rows() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.gamma(2, 1, 5000), rng.gamma(3, 1, 5000)
    found = ratio(Sums.of(np.ones(5000)), x, y)
    again = rng.integers(0, 5000, (500, 5000))
    drawn = x[again].sum(axis=1) / y[again].sum(axis=1)
    assert found.value == pytest.approx(x.sum() / y.sum())
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(drawn), rel=0.1)


def test_uneven_weights_cost_effective_rows() -> None:
    even = share(Sums.of([40, 60]), [1, 0], [1, 1])
    uneven = share(Sums(np.array([40, 60]), np.array([40.0, 60.0]), np.array([400.0, 600.0])), [1, 0], [1, 1])
    assert (even.value, even.effective, uneven.effective) == pytest.approx((0.4, 100, 10))
    assert uneven.high - uneven.low > 2 * (even.high - even.low)
    assert share(Sums.of([9, 0]), [1, 0], [1, 1]).method == "clopper-pearson"


def test_a_difference_on_the_same_rows_is_shorter_than_on_others() -> None:
    sums = Sums.of([800, 100, 10, 20, 15, 5])
    found = share_difference(sums, PRECISION, OF_B)
    assert found.value == pytest.approx(815 / 920 - 810 / 930)
    a, b = share(sums, *PRECISION), share(sums, *OF_B)
    assert found.high - found.low < 0.5 * np.hypot(a.high - a.low, b.high - b.low)


@given(st.integers(0, 400), st.integers(0, 20), st.integers(0, 20), st.integers(1, 400), st.integers(0, 99))
def test_with_one_denominator_it_is_the_score_interval(both, only_a, only_b, neither, others) -> None:
    sums, ones = Sums.of([both, only_a, only_b, neither, others]), [1, 1, 1, 1, 0]
    found = share_difference(sums, ([1, 1, 0, 0, 0], ones), ([1, 0, 1, 0, 0], ones))
    score = paired_difference(only_a, only_b, both + only_a + only_b + neither)
    assert (found.value, found.low, found.high) == pytest.approx((score.value, score.low, score.high), abs=1e-9)


def test_a_difference_has_a_length_though_no_row_tells_a_and_b_apart() -> None:
    found = share_difference(Sums.of([50, 0, 0, 50]), ([1, 0, 0, 0], [1, 1, 0, 1]), ([1, 0, 0, 0], [1, 0, 1, 1]))
    assert found.low < -0.01 < 0.01 < found.high


def test_nothing_in_the_denominator_is_refused() -> None:
    sums = Sums.of([0, 3])
    for found in (ratio(sums, [1, 0], [1, 0]), share(sums, [1, 0], [1, 0])):
        assert isinstance(found, Refused)
    assert isinstance(share_difference(sums, ([1, 0], [1, 0]), ([0, 1], [0, 1])), Refused)
