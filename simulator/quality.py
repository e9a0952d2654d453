"""Labels by cell, and where A and B act -> precision, recall and their like under either, with the difference B - A.

Where every row has a label, figures are counted and their intervals are those of `ratios`. Where only some have one, they are estimated for
all rows by the chance of review, or bounded (`labels`, `unseen`); a figure of the labelled rows alone, which says nothing
of the others, is never given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from simulator.intervals import LEVEL
from simulator.labels import MINIMUM, Bools, Floats, Ints, Method, Ratio, Sample, difference, estimated, treated_apart
from simulator.ratios import Sums, share, share_difference
from simulator.result import Bounds, Compared, Estimate, Figure, Refused
from simulator.unseen import TOO_FEW, Fill, Unseen, bounds, bounds_difference, sure, unseen

Basis: TypeAlias = Literal["all", "ipw", "snipw", "dr", "bounds"]

NO_CHANCE = "labels without the chance of a review (`review.propensity`) say nothing of rows that have none"
ZONES = ("where neither A nor B acts", "where A acts and B does not", "where B acts and A does not", "where both act")
METHODS: tuple[Method, ...] = ("ipw", "snipw", "dr")


def metrics(acts: Bools, beta: float = 1.0) -> dict[str, Ratio]:
    """Of the rows on which a policy `acts`, by cell; a label of true is a violation.

    - `precision`: violations among the rows it acts on;
    - `recall`: rows it acts on among violations;
    - `false_positive_rate`: rows it acts on among those that are none;
    - `f_beta`: (1 + beta^2) precision recall / (beta^2 precision + recall) (van Rijsbergen, Information Retrieval, 1979, chapter 7), as
      a ratio of sums. `beta` is positive: how much more recall counts than precision.
    """
    if not beta > 0:
        raise ValueError(f"a beta of `{beta}`, expected a positive number")
    act, violation = _pair(acts, acts), _pair(np.zeros_like(acts), np.ones_like(acts))
    hits, other = act * violation, 1 - violation
    weigh = beta * beta
    return {
        "precision": _ratio(hits, act),
        "recall": _ratio(hits, violation),
        "false_positive_rate": _ratio(act * other, other),
        "f_beta": Ratio((1 + weigh) * hits, weigh * violation + act, (act > 0, violation > 0)),
    }


def view_metrics(acts: Bools) -> dict[str, Ratio]:
    """Of rows that weigh their views:

    - `violating_view_rate`: views of violations among the views of what stays up (the name is YouTube's, Community Guidelines
      enforcement report), that is of rows on which the policy does not act;
    - `wrongly_removed_views`: views of rows it acts on that are no violations, among all views.
    """
    act, violation = _pair(acts, acts), _pair(np.zeros_like(acts), np.ones_like(acts))
    stays = 1 - act
    return {
        "violating_view_rate": _ratio(stays * violation, stays),
        "wrongly_removed_views": _ratio(act * (1 - violation), np.ones_like(act)),
    }


def _pair(if_false: Bools, if_true: Bools) -> Floats:
    return np.stack((if_false, if_true), axis=1).astype(np.float64)


def _ratio(numerator: Floats, denominator: Floats) -> Ratio:
    return Ratio(numerator, denominator, (denominator > 0,))


def looked(sample: Sample, acts_a: Bools, acts_b: Bools) -> Unseen | None:
    """Where nobody looks (`unseen`); None where every row has a label, or no propensity is known."""
    if sample.everyone or not sample.weighted:
        return None
    return unseen(sure(sample), acts_a + 2 * acts_b.astype(np.int64), ZONES)


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells ratios of one sample. Cells that A and B treat alike, and that are seen or unseen alike, are added up: `sample` has these
    few cells, `first` names one cell of the caller's for each. `fine` keeps the caller's cells, for `model`, which `dr` needs.
    """

    sample: Sample
    zones: Ints
    seen: Unseen | None  # None: every row has a label, or no propensity is known
    first: Ints
    fine: Sample
    model: Floats | None = None
    level: float = LEVEL
    minimum: float = MINIMUM

    @classmethod
    def of(
        cls,
        sample: Sample,
        acts_a: Bools,
        acts_b: Bools,
        model: Floats | None = None,
        level: float = LEVEL,
        minimum: float = MINIMUM,
        looked_at: Unseen | None = None,
    ) -> Judge:
        """`looked_at`: what `looked` finds of the rows, for a `sample` in which they weigh their views."""
        zones = acts_a + 2 * acts_b.astype(np.int64)
        seen = looked_at or looked(sample, acts_a, acts_b)
        sample = sample if seen is None else sure(sample)
        blind = np.zeros_like(acts_a) if seen is None else seen.cells
        codes, first, groups = np.unique(2 * zones + blind, return_index=True, return_inverse=True)
        small = sample.grouped(groups, len(codes))
        collapsed = None if seen is None else replace(seen, cells=codes % 2 == 1)
        return cls(small, codes // 2, collapsed, first, sample, model, level, minimum)

    def bases(self, methods: tuple[Method, ...] = METHODS) -> tuple[Basis, ...]:
        """What can be told: `all` where each row has a label, estimates where the chance of it is known, else bounds."""
        if self.sample.everyone:
            return ("all",)
        return methods if self.seen is not None else ("bounds",)

    def told(self, a: Ratio, b: Ratio, methods: tuple[Method, ...] = METHODS) -> Iterator[tuple[Basis, Compared]]:
        """The ratio under A and B, given by the caller's cells, on each of `bases`; as bounds, too, where an estimate is refused, and
        as bounds alone where none is possible."""
        refused = False
        for basis in self.bases(methods):
            found = self.compared(a, b, basis)
            figures = (found.a, found.b, found.difference)
            if all(isinstance(figure, Bounds) for figure in figures):
                yield "bounds", found
                return
            refused |= basis != "dr" and any(isinstance(figure, Refused) for figure in figures)
            yield basis, found
        if refused and self.seen is not None:
            yield "bounds", self.compared(a, b, "bounds")

    def compared(self, a: Ratio, b: Ratio, basis: Basis) -> Compared:
        return Compared(self.figure(a, basis), self.figure(b, basis), self.difference(a, b, basis))

    def figure(self, of: Ratio, basis: Basis) -> Figure:
        """One ratio. Where nobody looked at rows that it depends on, bounds whatever the basis."""
        ratio = of.select(self.first)
        if basis == "all":
            return share(_sums(self.sample), ratio.numerator, ratio.denominator, self.level)
        if basis == "bounds" or self._blind((ratio,), basis):
            return bounds(self._fill, ratio, self._why, self.level, self.minimum)
        if basis == "dr":
            return estimated(self.fine, of, basis, self.model, self.level, self.minimum)
        return estimated(self.sample, ratio, basis, None, self.level, self.minimum)

    def difference(self, of_a: Ratio, of_b: Ratio, basis: Basis) -> Figure:
        """B - A, paired: over the same rows."""
        a, b = of_a.select(self.first), of_b.select(self.first)
        if not all(self.sample.rows[side.denominator.any(axis=1)].any() for side in (a, b)):
            return Refused("a difference of shares, one of which is of no rows")
        if not self.sample.rows[treated_apart(a, b)].any():
            return Estimate(0.0, 0.0, 0.0, "exact", int(self.sample.rows[:, 1:].sum()))
        if basis == "all":
            left, right = ((side.numerator, side.denominator) for side in (a, b))
            return share_difference(_sums(self.sample), left, right, self.level)
        if basis == "bounds" or self._blind((a, b), basis):
            return bounds_difference(self._fill, a, b, self._why, self.level, self.minimum)
        if basis == "dr":
            return difference(self.fine, of_a, of_b, basis, self.model, self.level, self.minimum)
        return difference(self.sample, a, b, basis, None, self.level, self.minimum)

    def _blind(self, ratios: tuple[Ratio, ...], basis: Basis) -> bool:
        """Whether rows at which nobody looks matter: by their labels, or, where weights stand for the number of rows, at all."""
        if self.seen is None:
            return False
        cells = np.any([ratio.touched if basis == "snipw" else ratio.open for ratio in ratios], axis=0)
        return bool((self.seen.cells & cells & (self.sample.rows[:, 0] > 0)).any())

    @property
    def _fill(self) -> Fill:
        seen = self.seen
        return Fill.of(self.sample, self.zones, seen.cells if seen is not None and seen.cells.any() else None)

    @property
    def _why(self) -> tuple[str, ...]:
        return (NO_CHANCE,) if self.seen is None else self.seen.why or (TOO_FEW,)


def _sums(sample: Sample) -> Sums:
    return Sums(sample.rows[:, 1:], sample.size[:, 1:], sample.squares[:, 1:])
