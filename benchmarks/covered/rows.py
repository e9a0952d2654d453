"""Intervals or broken guarantees over many simulated logs -> rows of a table, each of which passes or does not."""

import math
from dataclasses import dataclass

import numpy as np

from simulator.result import Bounds, Estimate

LEVEL = 0.95
APPROXIMATE, AT_LEAST, AT_MOST, SHOWN = "approximate", "at least", "at most", "shown only"


@dataclass(frozen=True)
class Row:
    """`measured` is how often the truth was held (approximate, at least), or a guarantee broken (at most `stated`)."""

    what: str
    kind: str
    measured: float
    logs: int
    stated: float = LEVEL
    width: float | None = None
    error: float | None = None  # standard error of `measured`, where it is no share
    refused: int = 0

    @property
    def passes(self):
        if self.kind == APPROXIMATE:
            return 0.935 <= self.measured <= 0.965
        if self.kind == AT_LEAST:
            return self.measured >= 0.94
        error = math.sqrt(self.stated * (1 - self.stated) / self.logs) if self.error is None else self.error
        return self.kind == SHOWN or self.measured <= self.stated + 3 * error


def covered(what, kind, low, high, truth, refused=0):
    """From the bounds of each log (logs along the last axis; looks along the first: all of them must hold)."""
    held = (low <= truth) & (truth <= high)
    width = high - low
    if held.ndim > 1:
        held, width = held.all(axis=0), width[-1]
    return Row(what, kind, float(held.mean()), held.shape[-1], width=float(width.mean()), refused=refused)


def told(what, kind, figures, truths):
    """From the figure of each log. Those that were refused are counted apart."""
    given = [
        (figure.low, figure.high, truth)
        for figure, truth in zip(figures, np.broadcast_to(truths, len(figures)), strict=True)
        if isinstance(figure, Estimate | Bounds)
    ]
    return covered(what, kind, *np.array(given).T, refused=len(figures) - len(given))


def broken(what, breaks, stated, width=None):
    return Row(what, AT_MOST, float(np.mean(breaks)), len(breaks), stated, width)


def between(rng, low, high, size):
    """Numbers spread evenly over the orders of magnitude."""
    return np.exp(rng.uniform(math.log(low), math.log(high), size))


HEAD = """| what | kind | stated | measured | mean width | logs |
| --- | --- | ---: | ---: | ---: | ---: |"""


def line(row):
    """Of a table in Markdown."""
    width = "" if row.width is None else f"{row.width:.4f}"
    logs = f"{row.logs:,}" + (f" ({row.refused:,} refused)" if row.refused else "")
    mark = "" if row.passes else " **fails**"
    return f"| {row.what} | {row.kind} | {row.stated:.3g} | {row.measured:.4f}{mark} | {width} | {logs} |"
