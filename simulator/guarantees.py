"""Losses on rows that were held back -> which thresholds keep a risk below a bound, with a stated confidence.

Everything here holds in finite samples, for rows that are independent draws of the traffic that the threshold will meet. It holds
for the hypotheses it was asked about: candidates must come from other rows than those that test them. `alpha` in (0, 1) is the bound on
the risk, `delta` in (0, 1) the chance with which the bound may be broken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import binom

from simulator.intervals import Floats, as_floats, clopper_pearson_bounds

HALVINGS = 60

# p-values of "the risk is above alpha": small ones speak for a risk below


def binomial_p(errors: ArrayLike, of: ArrayLike, alpha: ArrayLike) -> Floats:
    """For losses of 0 and 1: the chance of so few errors, or fewer, at a risk of `alpha`, P(Bin(of, alpha) <= errors). Exact."""
    k, n, risk = as_floats(errors, of, alpha)
    found: Floats = np.asarray(binom.cdf(k, n, risk))
    return np.where(n > 0, found, 1.0)


def hoeffding_bentkus_p(loss: ArrayLike, of: ArrayLike, alpha: ArrayLike) -> Floats:
    """For losses in [0, 1] with the mean `loss` over `of` rows: Angelopoulos et al. (2021), arXiv 2110.01052.

    The smaller of Hoeffding's tail in its tight form, exp(-n h(loss, alpha)) with h the relative entropy of Bernoullis, and of
    Bentkus's (2004), e P(Bin(n, alpha) <= ceil(n loss)).
    """
    mean, n, risk = as_floats(loss, of, alpha)
    low = np.minimum(mean, risk)
    entropy = xlogy(low, low / risk) + xlogy(1 - low, (1 - low) / (1 - risk))
    up = np.ceil(n * mean - 1e-9)  # of a whole number, not of one that rounding raised
    bentkus = math.e * np.asarray(binom.cdf(up, n, risk))
    return np.where(n > 0, np.minimum(1.0, np.minimum(np.exp(-n * entropy), bentkus)), 1.0)


# One-sided upper bounds of a risk


def binomial_upper(errors: ArrayLike, of: ArrayLike, delta: float) -> Floats:
    """A risk of losses 0 and 1 lies below this with a confidence of 1 - delta: Clopper and Pearson, one-sided. 1 of no rows."""
    return clopper_pearson_bounds(errors, of, 1 - 2 * _chance(delta, below=0.5))[1]


def hoeffding_bentkus_upper(loss: ArrayLike, of: ArrayLike, delta: float) -> Floats:
    """The same for losses in [0, 1]: the largest risk that `hoeffding_bentkus_p` does not reject at `delta`."""
    mean, n = as_floats(loss, of)
    _chance(delta)
    low, high = mean.copy(), np.ones_like(mean)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rejected = hoeffding_bentkus_p(mean, n, np.minimum(middle, 1 - 1e-12)) <= delta
        low, high = np.where(rejected, low, middle), np.where(rejected, middle, high)
    return high


# Many hypotheses: Learn then Test (arXiv 2110.01052)


def fixed_sequence(p_values: Iterable[float], delta: float) -> int:
    """How many hypotheses from the first on are rejected: testing stops at the first p-value above `delta`.

    The order must not come from the rows behind the p-values. All rejected ones hold together with a confidence of 1 - delta. Takes no
    more p-values than it needs.
    """
    _chance(delta)
    rejected = 0
    for p in p_values:
        if not p <= delta:
            break
        rejected += 1
    return rejected


def fixed_sequences(starts: Sequence[Iterable[float]], delta: float) -> tuple[int, ...]:
    """Several sequences, one from each start, each tested at an equal part of `delta`; see `fixed_sequence`."""
    return tuple(fixed_sequence(p_values, delta / len(starts)) for p_values in starts)


def bonferroni(p_values: ArrayLike, delta: float) -> NDArray[np.bool_]:
    """Which of all are rejected at delta / how many they are, in no order."""
    (p,) = as_floats(p_values)
    rejected: NDArray[np.bool_] = p <= _chance(delta) / max(1, p.size)
    return rejected


def holm(p_values: ArrayLike, delta: float) -> NDArray[np.bool_]:
    """As `bonferroni`, which it never rejects fewer than: Holm (1979), Scandinavian Journal of Statistics 6, 65."""
    (p,) = as_floats(p_values)
    order = np.argsort(p, axis=None, kind="stable")
    bars = _chance(delta) / np.arange(p.size, 0, -1)
    rejected = np.zeros(p.size, np.bool_)
    rejected[order[: fixed_sequence(np.where(p.ravel()[order] <= bars, 0.0, 1.0), delta)]] = True
    return rejected.reshape(p.shape)


# The false-positive rate: the Neyman-Pearson umbrella


def umbrella_order(negatives: int, alpha: float, delta: float) -> int | None:
    """Flag what scores above the k-th smallest of so many scores of negatives: the smallest such k, or None where they are too few.

    Then the false-positive rate is above `alpha` with a chance of at most `delta`: P(Bin(n, 1 - alpha) >= k) <= delta. Tong, Feng and Li (2018),
    https://doi.org/10.1126/sciadv.aao1659, proposition 1. Ties between scores only make it safer.
    """
    _chance(alpha), _chance(delta)
    if negatives < umbrella_rows(alpha, delta):
        return None
    order = int(binom.isf(delta, negatives, 1 - alpha)) + 1
    while order > 1 and binom.sf(order - 2, negatives, 1 - alpha) <= delta:
        order -= 1
    while binom.sf(order - 1, negatives, 1 - alpha) > delta:
        order += 1
    return order


def umbrella_rows(alpha: float, delta: float) -> int:
    """The fewest negatives for which `umbrella_order` has an answer: (1 - alpha)^n <= delta."""
    rows = max(1, math.ceil(math.log(_chance(delta)) / math.log1p(-_chance(alpha)) - 1e-9))
    return rows if (1 - alpha) ** rows <= delta else rows + 1


def umbrella_threshold(negatives: NDArray[np.int64], alpha: float, delta: float) -> int | None:
    """The lowest threshold, in the integer units of the scores, of `score >= threshold` that keeps the bound; None where they are too few."""
    order = umbrella_order(negatives.size, alpha, delta)
    return None if order is None else int(np.partition(negatives.ravel(), order - 1)[order - 1]) + 1


# An expected loss: conformal risk control


def conformal_risk(losses: ArrayLike, of: int, alpha: float, most: float = 1.0) -> int | None:
    """The first candidate whose expected loss on the next row is at most `alpha`, or None where none is.

    `losses` are the mean losses over the same `of` rows, by candidate, never rising; a row's loss lies in [0, most]. Angelopoulos et al. (2022),
    arXiv 2208.02814, theorem 1: n / (n + 1) loss + most / (n + 1) <= alpha. This bounds a mean over draws of these rows too, not a
    chance: for that see Learn then Test. ValueError where the losses rise.
    """
    (mean,) = as_floats(losses)
    if np.any(np.diff(mean) > 1e-12):
        raise ValueError("the losses rise from one candidate to the next, expected an order in which they never do")
    kept = np.flatnonzero((of * mean + most) / (of + 1) <= alpha)
    return int(kept[0]) if kept.size else None


def _chance(value: float, below: float = 1.0) -> float:
    """ValueError where it is none."""
    if not 0 < value < below:
        raise ValueError(f"a chance of `{value}`, expected a number above 0 and below {below:g}")
    return value
