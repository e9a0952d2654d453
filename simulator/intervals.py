"""Counts and additive sums -> values with confidence intervals.

Functions that end in `_bounds` take arrays of any one shape and give `(low, high)`; the others take one figure and give what a
report holds. A level is two-sided and lies in (0, 1). A difference is B - A. No function looks at rows: whatever goes in adds up
over files and machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri, stdtrit

from simulator.result import Estimate, Figure, Refused

LEVEL = 0.95
HALVINGS = 60  # of an interval no longer than 2: below the last bit that matters

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]


def z_of(level: float) -> float:
    """The quantile of the standard normal for a two-sided level. ValueError where that is not in (0, 1)."""
    if not 0 < level < 1:
        raise ValueError(f"a level of `{level}`, expected a number between 0 and 1")
    return float(ndtri(0.5 + level / 2))


# Proportions: `count` of `of`


def wilson_bounds(count: ArrayLike, of: ArrayLike, level: float = LEVEL) -> Bounds:
    """The score interval of Wilson (1927), https://doi.org/10.2307/2276774; (0, 1) where `of` is 0.

    Approximate: its coverage swings about the level and averages to it. Counts need not be whole (effective sample sizes).
    """
    k, n = as_floats(count, of)
    z2 = z_of(level) ** 2
    safe = np.maximum(n, np.finfo(float).tiny)
    middle = (k + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (np.clip(k * (n - k), 0, None) / safe + z2 / 4)) / (n + z2)
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return np.where(k <= 0, 0.0, low), np.where(k >= n, 1.0, high)  # where rounding would leave 1e-17


def clopper_pearson_bounds(count: ArrayLike, of: ArrayLike, level: float = LEVEL) -> Bounds:
    """The exact interval of Clopper and Pearson (1934), https://doi.org/10.2307/2331986; (0, 1) where `of` is 0.

    Covers at least as often as its level whatever the share; at zero or full counts too, where others are too short.
    """
    k, n = as_floats(count, of)
    tail = (1 - level) / 2
    z_of(level)
    low = betaincinv(np.where(k > 0, k, 1.0), n - k + 1, tail)
    high = betaincinv(k + 1, np.where(k < n, n - k, 1.0), 1 - tail)
    return np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)


def proportion_bounds(count: ArrayLike, of: ArrayLike, level: float = LEVEL) -> Bounds:
    """Wilson's interval, and that of Clopper and Pearson where nothing or everything was counted."""
    k, n = as_floats(count, of)
    extreme = (k <= 0) | (k >= n)
    pairs = zip(clopper_pearson_bounds(k, n, level), wilson_bounds(k, n, level), strict=True)
    low, high = (np.where(extreme, exact, score) for exact, score in pairs)
    return low, high


def proportion(count: float, of: float, level: float = LEVEL) -> Figure:
    """`count` of `of` rows, by `proportion_bounds`; refused where there is none."""
    if of <= 0:
        return Refused("a share of no rows")
    return estimate(count / of, proportion_bounds(count, of, level), proportion_method(count, of), int(of))


def proportion_method(count: float, of: float) -> str:
    return "wilson" if 0 < count < of else "clopper-pearson"


def proportion_difference(count_a: float, of_a: float, count_b: float, of_b: float, level: float = LEVEL) -> Figure:
    """B - A of two shares of different rows: Newcombe (1998), method 10, Statistics in Medicine 17, 873"""
    if of_a <= 0 or of_b <= 0:
        return Refused("a difference of shares, one of which is of no rows")
    a, b = (
        with_bounds(count / of, wilson_bounds(count, of, level)) for count, of in ((count_a, of_a), (count_b, of_b))
    )
    return estimate(b[0] - a[0], mover_bounds(a, b), "newcombe", int(of_a + of_b))


def tango_bounds(only_a: ArrayLike, only_b: ArrayLike, of: ArrayLike, level: float = LEVEL) -> Bounds:
    """B - A of two shares of the same `of` rows, of which `only_a` have it under A alone and `only_b` under B alone.

    The score interval of Tango (1998), Statistics in Medicine 17, 891: like Wilson's it keeps a length where no row differs.
    (-1, 1) where `of` is 0.
    """
    a, b, n = as_floats(only_a, only_b, of)
    z, found = z_of(level), (b - a) / np.maximum(n, 1)

    def excess(delta: Floats) -> Floats:
        """How far b - a lies from what `delta` says, less z standard deviations under `delta`."""
        linear = -a - b + (2 * n - b + a) * delta
        root = np.sqrt(np.clip(linear**2 + 8 * n * a * delta * (1 - delta), 0, None))
        q = (root - linear) / np.maximum(4 * n, 1)
        spread = np.sqrt(np.clip(n * (2 * q + delta * (1 - delta)), 0, None))
        return np.where(n > 0, np.abs(b - a - n * delta) - z * spread, -1.0)

    ones = np.ones_like(found)
    return boundary(excess, found, -ones), boundary(excess, found, ones)


def paired_difference(only_a: int, only_b: int, of: int, level: float = LEVEL) -> Figure:
    """B - A of two shares of the same rows, from the rows on which they differ; see `tango_bounds`."""
    if of <= 0:
        return Refused("a difference of shares of no rows")
    return estimate((only_b - only_a) / of, tango_bounds(only_a, only_b, of, level), "tango", int(of))


