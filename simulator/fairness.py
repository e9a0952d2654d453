"""Labels by cell and group -> how far each group's precision, recall, … lies from that of all others, and the worst gap.

Many groups are compared, so the largest gap is large by chance. Each interval therefore has the level 1 - rate / number of
comparisons (Bonferroni, after Dunn, Multiple Comparisons among Means, JASA 56, 1961): where no gap is real, the chance that any of
them is flagged is at most `rate`. They are joined from exact binomial intervals, for those of Wilson are too short for single events
in small groups at such levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.intervals import clopper_pearson_bounds, estimate, mover_bounds
from simulator.labels import MINIMUM, Bools, Ints, Ratio, Sample, solve
from simulator.result import Figure, Refused
from simulator.unseen import sure, unseen

RATE = 0.05
HARMFUL = ("false_positive_rate",)  # the higher the worse; of other metrics the lower
HALVINGS = 40  # of the logarithm of a p-value
LEAST = 1e-12  # smaller p-values are told as this
UNKNOWN = "not identified: without the chance of a review (`review.propensity`) labels do not tell groups apart"
NONE_TOLD = "no two groups have enough reviewed rows to tell"


@dataclass(frozen=True, slots=True)
class Part:
    """A ratio in a part of the rows, as the binomial that is as wide (`labels.Solved.count`), and what it stands on."""

    value: float
    count: float
    of: float
    rows: int
    effective: float

    def no_surer_than(self, rest: Part) -> Part:
        """With no more effective rows to a row than all others have: in a small group the heaviest rows may not have been drawn."""
        of = min(self.of, self.rows * rest.of / rest.rows)
        return replace(self, of=of, count=of * self.value)

    def known(self, level: float) -> tuple[float, float, float]:
        low, high = clopper_pearson_bounds(self.count, self.of, level)
        return self.value, float(low), float(high)


@dataclass(frozen=True, slots=True)
class GroupGap:
    """`group` minus all other groups; `gap` at the family's level."""

    group: str | None
    value: float
    rest: float
    gap: Figure


@dataclass(frozen=True, slots=True)
class Gaps:
    """Of one metric. `worst` is of the gaps that can be shown the largest, first among groups that are worse off than the others; where none
    can be shown, the largest; or it says why there is none. `p` is its p-value after the correction, at least `LEAST`;
    `flagged`: real at the stated rate. `groups` are all that could be told, `small` those too small to tell.
    """

    metric: str
    worst: GroupGap | Refused
    p: float | None
    flagged: bool
    groups: tuple[GroupGap, ...] = ()
    small: tuple[str | None, ...] = ()


def gaps(
    sample: Sample,
    acts: Bools,
    groups: Ints,
    names: Sequence[str | None],
    ratios: Mapping[str, Ratio],
    rate: float = RATE,
    families: int = 1,
    minimum: float = MINIMUM,
) -> tuple[Gaps, ...]:
    """By metric. `groups` says by cell which of `names` it belongs to, `acts` where the policy acts, `ratios` are by cell.

    The rate is shared among all metrics and groups of a call that can be told, and among `families` such calls. Rows with weights give
    self-normalised ratios and effective sample sizes. A group is too small to tell where it, or the rest, has fewer than `minimum`
    effective rows for the ratio, or where nobody looked at rows of it that matter (`unseen.unseen`); then the rest leaves it out, too.
    """
    if not (sample.everyone or sample.weighted):
        return tuple(Gaps(name, Refused(UNKNOWN), None, False) for name in ratios)
    cells = 2 * groups + acts
    codes, first, at = np.unique(cells, return_index=True, return_inverse=True)
    known = sample.counted() if sample.everyone else sure(sample)
    hidden = np.zeros(len(groups), np.bool_) if sample.everyone else unseen(known, cells).cells
    blind = np.bincount(at, hidden & (sample.rows[:, 0] > 0)) > 0
    small = known.grouped(at, len(codes))
    pairs = {name: _pairs(small, ratio.select(first), codes // 2, blind, minimum) for name, ratio in ratios.items()}
    many = families * max(1, sum(map(len, pairs.values())))
    return tuple(_told(name, pairs[name], names, sorted(set((codes // 2).tolist())), rate, many) for name in ratios)


def _pairs(cells: Sample, ratio: Ratio, groups: Ints, blind: Bools, minimum: float) -> dict[int, tuple[Part, Part]]:
    """The groups that can be told: the ratio in each, and in all others."""
    hidden = set(groups[blind & ratio.open].tolist())
    seen = ~np.isin(groups, list(hidden))
    found = {}
    for group in sorted(set(groups[seen].tolist())):
        mine = groups == group
        own, rest = (_part(cells.select(where), ratio.select(where), minimum) for where in (mine, seen & ~mine))
        if own and rest:
            found[group] = own.no_surer_than(rest), rest
    return found


def _part(cells: Sample, ratio: Ratio, minimum: float) -> Part | None:
    solved = solve(cells, ratio, "snipw") if len(cells.rows) else None
    if solved is None or solved.effective < minimum:
        return None
    return Part(solved.value, *solved.count(cells), solved.rows, solved.effective)


def _told(
    metric: str,
    pairs: Mapping[int, tuple[Part, Part]],
    names: Sequence[str | None],
    present: Sequence[int],
    rate: float,
    many: int,
) -> Gaps:
    small = tuple(names[group] for group in present if group not in pairs)
    if not pairs:
        return Gaps(metric, Refused(NONE_TOLD), None, False, (), small)
    bounds = {group: _bounds(*pair, 1 - rate / many) for group, pair in pairs.items()}
    ranks = {group: _rank(*pairs[group], *bounds[group], metric) for group in pairs}
    worst = max(ranks, key=lambda group: ranks[group])
    flagged = ranks[worst][0]
    told = {group: _gap(names[group], *pairs[group], bounds[group], many) for group in pairs}
    p = min(1.0, many * _p_value(*pairs[worst]))
    return Gaps(metric, told[worst], p, flagged, tuple(told.values()), small)


def _rank(own: Part, rest: Part, low: float, high: float, metric: str) -> tuple[bool, bool, float]:
    """What makes a gap the worst: that it can be shown, that the group is worse off, how much can be shown, or its size."""
    gap, shown = own.value - rest.value, max(low, -high)
    return shown > 0, (gap > 0) == (metric in HARMFUL), shown if shown > 0 else abs(gap)


def _bounds(own: Part, rest: Part, level: float) -> tuple[float, float]:
    return mover_bounds(rest.known(level), own.known(level))


def _gap(name: str | None, own: Part, rest: Part, bounds: tuple[float, float], many: int) -> GroupGap:
    method = f"mover, bonferroni over {many}"
    figure = estimate(own.value - rest.value, bounds, method, own.rows, own.effective)
    return GroupGap(name, own.value, rest.value, figure)


def _p_value(own: Part, rest: Part) -> float:
    """1 - the highest level at which the interval leaves out 0."""

    def shows(p: float) -> bool:
        low, high = _bounds(own, rest, 1 - p)
        return max(low, -high) > 0

    if own.value == rest.value:
        return 1.0
    below, above = math.log(LEAST), 0.0  # below: not shown, or less than can be told
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        below, above = (below, middle) if shows(math.exp(middle)) else (middle, above)
    return math.exp(above)
