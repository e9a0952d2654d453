"""Batches of a log -> how far the distribution of each score moved within the log's window.

The window is cut in two at the moment that leaves about half of the rows on either side, and the halves are compared:

- population stability index, PSI = sum over classes of (q - p) ln(q / p), over up to ten classes of about equal size in the first
  half, half a row added to each class. Below 0.1: little change, 0.1 to 0.25: some, above: much (Siddiqi, Credit Risk Scorecards,
  2006, chapter 10). Without any change its expected value is about (classes - 1) (1/n + 1/m) (Yurdakul and Naranjo, Statistical
  properties of the population stability index, Journal of Risk Model Validation 14(4), 2020): below its 95 % quantile, which is
  that of a chi-squared variable with classes - 1 degrees of freedom times (1/n + 1/m), a PSI says nothing.
- Kolmogorov-Smirnov distance, the largest difference of the two distribution functions, read at the edges of the 62 buckets and
  so never above the distance of the scores themselves. Its asymptotic p-value (Smirnov, 1948) is hence too large rather than too
  small; over all scores it is corrected by Holm's method (1979). With many rows the least change has a small p-value: judge by the
  distance.

Rows count as independent, which repeated authors and waves of spam are not: flags fire more often than their level says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
from scipy import stats

from policy_dsl.program import MICRO
from simulator.reading.arrays import buffer, valid_mask

SHIFT = 14  # a bucket is 2^14 millionths wide
BUCKETS = 64  # the last is for rows without the score; 1,000,000 >> 14 is 61
MISSING = BUCKETS - 1
HOUR = 3_600_000_000  # microseconds; bins are an hour times a power of two, so that they merge
MOST_BINS = 2_048
CLASSES = 10
SOME, MUCH = 0.1, 0.25
LEVEL = 0.05
SLICES = 12  # of the window, whose means are shown
ENOUGH_ROWS = 1 << 19  # sampled rows: a KS distance of 0.004 is then already no chance

Verdict: TypeAlias = Literal["stable", "some", "much", "too few rows"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One score, second half of the window against the first.

    `rows` are those with the score in each half; `missing` the shares without it; `psi_noise` what a PSI without any change stays
    below in 95 % of cases; `p_value` of the KS distance, corrected over all scores of the result. `means` are those of up to 12
    slices of the window (read from buckets; None for a slice without a row).
    """

    score: str
    rows: tuple[int, int]
    missing: tuple[float, float]
    psi: float
    psi_noise: float
    ks: float
    p_value: float
    means: tuple[float | None, ...]

    @property
    def verdict(self) -> Verdict:
        """By the PSI's usual thresholds, where it stands above what chance alone makes of it."""
        if min(self.rows) < 10 * CLASSES:
            return "too few rows"
        if self.psi <= max(SOME, self.psi_noise):
            return "stable"
        return "some" if self.psi <= MUCH else "much"


@dataclass(frozen=True, slots=True)
class DriftResult:
    """All scores. `by` says what the window is cut by: the time, or, in a log without times, the order of its rows. `split` is the
    moment of the cut, in microseconds since 1970 UTC; of `stride` rows one was counted.
    """

    by: Literal["time", "order"]
    split: int | None
    scores: tuple[Drift, ...]
    stride: int = 1

    @property
    def drifted(self) -> tuple[Drift, ...]:
        """Those that moved, the farthest first."""
        moved = (drift for drift in self.scores if drift.verdict in ("some", "much"))
        return tuple(sorted(moved, key=lambda drift: -drift.psi))


