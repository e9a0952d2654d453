"""Drift: additive, quiet where nothing moved, loud where something did."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.drift import BUCKETS, HOUR, MOST_BINS, SHIFT, DriftCounter, stride_for

DAY = 24 * HOUR


def batch(micros: np.ndarray, at: np.ndarray | None = None, missing: np.ndarray | None = None) -> pa.RecordBatch:
    columns = {"text.hate": pa.array(micros.astype(np.int32), mask=missing)}
    if at is not None:
        columns["at"] = pa.array(at, pa.int64()).view(pa.timestamp("us", "UTC"))
    return pa.record_batch(columns)


def counted(*batches: pa.RecordBatch, stride: int = 1) -> DriftCounter:
    counter = DriftCounter(["text.hate"], stride)
    for one in batches:
        counter.add(one)
    return counter


def scores(rng: np.random.Generator, rows: int, a: float | np.ndarray = 2, b: float = 8) -> np.ndarray:
    return np.floor(rng.beta(a, b, rows) * 1e6)


def test_nothing_moved() -> None:
    rng = np.random.default_rng(0)
    found = counted(batch(scores(rng, 20_000), np.sort(rng.integers(0, 30 * DAY, 20_000)))).result()
    (drift,) = found.scores
    assert found.by == "time"
    assert abs(found.split - 15 * DAY) < DAY  # type: ignore[operator]
    assert drift.verdict == "stable"
    assert drift.psi < drift.psi_noise * 2
    assert sum(drift.rows) == 20_000
    assert len(drift.means) == 12
    assert drift.means[0] == pytest.approx(0.2, abs=0.01)


def test_psi_and_ks_are_those_of_the_formulas() -> None:
    """Two buckets: 75 and 25 of a hundred, then 50 and 50, half a row added to each."""
    low, high = np.zeros(300), np.full(100, 10 << SHIFT)
    first = batch(np.concatenate([low, high]), np.zeros(400, np.int64))
    second = batch(np.concatenate([low[:200], np.full(200, 10 << SHIFT)]), np.full(400, HOUR))
    (drift,) = counted(first, second).result().scores
    p, q = np.array([300.5, 100.5]) / 401, np.array([200.5, 200.5]) / 401
    assert drift.psi == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert drift.ks == pytest.approx(0.25)
    assert drift.p_value == pytest.approx(stats.kstwobign.sf(0.25 * np.sqrt(200)))
    assert drift.psi_noise == pytest.approx(stats.chi2.ppf(0.95, 1) * (2 / 400))
    assert drift.verdict == "much"


def test_a_score_that_moved_and_one_that_vanished() -> None:
    rng = np.random.default_rng(1)
    at = np.sort(rng.integers(0, 10 * DAY, 10_000))
    late = at > 5 * DAY
    moved = np.where(late, scores(rng, 10_000, 4, 6), scores(rng, 10_000))
    (drift,) = counted(batch(moved, at)).result().scores
    assert drift.verdict == "much"
    assert drift.ks > 0.3
    (drift,) = counted(batch(scores(rng, 10_000), at, missing=late & (rng.random(10_000) < 0.5))).result().scores
    assert drift.missing[0] == pytest.approx(0, abs=0.02)
    assert drift.missing[1] == pytest.approx(0.5, abs=0.03)
    assert drift.verdict == "stable"


@settings(max_examples=30)
@given(st.lists(st.integers(0, 400 * 24), min_size=1, max_size=60), st.integers(1, 5), st.booleans())
def test_counts_merge_to_the_whole(hours: list[int], parts: int, wide: bool) -> None:
    at = np.array(hours, np.int64) * HOUR * (50 if wide else 1)
    values = np.arange(len(at)) * 16_000 % 1_000_001
    whole = counted(batch(values, at))
    merged = counted()
    for rows in np.array_split(np.arange(len(at)), parts):
        merged = merged.merge(counted(batch(values[rows], at[rows])))
    assert merged.width == whole.width
    assert {number: counts.tolist() for number, counts in merged.bins.items()} == {
        number: counts.tolist() for number, counts in whole.bins.items()
    }
    assert merged.result() == whole.result()


def test_long_windows_take_no_more_room() -> None:
    at = np.arange(5 * MOST_BINS) * HOUR
    counter = counted(batch(at % 1_000_001, at))
    assert len(counter.bins) <= MOST_BINS
    assert counter.width == 8 * HOUR
    assert sum(int(counts.sum()) for counts in counter.bins.values()) == len(at)
    far = counted(batch(np.zeros(2), np.array([0, 4_000_000_000_000_000_000])))
    assert len(far.bins) == 2


def test_without_times_the_order_of_rows_speaks() -> None:
    rng = np.random.default_rng(2)
    found = counted(*(batch(scores(rng, 500, 2 + step, 8)) for step in range(8))).result()
    assert (found.by, found.split) == ("order", None)
    assert found.scores[0].verdict == "much"
    halves = [counted(*(batch(scores(rng, 500, a, 8)) for _ in range(4))) for a in (2, 6)]
    assert halves[0].merge(halves[1]).result().scores[0].verdict == "much"


def test_a_sample_of_each_batch_is_counted() -> None:
    rng = np.random.default_rng(3)
    batches = [batch(scores(rng, 1000), np.full(1000, day * DAY)) for day in range(20)]
    counter = counted(*batches, stride=10)
    assert sum(counts[0].sum() for counts in counter.bins.values()) == 2000
    assert counter.result().stride == 10
    assert (stride_for(None), stride_for(1000), stride_for(10_000_000)) == (1, 1, 19)


def test_rows_without_a_time_and_logs_without_a_row() -> None:
    times = pa.array([None, HOUR, None], pa.timestamp("us", "UTC"))
    counter = counted(pa.record_batch({"text.hate": pa.array([1, 2, 3], pa.int32()), "at": times}))
    assert {number: int(counts[0].sum()) for number, counts in counter.bins.items()} == {1: 1}
    assert counter.result().scores[0].verdict == "too few rows"
    assert counted().result().scores == ()
    assert counted(batch(np.array([]))).result().scores == ()
    assert BUCKETS > (1_000_000 >> SHIFT) + 1


def test_p_values_are_corrected_for_how_many_there_are() -> None:
    """Holm: the smallest of k times k, the next times k - 1, and none below one before it."""
    rng = np.random.default_rng(4)
    at = np.sort(rng.integers(0, 10 * DAY, 2000))
    shifts = {"text.a": 0.0, "text.b": 0.5, "text.c": 0.35, "text.d": 0.0}
    late = (at > 5 * DAY).astype(float)
    columns = {name: pa.array(scores(rng, 2000, 2 + shift * late).astype(np.int32)) for name, shift in shifts.items()}
    table = pa.record_batch(columns | {"at": pa.array(at).view(pa.timestamp("us", "UTC"))})
    together = DriftCounter(list(shifts))
    together.add(table)
    raw = {}
    for name in shifts:
        alone = DriftCounter([name])
        alone.add(table)
        raw[name] = alone.result().scores[0].p_value
    expected, largest = {}, 0.0
    for rank, name in enumerate(sorted(raw, key=raw.__getitem__)):
        largest = max(largest, min(1.0, raw[name] * (len(raw) - rank)))
        expected[name] = largest
    assert {drift.score: drift.p_value for drift in together.result().scores} == pytest.approx(expected)
    assert min(raw, key=raw.__getitem__) == "text.b"
    assert expected["text.b"] == pytest.approx(4 * raw["text.b"])
