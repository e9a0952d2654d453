"""Logged scores of a cheap and of a deep scorer -> the band in which the deep one is asked, with a bound on what that changes.

The bound is that of Learn-then-Test (Angelopoulos et al., 2021, arXiv 2110.01052): each band is a hypothesis "more than `at_most`
of the decisions differ from those of the deep score alone", rejected by an exact binomial p-value. A first part of the rows
orders the bands (a path of ever larger saving), a second one tests along that path and stops at the first band that is not
rejected (fixed-sequence testing), which keeps the chance that any accepted band breaks the bound below 1 - confidence. The rest
is held out and only looked at in the end. It holds for rows that are exchangeable with the traffic: not after a change of the
scorers or of the traffic, nor where rows repeat each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MICRO = 1_000_000
GRID = 200  # bounds tried on each side: quantiles of the cheap score
STEPS = 400  # bands on the path, at most
NESTED = 10  # steps from everything to the first of them
SHARES = (0.25, 0.25)  # of the rows: for the path, for the test; the rest is held out


@dataclass(frozen=True, slots=True)
class Scores:
    """Millionths by row: of the cheap scorer, and of the deep one on the same contents."""

    cheap: np.ndarray
    deep: np.ndarray

    def __len__(self) -> int:
        return len(self.cheap)

    def at(self, rows: np.ndarray) -> Scores:
        return Scores(self.cheap[rows], self.deep[rows])


@dataclass(frozen=True, slots=True)
class Band:
    """The deep scorer is asked where low <= cheap <= high, in millionths, as `cascade(cheap, deep, low, high)` reads."""

    low: int
    high: int


EVERYTHING = Band(0, MICRO)


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with an interval for the share behind it."""

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """`band` None: no band keeps the bound for certain. `tested` is what the test saw of it, `changed` and `saved` what the
    held-out rows say: decisions that differ from those of the deep score alone, and rows for which it is not asked. `rows` are
    those of the path, of the test and held out.
    """

    band: Band | None
    rows: tuple[int, int, int]
    tested: Share | None = None
    changed: Share | None = None
    saved: Share | None = None


def reached(scores: np.ndarray, thresholds: Sequence[int]) -> np.ndarray:
    """How many of the thresholds each score reaches: two scores decide alike where that is the same."""
    import numpy as np  # noqa: PLC0415

    found: np.ndarray = np.searchsorted(np.asarray(sorted(thresholds)), scores, side="right")
    return found


def is_asked(scores: Scores, band: Band) -> np.ndarray:
    """Rows for which the deep scorer is asked."""
    inside: np.ndarray = (scores.cheap >= band.low) & (scores.cheap <= band.high)
    return inside


def differs(scores: Scores, band: Band, thresholds: Sequence[int]) -> np.ndarray:
    """Rows that the cascade decides otherwise than the deep score alone."""
    other = reached(scores.cheap, thresholds) != reached(scores.deep, thresholds)
    changed: np.ndarray = other & ~is_asked(scores, band)
    return changed


def path(scores: Scores, thresholds: Sequence[int]) -> list[Band]:
    """Bands of ever larger saving, each the one that changes least among those that save as much on these rows.

    Before the first of them come wider ones that hold it: it was chosen from many, and what changes nothing on these rows
    may change too much on others. Whatever accepts it accepts those.
    """
    import numpy as np  # noqa: PLC0415

    bounds = _bounds(scores.cheap)
    every = np.sort(scores.cheap)
    wrong = np.sort(scores.cheap[reached(scores.cheap, thresholds) != reached(scores.deep, thresholds)])
    lows, highs = np.triu_indices(len(bounds))
    saved, changed = (_outside(values, bounds, lows, highs) for values in (every, wrong))
    order = np.lexsort((-saved, changed))
    first = int(order[0])
    holding = _rising(_holding(int(lows[first]), int(highs[first]), len(bounds)), saved)
    wider = (i for i in holding if saved[i] < saved[first])
    return [Band(int(bounds[lows[i]]), int(bounds[highs[i]])) for i in (*wider, *_rising(order, saved))]


