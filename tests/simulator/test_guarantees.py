"""Guarantees: the figures of the papers, and that bounds and p-values invert each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from simulator.guarantees import (
    binomial_p,
    binomial_upper,
    bonferroni,
    conformal_risk,
    fixed_sequence,
    fixed_sequences,
    hoeffding_bentkus_p,
    hoeffding_bentkus_upper,
    holm,
    umbrella_order,
    umbrella_rows,
    umbrella_threshold,
)

RISKS = st.floats(0.005, 0.5)


@pytest.mark.parametrize(
    ("loss", "of", "alpha", "p"),
    [(0.05, 1000, 0.1, 1.62966e-8), (0.02, 500, 0.05, 0.00125043), (0.09, 2000, 0.1, 0.194169)],
)
def test_hoeffding_bentkus(loss, of, alpha, p) -> None:
    assert float(hoeffding_bentkus_p(loss, of, alpha)) == pytest.approx(p, rel=5e-6)


@given(st.integers(1, 3000), st.floats(0, 1), RISKS)
def test_hoeffding_bentkus_is_a_chance_and_no_less_than_the_exact_one(of, loss, alpha) -> None:
    errors = int(loss * of)
    p = float(hoeffding_bentkus_p(errors / of, of, alpha))
    assert binomial_p(errors, of, alpha) - 1e-12 <= p <= 1
    if errors / of >= alpha:
        assert p == 1


@given(st.integers(0, 200), st.integers(0, 200), RISKS)
def test_the_exact_p_value_is_the_binomial_test(errors, more, alpha) -> None:
    of = errors + more
    theirs = binomtest(errors, of, alpha, "less").pvalue if of else 1
    assert float(binomial_p(errors, of, alpha)) == pytest.approx(theirs)


@given(st.integers(0, 50), st.integers(1, 200), st.floats(0.001, 0.4))
def test_upper_bounds_are_where_the_p_value_is_delta(errors, more, delta) -> None:
    of = errors + more
    assert float(binomial_p(errors, of, binomial_upper(errors, of, delta))) == pytest.approx(delta, rel=1e-6)
    high = float(hoeffding_bentkus_upper(errors / of, of, delta))
    assert high >= binomial_upper(errors, of, delta) - 1e-9
    if high < 1 - 1e-6:
        assert hoeffding_bentkus_p(errors / of, of, high + 1e-7) <= delta
        assert hoeffding_bentkus_p(errors / of, of, high - 1e-7) > delta


def test_no_row_proves_nothing() -> None:
    assert binomial_p(0, 0, 0.1) == hoeffding_bentkus_p(0, 0, 0.1) == 1
    assert binomial_upper(0, 0, 0.05) == hoeffding_bentkus_upper(0, 0, 0.05) == 1


@pytest.mark.parametrize(("alpha", "delta", "rows"), [(0.05, 0.05, 59), (0.01, 0.05, 299), (0.01, 0.1, 230)])
def test_umbrella_smallest_sample(alpha, delta, rows) -> None:
    assert umbrella_rows(alpha, delta) == rows
    assert umbrella_order(rows, alpha, delta) == rows
    assert umbrella_order(rows - 1, alpha, delta) is None
    assert umbrella_threshold(np.arange(rows - 1), alpha, delta) is None


@pytest.mark.parametrize(("alpha", "order"), [(0.05, 962), (0.01, 996)])
def test_umbrella_order(alpha, order) -> None:
    assert umbrella_order(1000, alpha, 0.05) == order


@given(st.integers(1, 5000), RISKS, st.floats(0.001, 0.5))
def test_umbrella_order_is_the_first_that_keeps_the_bound(rows, alpha, delta) -> None:
    order = umbrella_order(rows, alpha, delta)
    if order is None:
        assert (1 - alpha) ** rows > delta
    else:
        assert binom.sf(order - 1, rows, 1 - alpha) <= delta < binom.sf(order - 2, rows, 1 - alpha)


def test_umbrella_threshold_flags_what_lies_above_the_order() -> None:
    scores = np.random.default_rng(0).permutation(1000) * 10
    found = umbrella_threshold(scores, 0.05, 0.05)
    assert found == 961 * 10 + 1
    assert (scores >= found).sum() == 1000 - 962


def test_fixed_sequence_stops_at_the_first_that_fails() -> None:
    asked = []
    p_values = (asked.append(p) or p for p in (0.001, 0.05, 0.06, 0.0))
    assert fixed_sequence(p_values, 0.05) == 2
    assert asked == [0.001, 0.05, 0.06]
    assert fixed_sequence([float("nan")], 0.05) == fixed_sequence([], 0.05) == 0
    assert fixed_sequences([[0.03, 0.01], [0.02, 0.02, 0.9]], 0.05) == (0, 2)


def test_bonferroni_and_holm() -> None:
    p = np.array([[0.01, 0.04], [0.03, 0.005]])
    assert bonferroni(p, 0.05).tolist() == [[True, False], [False, True]]
    assert holm([0.01, 0.016, 0.03, 0.005], 0.05).tolist() == [True, True, True, True]
    assert holm(p, 0.05).tolist() == [[True, False], [False, True]]
    assert bonferroni([], 0.05).tolist() == holm([], 0.05).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.01, 0.2))
def test_holm_rejects_what_bonferroni_does(p_values, delta) -> None:
    assert not np.any(bonferroni(p_values, delta) & ~holm(p_values, delta))


def test_conformal_risk() -> None:
    """Without any loss nine rows are needed for a risk of .1: (n loss + 1) / (n + 1) <= .1."""
    assert conformal_risk([0.3, 0.2, 0.1, 0.05], 100, 0.1) == 3
    assert conformal_risk([0.3, 0.091], 1000, 0.092) == 1
    assert conformal_risk([0.0], 9, 0.1) == 0
    assert conformal_risk([0.0], 8, 0.1) is None
    assert conformal_risk([0.0], 8, 0.1, most=0.5) == 0
    with pytest.raises(ValueError, match="never do"):
        conformal_risk([0.1, 0.2], 100, 0.1)


@pytest.mark.parametrize("chance", [0, 1, -1, 5])
def test_a_chance_is_one(chance) -> None:
    for call in (
        lambda: umbrella_rows(0.05, chance),
        lambda: umbrella_order(1000, chance, 0.05),
        lambda: fixed_sequence([0.1], chance),
        lambda: bonferroni([0.1], chance),
        lambda: binomial_upper(1, 10, chance),
    ):
        with pytest.raises(ValueError, match="a chance of"):
            call()
