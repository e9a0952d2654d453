"""Guarantees: how often the bound on a risk is broken, over logs from which thresholds were chosen."""

import numpy as np
from scipy.special import expit, ndtr

from benchmarks.covered.rows import AT_MOST, Row, between, broken
from simulator.guarantees import (
    binomial_p,
    binomial_upper,
    bonferroni,
    conformal_risk,
    fixed_sequence,
    hoeffding_bentkus_p,
    hoeffding_bentkus_upper,
    holm,
    umbrella_threshold,
)

DELTA = 0.05
GRID = np.linspace(0.3, 0.98, 35)  # thresholds
EVEN = np.linspace(0, 1, 200_001)


def chance(scores):
    """That a row of such a score violates: evenly spread scores make precision rise slowly with the threshold."""
    return expit(8 * (scores - 0.55))


PRECISION = np.array([chance(EVEN[threshold <= EVEN]).mean() for threshold in GRID])
MISSED = np.array([chance(EVEN[threshold > EVEN]).sum() for threshold in GRID]) / chance(EVEN).sum()


def of_bounds(rng, logs):
    rows, risk = between(rng, 100, 5000, logs).astype(int), between(rng, 0.005, 0.3, logs)
    high = binomial_upper(rng.binomial(rows, risk), rows, DELTA)
    yield broken("upper bound of a 0/1 loss: exact binomial", high < risk, DELTA, float((high - risk).mean()))
    loss = np.array([rng.beta(2 * r, 2 * (1 - r), n).mean() for r, n in zip(risk, rows, strict=True)])
    high = hoeffding_bentkus_upper(loss, rows, DELTA)
    yield broken("upper bound of a loss in [0, 1]: Hoeffding-Bentkus", high < risk, DELTA, float((high - risk).mean()))


def drawn(rng, rows=3000):
    """By threshold of the grid, the rows at or above it, and those of them without a violation."""
    scores = rng.random(rows)
    wrong = rng.random(rows) > chance(scores)
    place = np.searchsorted(GRID, scores, side="right")
    counts = (np.bincount(place[keep], minlength=len(GRID) + 1) for keep in (np.ones(rows, bool), wrong))
    return tuple(np.cumsum(count[::-1])[::-1][1:] for count in counts)


def of_precision(rng, logs):
    """The lowest threshold whose precision is at least 80 % for certain; from the strictest on, or from all at once."""
    names = ("fixed sequence", "Bonferroni", "Holm", "fixed sequence, Hoeffding-Bentkus")
    chosen = np.full((len(names), logs), len(GRID) - 1)
    for log in range(logs):
        flagged, wrong = drawn(rng)
        exact = binomial_p(wrong, flagged, 0.2)
        bounding = hoeffding_bentkus_p(wrong / np.maximum(flagged, 1), flagged, 0.2)
        for method, kept in enumerate(
            (_sequence(exact), bonferroni(exact, DELTA), holm(exact, DELTA), _sequence(bounding))
        ):
            chosen[method, log] = np.flatnonzero(kept)[0] if kept.any() else len(GRID) - 1
    for name, picked in zip(names, chosen, strict=True):
        slack = float((PRECISION[picked] - 0.8).mean())
        yield broken(f"precision of at least 80 %, Learn then Test: {name}", PRECISION[picked] < 0.8, DELTA, slack)


def _sequence(p_values):
    kept = np.zeros(len(p_values), bool)
    kept[len(p_values) - fixed_sequence(p_values[::-1], DELTA) :] = True
    return kept


def of_false_positives(rng, logs):
    """Scores of negatives are normal; their rate above the threshold must not pass 5 %."""
    rate = np.empty(logs)
    for log in range(logs):
        scores = np.rint(rng.standard_normal(rng.integers(59, 3000)) * 1e6).astype(np.int64)
        rate[log] = ndtr(-umbrella_threshold(scores, 0.05, DELTA) / 1e6)
    yield broken(
        "false-positive rate of at most 5 %: Neyman-Pearson umbrella", rate > 0.05, DELTA, float((0.05 - rate).mean())
    )


def of_missed(rng, logs):
    """Conformal risk control bounds the expected share of violations that are missed, over logs and the next row."""
    missed = np.empty(logs)
    for log in range(logs):
        scores = rng.random(4000)
        hit = scores[rng.random(4000) < chance(scores)][: rng.integers(50, 1500)]
        loss = np.searchsorted(np.sort(hit), GRID[::-1], side="left") / len(hit)
        found = conformal_risk(loss, len(hit), 0.15)
        missed[log] = 0.0 if found is None else MISSED[::-1][found]
    error = float(missed.std() / np.sqrt(logs))
    yield Row(
        "violations missed, at most 15 % on average: conformal risk control",
        AT_MOST,
        float(missed.mean()),
        logs,
        0.15,
        error=error,
    )


SCENARIOS = (of_bounds, of_precision, of_false_positives, of_missed)
