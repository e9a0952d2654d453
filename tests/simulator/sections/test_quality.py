"""From a cube to the report's rows on labels, quality, views and fairness."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from engine.decision import Outcome, Routed, Status, Verdict
from simulator.cube import LABELS, SUMS, Cube
from simulator.quality import metrics
from simulator.result import ALL, Bounds, Estimate, Refused, Slice
from simulator.sections.acting import Acting, Cells
from simulator.sections.fairness import fairness
from simulator.sections.quality import TRUTH, VIEWS, quality
from tests.simulator.logs import ACTS_A, ACTS_B, BAND, CHANCE, Rows, draw

LADDER = tuple(SimpleNamespace(name=name) for name in ("allow", "reduce", "remove"))
PROGRAMS = (SimpleNamespace(enforcements=LADDER), SimpleNamespace(enforcements=LADDER))
REGIONS = ("DE", None)


def outcome(rank: int, routed: bool) -> Outcome:
    routes = (Routed("review", "general", 1),) if routed else ()
    return Outcome("GLOBAL", Status.DECIDED, rank, verdicts=(Verdict("hate", rank, routes), Verdict("spam")))


OUTCOMES = tuple(
    (outcome(2 * int(band >= 4), band == 2), outcome(1 if band == 3 else 2 * int(band >= 4), False))
    for band in range(6)
)


def cube(rows: Rows, views: np.ndarray | None = None, chances: bool = True) -> Cube:
    """A row's cell is its band and its region."""
    label = np.where(rows.reviewed, 1 + rows.violation, 0)
    views = np.zeros(len(label), np.int64) if views is None else views
    weighted = rows.reviewed & chances
    weight = np.where(weighted, 1 / rows.propensity, 0)
    sums = dict(
        zip(
            SUMS,
            (
                np.ones(len(label)),
                views,
                views**2.0,
                weighted,
                weight,
                weight**2,
                weight * views,
                (weight * views) ** 2,
            ),
            strict=True,
        )
    )
    codes = np.stack((rows.cell % 6, rows.cell // 6, label), axis=1).astype(np.int32)
    values = {"outcome": tuple(range(6)), "region": REGIONS, "label.hate": LABELS}
    told = Cube(
        tuple(values), values, codes, {name: found.astype(SUMS[name]) for name, found in sums.items()}, OUTCOMES
    )
    return told.margin(*values)


def find(section, metric, basis, where=ALL):
    (found,) = (one.figure for one in section.quality if (one.metric, one.basis, one.slice) == (metric, basis, where))
    return found


def truth(rows: Rows, acts: np.ndarray) -> tuple[float, float]:
    hit = acts[rows.cell]
    return (hit & rows.violation).sum() / hit.sum(), (hit & rows.violation).sum() / rows.violation.sum()


def test_with_a_label_on_each_row_figures_are_counted():
    rows = draw(np.random.default_rng(1), 5000)
    everyone = Rows(rows.cell, rows.violation, rows.propensity, np.ones(5000, bool))
    told = quality(cube(everyone, chances=False), PROGRAMS)
    (labels,) = told.labels
    assert (labels.rows, labels.labelled, labels.positive) == (5000, 5000, rows.violation.sum())
    assert (labels.propensity, labels.never) == (False, 0)
    assert {one.basis for one in told.quality} == {"all"}
    found = find(told, "precision", "all")
    assert found.a.value == pytest.approx(truth(rows, ACTS_A)[0])
    assert found.b.value == pytest.approx(truth(rows, ACTS_B)[0])
    assert found.difference.value == pytest.approx(found.b.value - found.a.value)
    assert find(told, "recall", "all").a.value == pytest.approx(truth(rows, ACTS_A)[1])
    one = rows.cell // 6 == 1
    part = Rows(rows.cell[one], rows.violation[one], rows.propensity[one], rows.reviewed[one])
    assert find(told, "recall", "all", Slice("region", None)).a.value == pytest.approx(truth(part, ACTS_A)[1])
    assert told.assumptions[0].light == "green"
    assert told.assumptions[-1] == TRUTH
    assert told.views == ()


def test_with_chances_each_method_stands_beside_the_others():
    rows = draw(np.random.default_rng(1), 20_000)
    told = quality(cube(rows), PROGRAMS)
    assert told.labels[0].propensity
    assert told.labels[0].never == 0
    right = truth(rows, ACTS_A)
    for basis in ("ipw", "snipw", "dr"):
        for metric, true in zip(("precision", "recall"), right, strict=True):
            found = find(told, metric, basis).a
            assert isinstance(found, Estimate)
            assert found.low < true < found.high
    assert {one.basis for one in told.quality if one.slice.dimension == "region"} == {"snipw"}
    assert told.assumptions[0].light == "green"


def test_without_chances_there_are_bounds_and_the_words():
    rows = draw(np.random.default_rng(1), 5000)
    told = quality(cube(rows, chances=False), PROGRAMS)
    assert {one.basis for one in told.quality} == {"bounds"}
    figures = [figure for one in told.quality for figure in (one.figure.a, one.figure.b, one.figure.difference)]
    assert all(isinstance(figure, Bounds) and "not identified" in figure.method for figure in figures)
    assert "not identified" in told.assumptions[0].text
    assert told.assumptions[0].light == "red"
    assert told.labels[0].never == (~rows.reviewed).sum()
    (refused, *_) = (gap.gap for gap in fairness(cube(rows, chances=False), PROGRAMS))
    assert isinstance(refused, Refused)


def test_a_zone_that_nobody_looks_at_is_told():
    rows = draw(np.random.default_rng(1), 20_000, chance=np.where(np.arange(6) == 3, 0, CHANCE))
    told = quality(cube(rows), PROGRAMS)
    blank = (BAND[rows.cell] == 3).sum()
    assert told.labels[0].never == blank
    assert told.assumptions[0].light == "red"
    assert f"where B acts and A does not nobody looked at {blank:,} rows" in told.assumptions[0].text
    found = find(told, "precision", "snipw")
    assert isinstance(found.a, Estimate)
    assert isinstance(found.b, Bounds)


def test_what_counts_as_acting_is_the_callers():
    rows = draw(np.random.default_rng(1), 5000)
    found = cube(rows)
    a, b = (Acting(least="remove").on(found, program, side, "hate") for side, program in enumerate(PROGRAMS))
    assert np.array_equal(a, b)
    assert np.array_equal(a, ACTS_A[:6])
    assert Acting(routes=True).on(found, PROGRAMS[0], 0, "hate").tolist() == [False, False, True, False, True, True]
    assert not Acting().on(found, PROGRAMS[0], 0, "nudity").any()
    with pytest.raises(ValueError, match="`blok` is no enforcement that acts, expected one of reduce, remove"):
        Acting(least="blok").on(found, PROGRAMS[0], 0, "hate")


def test_a_share_of_no_rows_has_no_difference():
    rows = draw(np.random.default_rng(1), 5000)
    quiet = Rows(rows.cell % 6 % 3, rows.violation, rows.propensity, rows.reviewed)
    for told in (quality(cube(quiet, chances=chances), PROGRAMS) for chances in (True, False)):
        first = {one.metric: one.figure for one in reversed(told.quality)}
        precision, recall = first["precision"], first["recall"]
        assert {type(precision.a), type(precision.difference)} == {Refused}
        assert recall.difference.value == 0


def test_views_weigh():
    rows = draw(np.random.default_rng(1), 20_000)
    views = np.random.default_rng(2).poisson(5, 20_000) + 10 * rows.violation
    everyone = Rows(rows.cell, rows.violation, rows.propensity, np.ones(20_000, bool))
    counted = {one.metric: one.figure for one in quality(cube(everyone, views), PROGRAMS).views}
    stays = ~ACTS_A[rows.cell]
    rate = (views * stays * rows.violation).sum() / (views * stays).sum()
    removed = (views * ~stays * ~rows.violation).sum() / views.sum()
    assert counted["violating_view_rate"].a.value == pytest.approx(rate)
    assert counted["wrongly_removed_views"].a.value == pytest.approx(removed)
    told = quality(cube(rows, views), PROGRAMS)
    weighted = {one.metric: one.figure for one in told.views}
    assert all(isinstance(figure.a, Estimate) and figure.a.method == "snipw" for figure in weighted.values())
    assert weighted["violating_view_rate"].a.low < rate < weighted["violating_view_rate"].a.high
    assert VIEWS in told.assumptions


def test_views_count_where_their_labels_are_not_needed():
    """Nobody looks where neither A nor B acts: what is wrongly removed lies elsewhere, but is a share of all views."""
    rows = draw(np.random.default_rng(1), 20_000, chance=np.where(np.arange(6) < 3, 0, CHANCE))
    views = np.random.default_rng(2).poisson(5, 20_000)
    told = {one.metric: one for one in quality(cube(rows, views), PROGRAMS).views}
    removed = (views * ACTS_B[rows.cell] * ~rows.violation).sum() / views.sum()
    found = told["wrongly_removed_views"].figure
    assert isinstance(found.b, Estimate)
    assert found.b.low < removed < found.b.high
    assert isinstance(found.difference, Estimate)
    assert isinstance(told["violating_view_rate"].figure.b, Bounds)


def test_gaps_of_regions_are_told_for_either_side():
    rows = draw(np.random.default_rng(1), 20_000)
    worse = rows.violation & ~((rows.cell // 6 == 1) & (BAND[rows.cell] >= 4) & (np.arange(20_000) % 2 == 0))
    found = fairness(cube(Rows(rows.cell, worse, rows.propensity, rows.reviewed)), PROGRAMS)
    assert {(gap.metric, gap.side) for gap in found} == {
        (metric, side) for metric in ("precision", "recall", "false_positive_rate") for side in "ab"
    }
    precision = next(gap for gap in found if (gap.metric, gap.side) == ("precision", "a"))
    assert precision.flagged
    assert (precision.worst, precision.groups) in {("DE", 2), ("(none)", 2)}
    assert abs(precision.gap.value) > 0.3
    assert {gap.gap.method for gap in found} == {"mover, bonferroni over 12"}  # two regions, three metrics, two sides
    same = fairness(cube(rows), PROGRAMS, Acting(least="remove"))
    pairs = [(gap.metric, gap.gap) for gap in same]
    assert len(set(pairs)) == len(pairs) / 2


def test_policies_without_a_label_have_no_rows():
    rows = draw(np.random.default_rng(1), 500)
    blank = Rows(rows.cell, rows.violation, rows.propensity, np.zeros(500, bool))
    told = quality(cube(blank), PROGRAMS)
    assert (told.labels, told.quality, told.views, told.assumptions) == ((), (), (), ())
    assert fairness(cube(blank), PROGRAMS) == ()


def test_sums_by_cell_are_those_of_the_rows():
    rows = draw(np.random.default_rng(1), 3000)
    cells, direct = Cells.of(cube(rows), "hate", "region"), rows.sample()
    order = np.lexsort((cells.codes[:, 0], cells.codes[:, 1]))
    for name in ("rows", "size", "drawn", "weight", "weight_squares"):
        assert np.allclose(getattr(cells.rows, name)[order], getattr(direct, name))
    assert set(metrics(cells.by_outcome(ACTS_A[:6]))) == {"precision", "recall", "false_positive_rate", "f_beta"}


def test_what_a_skipped_score_leaves_open_is_told_beside_the_quality():
    rows = draw(np.random.default_rng(3), 400)
    whole = cube(rows)
    assert not [a for a in quality(whole, PROGRAMS).assumptions if "is open on" in a.title]
    open_ = Outcome("GLOBAL", Status.DECIDED, 0, verdicts=(Verdict("hate", undetermined=True), Verdict("spam")))
    partly = replace(whole, outcomes=((open_, OUTCOMES[0][1]), *OUTCOMES[1:]))
    count = int(whole.sums["rows"][whole.of("outcome") == 0].sum())
    told = [(a.light, a.title) for a in quality(partly, PROGRAMS).assumptions if "is open on" in a.title]
    assert told == [("red", f"`hate` is open on {count} of 400 rows")]
