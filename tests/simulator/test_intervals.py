"""Intervals: the figures of the literature, the ends, and that arrays and single figures agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp, ttest_ind

from simulator.intervals import (
    Moments,
    clopper_pearson_bounds,
    mean,
    mean_difference,
    mover_bounds,
    paired_difference,
    proportion,
    proportion_bounds,
    proportion_difference,
    rogan_gladen,
    tango_bounds,
    true_prevalence,
    wilson_bounds,
)
from simulator.result import Estimate, Refused

COUNTS = st.integers(0, 60).flatmap(lambda k: st.tuples(st.just(k), st.integers(max(k, 1), 80)))
LEVELS = st.floats(0.5, 0.999)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(5, 1000, 0.0021375, 0.0116510), (48, 50, 0.8653991, 0.9889611), (0, 10, 0, 0.2775328)],
)
def test_wilson(count, of, low, high) -> None:
    assert np.array(wilson_bounds(count, of)) == pytest.approx([low, high], abs=5e-8)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"), [(5, 1000, 0.0016254, 0.0116295), (0, 300, 0, 0.0122210), (300, 300, 0.987779, 1)]
)
def test_clopper_pearson(count, of, low, high) -> None:
    assert np.array(clopper_pearson_bounds(count, of)) == pytest.approx([low, high], abs=5e-8)


@given(COUNTS, LEVELS)
def test_both_agree_with_scipy(counts, level) -> None:
    for bounds, method in ((wilson_bounds, "wilson"), (clopper_pearson_bounds, "exact")):
        theirs = binomtest(*counts).proportion_ci(level, method)
        assert np.array(bounds(*counts, level)) == pytest.approx([theirs.low, theirs.high], abs=1e-9)


def test_no_row_says_nothing() -> None:
    for bounds in (wilson_bounds, clopper_pearson_bounds, proportion_bounds):
        assert [float(end) for end in bounds(0, 0)] == [0, 1]
    assert [float(end) for end in tango_bounds(0, 0, 0)] == [-1, 1]
    assert isinstance(proportion(0, 0), Refused)
    assert isinstance(proportion_difference(0, 0, 1, 2), Refused)
    assert isinstance(paired_difference(0, 0, 0), Refused)


def test_arrays_are_their_rows() -> None:
    count, of = np.arange(6).reshape(2, 3), np.full((2, 3), 5)
    for bounds in (wilson_bounds, clopper_pearson_bounds, proportion_bounds):
        low, high = bounds(count, of)
        assert low.shape == high.shape == (2, 3)
        assert all((low[i], high[i]) == bounds(count[i], of[i]) for i in np.ndindex(2, 3))


def test_zero_and_full_counts_take_the_exact_interval() -> None:
    assert [proportion(k, 9).method for k in (0, 4, 9)] == ["clopper-pearson", "wilson", "clopper-pearson"]
    low, high = proportion_bounds([0, 4, 9], [9, 9, 9])
    assert (low[1], high[1]) == wilson_bounds(4, 9)
    assert (low[2], high[0]) == (clopper_pearson_bounds(9, 9)[0], clopper_pearson_bounds(0, 9)[1])


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_a_level_is_a_number_between_0_and_1(level) -> None:
    for bounds in (wilson_bounds, clopper_pearson_bounds):
        with pytest.raises(ValueError, match="expected a number between 0 and 1"):
            bounds(1, 2, level)


def test_newcombe_of_independent_shares() -> None:
    """Newcombe (1998), table II (a), method 10: 56/70 - 48/80."""
    found = proportion_difference(48, 80, 56, 70)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_tango() -> None:
    """21 children before and after a transplant (Fagerland, Lydersen and Laake 2014): 1 and 7 differ, -.286 (-.517, -.026)."""
    found = paired_difference(only_a=7, only_b=1, of=21)
    assert (found.value, found.low, found.high) == pytest.approx((-6 / 21, -0.517, -0.026), abs=5e-4)


@given(st.tuples(*[st.integers(0, 30)] * 3), LEVELS)
def test_tango_is_fair_to_both_sides_and_solves_its_equation(cells, level) -> None:
    only_a, only_b, alike = cells
    of = only_a + only_b + alike
    low, high = (float(end) for end in tango_bounds(only_a, only_b, of, level))
    assert -1 <= low <= high <= 1
    assert tango_bounds(only_b, only_a, of, level) == (pytest.approx(-high, abs=1e-9), pytest.approx(-low, abs=1e-9))
    if of:
        assert low <= (only_b - only_a) / of + 1e-12
        assert high >= (only_b - only_a) / of - 1e-12


def test_tango_keeps_a_length_where_no_row_differs() -> None:
    low, high = tango_bounds(0, 0, [10, 1000])
    assert -low == pytest.approx(high)
    assert high == pytest.approx([1.959964**2 / (n + 1.959964**2) for n in (10, 1000)], rel=1e-6)


def test_mover_with_full_correlation_of_alike_shares_has_no_length() -> None:
    assert mover_bounds((0.5, 0.4, 0.6), (0.5, 0.4, 0.6), 1.0) == (0, 0)
    assert mover_bounds((0.5, 0.4, 0.6), (0.7, 0.6, 0.8), -1.0) == pytest.approx((0, 0.4))


def moments(values) -> Moments:
    return Moments(len(values), float(np.sum(values)), float(np.sum(np.square(values))))


def test_means_are_those_of_student_and_welch() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(2, 1, 17), rng.normal(3, 4, 40)
    one, two = ttest_1samp(a, 0).confidence_interval(0.9), ttest_ind(b, a, equal_var=False).confidence_interval(0.9)
    found = mean(moments(a), 0.9)
    assert (found.low, found.high) == pytest.approx((one.low, one.high))
    found = mean_difference(moments(a), moments(b), 0.9)
    assert (found.low, found.high) == pytest.approx((two.low, two.high))


def test_means_of_too_little() -> None:
    assert isinstance(mean(Moments(1, 2, 4)), Refused)
    assert isinstance(mean_difference(Moments(1, 2, 4), Moments(5, 2, 4)), Refused)
    assert mean_difference(Moments(5, 10, 20), Moments(5, 5, 5)) == Estimate(-1, -1, -1, "welch", 10)


def test_rogan_gladen() -> None:
    assert rogan_gladen(0.03, 0.9, 0.99) == pytest.approx(0.0224719, abs=5e-8)
    assert rogan_gladen(0.005, 0.9, 0.99) == 0
    assert rogan_gladen(0.95, 0.9, 0.99) == 1
    with pytest.raises(ValueError, match="no more than chance"):
        rogan_gladen(0.1, 0.5, 0.5)


def test_prevalence_allows_for_the_chance_in_the_test() -> None:
    rough = true_prevalence((30, 1000), (9, 10), (99, 100))
    fine = true_prevalence((30, 1000), (90_000, 100_000), (990_000, 1_000_000))
    assert rough.value == fine.value == pytest.approx(0.0224719, abs=5e-8)
    assert rough.high - rough.low > fine.high - fine.low
    known = [rogan_gladen(float(end), 0.9, 0.99) for end in wilson_bounds(30, 1000)]
    assert (fine.low, fine.high) == pytest.approx(known, abs=1e-3)


def test_the_interval_of_lang_and_reiczigel() -> None:
    """Their formulas by hand: n' = n + z^2, one found and one missed more in either sample of the test."""
    z, p, se, sp = 1.959964, (30 + 1.959964**2 / 2) / (1000 + 1.959964**2), 91 / 102, 496 / 502
    of_p, of_se, of_sp = (v * (1 - v) / n for v, n in ((p, 1000 + z**2), (se, 102), (sp, 502)))
    prevalence = (p + sp - 1) / (se + sp - 1)
    middle = prevalence + 2 * z**2 * (prevalence * of_se - (1 - prevalence) * of_sp)
    half = z * math.sqrt(of_p + prevalence**2 * of_se + (1 - prevalence) ** 2 * of_sp) / (se + sp - 1)
    found = true_prevalence((30, 1000), (90, 100), (495, 500))
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert true_prevalence((900, 1000), (60, 100), (495, 500)).high == 1


@pytest.mark.parametrize(
    ("positive", "sensitivity", "specificity"),
    [((3, 10), (5, 10), (5, 10)), ((0, 0), (9, 10), (9, 10)), ((3, 10), (0, 0), (9, 10))],
)
def test_prevalence_is_refused(positive, sensitivity, specificity) -> None:
    assert isinstance(true_prevalence(positive, sensitivity, specificity), Refused)
