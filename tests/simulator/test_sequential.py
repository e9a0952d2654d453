"""Intervals for every look: the figures, and that they hold at all times at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from simulator.intervals import Moments, clopper_pearson_bounds, mean
from simulator.result import Refused
from simulator.sequential import (
    best_rho2,
    beta_binomial_bounds,
    mean_difference_sequence,
    mean_sequence,
    normal_mixture_radius,
    proportion_difference_sequence,
    proportion_sequence,
    sample_ratio_p,
    sequential_sample_ratio_p,
)


def test_the_radius_of_robbins() -> None:
    found = normal_mixture_radius([100, 1000, 10_000], 0.5, 0.01, 0.95)
    assert found == pytest.approx([0.182820, 0.048032, 0.016365], abs=5e-7)
    assert normal_mixture_radius(0) == np.inf


@pytest.mark.parametrize("rows", [200, 5000, 10**6])
def test_the_best_mixture_is_nearly_shortest(rows) -> None:
    chosen = normal_mixture_radius(rows, rho2=best_rho2(rows))
    tried = [normal_mixture_radius(rows, rho2=best_rho2(rows) * factor) for factor in np.geomspace(0.01, 100, 201)]
    assert chosen <= min(tried) * 1.001


def test_many_looks_do_not_break_them() -> None:
    """500 experiments without an effect, looked at after each of 2,000 rows: fewer than 5 in 100 may ever miss."""
    rng = np.random.default_rng(5)
    drawn = np.cumsum(rng.random((500, 2000)) < 0.1, axis=1)
    rows = np.arange(1, 2001)
    for radius in (normal_mixture_radius(rows), normal_mixture_radius(rows, 0.3)[100:]):
        off = np.abs(drawn / rows - 0.1)[:, -len(radius) :]
        assert np.mean(np.any(off > radius, axis=1)) < 0.05
    low, high = beta_binomial_bounds(drawn[:100, ::20], np.broadcast_to(rows[::20], (100, 100)))
    assert np.mean(np.any((low > 0.1) | (high < 0.1), axis=1)) < 0.06


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_exact_sequence_holds_the_exact_interval(count, more) -> None:
    of = count + more
    low, high = beta_binomial_bounds(count, of)
    least, most = clopper_pearson_bounds(count, of)
    assert 0 <= low <= least <= most <= high <= 1
    flipped = beta_binomial_bounds(more, of)
    assert flipped == (pytest.approx(1 - float(high), abs=1e-9), pytest.approx(1 - float(low), abs=1e-9))


def moments(values) -> Moments:
    return Moments(len(values), float(np.sum(values)), float(np.sum(np.square(values))))


def test_sequences_of_means() -> None:
    rng = np.random.default_rng(6)
    a, b = moments(rng.gamma(2, 1, 3000)), moments(rng.gamma(3, 1, 1000))
    one, plain = mean_sequence(a), mean(a)
    assert one.low < plain.low < 2 < plain.high < one.high
    both = mean_difference_sequence(a, b)
    assert both.low < 1 < both.high
    assert both.high - both.low == pytest.approx(
        2 * float(normal_mixture_radius(4000, np.sqrt(4000 * (a.variance / 3000 + b.variance / 1000))))
    )


def test_too_few_rows_are_refused() -> None:
    few, many = Moments(99, 9, 9), Moments(1000, 90, 90)
    for found in (mean_sequence(few), mean_difference_sequence(few, many), mean_difference_sequence(many, few)):
        assert isinstance(found, Refused)
    assert isinstance(proportion_sequence(0, 0), Refused)
    assert isinstance(proportion_difference_sequence(1, 2, 0, 0), Refused)


def test_a_difference_of_exact_sequences() -> None:
    found = proportion_difference_sequence(50, 1000, 90, 1000)
    assert found.value == pytest.approx(0.04)
    assert found.low < 0.04 < found.high
    (low_a, high_a), (low_b, high_b) = (beta_binomial_bounds(k, 1000, 0.975) for k in (50, 90))
    assert (found.low, found.high) == (low_b - high_a, high_b - low_a)
    zero = proportion_difference_sequence(0, 1000, 0, 1000)
    assert zero.high == -zero.low > 0.003
    one = proportion_sequence(50, 1000)
    assert (one.low, one.high) == tuple(map(float, beta_binomial_bounds(50, 1000)))


@given(st.lists(st.integers(1, 500), min_size=2, max_size=4), st.integers(1, 5))
def test_chi_square_is_that_of_scipy(counts, first) -> None:
    shares = np.array([first, *[1] * (len(counts) - 1)])
    expected = sum(counts) * shares / shares.sum()
    assert sample_ratio_p(counts, shares) == pytest.approx(chisquare(counts, expected).pvalue, abs=1e-12)


def test_mismatches_are_found_and_plans_are_not() -> None:
    assert sample_ratio_p([0, 0], [1, 1]) == sequential_sample_ratio_p([0, 0], [1, 1]) == 1
    assert sequential_sample_ratio_p([5000, 5000], [1, 1]) == 1
    assert sequential_sample_ratio_p([47_000, 53_000], [1, 1]) < 1e-9
    assert sequential_sample_ratio_p([9000, 1000], [9, 1]) == 1
    rng = np.random.default_rng(7)
    walks = np.cumsum(rng.random((300, 3000)) < 0.5, axis=1)[:, 99::100]
    rows = np.arange(100, 3001, 100)
    ever = [min(sequential_sample_ratio_p([k, n - k], [1, 1]) for k, n in zip(w, rows, strict=True)) for w in walks]
    assert np.mean(np.array(ever) < 0.05) < 0.05


@pytest.mark.parametrize(("counts", "shares"), [([1], [1]), ([1, 2], [1, 0]), ([[1, 2]], [[1, 1]])])
def test_a_plan_has_arms(counts, shares) -> None:
    for p in (sample_ratio_p, sequential_sample_ratio_p):
        with pytest.raises(ValueError, match="two or more arms"):
            p(counts, shares)
