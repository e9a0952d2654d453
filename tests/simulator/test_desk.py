"""The simulated desk against closed forms, and its rules one by one."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.desk import Duty, Items, drawn, waits
from simulator.queueing import Priorities
from simulator.staffing import Handling

ALWAYS = 1e6


def items(*rows: tuple[float, int, float]) -> Items:
    at, tier, hours = zip(*rows, strict=True)
    return Items(np.array(at), np.array(tier), np.array(hours))


def waited(found: Items, duty: Duty) -> list[float]:
    return waits(found, duty, (0.0, ALWAYS), ALWAYS).tolist()


def simulated(queue: Priorities, handling: Handling, hours: int, seed: int) -> list[np.ndarray]:
    """By class the waits of those who come after a first tenth."""
    rng = np.random.default_rng(seed)
    rates = np.tile(queue.arrivals, (hours + 48, 1))
    found = drawn(rng, rng.poisson(rates), 0.0, [handling.draw] * len(queue.arrivals))
    first = hours / 10
    taken = waits(found, Duty((0.0,), (queue.servers,)), (first, float(hours)), hours + 48.0)
    inside = (found.at >= first) & (found.at < hours)
    return [taken[inside & (found.tier == k)] for k in range(len(queue.arrivals))]


def agrees(runs: list[float], wanted: float) -> bool:
    """Within four standard errors of the runs' mean, which are at most a tenth of it."""
    error = float(np.std(runs, ddof=1)) / len(runs) ** 0.5
    return error <= 0.1 * wanted and abs(float(np.mean(runs)) - wanted) <= 4 * error


@pytest.mark.parametrize(
    ("queue", "hours"), [(Priorities((60.0, 120.0, 90.0), 30.0, 10), 200), (Priorities((48.0,), 6.0, 10), 600)]
)
def test_means_and_tails_are_those_of_the_closed_forms(queue: Priorities, hours: int) -> None:
    runs = [simulated(queue, Handling(1 / queue.service), hours, seed) for seed in range(6)]
    for k in range(len(queue.arrivals)):
        assert agrees([float(run[k].mean()) for run in runs], queue.mean_wait(k))
        for waited in (queue.mean_wait(k) / 2, queue.mean_wait(k) * 2):
            assert agrees([float((run[k] > waited).mean()) for run in runs], queue.late(k, waited))


def test_fixed_handling_halves_the_wait_of_one_reviewer() -> None:
    """Pollaczek (1930) and Khinchine: the mean wait of M/G/1 is that of M/M/1 times (1 + cv^2) / 2."""
    queue = Priorities((7.0,), 10.0, 1)
    for handling, factor in ((Handling(0.1, "fixed", 0.0), 0.5), (Handling(0.1, "lognormal", 1.5), 1.625)):
        assert agrees(
            [float(simulated(queue, handling, 3000, seed)[0].mean()) for seed in range(8)], queue.mean_wait(0) * factor
        )


def test_the_more_severe_goes_first_and_nobody_is_interrupted() -> None:
    found = items((0.0, 1, 1.0), (0.1, 1, 1.0), (0.2, 1, 1.0), (0.3, 0, 1.0))
    assert waited(found, Duty((0.0,), (1,))) == pytest.approx([0.0, 1.9, 2.8, 0.7])


def test_who_is_on_an_item_when_the_shift_ends_finishes_it() -> None:
    found = items((0.5, 0, 2.0), (0.6, 0, 1.0), (3.0, 0, 1.0))
    duty = Duty((0.0, 1.0, 10.0), (1, 0, 1))
    assert waited(found, duty) == pytest.approx([0.0, 9.4, 8.0])


def test_fewer_reviewers_take_nothing_until_few_enough_are_busy() -> None:
    found = items((0.0, 0, 2.0), (0.0, 0, 3.0), (0.5, 0, 1.0))
    assert waited(found, Duty((0.0, 1.0), (2, 1))) == pytest.approx([0.0, 0.0, 2.5])


def test_what_nobody_takes_waits_for_ever() -> None:
    found = items((0.0, 0, 1.0))
    assert waits(found, Duty((0.0,), (0,)), (0.0, 1.0), 5.0).tolist() == [float("inf")]
    assert waits(found, Duty((), ()), (0.0, 1.0), 5.0).tolist() == [float("inf")]
    assert waits(items((0.0, 0, 1.0)), Duty((0.0,), (1,)), (2.0, 3.0), 5.0).shape == (1,)


def test_arrivals_follow_their_hours() -> None:
    rng = np.random.default_rng(1)
    rates = np.array([[5000, 0], [0, 0], [0, 2000]])
    found = drawn(rng, rates, 7.0, [Handling(0.1).draw] * 2)
    assert (np.diff(found.at) >= 0).all()
    assert set(found.tier[found.at < 8].tolist()) == {0}
    assert set(found.tier[found.at >= 9].tolist()) == {1}
    assert not ((found.at >= 8) & (found.at < 9)).any()
    assert np.bincount(found.tier).tolist() == [5000, 2000]


@pytest.mark.parametrize(
    "handling",
    [Handling(0.2), Handling(0.2, "fixed", 0.0), Handling(0.2, "lognormal", 0.8), Handling(0.2, "gamma", 2.0)],
)
def test_handling_times_have_their_mean_and_spread(handling: Handling) -> None:
    drawn_hours = handling.draw(np.random.default_rng(3), 200_000)
    assert drawn_hours.mean() == pytest.approx(0.2, rel=0.02)
    assert drawn_hours.std() / 0.2 == pytest.approx(handling.cv, rel=0.03, abs=1e-12)


def test_reviewer_hours_are_counted_between_two_times() -> None:
    duty = Duty((0.0, 8.0, 16.0), (2, 5, 0))
    assert duty.between(6.0, 20.0) == 2 * 2 + 8 * 5
    assert duty.between(-5.0, 1.0) == 2.0
