"""Sums over reviewed rows, with the chance of a review -> a ratio over all rows, or the reason why there is none.

Labels exist only where somebody looked. Where the chance of that (`review.propensity`) is known, ratios such as precision are
estimated for all rows by inverse propensity weights: Horvitz and Thompson (`ipw`), self-normalised (`snipw`, Hájek) and doubly
robust (`dr`). All need only additive sums by cell, a cell being a set of rows that the policies decide alike. An interval speaks
of traffic like the log's: rows are draws from it, reviewed independently of each other with the chances recorded. Where nobody
looks at all, no weight helps: see `unseen`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.intervals import LEVEL, estimate, mover_bounds, proportion_bounds, z_of
from simulator.result import Estimate, Figure, Refused

Method: TypeAlias = Literal["ipw", "snipw", "dr"]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

MINIMUM = 30.0
"""The effective sample size below which no estimate is given: that of the National Center for Health Statistics (Parker et al.,
Data Presentation Standards for Proportions, Vital and Health Statistics 2(175), 2017), which shows no share on a smaller one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of the rows, by cell. The second axis of the first three is the label: none, false, true; of the others: false,
    true.

    `rows` counts them, `size` is what they weigh (1 each, or their views), `squares` the sum of its squares. `drawn` are the
    labelled rows with a propensity; `weight` sums size / propensity over them, `weight_squares` its square.
    """

    rows: Ints
    size: Floats
    squares: Floats
    drawn: Ints
    weight: Floats
    weight_squares: Floats

    @property
    def everyone(self) -> bool:
        """Whether each row has a label."""
        return not self.rows[:, 0].any()

    @property
    def weighted(self) -> bool:
        return bool(self.drawn.any())

    @property
    def all_size(self) -> Floats:
        """By cell: of all rows, labelled or not."""
        return np.asarray(self.size.sum(axis=1))

    def counted(self) -> Sample:
        """Each labelled row for itself, with a weight of 1 (or its views)."""
        return replace(self, drawn=self.rows[:, 1:], weight=self.size[:, 1:], weight_squares=self.squares[:, 1:])

    def select(self, cells: Bools | Ints) -> Sample:
        return Sample(*(getattr(self, name)[cells] for name in self.__slots__))

    def grouped(self, codes: Ints, groups: int) -> Sample:
        """Cells of the same code, in [0, groups), added up."""

        def added(values: NDArray[Any]) -> NDArray[Any]:
            total = np.zeros((groups, values.shape[1]), values.dtype)
            np.add.at(total, codes, values)
            return total

        return Sample(*(added(getattr(self, name)) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sum of `numerator` / sum of `denominator`, both [cells, 2]: what a row adds if its label is false or true.

    The ratio lies in [0, 1]. `domains` are the sets of rows ([cells, 2]) each of which needs an effective sample size: the
    denominator's, unless several kinds of row carry it.
    """

    numerator: Floats
    denominator: Floats
    domains: tuple[Bools, ...]

    @property
    def open(self) -> Bools:
        """The cells where the label matters."""
        moved: Bools = np.any(
            (self.numerator[:, 0] != self.numerator[:, 1], self.denominator[:, 0] != self.denominator[:, 1]), 0
        )
        return moved

    @property
    def touched(self) -> Bools:
        """The cells whose rows count, whatever their label."""
        counted: Bools = np.any((self.numerator, self.denominator), axis=(0, 2))
        return counted

    def select(self, cells: Bools | Ints) -> Ratio:
        return Ratio(self.numerator[cells], self.denominator[cells], tuple(domain[cells] for domain in self.domains))


