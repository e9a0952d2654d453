"""The bootstrap over authors, whose posts are alike."""

import numpy as np

from benchmarks.covered.rows import APPROXIMATE, SHOWN, covered, told
from simulator.bootstrap import accumulate, interval
from simulator.intervals import wilson_bounds

# cells: no action, A alone, both; without a violation, then with one
A, B, VIOLATES = (np.array(one) for one in ([0, 1, 1] * 2, [0, 0, 1] * 2, [0] * 3 + [1] * 3))


def rate(counts):
    return counts @ B / counts.sum(axis=-1)


def difference(counts):
    return counts @ (B - A) / counts.sum(axis=-1)


def precision(counts):
    return counts @ (A * VIOLATES) / (counts @ A)


def precision_difference(counts):
    return counts @ (B * VIOLATES) / (counts @ B) - precision(counts)


STATISTICS = {
    "share": rate,
    "difference of shares, B - A": difference,
    "precision": precision,
    "difference of precision, B - A": precision_difference,
}


def drawn(rng, truth):
    """1,000 to 4,000 authors with some 3.5 posts each, four in a hundred of them 26; each has shares of its own about `truth`."""
    authors = rng.integers(1000, 4000)
    posts = 1 + rng.geometric(0.4, authors) * np.where(rng.random(authors) < 0.04, 10, 1)
    chances = np.cumsum(rng.dirichlet(truth * 4 + 1e-9, authors), axis=1)
    author = np.repeat(np.arange(authors), posts)
    cells = (rng.random(len(author))[:, None] > chances[author]).sum(axis=1)
    hashes = rng.integers(0, 2**63, authors).astype(np.uint64)
    return hashes[author], np.minimum(cells, 5).astype(np.int32)


def of_authors(rng, logs):
    truth = np.array([0.66, 0.06, 0.08, 0.03, 0.05, 0.12])
    counts, draws = [], []
    for number in range(logs):
        authors, cells = drawn(rng, truth)
        counts.append(np.bincount(cells, minlength=6))
        draws.append(accumulate(authors, cells, size=6, seed=number))
    for name, statistic in STATISTICS.items():
        for method in ("percentile", "basic"):
            figures = [interval(statistic, *log, method=method) for log in zip(counts, draws, strict=True)]
            yield told(f"{name}: bootstrap over authors, {method}", APPROXIMATE, figures, statistic(truth))
    rows = np.array([count.sum() for count in counts])
    blind = wilson_bounds(np.array([count @ B for count in counts]), rows)
    yield covered("share, as if no rows had the same author: Wilson", SHOWN, *blind, rate(truth))


SCENARIOS = (of_authors,)
