"""Estimates for all rows from reviewed ones: they cover what the masked labels say, and refuse where they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import labels
from simulator.labels import Ratio, Sample, difference, effective_size, estimated, kish, outcome_model, solve
from simulator.quality import metrics
from simulator.ratios import Sums, share, share_difference
from simulator.result import Estimate, Refused
from tests.simulator.logs import ACTS_A, ACTS_B, BAND, CELLS, REGION, SHARES, VIOLATIONS, Rows, draw

A, B = metrics(ACTS_A), metrics(ACTS_B)
METHODS = ("ipw", "snipw", "dr")
TRAFFIC = np.tile(SHARES, 2) / 2


def truth(ratio: Ratio) -> float:
    """Of the traffic that `draw` draws from."""
    rows = np.stack((1 - np.tile(VIOLATIONS, 2), np.tile(VIOLATIONS, 2)), axis=1) * TRAFFIC[:, None]
    return float((rows * ratio.numerator).sum() / (rows * ratio.denominator).sum())


@pytest.mark.parametrize("metric", list(A))
def test_intervals_cover_the_traffic_behind_masked_labels(metric):
    rng = np.random.default_rng(7)
    covered = {(method, side): 0 for method in METHODS for side in "abd"}
    logs = 80
    for _ in range(logs):
        sample = draw(rng, 4000).sample()
        model = outcome_model(sample, BAND, REGION)
        for method in METHODS:
            figures = (
                estimated(sample, A[metric], method, model),
                estimated(sample, B[metric], method, model),
                difference(sample, A[metric], B[metric], method, model),
            )
            true = (truth(A[metric]), truth(B[metric]), truth(B[metric]) - truth(A[metric]))
            for side, figure, right in zip("abd", figures, true, strict=True):
                assert isinstance(figure, Estimate)
                covered[method, side] += figure.low <= right <= figure.high
    low, high = 0.95 - 4 * (0.95 * 0.05 / logs) ** 0.5, 1.0
    assert {name: count / logs for name, count in covered.items() if not low <= count / logs <= high} == {}


@pytest.mark.parametrize("method", METHODS)
def test_estimates_are_unbiased_whatever_the_model_says(method):
    rng = np.random.default_rng(11)
    wrong = np.where(BAND > 2, 0.0, 0.6)
    everything = np.ones((CELLS, 2))
    share_of_violations = Ratio(np.stack((np.zeros(CELLS), np.ones(CELLS)), 1), everything, (everything > 0,))
    values = []
    for _ in range(300):
        solved = solve(draw(rng, 1000).sample(), share_of_violations, method, wrong)
        values.append(solved.value)
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - truth(share_of_violations)) < 4 * error


def test_a_good_model_makes_the_interval_shorter():
    sample = draw(np.random.default_rng(3), 20_000).sample()
    model = outcome_model(sample, BAND, REGION)
    plain, robust = (estimated(sample, A["recall"], method, model) for method in ("ipw", "dr"))
    assert robust.high - robust.low < 0.97 * (plain.high - plain.low)


def test_the_model_of_a_part_is_fitted_on_the_other_parts():
    rows = draw(np.random.default_rng(5), 5000)
    sample = rows.sample()
    model = outcome_model(sample, BAND, REGION)
    moved = np.where(REGION[rows.cell] == 0, ~rows.violation, rows.violation)
    other = outcome_model(Rows(rows.cell, moved, rows.propensity, rows.reviewed).sample(), BAND, REGION)
    assert np.array_equal(model[REGION == 0], other[REGION == 0])
    assert not np.allclose(model[REGION == 1], other[REGION == 1])
    assert np.allclose(model, VIOLATIONS[BAND], atol=0.2)


def test_no_model_without_two_parts_and_no_estimate_without_a_model():
    sample = draw(np.random.default_rng(5), 5000).sample()
    assert outcome_model(sample, BAND, np.zeros(CELLS, int)) is None
    assert isinstance(estimated(sample, A["precision"], "dr"), Refused)
    with pytest.raises(ValueError, match="needs a model"):
        solve(sample, A["precision"], "dr")


def test_variance_is_that_of_the_rows_one_by_one():
    rows = draw(np.random.default_rng(2), 3000)
    sample, ratio = rows.sample(), A["recall"]
    model = outcome_model(sample, BAND, REGION)
    for method in METHODS:
        solved = solve(sample, ratio, method, model)
        moves = solved.base[rows.cell] + np.where(
            rows.reviewed, solved.pull[rows.cell, rows.violation.astype(int)] / rows.propensity, 0
        )
        plain = labels._squared(sample, solved.base, solved.pull)
        assert plain == pytest.approx(float((moves**2).sum()), rel=1e-9)
        assert plain < solved.variance(sample) < 1.1 * plain
        assert moves.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("metric", list(A))
def test_with_everybody_reviewed_each_method_is_the_counted_figure(metric):
    sample = draw(np.random.default_rng(9), 3000).unmasked()
    sums = Sums(sample.rows[:, 1:], sample.size[:, 1:], sample.squares[:, 1:])
    counted = share(sums, A[metric].numerator, A[metric].denominator)
    apart = share_difference(
        sums, (A[metric].numerator, A[metric].denominator), (B[metric].numerator, B[metric].denominator)
    )
    for method in METHODS:
        model = outcome_model(sample, BAND, REGION)
        figure = estimated(sample, A[metric], method, model)
        assert (figure.value, figure.low, figure.high) == pytest.approx((counted.value, counted.low, counted.high))
        gone = difference(sample, A[metric], B[metric], method, model)
        assert gone.value == pytest.approx(apart.value)
        if apart.method == "mover":  # shares of one denominator have an interval of their own, where they are counted
            assert (gone.low, gone.high) == pytest.approx((apart.low, apart.high), abs=1e-3)


def test_too_few_effective_rows_are_refused_with_the_reason():
    rows = draw(np.random.default_rng(1), 300)
    refused = estimated(rows.sample(), A["precision"], "snipw")
    assert isinstance(refused, Refused)
    assert refused.effective < 30
    assert "effective sample size" in refused.reason
    assert isinstance(estimated(rows.sample(), A["precision"], "snipw", minimum=1), Estimate)


def test_a_difference_that_rests_on_few_rows_is_refused():
    rows = draw(np.random.default_rng(1), 20_000)
    few = rows.reviewed & ~((BAND[rows.cell] == 3) & (np.arange(len(rows.cell)) % 50 != 0))
    sample = Rows(rows.cell, rows.violation, rows.propensity, few).sample()
    assert isinstance(estimated(sample, A["precision"], "snipw"), Estimate)
    refused = difference(sample, A["precision"], B["precision"], "snipw")
    assert isinstance(refused, Refused)
    assert "A and B differ" in refused.reason


def test_the_difference_of_a_policy_to_itself_is_exactly_nothing():
    sample = draw(np.random.default_rng(1), 300).sample()
    figure = difference(sample, A["recall"], A["recall"], "ipw")
    assert (figure.value, figure.low, figure.high) == (0, 0, 0)


def test_the_effective_size_is_that_of_the_rarest_kind_of_row():
    sample = draw(np.random.default_rng(1), 3000).sample()
    alone = [effective_size(sample, (domain,)) for domain in A["f_beta"].domains]
    assert effective_size(sample, A["f_beta"].domains) == min(alone)
    assert kish(np.ones(5), np.ones(5)) == 5
    assert kish(np.array([9.0, 1.0]), np.array([81.0, 1.0])) == pytest.approx(100 / 82)
    assert kish(np.array([1e160]), np.array([np.inf])) == 0  # of a chance of 1e-160
    assert kish(np.array([1e154, 1e154]), np.array([1e308, 0.0])) == pytest.approx(4)


def test_views_are_only_self_normalised():
    rows = draw(np.random.default_rng(1), 300)
    with pytest.raises(ValueError, match="expected `snipw`"):
        solve(rows.sample(np.arange(300)), A["precision"], "ipw")


def test_an_estimate_beyond_one_is_moved_to_it():
    rows = np.array([[0, 0, 0], [60, 0, 40]])
    size = rows.astype(float)
    weight = np.array([[0.0, 0.0], [0.0, 120.0]])
    sample = Sample(rows, size, size, rows[:, 1:], weight, weight * 3)
    figure = estimated(sample, metrics(np.array([False, True]))["precision"], "ipw")
    assert figure.value == figure.high == 1
    assert 0.8 < figure.low < 1


@pytest.mark.parametrize("more", [100, 800])
def test_labels_without_a_chance_make_nothing_surer(more):
    """Recall, of rows half of which are reviewed by chance; labels that came from elsewhere stand for themselves, not for others."""
    recall = metrics(np.array([False, True]))["recall"]

    def variance(others):
        rows = np.array([[1000 - others, 30 + others, 4], [100, 60, 140]])
        drawn = np.array([[30, 4], [60, 140]])
        sample = Sample(rows, rows.astype(float), rows.astype(float), drawn, drawn * 2.0, drawn * 4.0)
        return solve(sample, recall, "snipw").variance(sample)

    assert variance(more) == pytest.approx(variance(0), rel=1e-12)
