"""Items by queue, tier and hour: counts that do not depend on how rows come in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Outcome, Routed, Status
from simulator import arrivals as module
from simulator.arrivals import HOUR_US, UNDATED, Arrivals, work_of


def outcome(*routes: tuple[str, str, int]) -> Outcome:
    return Outcome("US", Status.DECIDED, 0, tuple(Routed(*route) for route in routes))


NONE, GENERAL = outcome(), outcome(("review", "general", 2))
BOTH = outcome(("escalate", "specialist", 0), ("review", "general", 1))
OUTCOMES = [(NONE, NONE), (GENERAL, NONE), (GENERAL, BOTH), (BOTH, BOTH)]
Told = dict[tuple[str, int], dict[int, int]]


def told(arrivals: Arrivals, variant: int) -> Told:
    found = arrivals.hourly(variant).items()
    return {key: dict(zip(one.hours.tolist(), one.counts.tolist(), strict=True)) for key, one in found}


def counted(rows: list[tuple[int, int]], variant: int) -> Told:
    """The same, row by row."""
    found: Told = {}
    for at, number in rows:
        for routed in OUTCOMES[number][variant].routes if at != UNDATED else ():
            hours = found.setdefault((routed.queue, routed.priority), {})
            hours[at // HOUR_US] = hours.get(at // HOUR_US, 0) + 1
    return found


def of(rows: list[tuple[int, int]]) -> Arrivals:
    found = Arrivals()
    found.add(np.array([at for at, _ in rows], np.int64), np.array([n for _, n in rows], np.int32), OUTCOMES)
    return found


MOMENTS = st.one_of(st.integers(-5 * HOUR_US, 5 * HOUR_US), st.just(UNDATED), st.integers(-(2**62), 2**62))
ROWS = st.lists(st.tuples(MOMENTS, st.integers(0, 3)), max_size=30)


@given(ROWS, ROWS)
def test_counts_are_those_of_the_rows_however_they_come(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    merged = of(one)
    merged.merge(of(other))
    batches = of(one)
    batches.add(np.array([at for at, _ in other], np.int64), np.array([n for _, n in other], np.int32), OUTCOMES)
    for found in (merged, batches):
        assert [told(found, k) for k in (0, 1)] == [counted(one + other, k) for k in (0, 1)]
        dated = [at for at, _ in one + other if at != UNDATED]
        assert (found.first_us, found.last_us) == (min(dated, default=None), max(dated, default=None))
        assert (found.rows, found.undated) == (len(one + other), len(one + other) - len(dated))


def test_outcomes_may_grow_and_others_may_number_them_otherwise() -> None:
    first, second = Arrivals(), Arrivals()
    first.add(np.array([0]), np.array([1]), OUTCOMES[:2])
    first.add(np.array([0]), np.array([3]), OUTCOMES)
    second.add(np.array([0, 1]), np.array([0, 1]), [(BOTH, BOTH), (GENERAL, NONE)])
    first.merge(second)
    assert told(first, 0) == {("general", 1): {0: 2}, ("general", 2): {0: 2}, ("specialist", 0): {0: 2}}


def test_a_content_is_in_a_queue_once_at_its_most_severe() -> None:
    twice = outcome(("escalate", "general", 1), ("review", "general", 3), ("check", "other", 2))
    assert work_of((NONE, twice)) == ((1, "general", 1), (1, "other", 2))


def test_many_small_batches_are_put_together(monkeypatch) -> None:
    monkeypatch.setattr(module, "PENDING", 8)
    found = Arrivals()
    for hour in range(100):
        found.add(np.array([hour % 5 * HOUR_US]), np.array([1]), OUTCOMES)
    assert told(found, 0) == {("general", 2): dict.fromkeys(range(5), 20)}
    assert sum(block.shape[1] for block in found._counts) <= 16
