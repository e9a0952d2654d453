"""Intervals and tests that hold at every look: the truth must be held at all of them."""

import numpy as np

from benchmarks.covered.rows import AT_LEAST, SHOWN, between, broken, covered
from simulator.intervals import Moments, wilson_bounds
from simulator.sequential import (
    beta_binomial_bounds,
    beta_binomial_difference_bounds,
    mean_difference_sequence,
    mean_sequence,
    normal_mixture_radius,
    sample_ratio_p,
    sequential_sample_ratio_p,
)

LOOKS = np.unique(np.geomspace(20, 20_000, 60).astype(int))
LATER = LOOKS[LOOKS >= 200]  # where the arms of a mean hold a hundred rows each


def counted(rng, truth, looks=LOOKS):
    """Counts at each look, [looks, logs]: rows come one by one, between looks by the binomial."""
    return np.cumsum([rng.binomial(more, truth) for more in np.diff(looks, prepend=0)], axis=0)


def of_shares(rng, logs):
    truth, rows = between(rng, 0.005, 0.5, logs), LOOKS[:, None]
    found = counted(rng, truth)
    middle, radius = found / rows, normal_mixture_radius(rows)
    yield covered("share: normal mixture, sd 1/2", AT_LEAST, middle - radius, middle + radius, truth)
    yield covered("share: beta-binomial mixture", AT_LEAST, *beta_binomial_bounds(found, rows), truth)
    yield covered("share, looked at sixty times: Wilson", SHOWN, *wilson_bounds(found, rows), truth)


def of_arms(rng, logs):
    truth, rows = between(rng, 0.005, 0.5, (2, logs)), LOOKS // 2
    a, b = (counted(rng, one, rows) for one in truth)
    ends = beta_binomial_difference_bounds(a, rows[:, None], b, rows[:, None])
    yield covered("difference of shares of arms: beta-binomial mixtures", AT_LEAST, *ends, truth[1] - truth[0])


def of_means(rng, logs):
    """Gamma-distributed values, such as minutes of handling."""
    shape = rng.uniform(1, 6, (2, logs))
    one, two = [], []
    for pair in shape.T:
        a, b = (_moments(rng.gamma(k, 1, LATER[-1] // 2)) for k in pair)
        one.append([mean_sequence(m) for m in a])
        two.append([mean_difference_sequence(*both) for both in zip(a, b, strict=True)])
    yield covered("mean: normal mixture, estimated sd", AT_LEAST, *_ends(one), shape[0])
    yield covered(
        "difference of means of arms: normal mixture, estimated sd", AT_LEAST, *_ends(two), shape[1] - shape[0]
    )


def _moments(values):
    """At the later looks; each arm has half of the rows."""
    rows = LATER[::2] // 2
    totals, squares = np.cumsum(values)[rows - 1], np.cumsum(values**2)[rows - 1]
    return [Moments(int(n), t, s) for n, t, s in zip(rows, totals, squares, strict=True)]


def _ends(figures):
    return (np.array([[getattr(figure, end) for figure in log] for log in figures]).T for end in ("low", "high"))


def of_ratios(rng, logs):
    """Three arms as planned: no alarm is right."""
    plan = np.array([0.5, 0.3, 0.2])
    rows = np.diff(LOOKS, prepend=0)
    arms = np.cumsum(rng.multinomial(rows[:, None], plan, (len(rows), logs)), axis=0)
    last = np.array([sample_ratio_p(one, plan) for one in arms[-1]])
    yield broken("sample-ratio mismatch at .05: chi-square, one look", last < 0.05, 0.05)
    ever = np.array([[sequential_sample_ratio_p(one, plan) for one in look] for look in arms[::2]])
    yield broken("sample-ratio mismatch at .05: at every look", ever.min(axis=0) < 0.05, 0.05)


SCENARIOS = (of_shares, of_arms, of_means, of_ratios)
