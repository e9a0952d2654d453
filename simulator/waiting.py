"""Items by hour under A and B, and a roster -> how long they wait and how many miss their SLA, by replications.

A replication lets the log's items come again, hour by hour, at other moments of the hour and with other handling times, and
simulates the desk (`desk.py`). Bursts thus stay what they were. Of a log that is a sample, hours of like place in the week (or day)
are averaged first and arrivals are Poisson, for the hours of a sample are noise blown up. Both sides share what they have in
common, so that a difference is not buried in noise. The days before the window fill the desk, those after it go on until what came
within the window is taken or late: for both the log repeats itself, by weeks where it is a week long, else by days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.desk import Items, drawn, waits
from simulator.staffing import Roster

DAY, WEEK = 24, 168
REPLICATIONS, FEWEST = 30, 10
ITEMS = 2_000_000  # to be simulated over all queues and replications, a side: some ten seconds
ROWS = 25  # of a sample in each hour of the week, for a profile by week: a fifth of relative error
PATIENCE = 72.0  # hours after the window in which its items may still be taken, at least


@dataclass(frozen=True, slots=True)
class Side:
    """`counts[h, k]` rows of the log are items of tier k in its hour h, or would be; `scale` items each stands for. `ranks[k]` orders the
    tiers, 0 the most severe; `sla[k]` is in hours.
    """

    counts: np.ndarray
    ranks: tuple[int, ...]
    sla: tuple[float | None, ...]
    scale: float = 1.0

    @property
    def rates(self) -> np.ndarray:
        """Expected items."""
        found: np.ndarray = (self.counts if self.scale <= 1 else averaged(self.counts)) * self.scale
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: windows of `hours` hours, after `before` hours that fill the desk, `replications` times."""

    hours: int
    before: int
    replications: int
    whole: bool  # a window is the log; else days drawn from it


@dataclass(frozen=True, slots=True)
class Tally:
    """By block, side and tier: items, those that missed their SLA, hours waited, and those that nobody took.

    Blocks are the days of the log, summed over replications, for what differs from day to day is what the log leaves open; of a
    sample, whose days were averaged, they are the replications.
    """

    items: np.ndarray
    missed: np.ndarray
    waited: np.ndarray
    untaken: np.ndarray
    replications: int
    by_day: bool


def period(hours: int) -> int:
    """After how many hours a log repeats itself; 0 where it is shorter than a day."""
    return hours // WEEK * WEEK if hours >= WEEK else hours // DAY * DAY


