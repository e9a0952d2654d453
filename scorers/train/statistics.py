"""Scores and labels -> quality figures with 95 % intervals, and figures -> cells of a Markdown table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

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


def _groups(scores: Floats) -> npt.NDArray[np.intp]:
    """Number the distinct scores, the highest 0."""
    _, group = np.unique(-scores, return_inverse=True)
    return group


def _areas(yes: npt.NDArray[np.int64], no: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return ROC AUC (ties count half) and average precision from counts per distinct score, the highest first."""
    above_yes, above_no = np.cumsum(yes), np.cumsum(no)
    roc = float((no * (above_yes - yes / 2)).sum() / (above_yes[-1] * above_no[-1]))
    precision = above_yes / np.maximum(above_yes + above_no, 1)
    return roc, float((yes * precision).sum() / above_yes[-1])


def areas(scores: Floats, yes: Bools, seed: int = 0) -> tuple[Estimate, Estimate]:
    """Return ROC AUC and average precision with percentile bootstrap intervals, resampled within yes and no.

    Raises ValueError where there is no "yes" or no "no".
    """
    if not yes.any() or yes.all():
        raise ValueError("a ranking needs at least one yes and one no")
    group = _groups(scores)
    size = int(group.max()) + 1
    sides = group[yes], group[~yes]
    rng = np.random.default_rng(seed)
    drawn = [
        _areas(*(np.bincount(rng.choice(side, len(side)), minlength=size) for side in sides)) for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    point = _areas(*(np.bincount(side, minlength=size) for side in sides))
    roc, precision = (Estimate(*map(float, figures)) for figures in zip(point, low, high, strict=True))
    return roc, precision


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table; None is a dash."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join("-" if cell is None else str(cell) for cell in line) + " |" for line in lines]