@dataclass(frozen=True, slots=True)
class Solved:
    """A ratio's value and what moves it: a row of cell c by `base[c]` times its size, and, where it was drawn with the label y, by
    `pull[c, y]` times its weight more. `effective` is the effective sample size, `rows` the drawn rows behind it. Cells of one of the `kinds` have
    the same part in the ratio.
    """

    value: float
    base: Floats
    pull: Floats
    effective: float
    rows: int
    kinds: Ints

    def variance(self, sample: Sample) -> float:
        """Of the delta method: the sum over all rows of what each moves, squared (Särndal, Swensson and Wretman, Model Assisted
        Survey Sampling, 1992, section 5.5, with rows as draws from the traffic); and see `_half_rows`."""
        return _variance(sample, self.base, self.pull, self.kinds)

    def count(self, sample: Sample) -> tuple[float, float]:
        """(count, of) of a binomial as wide: value (1 - value) / variance rows (Korn and Graubard, Survey Methodology 24, 1998);
        where the variance says nothing, as at 0 and 1, the effective sample size."""
        variance, value = self.variance(sample), min(1.0, max(0.0, self.value))
        size = value * (1 - value) / variance if variance > 0 and 0 < value < 1 else self.effective
        return size * value, size


def kish(weight: Floats, squares: Floats) -> float:
    """The effective sample size of weights: (sum of weights)^2 / sum of squares (Kish, Survey Sampling, 1965, section 11.7)."""
    above, below = float(np.sum(weight)), float(np.sum(squares))
    if not below < math.inf:
        return 0.0  # a chance next to nothing: its weight is beyond all numbers, and so would be its error
    return above * (above / below) if below > 0 else 0.0


def solve(sample: Sample, ratio: Ratio, method: Method, model: Floats | None = None) -> Solved | None:
    """The ratio over all rows; None where its denominator is estimated at nothing.

    A sum over all rows of k(label) is estimated by
    - `snipw`: the sum of weight k over the drawn rows (Hájek 1971): the weights are made to add up, as both sums have them;
    - `ipw`: k(false) over all rows, which is known, + the sum of weight (k(true) - k(false)) over the drawn violations (Horvitz
      and Thompson, JASA 47, 1952): unbiased, but where the weights happen to be large it is off, and may leave [0, 1];
    - `dr`: as `ipw`, with what `model` (by cell, the share of violations) expects in place of k(false), and the weights put on what
      the drawn rows deviate from it (Robins, Rotnitzky and Zhao, JASA 89, 1994).

    ValueError where `dr` has no model, or where rows weigh more than 1 each (views): those the sums allow for `snipw` only.
    """
    if method != "snipw" and not np.array_equal(sample.size, sample.rows):
        raise ValueError(f"`{method}` of rows of other sizes than 1, expected `snipw`")
    if method == "dr" and model is None:
        raise ValueError("a doubly robust estimate needs a model of the outcome, expected `model` by cell")
    expected = None if method == "snipw" else np.zeros(len(sample.rows)) if model is None or method == "ipw" else model
    top, bottom = (_terms(part, expected) for part in (ratio.numerator, ratio.denominator))
    below = _total(sample, *bottom)
    if below <= 0:
        return None
    value = _total(sample, *top) / below
    base, pull = ((up - value * down) / below for up, down in zip(top, bottom, strict=True))
    effective, rows = effective_size(sample, ratio.domains), int(sample.drawn[_any(ratio.domains)].sum())
    return Solved(value, base, pull, effective, rows, kinds_of(ratio.numerator, ratio.denominator))


def kinds_of(*by_cell: Floats | Ints) -> Ints:
    """Equal numbers for cells that are equal in all of them."""
    kinds: Ints = np.unique(np.column_stack(by_cell), axis=0, return_inverse=True)[1].ravel()
    return kinds


def _terms(part: Floats, expected: Floats | None) -> tuple[Floats, Floats]:
    """What a row adds by its size, and a drawn one by its weight, [cells] and [cells, 2]."""
    if expected is None:
        return np.zeros(len(part)), part
    slope = part[:, 1] - part[:, 0]
    residual = np.stack((-expected, 1 - expected), axis=1)
    return part[:, 0] + expected * slope, residual * slope[:, None]


def _total(sample: Sample, base: Floats, pull: Floats) -> float:
    return float(sample.all_size @ base + np.sum(sample.weight * pull))


