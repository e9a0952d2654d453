"""Review load from arrivals and staffing: counts are exact, waits agree with the closed forms, what cannot be told is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.decision import Outcome, Routed, Status
from policy_dsl.program import Program, SeverityTier
from simulator import waiting
from simulator.arrivals import HOUR_US, UNDATED, Arrivals
from simulator.blocks import Blocks
from simulator.result import Compared, Estimate, Refused
from simulator.sections.load import LoadSection, review_load
from simulator.sections.queues import Settings
from simulator.staffing_file import parse_staffing
from simulator.waiting import Plan, Side, averaged, period, planned

SLAS = (("P0", 900), ("P1", 3600), ("P2", 86400), ("P3", 259_200))
TIERS = tuple(SeverityTier(name, seconds, "review") for name, seconds in SLAS)
PROGRAM = Program(1, 1, "p", (), (), (), TIERS, (), "refuse", (), (), (), (), (), {})
START = 497_000  # an hour in September 2026


@pytest.fixture(autouse=True)
def _few_replications(monkeypatch) -> None:
    monkeypatch.setattr(waiting, "REPLICATIONS", 10)


def outcome(*routes: tuple[str, int]) -> Outcome:
    return Outcome("US", Status.DECIDED, 0, tuple(Routed("review", queue, priority) for queue, priority in routes))


def staffed(text: str) -> Any:
    return parse_staffing(f"queues: {{{text}}}", "s.yaml", ("general", "specialist"), [name for name, _ in SLAS])


def logged(hours: int, *groups: tuple[float, tuple[Outcome, Outcome]], seed: int = 1) -> Arrivals:
    """Poisson rows of each group at its rate per hour, evenly over the log, and one row of nothing at each end."""
    rng, found = np.random.default_rng(seed), Arrivals()
    outcomes = [(outcome(), outcome()), *(pair for _, pair in groups)]
    for number, (rate, _) in enumerate(groups, 1):
        at = rng.integers(START * HOUR_US, (START + hours) * HOUR_US, rng.poisson(rate * hours))
        found.add(at, np.full(len(at), number), outcomes)
    found.add(np.array([START, START + hours]) * HOUR_US - np.array([0, 1]), np.zeros(2, int), outcomes)
    return found


def figures(section: LoadSection, queue: str | None, measure: str, method: str | None = None) -> dict[str, Compared]:
    rows = [row for row in section.load if (row.queue, row.measure) == (queue, measure)]
    return {row.tier: row.figure for row in rows if method in (None, row.method)}


def values(compared: Compared) -> tuple[float, ...]:
    assert isinstance(compared.a, Estimate)
    assert isinstance(compared.b, Estimate)
    assert isinstance(compared.difference, Estimate)
    return compared.a.value, compared.b.value, compared.difference.value


def titles(section: LoadSection) -> list[tuple[str, str]]:
    return [(one.light, one.title) for one in section.assumptions]


BOTH = (outcome(("general", 1)), outcome(("general", 1)))
ONLY_A = (outcome(("general", 2)), outcome())
OTHER = (outcome(("specialist", 0)), outcome(("specialist", 0)))


def test_items_per_day_are_counted_by_queue_and_tier() -> None:
    found = logged(48, (4.0, BOTH), (2.0, ONLY_A), (1.0, OTHER))
    section = review_load(found, (PROGRAM, PROGRAM), None)
    general, everywhere = figures(section, "general", "items_per_day"), figures(section, None, "items_per_day")
    assert set(general) == {"all", "P1", "P2"}
    assert set(figures(section, "specialist", "items_per_day")) == {"P0"}
    counts = {tier: found.hourly(0)[("general", rank)].total for tier, rank in (("P1", 1), ("P2", 2))}
    assert values(general["P2"]) == pytest.approx((counts["P2"] / 2, 0.0, -counts["P2"] / 2))
    assert values(general["all"])[0] == pytest.approx(sum(counts.values()) / 2)
    assert values(everywhere["all"])[0] == pytest.approx((found.rows - 2) / 2)
    assert general["P1"].a.method == "exact"  # type: ignore[union-attr]
    assert titles(section) == [("amber", "No staffing is given")]
    assert {row.measure for row in section.load} == {"items_per_day"}


def test_a_sample_has_the_interval_of_its_count() -> None:
    section = review_load(logged(48, (4.0, BOTH)), (PROGRAM, PROGRAM), None, Settings(scale=10.0))
    figure = figures(section, "general", "items_per_day")["P1"].a
    assert isinstance(figure, Estimate)
    assert figure.value == pytest.approx(figure.n * 5)
    assert figure.method == "poisson"
    assert figure.low < figure.value < figure.high
    assert ("amber", "The log is a sample") in titles(section)


def test_where_the_formulas_apply_the_simulation_agrees_with_them() -> None:
    staffing = staffed("general: {reviewers: 3, handling: {minutes: 12}}")
    found = logged(1200, (4.0, BOTH), (7.0, ONLY_A))
    section = review_load(found, (PROGRAM, PROGRAM), staffing)
    assert titles(section)[-1] == ("green", "Waits in `general` are simulated")
    for measure in ("wait_minutes", "sla_miss"):
        closed = figures(section, "general", measure, "cobham")
        simulated = figures(section, "general", measure, "simulation")
        for tier, side in (("P1", "a"), ("P1", "b"), ("P2", "a")):
            one, other = getattr(closed[tier], side), getattr(simulated[tier], side)
            assert one.low <= one.value <= one.high
            assert one.value == pytest.approx(other.value, rel=0.1, abs=1e-3), (measure, tier, side)
        assert isinstance(closed["P2"].b, Refused)
    assert values(figures(section, "general", "utilisation")["all"])[0] == pytest.approx((4 + 7) / 15, rel=0.05)


def test_one_tier_is_erlang_c_and_what_stays_is_no_difference() -> None:
    staffing = staffed("specialist: {reviewers: 2, handling: {minutes: 40}}")
    section = review_load(logged(96, (2.0, OTHER)), (PROGRAM, PROGRAM), staffing)
    assert {row.method for row in section.load if row.measure == "sla_miss"} == {"erlang c", "simulation"}
    for row in section.load:
        assert isinstance(row.figure.difference, Estimate)
        assert (row.figure.difference.low, row.figure.difference.value, row.figure.difference.high) == (0.0, 0.0, 0.0)


def test_shifts_make_the_night_late_and_the_formulas_void() -> None:
    text = 'general: {shifts: [{days: all, from: "08:00", to: "16:00", reviewers: 4}], handling: {minutes: 6, distribution: fixed}}'
    section = review_load(logged(240, (4.0, BOTH)), (PROGRAM, PROGRAM), staffed(text))
    missed = figures(section, "general", "sla_miss")
    assert values(missed["P1"])[0] == pytest.approx(
        16.67 / 24, abs=0.02
    )  # those from 16:00 to 8:40, when the night's 1.6 hours are nearly done
    assert {row.method for row in section.load} == {"counted", "simulation"}
    text = section.assumptions[-1].text
    assert "reviewers change by the hour; handling is fixed" in text
    assert section.staffing == ("general: 224 reviewer hours a week (UTC); an item takes 6 min (fixed)",)


def test_fewer_items_are_shown_to_miss_less_with_a_paired_interval() -> None:
    staffing = staffed("general: {reviewers: 2, handling: {minutes: 14}}")
    section = review_load(logged(200, (4.0, BOTH), (4.0, ONLY_A)), (PROGRAM, PROGRAM), staffing)
    waited = figures(section, "general", "wait_minutes", "simulation")["P1"]
    assert isinstance(waited.difference, Estimate)
    assert waited.difference.high < 0
    assert waited.difference.method == "simulation, by days, paired"
    missed = figures(section, "general", "sla_miss", "simulation")["P1"].b
    assert isinstance(missed, Estimate)
    assert missed.value <= missed.high < 0.05


def test_too_few_reviewers_are_said_to_be() -> None:
    staffing = staffed("general: {reviewers: 1, handling: {minutes: 30}}")
    section = review_load(logged(120, (4.0, BOTH)), (PROGRAM, PROGRAM), staffing)
    assert ("red", "`general` is at 200% of its reviewers' time under A") in [
        (light, title.replace("199%", "200%").replace("201%", "200%")) for light, title in titles(section)
    ] or values(figures(section, "general", "utilisation")["all"])[0] > 1.8
    assert values(figures(section, "general", "sla_miss")["P1"])[0] > 0.9
    refused = figures(section, "general", "wait_minutes")["P1"].a
    assert isinstance(refused, Refused)
    assert "were not taken within the simulated time" in refused.reason


def test_nobody_on_duty_and_queues_without_staffing() -> None:
    section = review_load(
        logged(48, (4.0, BOTH), (1.0, OTHER)),
        (PROGRAM, PROGRAM),
        staffed("general: {reviewers: 0, handling: {minutes: 1}}"),
    )
    assert ("red", "Nobody reviews `general`") in titles(section)
    assert ("amber", "Queues without staffing") in titles(section)
    assert values(figures(section, "general", "sla_miss")["P1"])[0] == 1.0


@pytest.mark.parametrize("rows", [[], [UNDATED, UNDATED], [0], [0, HOUR_US], [-(2**61), 2**61]])
def test_dirt_in_the_times_is_told_and_breaks_nothing(rows: Sequence[int]) -> None:
    found = Arrivals()
    found.add(np.array(rows, np.int64), np.ones(len(rows), int), [BOTH, BOTH])
    section = review_load(found, (PROGRAM, PROGRAM), staffed("general: {reviewers: 1, handling: {minutes: 1}}"))
    assert not figures(section, "general", "sla_miss", "simulation")
    assert (("amber", "Rows without a time") in titles(section)) == (UNDATED in rows)
    if len(rows) != 2 or UNDATED in rows:
        why = {0: "there is no row", 1: "the log covers less than a day", 2: "no row has a time"}[len(rows)]
        assert {figure.b.reason for figure in figures(section, None, "items_per_day").values()} == {why}


def test_tiers_and_slas_that_differ_are_measured_by_their_own_side() -> None:
    other = replace(PROGRAM, severities=(SeverityTier("P1", 60, "review"), SeverityTier("P0", 900, "review")))
    pair = (outcome(("general", 1)), outcome(("general", 0)))  # P1 on both sides
    staffing = staffed("general: {reviewers: 1, handling: {minutes: 10}}")
    section = review_load(logged(120, (4.0, pair)), (PROGRAM, other), staffing)
    a, b, _ = values(figures(section, "general", "sla_miss", "simulation")["P1"])
    assert b > a + 0.2
    assert "The SLAs differ" in [title for _, title in titles(section)]
    assert {row.sla_minutes for row in section.load if row.measure == "sla_miss"} == {1.0}


def test_each_side_takes_its_most_severe_first() -> None:
    turned = replace(PROGRAM, severities=(TIERS[0], TIERS[2], TIERS[1], TIERS[3]))
    groups = [
        (4.0, (outcome(("general", 1)), outcome(("general", 2)))),
        (4.0, (outcome(("general", 2)), outcome(("general", 1)))),
    ]
    staffing = staffed("general: {reviewers: 1, handling: {minutes: 6.5}}")
    section = review_load(logged(240, *groups), (PROGRAM, turned), staffing)
    waited = figures(section, "general", "wait_minutes", "simulation")
    assert values(waited["P1"])[2] > 5 > -5 > values(waited["P2"])[2]


def test_large_logs_are_simulated_in_part_and_huge_ones_not() -> None:
    side = Side(np.full((720, 1), 1000.0), (0,), (1.0,))
    whole, part = planned((side, side), 10**8), planned((side, side), 10**6)
    assert whole == Plan(720, 168, waiting.REPLICATIONS, whole=True)
    assert part is not None
    assert (part.whole, part.hours, part.before, part.replications) == (False, 72, 24, waiting.FEWEST)
    assert planned((side, side), 10**5) is None
    assert [period(hours) for hours in (5, 24, 100, 168, 400)] == [0, 24, 96, 168, 336]


def test_a_sample_is_averaged_over_hours_of_like_place_and_a_part_is_drawn() -> None:
    counts = np.zeros((400, 1))
    counts[::24] = 700.0
    counts[0] = 900.0
    found = averaged(counts)
    assert found.sum() == pytest.approx(counts.sum())
    assert found[168:192].tolist() == found[336:360].tolist()
    assert found[168, 0] == pytest.approx((900 + 700 + 700) / 3)
    few = averaged(np.arange(48.0)[:, None])
    assert few[:24].tolist() == few[24:].tolist() == (np.arange(24.0) + 12)[:, None].tolist()
    rng = np.random.default_rng(1)
    assert waiting._numbers(rng, counts, 1.0).tolist() == counts.astype(int).tolist()
    assert waiting._numbers(rng, counts * 10, 0.5).sum() == pytest.approx(counts.sum() * 5, rel=0.02)
    assert waiting._numbers(rng, counts * 10, 3.0).sum() == pytest.approx(counts.sum() * 10, rel=0.02)


def test_a_scaled_sample_is_simulated_at_its_traffic() -> None:
    staffing = staffed("general: {reviewers: 3, handling: {minutes: 12}}")
    found = []
    for log, scale in ((logged(480, (12.0, BOTH)), 1.0), (logged(480, (3.0, BOTH)), 4.0)):
        section = review_load(log, (PROGRAM, PROGRAM), staffing, Settings(scale=scale))
        measures = (("utilisation", "counted"), ("wait_minutes", "simulation"))
        found.append([values(next(iter(figures(section, "general", *one).values())))[0] for one in measures])
    assert found[1][0] == pytest.approx(found[0][0], rel=0.1)
    assert found[1][1] == pytest.approx(found[0][1], rel=0.5)


def test_the_interval_of_a_share_covers() -> None:
    """Ratios of clustered counts: misses come in bad blocks."""
    rng, covered, one = np.random.default_rng(2), 0, np.zeros(30)
    for _ in range(400):
        of = rng.poisson(200, (30, 2)).astype(float)
        missed = rng.binomial(of.astype(int), rng.beta(2, 6, (30, 2))).astype(float)
        compared = Blocks(missed, of, one, 1, "m", 0.95).share()
        assert isinstance(compared.a, Estimate)
        assert isinstance(compared.difference, Estimate)
        covered += compared.a.low <= 0.25 <= compared.a.high
        covered += compared.difference.low <= 0 <= compared.difference.high
    assert 0.92 <= covered / 800 <= 0.98


def test_the_interval_is_that_of_other_logs_like_this_one(monkeypatch) -> None:
    """Days of a made-up traffic: the interval from one log holds the mean of many."""
    monkeypatch.setattr(waiting, "REPLICATIONS", 2)
    staffing = staffed("general: {reviewers: 1, handling: {minutes: 8}}")
    logs = [logged(24 * 14, (5.0, BOTH), seed=seed) for seed in range(24)]
    found = [
        figures(
            review_load(log, (PROGRAM, PROGRAM), staffing, Settings(seed=seed)), "general", "wait_minutes", "simulation"
        )["P1"].a
        for seed, log in enumerate(logs)
    ]
    estimates = [one for one in found if isinstance(one, Estimate)]
    truth = float(np.mean([one.value for one in estimates]))
    assert len(estimates) == 24
    assert sum(one.low <= truth <= one.high for one in estimates) >= 18


def test_none_missed_is_not_certainty_and_one_day_has_no_interval() -> None:
    none = np.zeros((30, 2))
    found = Blocks(none, none + 100, none[:, 0], 10, "m", 0.95).share()
    assert isinstance(found.a, Estimate)
    assert (found.a.value, found.a.low, found.a.n) == (0.0, 0.0, 300)
    assert found.a.high == pytest.approx(1 - 0.025 ** (1 / 300))
    assert values(found)[2] == 0.0
    one_day = Blocks(none[:1] + 3, none[:1] + 100, none[:1, 0], 10, "m", 0.95).share()
    assert isinstance(one_day.a, Refused)
    assert isinstance(Blocks(none, none, none[:, 0], 10, "m", 0.95).mean().a, Refused)


def test_days_of_the_week_vary_about_their_own_mean() -> None:
    """Where Mondays are all alike, that they differ from Sundays leaves nothing open."""
    day = np.arange(28)
    of = np.full((28, 2), 100.0)
    missed = np.stack([10.0 + 5 * (day % 7)] * 2, axis=1)
    weekly, plain = (Blocks(missed, of, strata, 1, "m", 0.95).mean().a for strata in (day % 7, day * 0))
    assert isinstance(weekly, Estimate)
    assert isinstance(plain, Estimate)
    assert weekly.high - weekly.low < 1e-9 < plain.high - plain.low
    single = Blocks(missed[:8], of[:8], day[:8] % 7, 1, "m", 0.95).mean().a
    together = Blocks(missed[:8], of[:8], day[:8] * 0, 1, "m", 0.95).mean().a
    assert single == together
