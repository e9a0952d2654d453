"""Gaps between groups: real ones are found, chance alone is rarely flagged, and groups too small to tell are said to be so."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.fairness import NONE_TOLD, UNKNOWN, Gaps, gaps
from simulator.labels import Sample
from simulator.quality import metrics
from simulator.result import Estimate, Refused
from tests.simulator.logs import Rows

NAMES = ("AT", "BR", "CA", "DE", "EG", "FR", "GB", None)
SIZES = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005])
COUNT = len(NAMES)
GROUPS = np.arange(2 * COUNT) // 2
ACTS = np.arange(2 * COUNT) % 2 == 1
RATIOS = {name: ratio for name, ratio in metrics(ACTS).items() if name != "f_beta"}


def log(rng: np.random.Generator, rows: int, rates: tuple[float, float], worse: int | None = None) -> Rows:
    """`rates` of violations where the policy acts not, and where it does; the `worse` group has half of them there."""
    group = rng.choice(COUNT, rows, p=SIZES)
    acts = rng.random(rows) < 0.15
    rate = np.where(acts, rates[1], rates[0]) * np.where(acts & (group == worse), 0.5, 1)
    propensity = np.where(acts, 0.9, 0.3) * (1 - 0.5 * rng.random(rows))
    return Rows(2 * group + acts, rng.random(rows) < rate, propensity, rng.random(rows) < propensity)


def permuted(rng: np.random.Generator, rows: Rows) -> Rows:
    """The same rows, in regions drawn anew."""
    group = rng.permutation(rows.cell // 2)
    return Rows(2 * group + rows.cell % 2, rows.violation, rows.propensity, rows.reviewed)


def found(sample: Sample, **more) -> dict[str, Gaps]:
    return {told.metric: told for told in gaps(sample, ACTS, GROUPS, NAMES, RATIOS, **more)}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rates", [(0.02, 0.6), (0.001, 0.98)])
def test_over_permuted_regions_the_flag_fires_no_more_often_than_its_rate(weighted, rates):
    rng = np.random.default_rng(13)
    rows, times = log(rng, 4000, rates, worse=3), 40
    fired = 0
    for _ in range(times):
        drawn = permuted(rng, rows)
        told = found(drawn.sample(cells=2 * COUNT) if weighted else drawn.unmasked(cells=2 * COUNT), rate=0.1)
        fired += any(each.flagged for each in told.values())
    assert fired / times <= 0.1


@pytest.mark.parametrize("weighted", [False, True])
def test_a_real_gap_is_flagged_with_its_interval(weighted):
    rows = log(np.random.default_rng(1), 20_000, (0.02, 0.8), worse=3)
    told = found(rows.sample(cells=2 * COUNT) if weighted else rows.unmasked(cells=2 * COUNT))
    precision = told["precision"]
    assert precision.flagged
    assert precision.p < 0.05
    assert precision.worst.group == "DE"
    assert isinstance(precision.worst.gap, Estimate)
    assert precision.worst.gap.low < -0.4 < precision.worst.gap.high < 0
    assert precision.worst.gap.value == pytest.approx(precision.worst.value - precision.worst.rest)


def test_the_worst_group_is_one_that_is_worse_off():
    group, acts = np.repeat([0, 1, 2], 2000), np.tile([0, 1], 3000)
    hits = np.array([0.9, 0.5, 0.7])[group]  # the first is as far above the others as the second is below
    violation = (np.arange(6000) // 2 % 100 < 100 * hits) & (acts == 1)
    rows = Rows(2 * group + acts, violation, np.ones(6000), np.ones(6000, bool))
    told = found(rows.unmasked(cells=2 * COUNT))["precision"]
    assert told.worst.group == "BR"
    assert {each.group for each in told.groups if abs(each.gap.value) > 0.25} == {"AT", "BR"}


def test_the_correction_grows_with_what_is_compared():
    sample = log(np.random.default_rng(1), 20_000, (0.02, 0.8), worse=3).unmasked(cells=2 * COUNT)
    one, four = (found(sample, families=families)["precision"] for families in (1, 4))
    assert one.worst.gap.method == f"mover, bonferroni over {len(one.groups) + _others(sample)}"
    assert four.p == pytest.approx(min(1, 4 * one.p), rel=1e-6)
    assert four.worst.gap.high - four.worst.gap.low > one.worst.gap.high - one.worst.gap.low


def _others(sample: Sample) -> int:
    return sum(len(told.groups) for name, told in found(sample).items() if name != "precision")


def test_flags_and_p_values_agree():
    rng = np.random.default_rng(5)
    told = [
        each
        for _ in range(15)
        for each in found(log(rng, 3000, (0.05, 0.7), worse=3).unmasked(cells=2 * COUNT)).values()
    ]
    assert {each.flagged for each in told} == {True, False}
    assert all(each.flagged == (each.p <= 0.05) for each in told)
    assert all(each.flagged == (not each.worst.gap.low <= 0 <= each.worst.gap.high) for each in told)


def test_small_groups_are_named_and_never_flagged():
    rows = log(np.random.default_rng(1), 3000, (0.02, 0.8))
    told = found(rows.unmasked(cells=2 * COUNT))["precision"]
    acted = np.bincount(rows.cell, minlength=2 * COUNT)[1::2]
    assert told.small == tuple(name for name, count in zip(NAMES, acted, strict=True) if count < 30)
    assert None in told.small
    assert {each.group for each in told.groups} == set(NAMES) - set(told.small)


def test_groups_at_which_nobody_looks_are_too_small_to_tell():
    rows = log(np.random.default_rng(1), 20_000, (0.02, 0.8))
    hidden = Rows(rows.cell, rows.violation, rows.propensity, rows.reviewed & (rows.cell != 2))
    told = found(hidden.sample(cells=2 * COUNT))
    assert "BR" in told["recall"].small
    assert "BR" not in told["precision"].small  # what it does not act on matters to recall alone


def test_without_chances_or_groups_there_is_no_gap():
    rows = log(np.random.default_rng(1), 3000, (0.02, 0.8))
    told = rows.sample(cells=2 * COUNT)
    blank = Sample(told.rows, told.size, told.squares, told.drawn * 0, told.weight * 0, told.weight_squares * 0)
    assert {each.worst for each in found(blank).values()} == {Refused(UNKNOWN)}
    one = Rows(rows.cell % 2, rows.violation, rows.propensity, rows.reviewed)
    assert {each.worst for each in found(one.unmasked(cells=2 * COUNT)).values()} == {Refused(NONE_TOLD)}