def _squared(sample: Sample, base: Floats, pull: Floats) -> float:
    """The sum over rows of (size base + weight pull)^2, where either sizes are 1 or `base` is 0."""
    crossed = 2 * float(np.sum(sample.weight * pull * base[:, None])) if base.any() else 0.0
    every = np.asarray(sample.squares.sum(axis=1))
    return max(0.0, float(every @ base**2 + np.sum(sample.weight_squares * pull**2)) + crossed)


def _half_rows(sample: Sample, pull: Floats, kinds: Ints) -> float:
    """What half a reviewed row more of either label would add in each kind of cell, beyond what a row of weight 1 does.

    Rare rows of large weight, such as violations far below a threshold, are often not drawn at all; the plain variance then holds
    them for absent, and intervals of recall cover too seldom. Half a row is what Jeffreys' prior adds to either side of a share
    (Brown, Cai and DasGupta, Statistical Science 16, 2001). With everybody reviewed it adds nothing.
    """
    drawn = np.bincount(kinds, sample.drawn.sum(axis=1))
    labelled = np.maximum(sample.rows[:, 1:], 1)  # some may not have been drawn: their labels came without a chance
    beyond = np.bincount(kinds, (sample.weight_squares - sample.squares[:, 1:] * sample.drawn / labelled).sum(axis=1))
    moved = np.bincount(kinds, sample.drawn.sum(axis=1) * np.sum(pull**2, axis=1))
    some = drawn > 0
    return float(np.sum(np.clip(beyond[some], 0, None) * moved[some] / drawn[some] ** 2)) / 2


def _variance(sample: Sample, base: Floats, pull: Floats, kinds: Ints) -> float:
    return _squared(sample, base, pull) + _half_rows(sample, pull, kinds)


def _any(domains: tuple[Bools, ...]) -> Bools:
    joined: Bools = np.any(domains, axis=0)
    return joined


def effective_size(sample: Sample, domains: tuple[Bools, ...]) -> float:
    """The smallest of the domains': see `kish`."""
    return min(kish(sample.weight[domain], sample.weight_squares[domain]) for domain in domains)


def outcome_model(sample: Sample, strata: Ints, folds: Ints, minimum: float = MINIMUM) -> Floats | None:
    """The share of violations in each cell, as the reviewed rows of its stratum in all *other* folds say.

    Fitted on the rows it is applied to, a model would fit their noise, which biases the estimate and shortens its interval. So the rows
    are split by something other than chance that lies in the cells already, such as the region, and a cell's share comes from
    the other parts (cross-fitting: Chernozhukov et al., Econometrics Journal 21, 2018). With the recorded propensities the estimate
    is then unbiased whatever the model says, one that fits other regions badly too; only its interval grows. A stratum with
    fewer than `minimum` reviewed rows elsewhere takes the share of all strata there. None where fewer than two folds have reviewed rows.
    """
    by_fold = [folds == fold for fold in np.unique(folds)]
    if sum(bool(sample.drawn[mine].any()) for mine in by_fold) < 2:
        return None
    model, codes = np.zeros(len(folds)), np.unique(strata, return_inverse=True)[1]
    for mine in by_fold:
        elsewhere = sample.select(~mine).grouped(codes[~mine], int(codes.max()) + 1)
        overall = _share(elsewhere.weight.sum(axis=0, keepdims=True))
        enough = elsewhere.drawn.sum(axis=1) >= minimum
        model[mine] = np.where(enough, _share(elsewhere.weight), overall)[codes[mine]]
    return model


def _share(weight: Floats) -> Floats:
    total = weight.sum(axis=1)
    share: Floats = np.divide(weight[:, 1], total, out=np.zeros(len(weight)), where=total > 0)
    return share


def too_small(effective: float, minimum: float, rows: int, what: str = "") -> Refused:
    """Why no estimate is given: as data, for whoever tells it."""
    return Refused(
        f"the {rows} reviewed rows{what} are worth {effective:.3g} (effective sample size), expected at least {minimum:g}",
        rows,
        effective,
    )


