"""The band of a cascade: what is counted, and that the bound holds as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from simulator.cascade import (
    EVERYTHING,
    MICRO,
    Band,
    Scores,
    differs,
    exact,
    fit,
    is_asked,
    last_accepted,
    p_value,
    path,
    split,
    wilson,
)

HALF = (500_000,)


def made(rng: np.random.Generator, rows: int, noise: float) -> Scores:
    """A deep score, and a cheap one that is the same but for noise."""
    deep = rng.beta(0.3, 1.2, rows)
    cheap = np.clip(deep + noise * rng.standard_normal(rows), 0, 1)
    return Scores((cheap * MICRO).astype(np.int64), (deep * MICRO).astype(np.int64))


def test_the_band_is_closed_and_a_difference_is_one_of_rungs() -> None:
    scores = Scores(
        np.array([199_999, 200_000, 900_000, 900_001, 950_000]), np.array([600_000, 0, 0, 100_000, 960_000])
    )
    band = Band(200_000, 900_000)
    assert is_asked(scores, band).tolist() == [False, True, True, False, False]
    assert differs(scores, band, HALF).tolist() == [True, False, False, True, False]
    assert differs(scores, band, (500_000, 955_000)).tolist() == [True, False, False, True, True]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 0.5), st.integers(2, 400))
def test_a_path_saves_more_with_every_step_and_each_step_changes_least(seed: int, noise: float, rows: int) -> None:
    scores = made(np.random.default_rng(seed), rows, noise)
    bands = path(scores, HALF)
    saved = [int((~is_asked(scores, band)).sum()) for band in bands]
    changed = [int(differs(scores, band, HALF).sum()) for band in bands]
    assert saved == sorted(set(saved))
    assert changed == sorted(changed)
    assert all(0 <= band.low <= band.high <= MICRO for band in bands)


def test_a_p_value_is_that_of_the_binomial() -> None:
    assert p_value(0, 299, 0.01) < 0.05 < p_value(0, 298, 0.01)
    assert p_value(48, 6196, 0.01) == pytest.approx(float(binom.cdf(48, 6196, 0.01)))


def test_testing_stops_at_the_first_band_that_could_break_the_bound() -> None:
    scores = Scores(np.array([100_000] * 400), np.array([0] * 400))
    wrong = Scores(scores.cheap, np.array([900_000] * 400))
    free, everything = Band(200_000, MICRO), EVERYTHING
    assert last_accepted([everything, free], scores, HALF, 0.01, 0.95) == free
    assert last_accepted([everything, free, everything], wrong, HALF, 0.01, 0.95) == everything


def test_few_rows_prove_nothing() -> None:
    for rows in (0, 1, 3, 400):
        assert fit(made(np.random.default_rng(1), rows, 0.0), HALF).band is None


def test_rows_are_used_once_and_the_seed_draws_them() -> None:
    parts = split(1000, 3)
    assert sorted(np.concatenate(parts).tolist()) == list(range(1000))
    assert [len(part) for part in parts] == [250, 250, 500]
    assert not np.array_equal(parts[0], split(1000, 4)[0])


def test_shares_have_their_intervals() -> None:
    assert (round(wilson(1, 10).low, 4), round(wilson(1, 10).high, 4)) == (0.0179, 0.4042)
    assert exact(0, 100).low == 0
    assert round(exact(0, 100).high, 4) == 0.0362
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_the_bound_holds_as_often_as_it_says(noise: float) -> None:
    """120 fits on fresh rows, each judged on the whole population: the bound breaks no oftener than chances of 5 % allow."""
    population = made(np.random.default_rng(0), 100_000, noise)
    draws, at_most, broken, found = 120, 0.05, 0, 0
    for seed in range(draws):
        rng = np.random.default_rng(seed + 1)
        band = fit(population.at(rng.integers(0, len(population), 2000)), HALF, at_most, 0.95, seed).band
        found += band is not None
        broken += band is not None and float(differs(population, band, HALF).mean()) > at_most
    assert found > 0.9 * draws
    assert broken <= binom.ppf(0.999, draws, 0.05)


def test_a_lucky_first_choice_is_not_all_or_nothing() -> None:
    """The widest saving without a change on a few rows changes more on others: wider bands are tried before it."""
    population = made(np.random.default_rng(0), 100_000, 0.08)
    for seed in range(20):
        rng = np.random.default_rng(seed + 1)
        found = fit(population.at(rng.integers(0, len(population), 2500)), HALF, 0.01, 0.95, seed)
        assert found.band is not None
        assert found.saved is not None
        assert found.saved.value > 0.3
