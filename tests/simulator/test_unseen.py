"""Bounds hold whatever the labels are that nobody knows, and zones at which nobody looks are noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.labels import Ratio, Sample, outcome_model, solve
from simulator.quality import NO_CHANCE, Judge, metrics, view_metrics
from simulator.result import Bounds, Estimate, Figure, Refused
from simulator.unseen import TOO_FEW, unseen
from tests.simulator.logs import ACTS_A, ACTS_B, BAND, CELLS, CHANCE, REGION, Rows, draw

A, B = metrics(ACTS_A, 2.0), metrics(ACTS_B, 2.0)
ZONES = ACTS_A + 2 * ACTS_B.astype(int)


def without_chances(rows: Rows, views: np.ndarray | None = None) -> Sample:
    told = rows.sample(views)
    return Sample(told.rows, told.size, told.squares, told.drawn * 0, told.weight * 0, told.weight_squares * 0)


def value(sample: Sample, ratio: Ratio) -> float | None:
    solved = solve(sample, ratio, "snipw")
    return None if solved is None else solved.value


def holds(figure: Figure, true: float | None) -> bool:
    return true is None or isinstance(figure, Refused) or figure.low - 1e-12 <= true <= figure.high + 1e-12


@st.composite
def any_rows(draw_: st.DrawFn) -> tuple[Rows, np.ndarray]:
    """Reviews that depend on the label as they like, in any cells."""
    many = draw_(st.integers(1, 40))

    def each(of: st.SearchStrategy) -> np.ndarray:
        return np.array(draw_(st.lists(of, min_size=many, max_size=many)))

    cell, violation, reviewed = each(st.integers(0, CELLS - 1)), each(st.booleans()), each(st.booleans())
    return Rows(cell, violation, np.ones(many), reviewed), each(st.integers(0, 9))


@settings(max_examples=30, deadline=None)
@given(any_rows())
def test_bounds_contain_what_the_masked_labels_say(made):
    rows, views = made
    for size, a, b in ((None, A, B), (views, view_metrics(ACTS_A), view_metrics(ACTS_B))):
        judge, everyone = Judge.of(without_chances(rows, size), ACTS_A, ACTS_B), rows.unmasked(size)
        if judge.sample.everyone:
            continue
        for name in a:
            true_a, true_b = value(everyone, a[name]), value(everyone, b[name])
            found = judge.compared(a[name], b[name], "bounds")
            assert holds(found.a, true_a), name
            assert holds(found.b, true_b), name
            assert holds(found.difference, None if true_a is None or true_b is None else true_b - true_a), name


def test_the_largest_difference_of_f_beta_may_lie_between_all_and_none():
    """Neither none nor all of the unlabelled rows as violations make B - A largest here, but 65 of 1,000."""
    acts_a, acts_b = np.array([True, False, False]), np.array([False, True, False])
    known = np.array([[0, 0, 5], [0, 80, 20], [1000, 0, 0]])
    size = known.astype(float)
    told = Sample(known, size, size, known[:, 1:] * 0, size[:, 1:] * 0, size[:, 1:] * 0)
    f1 = [metrics(acts)["f_beta"] for acts in (acts_a, acts_b)]
    bounds = Judge.of(told, acts_a, acts_b).compared(*f1, "bounds").difference
    positives = np.arange(25, 1026)
    between = 40 / (100 + positives) - 10 / (5 + positives)
    assert bounds.low <= between.min()
    assert between[[0, -1]].max() < between.max() <= bounds.high


@settings(max_examples=30, deadline=None)
@given(any_rows())
def test_bounds_of_one_policy_are_reached(made):
    """Some labels give the bound itself: it could not be narrower."""
    rows, _ = made
    judge = Judge.of(without_chances(rows), ACTS_A, ACTS_B)
    figure = judge.compared(A["recall"], B["recall"], "bounds").a
    if judge.sample.everyone or not isinstance(figure, Bounds):
        return
    open_ = ~rows.reviewed
    reached = []
    for acted in (False, True):
        labels = np.where(open_, ACTS_A[rows.cell] == acted, rows.violation)
        filled = Rows(rows.cell, labels, rows.propensity, rows.reviewed).unmasked()
        reached.append(value(filled, A["recall"]))
    assert figure.low == pytest.approx(reached[0] if reached[0] is not None else figure.low)
    assert figure.high == pytest.approx(reached[1] if reached[1] is not None else figure.high)


def test_without_chances_nothing_is_a_point():
    rows = draw(np.random.default_rng(4), 5000)
    judge = Judge.of(without_chances(rows), ACTS_A, ACTS_B)
    for name in A:
        ((basis, found),) = judge.told(A[name], B[name])
        assert basis == "bounds"
        for figure in (found.a, found.b, found.difference):
            assert isinstance(figure, Bounds)
            assert figure.reason == NO_CHANCE
            assert figure.method == "manski bounds (not identified)"
            assert figure.low < figure.high


def test_what_the_known_labels_fix_is_a_point():
    rows = draw(np.random.default_rng(4), 5000)
    acted = Rows(rows.cell, rows.violation, rows.propensity, ACTS_B[rows.cell])
    judge = Judge.of(without_chances(acted), ACTS_A, ACTS_B)
    found = judge.compared(A["precision"], B["precision"], "bounds")
    everyone = Judge.of(rows.unmasked(), ACTS_A, ACTS_B).compared(A["precision"], B["precision"], "all")
    for figure, counted in ((found.a, everyone.a), (found.b, everyone.b), (found.difference, everyone.difference)):
        assert isinstance(figure, Estimate)
        assert (figure.value, figure.low, figure.high) == pytest.approx((counted.value, counted.low, counted.high))
    assert isinstance(judge.compared(A["recall"], B["recall"], "bounds").a, Bounds)


def test_a_zone_where_nobody_looks_is_bounded_the_others_are_estimated():
    rng = np.random.default_rng(6)
    rows = draw(rng, 20_000, chance=np.where(np.arange(6) == 3, 0, CHANCE))  # where B acts and A does not
    judge = Judge.of(rows.sample(), ACTS_A, ACTS_B, outcome_model(rows.sample(), BAND, REGION))
    assert np.array_equal(unseen(rows.sample(), ZONES).cells, BAND == 3)
    hidden = int((BAND[rows.cell] == 3).sum())
    assert judge.seen.why == (f"where B acts and A does not nobody looked at {hidden:,} rows",)
    found = dict(judge.told(A["precision"], B["precision"]))
    assert set(found) == {"ipw", "snipw", "dr"}
    assert isinstance(found["snipw"].a, Estimate)
    everyone = rows.unmasked()
    for figure in (found["snipw"].b, found["snipw"].difference):
        assert isinstance(figure, Bounds)
        assert figure.reason == judge.seen.why[0]
        assert "not identified" in figure.method
    assert holds(found["snipw"].b, value(everyone, B["precision"]))
    ((basis, recall),) = judge.told(A["recall"], B["recall"])
    assert basis == "bounds"
    assert holds(recall.a, value(everyone, A["recall"]))
    pure = Judge.of(without_chances(rows), ACTS_A, ACTS_B).compared(A["recall"], B["recall"], "bounds")
    assert recall.a.high - recall.a.low < 0.6 * (pure.a.high - pure.a.low)


def test_bounds_with_estimates_cover_the_unmasked_truth():
    rng = np.random.default_rng(8)
    chance = np.where(np.arange(6) == 1, 0, CHANCE)
    covered, asked = 0, 0
    for _ in range(50):
        rows = draw(rng, 6000, chance=chance)
        judge, everyone = Judge.of(rows.sample(), ACTS_A, ACTS_B), rows.unmasked()
        for name in A:
            found = judge.compared(A[name], B[name], "snipw")
            true = value(everyone, A[name]), value(everyone, B[name])
            for figure, right in ((found.a, true[0]), (found.b, true[1]), (found.difference, true[1] - true[0])):
                asked += 1
                covered += holds(figure, right)
    assert covered / asked >= 0.95


def test_a_band_inside_a_cell_at_which_nobody_looks_shows_in_the_weights():
    rows = draw(np.random.default_rng(6), 20_000)
    cut = rows.reviewed & ((BAND[rows.cell] > 0) | (np.arange(len(rows.cell)) % 2 == 0))
    sample = Rows(rows.cell, rows.violation, rows.propensity, cut).sample()
    seen = unseen(sample, ZONES)
    assert np.array_equal(seen.cells, ZONES == 0)
    (why,) = seen.why
    assert "stand for" in why


def test_sound_reviews_rarely_look_like_holes():
    rng = np.random.default_rng(10)
    holes = [unseen(draw(rng, 3000, spread=0.9).sample(), ZONES).cells.any() for _ in range(150)]
    assert sum(holes) <= 2


def test_reviews_outside_of_the_draw_count_as_known_only():
    """Labels of rows without a propensity, of reports say, enter no weight; where the rest is too little, they narrow the bounds."""
    rows = draw(np.random.default_rng(6), 2000, chance=np.full(6, 0.01))
    reports = np.arange(2000) % 3 == 0
    told = rows.sample()
    more = Rows(rows.cell, rows.violation, rows.propensity, rows.reviewed | reports).sample()
    both = Sample(more.rows, more.size, more.squares, told.drawn, told.weight, told.weight_squares)
    found = [
        dict(Judge.of(each, ACTS_A, ACTS_B).told(A["precision"], B["precision"]))["bounds"] for each in (told, both)
    ]
    true = value(rows.unmasked(), A["precision"])
    for each in found:
        assert isinstance(each.a, Bounds)
        assert "not identified" in each.a.method
        assert each.a.reason.endswith(TOO_FEW)
        assert holds(each.a, true)
    assert found[1].a.high - found[1].a.low < 0.8 * (found[0].a.high - found[0].a.low)


def test_a_refused_estimate_comes_with_bounds():
    rows = draw(np.random.default_rng(12), 250)
    judge = Judge.of(rows.sample(), ACTS_A, ACTS_B)
    found = dict(judge.told(A["precision"], B["precision"]))
    assert isinstance(found["snipw"].a, Refused)
    assert isinstance(found["bounds"].a, Bounds)