def _holding(low: int, high: int, bounds: int) -> Iterator[int]:
    """Bands from nearly everything towards (low, high), as numbers among all pairs of bounds."""
    for i in range(1, NESTED):
        start, end = low * i // NESTED, bounds - 1 - (bounds - 1 - high) * i // NESTED
        yield start * bounds - start * (start - 1) // 2 + end - start


def _bounds(cheap: np.ndarray) -> np.ndarray:
    """Quantiles with four places, and both ends."""
    import numpy as np  # noqa: PLC0415

    quantiles = np.quantile(cheap, np.linspace(0, 1, GRID + 1))
    bounds: np.ndarray = np.unique(np.concatenate([[0, MICRO], np.round(quantiles / 100).astype(np.int64) * 100]))
    return bounds


def _outside(ordered: np.ndarray, bounds: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
    """For every band, how many of the ordered values lie outside of it."""
    import numpy as np  # noqa: PLC0415

    below = np.searchsorted(ordered, bounds, side="left")
    above = len(ordered) - np.searchsorted(ordered, bounds, side="right")
    outside: np.ndarray = below[lows] + above[highs]
    return outside


def _rising(order: Iterable[int], saved: np.ndarray) -> Iterator[int]:
    """From what changes least on, each band that saves more than all before it; of very many only every so many."""
    most, step = -1, max(1, int(saved.max()) // STEPS)
    for number in order:
        if most < 0 or saved[number] >= most + step:
            most = int(saved[number])
            yield int(number)


def p_value(changed: int, rows: int, at_most: float) -> float:
    """The chance of so few changes, or fewer, where a share of `at_most` changes: P(Bin(rows, at_most) <= changed)."""
    from simulator.guarantees import binomial_p  # noqa: PLC0415

    return float(binomial_p(changed, rows, at_most))


def last_accepted(
    bands: Sequence[Band], scores: Scores, thresholds: Sequence[int], at_most: float, confidence: float
) -> Band | None:
    """Fixed-sequence testing: the last band before the first that could break the bound."""
    from simulator.guarantees import fixed_sequence  # noqa: PLC0415

    p_values = (p_value(int(differs(scores, band, thresholds).sum()), len(scores), at_most) for band in bands)
    accepted = fixed_sequence(p_values, 1 - confidence)
    return bands[accepted - 1] if accepted else None


def split(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of the rows that order the bands, that test them, and that are held out."""
    import numpy as np  # noqa: PLC0415

    drawn = np.random.default_rng(seed).permutation(rows)
    first, second, rest = np.split(drawn, np.cumsum([round(share * rows) for share in SHARES]))
    return first, second, rest


def fit(
    scores: Scores, thresholds: Sequence[int], at_most: float = 0.01, confidence: float = 0.95, seed: int = 0
) -> Fit:
    """The band with the largest saving that keeps the bound. `at_most` and `confidence` lie in (0, 1).

    The parts of the rows are drawn by `seed`; thresholds are millionths.
    """
    first, second, rest = (scores.at(rows) for rows in split(len(scores), seed))
    sizes = (len(first), len(second), len(rest))
    bands = path(first, thresholds) if all(sizes) else []
    band = last_accepted(bands, second, thresholds, at_most, confidence)
    if band is None or band == EVERYTHING:
        return Fit(None, sizes)
    return Fit(
        band,
        sizes,
        exact(int(differs(second, band, thresholds).sum()), len(second), confidence),
        exact(int(differs(rest, band, thresholds).sum()), len(rest), confidence),
        wilson(int((~is_asked(rest, band)).sum()), len(rest), confidence),
    )


def exact(count: int, of: int, confidence: float = 0.95) -> Share:
    """With the two-sided interval of Clopper and Pearson."""
    from simulator.intervals import clopper_pearson_bounds  # noqa: PLC0415

    return Share(count, of, *map(float, clopper_pearson_bounds(count, of, confidence)))


def wilson(count: int, of: int, confidence: float = 0.95) -> Share:
    """With Wilson's two-sided interval."""
    from simulator.intervals import wilson_bounds  # noqa: PLC0415

    return Share(count, of, *map(float, wilson_bounds(count, of, confidence)))