def stride_for(rows: int | None) -> int:
    """Which share of the rows to count, so that it is about half a million; 1 where nobody knows how many there are."""
    return max(1, (rows or 0) // ENOUGH_ROWS)


@dataclass(slots=True)
class DriftCounter:
    """Histograms of each score by bins of time: additive, small (64 counts a score and bin), and the same in whatever order and
    by however many processes the rows are read. With a `stride`, a run of every so many-th part of each batch is counted.

    Where a batch has no `at`, its number stands for the time.
    """

    scores: Sequence[str]
    stride: int = 1
    width: int = HOUR
    bins: dict[int, np.ndarray] = field(default_factory=dict)
    by: Literal["time", "order"] = "time"
    batches: int = 0

    @property
    def columns(self) -> frozenset[str]:
        """What it reads of a log."""
        return frozenset({*self.scores, "at"})

    def add(self, batch: pa.RecordBatch, *_: object) -> None:
        """Counts the rows of a batch of `Log.batches`; rows without a time are left out where the log has times.

        What else a replay hands to its counters is passed over.
        """
        batch = self._sampled(batch)
        if batch.num_rows:
            self._add(batch, self._bins_of(batch))
            self._coarsen()
        self.batches += 1

    def _sampled(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A run of rows, from another place in each batch: rows side by side cost less to read than rows apart."""
        length = -(-batch.num_rows // self.stride)
        return batch.slice(self.batches % self.stride * length, length)

    def _add(self, batch: pa.RecordBatch, at: np.ndarray) -> None:
        first = int(at.min())
        rows = at - first
        last = int(rows.max())
        if not last:
            self._count(batch, None, np.array([first]))
        elif last < 4 * MOST_BINS:
            self._count(batch, rows, np.arange(first, first + last + 1))
        else:
            found, inverse = np.unique(at, return_inverse=True)
            self._count(batch, inverse, found)

    def _bins_of(self, batch: pa.RecordBatch) -> np.ndarray:
        """The bin of each row; below 0 for rows without a time, or before 1970."""
        if "at" not in batch.schema.names:
            self.by = "order"
            return np.full(batch.num_rows, self.batches * HOUR // self.width)
        at = batch.column("at")
        bins: np.ndarray = buffer(at.view(pa.int64())) // self.width
        return bins if at.null_count == 0 else np.where(valid_mask(at), bins, -1)

    def _count(self, batch: pa.RecordBatch, rows: np.ndarray | None, bins: np.ndarray) -> None:
        counts = np.zeros((len(bins), len(self.scores), BUCKETS), np.int64)
        for place, name in enumerate(self.scores):
            if name in batch.schema.names:
                buckets = _buckets(batch.column(name))
                code = buckets if rows is None else (rows << 6) + buckets
                counts[:, place, :] = np.bincount(code, minlength=len(bins) * BUCKETS).reshape(len(bins), BUCKETS)
        for number, found in zip(bins.tolist(), counts, strict=True):
            if number >= 0 and found.any():
                self.bins[number] = self.bins[number] + found if number in self.bins else found

    def _coarsen(self) -> None:
        """Bins of twice the width, until there are few enough."""
        while len(self.bins) > MOST_BINS:
            self._widen(self.width * 2)

    def _widen(self, width: int) -> None:
        factor = width // self.width
        merged: dict[int, np.ndarray] = {}
        for number, counts in self.bins.items():
            place = number // factor
            merged[place] = merged[place] + counts if place in merged else counts
        self.bins, self.width = merged, width

    def merge(self, other: DriftCounter) -> DriftCounter:
        """The counts of both, which must be of the same scores. In logs without times, `other` comes after."""
        assert tuple(self.scores) == tuple(other.scores)
        width = max(self.width, other.width)
        parts = []
        for counter in (self, other):
            copy = DriftCounter(counter.scores, counter.stride, counter.width, dict(counter.bins), counter.by)
            if width != copy.width:
                copy._widen(width)
            parts.append(copy)
        shift = -(-self.batches * HOUR // width) if "order" in (self.by, other.by) else 0
        merged = parts[0]
        for number, counts in parts[1].bins.items():
            place = number + shift
            merged.bins[place] = merged.bins[place] + counts if place in merged.bins else counts
        merged.by = "order" if shift or other.by == "order" else self.by
        merged.batches = self.batches + other.batches
        merged._coarsen()  # noqa: SLF001 - of this class
        return merged

    def result(self) -> DriftResult:
        """Scores without a single row are left out."""
        numbers = sorted(self.bins)
        if not numbers:
            return DriftResult(self.by, None, (), self.stride)
        counts = np.stack([self.bins[number] for number in numbers])
        split = _split(counts.sum(axis=(1, 2)))
        found = [_drift(name, counts[:, place, :], split) for place, name in enumerate(self.scores)]
        kept = [drift for drift in found if sum(drift.rows)]
        when = numbers[split] * self.width if split < len(numbers) and self.by == "time" else None
        return DriftResult(self.by, when, tuple(_corrected(kept)), self.stride)


def _buckets(array: pa.Array) -> np.ndarray:
    found: np.ndarray = buffer(array) >> SHIFT
    return found if array.null_count == 0 else np.where(valid_mask(array), found, MISSING)


def _split(rows: np.ndarray) -> int:
    """The first bin of the second half: where as many rows as possible lie on the smaller side."""
    before = np.concatenate([[0], np.cumsum(rows)])
    return int(np.argmax(np.minimum(before, before[-1] - before)))


def _drift(name: str, counts: np.ndarray, split: int) -> Drift:
    first, second = counts[:split].sum(axis=0), counts[split:].sum(axis=0)
    missing = tuple(float(half[MISSING] / half.sum()) if half.sum() else 0.0 for half in (first, second))
    p, q = first[:MISSING], second[:MISSING]
    n, m = int(p.sum()), int(q.sum())
    if not (n and m):
        return Drift(name, (n, m), (missing[0], missing[1]), 0.0, 0.0, 0.0, 1.0, _means(counts))
    psi, classes = _psi(p, q)
    noise = float(stats.chi2.ppf(1 - LEVEL, max(classes - 1, 1)) * (1 / n + 1 / m))
    ks = float(np.abs(np.cumsum(p) / n - np.cumsum(q) / m).max())
    p_value = float(stats.kstwobign.sf(ks * np.sqrt(n * m / (n + m))))
    return Drift(name, (n, m), (missing[0], missing[1]), psi, noise, ks, p_value, _means(counts))


def _psi(p: np.ndarray, q: np.ndarray) -> tuple[float, int]:
    """The index and the number of its classes: runs of buckets with at least a tenth of the first half each."""
    edges = [0]
    total = 0
    for bucket, rows in enumerate(p.tolist(), 1):
        total += rows
        if total >= p.sum() / CLASSES and bucket < len(p) and p[bucket:].sum() > 0:
            edges.append(bucket)
            total = 0
    a = np.add.reduceat(p, edges) + 0.5
    b = np.add.reduceat(q, edges) + 0.5
    a, b = a / a.sum(), b / b.sum()
    return float(((b - a) * np.log(b / a)).sum()), len(edges)


def _means(counts: np.ndarray) -> tuple[float | None, ...]:
    """Of slices of equal width in bins; a bucket counts as its middle."""
    middles = np.minimum((np.arange(MISSING) + 0.5) * (1 << SHIFT) / MICRO, 1.0)
    slices = [part[:, :MISSING].sum(axis=0) for part in np.array_split(counts, min(SLICES, len(counts)))]
    return tuple(float((part * middles).sum() / part.sum()) if part.sum() else None for part in slices)


def _corrected(found: Sequence[Drift]) -> list[Drift]:
    """With p-values by Holm's method over all of them."""
    order = sorted(range(len(found)), key=lambda place: found[place].p_value)
    values: dict[int, float] = {}
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, found[place].p_value * (len(found) - rank)))
        values[place] = largest
    return [_with(drift, values[place]) for place, drift in enumerate(found)]


def _with(drift: Drift, p_value: float) -> Drift:
    return Drift(drift.score, drift.rows, drift.missing, drift.psi, drift.psi_noise, drift.ks, p_value, drift.means)


def as_rows(result: DriftResult) -> list[Mapping[str, object]]:
    """As plain data for JSON."""
    return [
        {
            "score": drift.score,
            "rows": list(drift.rows),
            "missing": list(drift.missing),
            "psi": drift.psi,
            "psi_noise": drift.psi_noise,
            "ks": drift.ks,
            "p_value": drift.p_value,
            "verdict": drift.verdict,
            "means": list(drift.means),
        }
        for drift in result.scores
    ]