def estimated(
    sample: Sample,
    ratio: Ratio,
    method: Method,
    model: Floats | None = None,
    level: float = LEVEL,
    minimum: float = MINIMUM,
) -> Figure:
    """The ratio over all rows with its interval, or refused: too small an effective sample size, nothing to divide by.

    The interval is Wilson's for the binomial of `Solved.count`, at 0 and 1 that of Clopper and Pearson. An estimate outside [0, 1],
    as `ipw` may give, is moved to the border, its interval is then value ± z standard errors, cut there.
    """
    solved = _solved(sample, ratio, method, model, minimum)
    if isinstance(solved, Refused):
        return solved
    value, low, high = bounded(sample, solved, level)
    return estimate(value, (low, high), method, solved.rows, solved.effective)


def _solved(sample: Sample, ratio: Ratio, method: Method, model: Floats | None, minimum: float) -> Solved | Refused:
    if method == "dr" and model is None:
        return Refused(
            "a model of the outcome needs reviewed rows in two parts of the log, one to fit it and one to use it on"
        )
    rows, effective = int(sample.drawn[_any(ratio.domains)].sum()), effective_size(sample, ratio.domains)
    if effective < minimum:
        return too_small(effective, minimum, rows)
    return solve(sample, ratio, method, model) or Refused("a ratio to a sum of nothing", rows, effective)


def bounded(sample: Sample, solved: Solved, level: float = LEVEL) -> tuple[float, float, float]:
    """Value, low, high in [0, 1]: see `estimated`."""
    value = min(1.0, max(0.0, solved.value))
    if value == solved.value:
        low, high = proportion_bounds(*solved.count(sample), level)
        return value, float(low), float(high)
    half = z_of(level) * math.sqrt(solved.variance(sample))
    low_, high_ = (min(1.0, max(0.0, solved.value + side * half)) for side in (-1, 1))
    return value, low_, high_


def difference(
    sample: Sample,
    a: Ratio,
    b: Ratio,
    method: Method,
    model: Floats | None = None,
    level: float = LEVEL,
    minimum: float = MINIMUM,
) -> Figure:
    """B - A over the same rows: the two intervals joined by the method of variance estimates recovery with their correlation.

    It rests on the reviewed rows that A and B treat differently: refused where these have too small an effective sample size; exactly 0
    where there is no such row, reviewed or not.
    """
    apart = treated_apart(a, b)
    if not sample.rows[apart].any():
        return Estimate(0.0, 0.0, 0.0, "exact", int(sample.drawn.sum()))
    sides = [_solved(sample, side, method, model, minimum) for side in (a, b)]
    for side in sides:
        if isinstance(side, Refused):
            return side
    differing = kish(sample.weight[apart], sample.weight_squares[apart])
    if differing < minimum:
        return too_small(differing, minimum, int(sample.drawn[apart].sum()), " on which A and B differ")
    left, right = (side for side in sides if isinstance(side, Solved))
    return _joined(sample, left, right, method, level)


def treated_apart(a: Ratio, b: Ratio) -> Bools:
    differs = (a.numerator != b.numerator) | (a.denominator != b.denominator)
    cells: Bools = differs.any(axis=1)
    return cells


def _joined(sample: Sample, a: Solved, b: Solved, method: Method, level: float) -> Estimate:
    bounds = mover_bounds(bounded(sample, a, level), bounded(sample, b, level), correlation(sample, a, b))
    value = min(1.0, max(0.0, b.value)) - min(1.0, max(0.0, a.value))
    return estimate(value, bounds, method, max(a.rows, b.rows), min(a.effective, b.effective))


def correlation(sample: Sample, a: Solved, b: Solved) -> float:
    """Of two ratios over the same rows, as in `ratios.share_difference`: from the variance of the difference, which is taken to be no
    smaller than that of two rows that tell A and B apart."""
    first, second = a.variance(sample), b.variance(sample)
    if first <= 0 or second <= 0:
        return 0.0
    apart = _variance(sample, b.base - a.base, b.pull - a.pull, kinds_of(a.kinds, b.kinds))
    apart = max(apart, first / a.effective + second / b.effective)
    return max(-1.0, min(1.0, (first + second - apart) / (2 * math.sqrt(first * second))))
