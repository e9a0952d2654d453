"""Closed forms of waiting: published figures, their own consistency, and where they do not apply."""

from __future__ import annotations

from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from simulator.queueing import Priorities, constant_arrivals, erlang_c, inverted

THREE = Priorities((60.0, 120.0, 90.0), 30.0, 10)


@pytest.mark.parametrize(("load", "servers", "wanted"), [(8, 10, 0.409180), (20, 24, 0.298072), (90, 100, 0.216940)])
def test_erlang_c_gives_the_published_figures(load: float, servers: int, wanted: float) -> None:
    assert erlang_c(servers, load) == pytest.approx(wanted, abs=5e-7)


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_erlang_c_is_what_its_definition_sums_to(servers: int, share: float) -> None:
    load, term, below = servers * share, 1.0, 0.0
    for number in range(servers):
        below += term
        term *= load / (number + 1)
    last = term * servers / (servers - load)
    assert erlang_c(servers, load) == pytest.approx(last / (below + last), rel=1e-9)


def test_erlang_c_has_answers_at_its_ends() -> None:
    assert erlang_c(5, 0.0) == 0.0
    assert erlang_c(5, 5.0) == erlang_c(5, 7.0) == 1.0
    assert 0 < erlang_c(100_000, 99_999.0) < 1
    with pytest.raises(ValueError, match="expected at least one"):
        erlang_c(0, 1.0)
    for load in (-1.0, inf, float("nan")):
        with pytest.raises(ValueError, match="expected a finite number"):
            erlang_c(3, load)


def test_cobham_gives_the_published_waits() -> None:
    waits = [THREE.mean_wait(number) * 60 for number in range(3)]
    assert waits == pytest.approx([0.167183, 0.417957, 3.343658], abs=5e-7)


def test_one_class_is_the_plain_queue() -> None:
    queue = Priorities((270.0,), 30.0, 10)
    assert queue.utilisation == pytest.approx(0.9)
    assert queue.mean_wait(0) == pytest.approx(queue.delayed / 30)
    assert queue.late(0, 0.05) == pytest.approx(erlang_c(10, 9.0) * exp(-30 * 0.05))


@given(st.lists(st.floats(0.5, 50), min_size=1, max_size=4), st.integers(1, 30), st.floats(0.3, 0.98))
def test_the_tail_integrates_to_the_mean(arrivals: list[float], servers: int, busy: float) -> None:
    queue = Priorities(tuple(arrivals), sum(arrivals) / servers / busy, servers)
    for number in range(len(arrivals)):
        mean = queue.mean_wait(number)
        assert mean is not inf
        unit = mean / queue.delayed  # of one who waits

        def late(t: float, k: int = number, unit: float = unit) -> float:
            return queue.late(k, t * unit)

        whole = sum(quad(late, *part)[0] for part in ((0, 3), (3, 15), (15, 150)))
        assert whole * unit == pytest.approx(mean, rel=1e-3, abs=1e-7 * unit)


@given(st.floats(0, 5), st.floats(0, 5))
def test_a_longer_wait_is_no_likelier(one: float, other: float) -> None:
    for number in range(3):
        assert THREE.late(number, max(one, other)) <= THREE.late(number, min(one, other)) + 1e-7


def test_classes_before_make_the_tail_longer_and_none_leaves_it() -> None:
    alone, behind = Priorities((150.0,), 30.0, 10), Priorities((1e-9, 150.0), 30.0, 10)
    for hours in (0.001, 0.01, 0.1):
        assert behind.late(1, hours) == pytest.approx(alone.late(0, hours), abs=1e-8)
    assert Priorities((60.0, 90.0), 30.0, 10).late(1, 0.02) > alone.late(0, 0.02)


def test_a_severe_class_is_stable_where_the_whole_is_not() -> None:
    queue = Priorities((60.0, 400.0), 30.0, 10)
    assert not queue.stable
    assert queue.is_stable(0)
    assert not queue.is_stable(1)
    assert queue.delayed == 1.0
    assert queue.mean_wait(0) == pytest.approx(1 / 240)  # the next of ten reviewers, and those of the class before it
    assert queue.mean_wait(1) == inf
    assert (queue.late(1, 1000.0), queue.late(0, -1.0)) == (1.0, 1.0)


def test_a_known_transform_is_inverted() -> None:
    for at in (0.1, 1.0, 4.0):
        assert inverted(lambda s: np.asarray(1 / (1 + s)), at) == pytest.approx(exp(-at), abs=1e-8)


def test_what_is_no_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="items per hour and reviewer"):
        Priorities((1.0,), 0.0, 2)


def test_a_constant_rate_passes_as_often_as_it_should() -> None:
    rng = np.random.default_rng(5)
    refused = sum(not constant_arrivals(rng.poisson(2.0, 240)).holds for _ in range(1000))
    assert 2 <= refused <= 25  # 10 expected at the level 0.01


def test_an_evening_peak_and_too_few_items_are_no_constant_rate() -> None:
    peak = np.tile([2] * 18 + [30] * 6, 10)
    assert "variance 1" in constant_arrivals(peak).seen
    assert not constant_arrivals(peak).holds
    assert constant_arrivals([0, 0, 1]).seen == constant_arrivals([]).seen == "too few items to tell"
