"""The report's curve of a rung is what its sweep counts."""

from __future__ import annotations

import random

import pytest

from policy_dsl.program import MICRO
from simulator.result import Mark, Slice
from simulator.sections.curves import MOST_POINTS, changed_curves, curve
from simulator.settings import Target, apply_settings
from simulator.stepping import plan
from simulator.sweep import sweep
from tests.property.packs import compiled
from tests.simulator.test_sweep import log

PACK = compiled("policy p {\n  severity P3\n  thresholds on text.a { remove >= 0.5 }\n}\n")
TARGET = Target("p", "text.a", "remove")


def row(score: float, label: bool | None, **more):
    return {"text.a": score, "region": "DE", "language": "de", "at": None, "modalities": None, "label.p": label} | more


def swept(rows):
    return sweep(log(PACK, rows, policy="p"), plan(PACK, TARGET))


def at(found, threshold: float, what: str):
    """The step function's value at a threshold."""
    return next(value for t, value in zip(found.thresholds, getattr(found, what), strict=True) if threshold <= t)


def test_the_steps_are_the_counts_of_the_rows():
    rows = [row(0.2, False), row(0.4, True), row(0.6, False), row(0.8, True)]
    found = curve(swept(rows), (Mark("a", "remove", 0.5),))
    assert (found.policy, found.score, found.rung, found.basis) == ("p", "text.a", "remove", "all")
    assert [at(found, t, "action_rate") for t in (0.1, 0.2, 0.3, 0.6, 0.8)] == [1, 1, 0.75, 0.5, 0.25]
    assert [at(found, t, "precision") for t in (0.2, 0.4, 0.7)] == [0.5, pytest.approx(2 / 3), 1]
    assert [at(found, t, "recall") for t in (0.4, 0.5)] == [1, 0.5]
    assert [at(found, t, "false_positive_rate") for t in (0.2, 0.3, 0.7)] == [1, 0.5, 0]
    assert found.marks == (Mark("a", "remove", 0.5),)
    assert found.unlabelled == ()


def test_without_labels_there_is_the_action_rate_alone():
    found = curve(swept([row(0.3, None), row(0.7, None)]))
    assert found.basis is None
    assert found.precision == found.recall == found.false_positive_rate == found.unlabelled == ()
    assert at(found, 0.5, "action_rate") == 0.5


def test_labels_of_a_part_are_told_as_such_and_where_nobody_looked_is_a_zone():
    rng = random.Random(7)
    rows = [row(rng.random() * 0.5, None) for _ in range(300)] + [
        row(0.5 + rng.random() / 2, rng.random() < 0.5) for _ in range(300)
    ]
    found = curve(swept(rows))
    assert found.basis == "bounds"
    assert found.precision == ()
    assert [band.metric for band in found.bands] == ["precision", "recall", "false_positive_rate"]
    precision = found.bands[0]
    assert all(low < 0.5 < high for low, high in list(zip(precision.low, precision.high, strict=True))[:200])
    assert [(round(zone.low, 1), round(zone.high, 1), zone.rows) for zone in found.unlabelled] == [(0.0, 0.5, 300)]


def test_a_known_chance_speaks_for_all_rows():
    rows = [row(0.9, True, **{"review.propensity": 0.5}) for _ in range(60)] + [row(0.8, None) for _ in range(60)]
    assert curve(swept(rows)).basis == "snipw"


def test_a_slice_is_that_of_its_rows():
    rows = [row(0.9, True), row(0.1, True, region="AT")]
    found = curve(swept(rows), part=Slice("region", "AT"))
    assert found.slice == Slice("region", "AT")
    assert at(found, 0.05, "recall") == 1
    assert found.action_rate[-1] == 0 or found.thresholds[-1] == 0.1


def test_rungs_that_stand_elsewhere_in_b_are_swept_with_the_rest_as_in_a():
    rows = [row(0.2, False), row(0.4, True), row(0.6, False), row(0.8, True)]
    other = apply_settings(PACK, ["p.text.a.remove=0.3"])
    made = log(PACK, rows, policy="p")
    found = changed_curves(made, PACK, other)
    assert [(one.policy, one.rung, one.marks) for one in found] == [
        ("p", "remove", (Mark("a", "remove", 0.5), Mark("b", "remove", 0.3)))
    ]
    assert found[0].action_rate == curve(swept(rows)).action_rate
    assert changed_curves(made, PACK, PACK) == ()


def test_beyond_the_last_score_the_rung_is_off():
    found = curve(swept([row(0.2, False), row(0.4, True)]))
    assert found.thresholds[-1] == 1.0
    assert at(found, 0.9, "action_rate") == 0
    assert at(found, 0.9, "precision") is None


def test_a_long_curve_is_thinned_and_keeps_its_marks():
    rng = random.Random(5)
    rows = [row(rng.random(), rng.random() < 0.3) for _ in range(4_000)]
    marked = rows[17]["text.a"]
    found = curve(swept(rows), (Mark("b", "remove", round(marked * MICRO) / MICRO),))
    assert len(found.thresholds) <= MOST_POINTS + 1
    assert round(marked * MICRO) / MICRO in found.thresholds
    assert at(found, marked, "action_rate") == pytest.approx(
        sum(r["text.a"] >= marked - 1e-6 for r in rows) / len(rows), abs=1e-3
    )