def planned(sides: Sequence[Side], most: int = ITEMS) -> Plan | None:
    """As much as `most` items allow: the log, else days of it; None where even single days are beyond three times `most`."""
    hours = len(sides[0].counts)
    hourly = max(float(side.counts.sum()) * side.scale for side in sides) / hours
    each = (hours + min(WEEK, period(hours))) * hourly
    if FEWEST * each <= most:
        return Plan(hours, min(WEEK, period(hours)), int(min(REPLICATIONS, most / max(each, 1))), whole=True)
    room = int(most / FEWEST / hourly) // DAY * DAY
    before = min(2 * DAY, period(hours), max(DAY, room // 3 // DAY * DAY))
    if 2 * DAY * hourly * FEWEST > 3 * most:
        return None
    return Plan(min(max(DAY, room - before), hours // DAY * DAY), before, FEWEST, whole=False)


def _after(sides: Sequence[Side]) -> float:
    """Hours after the window until all of it is taken or late."""
    return max([PATIENCE, *(sla for side in sides for sla in side.sla if sla is not None)])


def simulate(
    sides: tuple[Side, Side], roster: Roster, tiers: Sequence[str], origin: int, plan: Plan, seed: int
) -> Tally:
    """Both sides under one roster. `origin` is the log's first hour since 1970-01-01 UTC."""
    by_day = sides[0].scale <= 1
    blocks = -(-len(sides[0].counts) // DAY) if by_day else plan.replications
    sums = np.zeros((4, blocks, 2, len(tiers)))
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(plan.replications)):
        rng = np.random.default_rng(child)
        start = 0 if plan.whole else DAY * int(rng.integers((len(sides[0].counts) - plan.hours) // DAY + 1))
        for side, found in enumerate(_replication(sides, roster, tiers, (origin, start), plan, rng)):
            if by_day:
                sums[:, :, side] += found
            else:
                sums[:, number, side] = found.sum(axis=1)
    items, missed, waited, untaken = sums
    return Tally(items, missed, waited, untaken, plan.replications, by_day)


def _replication(
    sides: tuple[Side, Side],
    roster: Roster,
    tiers: Sequence[str],
    at: tuple[int, int],
    plan: Plan,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    origin, start = at
    after = _after(sides)
    hours = np.arange(start - plan.before, start + plan.hours + int(np.ceil(after)))
    scale = sides[0].scale
    a, b = (_repeated(side.counts if scale <= 1 else side.rates, hours) for side in sides)
    both, *own = (
        drawn(rng, _numbers(rng, expected, scale), float(hours[0]), roster.draws(tiers))
        for expected in (np.minimum(a, b), np.maximum(a - b, 0), np.maximum(b - a, 0))
    )
    end = start + plan.hours
    duty = roster.duty(origin, float(hours[0]), end + after)
    done: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}  # where B adds and takes nothing, A's waits are B's
    for side, extra in zip(sides, own, strict=True):
        items, key = _merged(both, extra), (len(extra), side.ranks)
        if len(extra) or key not in done:
            ranked = replace(items, tier=np.asarray(side.ranks)[items.tier])
            done[key] = waits(ranked, duty, (start, end), end + after)
        yield _told(items, done[key], (start, end), side)


def _numbers(rng: np.random.Generator, expected: np.ndarray, scale: float) -> np.ndarray:
    """How many items come: as logged, a share of them drawn, or Poisson."""
    if scale > 1:
        return rng.poisson(expected)
    logged = expected.astype(np.int64)
    return logged if scale == 1 else rng.binomial(logged, scale)


def averaged(counts: np.ndarray) -> np.ndarray:
    """Each hour's counts as the mean over the hours at its place in the week; in the day, where that would average too few rows."""
    by_week = len(counts) >= 2 * WEEK and counts.sum() / WEEK >= ROWS
    place = np.arange(len(counts)) % (WEEK if by_week else DAY)
    sums = np.zeros((int(place.max()) + 1, counts.shape[1]))
    np.add.at(sums, place, counts)
    mean_of: np.ndarray = sums / np.bincount(place)[:, None]
    return mean_of[place]


def _repeated(rates: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The rates of hours before and behind the log, as those a period later or earlier."""
    length, size = len(rates), period(len(rates)) or len(rates)
    behind = np.where(hours >= length, length - size + (hours - length) % size, hours)
    return rates[np.where(behind < 0, behind % size, behind)]


def _merged(one: Items, other: Items) -> Items:
    at = np.concatenate([one.at, other.at])
    order = np.argsort(at, kind="stable")
    tier, hours = np.concatenate([one.tier, other.tier]), np.concatenate([one.hours, other.hours])
    return Items(at[order], tier[order], hours[order])


def _told(items: Items, waited: np.ndarray, window: tuple[int, int], side: Side) -> np.ndarray:
    """By figure of a tally, day of the log and tier: what came of the items that arrived within the window."""
    inside = (items.at >= window[0]) & (items.at < window[1])
    tier, waited = items.tier[inside], waited[inside]
    sla = np.array([np.inf if hours is None else hours for hours in side.sla])
    late, taken = waited > sla[tier], np.isfinite(waited)
    days, tiers = -(-len(side.counts) // DAY), len(sla)
    cell = (items.at[inside] // DAY).astype(np.int64) * tiers + tier
    figures = (np.ones(len(tier)), late, np.where(taken, waited, 0.0), ~taken)
    return np.stack([np.bincount(cell, one, days * tiers).reshape(days, tiers) for one in figures])
