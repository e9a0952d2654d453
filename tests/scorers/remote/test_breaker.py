"""When an endpoint is given up, and when it is tried again."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.remote.breaker import Breaker
from scorers.remote.errors import RemoteError
from scorers.remote.settings import BreakerSettings


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def breaker(clock, failures=3, window_s=10.0, cooldown_s=5.0):
    return Breaker(BreakerSettings(failures=failures, window_s=window_s, cooldown_s=cooldown_s), clock)


def attempt(tested, outcome):
    """One attempt: True, False (the endpoint failed), or an exception to raise."""
    with tested.attempt():
        if outcome is False:
            raise RemoteError("it failed", faulty=True)
        if outcome is not True:
            raise outcome


def failing(tested, times):
    for _ in range(times):
        with pytest.raises(RemoteError, match="it failed"):
            attempt(tested, False)


def test_it_opens_after_so_many_failures(clock):
    tested = breaker(clock)
    failing(tested, 2)
    assert tested.state == "closed"
    failing(tested, 1)
    assert tested.state == "open"
    with pytest.raises(RemoteError, match=r"not asked, for the service keeps failing \(it failed\); .* in 5 s"):
        attempt(tested, True)


def test_failures_long_ago_do_not_count(clock):
    tested = breaker(clock)
    failing(tested, 2)
    clock.now = 10.1
    failing(tested, 2)
    assert tested.state == "closed"


def test_a_service_that_fails_now_and_then_stays_in_use(clock):
    tested = breaker(clock)
    for _ in range(50):
        failing(tested, 1)
        attempt(tested, True)
        attempt(tested, True)
    assert tested.state == "closed"


def test_one_at_a_time_tries_again_and_success_closes_it(clock):
    tested = breaker(clock)
    failing(tested, 3)
    clock.now = 5.0
    assert tested.state == "half-open"
    with tested.attempt(), pytest.raises(RemoteError, match="an attempt to reach it is under way"):
        attempt(tested, True)
    assert tested.state == "closed"
    failing(tested, 2)
    assert tested.state == "closed"


def test_a_trial_that_fails_opens_it_again(clock):
    tested = breaker(clock)
    failing(tested, 3)
    clock.now = 5.0
    failing(tested, 1)
    assert tested.state == "open"
    clock.now = 9.9
    assert tested.state == "open"
    clock.now = 10.0
    assert tested.state == "half-open"


def test_a_trial_whose_caller_goes_leaves_room_for_the_next(clock):
    tested = breaker(clock)
    failing(tested, 3)
    clock.now = 5.0
    with pytest.raises(asyncio.CancelledError):
        attempt(tested, asyncio.CancelledError())
    attempt(tested, True)
    assert tested.state == "closed"


def test_a_refusal_by_the_service_counts_as_being_there(clock):
    tested = breaker(clock)
    for _ in range(10):
        with pytest.raises(RemoteError, match="refused"):
            attempt(tested, RemoteError("refused"))
    assert tested.state == "closed"


def test_what_set_out_before_it_opened_does_not_close_it(clock):
    tested = breaker(clock)
    with tested.attempt():
        failing(tested, 3)
    assert tested.state == "open"


def test_what_set_out_before_it_opened_does_not_keep_it_open(clock):
    tested = breaker(clock)
    with contextlib.suppress(RemoteError), tested.attempt():
        failing(tested, 3)
        clock.now = 4.0
        raise RemoteError("it failed late", faulty=True)
    clock.now = 5.0
    assert tested.state == "half-open"


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.floats(0, 4)), max_size=60))
def test_it_is_open_only_after_enough_failures_and_never_for_longer_than_it_says(failures, history):
    clock = Clock()
    tested = breaker(clock, failures=failures)
    outcomes = []
    for good, pause in history:
        clock.now += pause
        try:
            attempt(tested, good)
        except RemoteError as error:
            if str(error) != "it failed":
                assert tested.state == "open"
                assert outcomes.count(False) >= failures
                continue
        outcomes.append(good)
    clock.now += 5.0
    attempt(tested, True)
