"""Running sums of an experiment -> intervals and p-values that hold at every look, however often somebody looks.

A confidence sequence covers the truth at all times at once with its level: one may stop when it pleases. The price is length,
some 1.5 times that of an interval for one look. Sums are those of `simulator.intervals`; B - A is the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln, logsumexp, xlog1py, xlogy
from scipy.stats import chi2

from simulator.intervals import LEVEL, Bounds, Floats, Moments, as_floats, boundary, estimate
from simulator.result import Estimate, Figure, Refused

RHO2 = 0.01  # variance of the mixture: shortest near 800 rows at level .95; see `best_rho2`
FEWEST = 100  # rows of either arm below which the normal approximation is not trusted: a convention of ours
CONCENTRATIONS = (10.0, 100.0, 1e3, 1e4)  # of the Dirichlet priors about the planned shares, in rows


def normal_mixture_radius(rows: ArrayLike, sd: ArrayLike = 0.5, rho2: float = RHO2, level: float = LEVEL) -> Floats:
    """Half the length of the confidence sequence of a mean after so many rows: Robbins (1970), https://doi.org/10.1214/aoms/1177696786

    sd sqrt(2 (n rho2 + 1) / (n^2 rho2) ln(sqrt(n rho2 + 1) / alpha)): the two-sided normal mixture of Howard et al. (2021), arXiv 1810.08240,
    for rows that are sub-Gaussian with `sd`: the standard deviation of normal rows, half the range of bounded ones (1/2 for shares). With an
    estimated `sd` it holds asymptotically (Waudby-Smith et al., arXiv 2103.06476). Infinite at no rows.
    """
    n, deviation = as_floats(rows, sd)
    safe = np.maximum(n, 1)
    grown = safe * rho2 + 1
    radius = deviation * np.sqrt(2 * grown / (safe**2 * rho2) * np.log(np.sqrt(grown) / (1 - level)))
    return np.where(n > 0, radius, np.inf)


def best_rho2(rows: int, level: float = LEVEL) -> float:
    """The mixture that is nearly shortest at so many rows: Waudby-Smith et al., arXiv 2103.06476. Choose it before looking."""
    doubled = -2 * math.log(1 - level)
    return (doubled + math.log(doubled + 1)) / rows


def mean_sequence(of: Moments, rho2: float = RHO2, level: float = LEVEL) -> Figure:
    """Of a mean with its estimated deviation: asymptotic. Refused below `FEWEST` rows."""
    if of.rows < FEWEST:
        return Refused(f"`{of.rows}` rows so far, `{FEWEST}` are needed", of.rows)
    half = float(normal_mixture_radius(of.rows, math.sqrt(of.variance), rho2, level))
    return Estimate(of.mean, of.mean - half, of.mean + half, "normal-mixture", of.rows)


def mean_difference_sequence(a: Moments, b: Moments, rho2: float = RHO2, level: float = LEVEL) -> Figure:
    """B - A of means over two arms, with their estimated deviations: asymptotic, for arms that fill in a fixed proportion.

    One row of either arm counts as a row of the sequence, whose variance is that of the difference (Welch's) times the rows. Refused below
    `FEWEST` rows of an arm.
    """
    if min(a.rows, b.rows) < FEWEST:
        return Refused(
            f"`{min(a.rows, b.rows)}` rows so far in the smaller arm, `{FEWEST}` are needed", a.rows + b.rows
        )
    rows, value = a.rows + b.rows, b.mean - a.mean
    deviation = math.sqrt(rows * (a.variance / a.rows + b.variance / b.rows))
    half = float(normal_mixture_radius(rows, deviation, rho2, level))
    return Estimate(value, value - half, value + half, "normal-mixture", rows)


def beta_binomial_bounds(count: ArrayLike, of: ArrayLike, level: float = LEVEL) -> Bounds:
    """The confidence sequence of a share: exact, at rare events too, where a normal approximation fails.

    All p under which the rows are not 1 / alpha times less likely than under the mixture Beta(1/2, 1/2): Robbins (1970), as
    above. (0, 1) of no rows.
    """
    k, n = as_floats(count, of)
    mixture = betaln(0.5 + k, 0.5 + n - k) - betaln(0.5, 0.5) + math.log(1 - level)

    def excess(p: Floats) -> Floats:
        surprise: Floats = mixture - xlogy(k, p) - xlog1py(n - k, -p)
        return surprise

    value = np.where(n > 0, k / np.maximum(n, 1), 0.5)
    return boundary(excess, value, np.zeros_like(value)), boundary(excess, value, np.ones_like(value))


def proportion_sequence(count: int, of: int, level: float = LEVEL) -> Figure:
    """Of a share: `beta_binomial_bounds`. Refused where there is no row."""
    if of <= 0:
        return Refused("a share of no rows")
    return estimate(count / of, beta_binomial_bounds(count, of, level), "beta-binomial mixture", of)


def beta_binomial_difference_bounds(
    count_a: ArrayLike, of_a: ArrayLike, count_b: ArrayLike, of_b: ArrayLike, level: float = LEVEL
) -> Bounds:
    """B - A of shares of two arms: the two sequences, each at half the error (Bonferroni). Exact, and longer than need be."""
    each = 1 - (1 - level) / 2
    (low_a, high_a), (low_b, high_b) = (
        beta_binomial_bounds(count, of, each) for count, of in ((count_a, of_a), (count_b, of_b))
    )
    return low_b - high_a, high_b - low_a


def proportion_difference_sequence(count_a: int, of_a: int, count_b: int, of_b: int, level: float = LEVEL) -> Figure:
    """B - A of shares of two arms: `beta_binomial_difference_bounds`. Refused where an arm has no row."""
    if of_a <= 0 or of_b <= 0:
        return Refused("a difference of shares, one of which is of no rows")
    bounds = beta_binomial_difference_bounds(count_a, of_a, count_b, of_b, level)
    return estimate(count_b / of_b - count_a / of_a, bounds, "beta-binomial mixture", of_a + of_b)


def sample_ratio_p(counts: ArrayLike, shares: ArrayLike) -> float:
    """That rows fell on the arms as planned, in [0, 1]: Pearson's chi-square, for one look at the end. 1 of no rows.

    Fabijan et al. (2019), https://doi.org/10.1145/3292500.3330722, call a p below .0005 a mismatch: then no other figure of the experiment is to
    be believed. `shares` are the planned ones, in any unit.
    """
    n, planned = _planned(counts, shares)
    total = float(n.sum())
    if total == 0:
        return 1.0
    expected = total * planned
    return float(chi2.sf(float(((n - expected) ** 2 / expected).sum()), n.size - 1))


def sequential_sample_ratio_p(
    counts: ArrayLike, shares: ArrayLike, concentrations: Sequence[float] = CONCENTRATIONS
) -> float:
    """The same at every look: an anytime-valid p-value, 1 / the Bayes factor against the plan, at most 1.

    Lindon and Malek (2022), arXiv 2011.03567, against an even mixture of Dirichlet priors about the plan that weigh so many rows each: a light
    one finds large deviations early, a heavy one small deviations late. It may be looked at after each row; the smallest so far
    holds as well.
    """
    n, planned = _planned(counts, shares)
    priors = np.outer(concentrations, planned)
    weights = np.asarray(concentrations)
    mixture = gammaln(weights) - gammaln(weights + n.sum()) + np.sum(gammaln(priors + n) - gammaln(priors), axis=1)
    factor = float(logsumexp(mixture)) - math.log(len(weights))
    return math.exp(min(0.0, float(np.sum(xlogy(n, planned))) - factor))


def _planned(counts: ArrayLike, shares: ArrayLike) -> tuple[Floats, Floats]:
    n, planned = as_floats(counts, shares)
    if n.ndim != 1 or n.size < 2 or np.any(planned <= 0):
        raise ValueError("expected a count and a share above 0 for each of two or more arms")
    return n, planned / planned.sum()
