"""Scores and labels -> quality figures with 95 % intervals, and figures -> cells of a Markdown table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.intp]

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def proportion(hits: int, of: int) -> Estimate | None:
    """Return a share with its Wilson interval; None of nothing."""
    if not of:
        return None
    interval = binomtest(int(hits), int(of)).proportion_ci(0.95, method="wilson")
    return Estimate(hits / of, interval.low, interval.high)


def _areas(yes: Counts, no: Counts) -> tuple[float, float]:
    """Return ROC AUC (ties count half) and average precision from counts per distinct score, the highest first."""
    above_yes, above_no = np.cumsum(yes), np.cumsum(no)
    roc = float((no * (above_yes - yes / 2)).sum() / (above_yes[-1] * above_no[-1]))
    precision = above_yes / np.maximum(above_yes + above_no, 1)
    return roc, float((yes * precision).sum() / above_yes[-1])


def areas(scores: Floats, yes: Bools, resamples: int = RESAMPLES) -> tuple[Estimate, Estimate]:
    """Return ROC AUC and average precision with percentile bootstrap intervals, resampled within yes and no.

    Raises ValueError where there is no "yes" or no "no".
    """
    if not yes.any() or yes.all():
        raise ValueError("a ranking needs at least one yes and one no")
    distinct, group = np.unique(-scores, return_inverse=True)
    sides = group[yes], group[~yes]

    def counted(rows: Counts) -> Counts:
        return np.bincount(rows, minlength=len(distinct))

    rng = np.random.default_rng(0)
    drawn = [_areas(*(counted(rng.choice(side, len(side))) for side in sides)) for _ in range(resamples)]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    point = _areas(*map(counted, sides))
    roc, precision = (Estimate(*map(float, figures)) for figures in zip(point, low, high, strict=True))
    return roc, precision


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table; None is a dash."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join("-" if cell is None else str(cell) for cell in line) + " |" for line in lines]