def mover_bounds(
    a: tuple[float, float, float], b: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Bounds of B - A from (value, low, high) of either: the method of variance estimates recovery.

    Zou (2007), https://doi.org/10.1037/1082-989X.12.4.399; with the bounds of Wilson it is Newcombe's.
    """
    (p, p_low, p_high), (q, q_low, q_high) = a, b

    def far(up: float, down: float) -> float:
        return math.sqrt(max(0.0, up**2 + down**2 - 2 * correlation * up * down))

    return q - p - far(q - q_low, p_high - p), q - p + far(q_high - q, p - p_low)


# Means


@dataclass(frozen=True, slots=True)
class Moments:
    """How many values, their sum, and the sum of their squares."""

    rows: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.rows

    @property
    def variance(self) -> float:
        """The unbiased variance of one value; needs two."""
        return max(0.0, self.squares - self.total * self.total / self.rows) / (self.rows - 1)


def mean(of: Moments, level: float = LEVEL) -> Figure:
    """Student's interval. Refused below two values."""
    if of.rows < 2:
        return Refused("a mean of fewer than two values has no interval", of.rows)
    half = float(stdtrit(of.rows - 1, 0.5 + level / 2)) * math.sqrt(of.variance / of.rows)
    return Estimate(of.mean, of.mean - half, of.mean + half, "student", of.rows)


def mean_difference(a: Moments, b: Moments, level: float = LEVEL) -> Figure:
    """B - A of means of different rows: Welch (1947), https://doi.org/10.2307/2332510. Refused below two values on either side.

    For the same rows take `mean` of the moments of their differences.
    """
    if a.rows < 2 or b.rows < 2:
        return Refused("a difference of means needs two values on either side", a.rows + b.rows)
    left, right = a.variance / a.rows, b.variance / b.rows
    value, spread = b.mean - a.mean, left + right
    if spread == 0:
        return Estimate(value, value, value, "welch", a.rows + b.rows)
    freedom = spread**2 / (left**2 / (a.rows - 1) + right**2 / (b.rows - 1))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * math.sqrt(spread)
    return Estimate(value, value - half, value + half, "welch", a.rows + b.rows)


# Prevalence behind an imperfect test


def rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float:
    """The true share behind an apparent one: Rogan and Gladen (1978), https://doi.org/10.1093/oxfordjournals.aje.a112510

    In [0, 1]. ValueError where the test tells nothing (sensitivity + specificity <= 1).
    """
    informs = sensitivity + specificity - 1
    if informs <= 0:
        raise ValueError(
            f"a sensitivity of `{sensitivity}` and a specificity of `{specificity}` tell no more than chance, "
            "expected a sum above 1"
        )
    return min(1.0, max(0.0, (apparent + specificity - 1) / informs))


def true_prevalence(
    positive: tuple[int, int], sensitivity: tuple[int, int], specificity: tuple[int, int], level: float = LEVEL
) -> Figure:
    """Rogan and Gladen's share from (count, of) of positives, of true positives found, and of true negatives found.

    The interval is that of Lang and Reiczigel (2014), https://doi.org/10.1016/j.prevetmed.2013.09.015, which allows for the chance in all
    three. Refused where one of them is of no rows, or where the test cannot be told from chance.
    """
    if not (positive[1] and sensitivity[1] and specificity[1]):
        return Refused("a prevalence needs positives, a sensitivity and a specificity that stand on rows")
    se, sp = sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    z = z_of(level)
    apparent, apparent_var = _shifted(*positive, z**2 / 2)
    se_near, se_var = _shifted(*sensitivity, 1.0)
    sp_near, sp_var = _shifted(*specificity, 1.0)
    informs = se_near + sp_near - 1
    if se + sp <= 1 or informs <= 0:
        return Refused("the sensitivity and the specificity tell no more than chance", positive[1])
    near = (apparent + sp_near - 1) / informs
    middle = near + 2 * z**2 * (near * se_var - (1 - near) * sp_var)
    half = z * math.sqrt(apparent_var + near**2 * se_var + (1 - near) ** 2 * sp_var) / informs
    value = rogan_gladen(positive[0] / positive[1], se, sp)
    bounds = (min(1.0, max(0.0, middle - half)), min(1.0, max(0.0, middle + half)))
    return estimate(value, bounds, "lang-reiczigel", positive[1])


def _shifted(count: int, of: int, more: float) -> tuple[float, float]:
    """The share after `more` of either kind were added, and its variance."""
    n = of + 2 * more
    p = (count + more) / n
    return p, p * (1 - p) / n


# Shared


def as_floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values)))


def with_bounds(value: float, bounds: tuple[ArrayLike, ArrayLike]) -> tuple[float, float, float]:
    return value, float(np.asarray(bounds[0])), float(np.asarray(bounds[1]))


def estimate(
    value: float, bounds: tuple[ArrayLike, ArrayLike], method: str, rows: int, effective: float | None = None
) -> Estimate:
    """Rounding, and intervals about a shifted middle, may leave the value just outside: the interval is stretched to it."""
    _, low, high = with_bounds(value, bounds)
    return Estimate(value, min(low, value), max(high, value), method, rows, effective)


def boundary(excess: Callable[[Floats], Floats], inside: Floats, outside: Floats) -> Floats:
    """Where `excess` turns from negative (at `inside`) to positive (towards `outside`), by halving."""
    near, far = inside.copy(), outside
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        within = excess(middle) < 0
        near, far = np.where(within, middle, near), np.where(within, far, middle)
    return far
