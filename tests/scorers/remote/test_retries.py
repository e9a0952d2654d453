"""How long is waited before the next attempt."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.remote import retries
from scorers.remote.retries import pause, retry_after


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(retries, "BASE_SECONDS", 0.25)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 0.25), (2, 0.5), (3, 1.0), (5, 4.0), (50, 4.0)])
def test_the_wait_is_drawn_from_the_whole_of_a_growing_range(attempt, ceiling):
    drawn = [pause(attempt, 0.0) for _ in range(2000)]
    assert 0 <= min(drawn) < 0.1 * ceiling
    assert 0.9 * ceiling < max(drawn) <= ceiling


def test_what_the_service_asks_is_waited_at_least():
    assert 3.0 <= pause(1, 3.0) <= 3.25


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        *(({"retry-after": written}, 0.0) for written in ("-1", "1.5", "soon", "", "nan", "9" * 40, "٣")),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_what_a_service_asks_to_wait(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_date_is_understood():
    at = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < retry_after({"retry-after": format_datetime(at, usegmt=True)}) <= 100


@given(st.text())
def test_nonsense_is_no_wait(written):
    assert retry_after({"retry-after": written}) >= 0
