"""Shares, means, and what is made of them."""

import numpy as np

from benchmarks.covered.rows import APPROXIMATE, AT_LEAST, between, covered, told
from simulator.intervals import (
    Moments,
    clopper_pearson_bounds,
    mean,
    mean_difference,
    proportion_bounds,
    proportion_difference,
    tango_bounds,
    true_prevalence,
    wilson_bounds,
)
from simulator.ratios import Sums, ratio, share, share_difference


def of_rows(rng, logs):
    rows = between(rng, 500, 50_000, logs).astype(int)
    common, rare = between(rng, 0.005, 0.5, logs), between(rng, 0.0002, 0.005, logs)
    often, seldom = rng.binomial(rows, common), rng.binomial(rows, rare)
    yield covered("share of .5 % to 50 %: Wilson", APPROXIMATE, *wilson_bounds(often, rows), common)
    yield covered("the same: Clopper-Pearson", AT_LEAST, *clopper_pearson_bounds(often, rows), common)
    yield covered("share of .02 % to .5 %: Clopper-Pearson", AT_LEAST, *clopper_pearson_bounds(seldom, rows), rare)
    yield covered("the same: as reports choose", AT_LEAST, *proportion_bounds(seldom, rows), rare)


def of_two_arms(rng, logs):
    rows = between(rng, 500, 20_000, (2, logs)).astype(int)
    truth = between(rng, 0.01, 0.5, (2, logs))
    (a, b), (of_a, of_b) = rng.binomial(rows, truth), rows
    figures = [proportion_difference(*one) for one in zip(a, of_a, b, of_b, strict=True)]
    yield told("difference of shares of other rows: Newcombe", APPROXIMATE, figures, truth[1] - truth[0])


def of_pairs(rng, logs):
    rows = between(rng, 1000, 50_000, logs).astype(int)
    only = between(rng, 0.003, 0.1, (2, logs))
    counts = np.array([rng.multinomial(n, [a, b, 1 - a - b]) for n, a, b in zip(rows, *only, strict=True)]).T
    bounds = tango_bounds(counts[0], counts[1], rows)
    yield covered("difference of shares of the same rows: Tango", APPROXIMATE, *bounds, only[1] - only[0])
    counts = np.array([rng.multinomial(n, [a, 1 - a]) for n, a in zip(rows, only[0], strict=True)]).T
    bounds = tango_bounds(counts[0], 0, rows)
    yield covered("the same, one way only (a threshold was raised): Tango", APPROXIMATE, *bounds, -only[0])


# cells of a labelled log: in neither, A alone, B alone, both; without a violation, then with one
ACTS_A, ACTS_B = (np.array([0, 1, 0, 1] * 2), np.array([0, 0, 1, 1] * 2))
VIOLATES = np.repeat([0, 1], 4)


def quality(acts):
    hits = acts * VIOLATES
    return {
        "precision": (hits, acts),
        "recall": (hits, VIOLATES),
        "false-positive rate": (acts * (1 - VIOLATES), 1 - VIOLATES),
        "F1": (2 * hits, acts + VIOLATES),
    }


def of_labels(rng, logs):
    """Rows of which .5 % to 10 % violate, and thresholds of a scorer that finds 30 % to 90 % of these."""
    cells = [_cells(rng) for _ in range(logs)]
    counts = [rng.multinomial(int(n), p) for n, p in zip(between(rng, 5000, 100_000, logs), cells, strict=True)]
    a, b = quality(ACTS_A), quality(ACTS_B)
    for name in a:
        of_a, of_b = (np.array([p @ side[0] / (p @ side[1]) for p in cells]) for side in (a[name], b[name]))
        yield told(f"{name}: Wilson", APPROXIMATE, [share(Sums.of(count), *a[name]) for count in counts], of_a)
        figures = [share_difference(Sums.of(count), a[name], b[name]) for count in counts]
        method = "Tango" if np.array_equal(a[name][1], b[name][1]) else "MOVER"
        yield told(f"{name}, B - A: {method}", APPROXIMATE, figures, of_b - of_a)


def _cells(rng):
    """B acts on a part of what A acts on, and on a little else."""
    violating, found = between(rng, 0.005, 0.1, ()), rng.uniform(0.3, 0.9)
    wrong = violating * found * rng.uniform(0.1, 1)  # precision of 50 % to 91 %
    kept, more = rng.uniform(0.7, 0.98, 2), rng.uniform(0, 0.1, 2)
    acts = np.array([wrong, violating * found])
    rest = np.array([1 - violating, violating]) - acts
    only_b = np.minimum(more * acts, rest / 2)
    return np.stack([rest - only_b, acts * (1 - kept), only_b, acts * kept], axis=1).ravel()


def of_views(rng, logs):
    """Views are lognormal, three times as many for a violation, so that a few rows weigh much."""
    truth = between(rng, 0.01, 0.2, logs)
    figures = []
    for p in truth:
        violates = rng.random(10_000) < p
        views = rng.lognormal(3, 0.8, 10_000) * np.where(violates, 3, 1)
        sums = (np.bincount(violates, views**power, 2) for power in (0, 1, 2))
        figures.append(share(Sums(*sums), [0, 1], [1, 1]))
    yield told("rate among views: Wilson, effective size", APPROXIMATE, figures, 3 * truth / (1 + 2 * truth))


def of_means(rng, logs):
    spread = rng.uniform(0.2, 0.8, (2, logs))
    drawn = [[rng.lognormal(0, one, rng.integers(300, 3000)) for one in pair] for pair in spread.T]
    a, b = ([Moments(len(v), v.sum(), (v**2).sum()) for v in side] for side in zip(*drawn, strict=True))
    truth = np.exp(spread**2 / 2)
    yield told("mean: Student", APPROXIMATE, [mean(one) for one in a], truth[0])
    figures = [mean_difference(*pair) for pair in zip(a, b, strict=True)]
    yield told("difference of means of other rows: Welch", APPROXIMATE, figures, truth[1] - truth[0])
    figures = [ratio(Sums.of(np.ones(len(x))), x, x + rng.gamma(2, 1, len(x))) for x, _ in drawn]
    yield told("ratio of sums: delta", APPROXIMATE, figures, truth[0] / (truth[0] + 2))


def of_tests(rng, logs):
    truth, se, sp = rng.uniform(0.02, 0.4, logs), rng.uniform(0.7, 0.97, logs), rng.uniform(0.9, 0.995, logs)
    rows, known = between(rng, 500, 10_000, logs).astype(int), rng.integers(100, 1000, (2, logs))
    found = (rng.binomial(rows, truth * se + (1 - truth) * (1 - sp)), rng.binomial(known, [se, sp]))
    parts = zip(zip(found[0], rows), zip(found[1][0], known[0]), zip(found[1][1], known[1]))  # noqa: B905
    figures = [true_prevalence(*part) for part in parts]
    yield told("Rogan-Gladen: Lang and Reiczigel", APPROXIMATE, figures, truth)


SCENARIOS = (of_rows, of_two_arms, of_pairs, of_labels, of_views, of_means, of_tests)
