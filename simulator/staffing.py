"""Queues' reviewers: who is on duty when, and how long an item takes; the file that says so is read by `staffing_file.py`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from simulator.desk import Draw, Duty

Distribution = Literal["exponential", "lognormal", "gamma", "fixed"]
WITH_CV = ("lognormal", "gamma")


@dataclass(frozen=True, slots=True)
class Handling:
    """The time that an item keeps a reviewer: `hours` in the mean, shrinkage included; `cv` its standard deviation over that."""

    hours: float
    distribution: Distribution = "exponential"
    cv: float = 1.0

    def draw(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Drawn times in hours."""
        if self.distribution == "fixed":
            return np.full(number, self.hours)
        if self.distribution == "lognormal":
            spread = math.log1p(self.cv**2)
            return rng.lognormal(math.log(self.hours) - spread / 2, math.sqrt(spread), number)
        shape = 1 / self.cv**2  # 1 for the exponential
        return rng.gamma(shape, self.hours / shape, number)


@dataclass(frozen=True, slots=True)
class Shift:
    """Minutes since midnight of each of `days` (Monday 0) in the staffing's time zone; `end` may lie beyond 1440."""

    days: tuple[int, ...]
    start: int
    end: int
    reviewers: int


@dataclass(frozen=True, slots=True)
class Roster:
    """One queue's reviewers. `general` is the handling time of the tiers that `tiers` does not name."""

    queue: str
    zone: str
    shifts: tuple[Shift, ...]
    general: Handling
    tiers: dict[str, Handling]
    shrinkage: float

    def handling(self, tier: str) -> Handling:
        return self.tiers.get(tier, self.general)

    def draws(self, tiers: Sequence[str]) -> tuple[Draw, ...]:
        return tuple(self.handling(tier).draw for tier in tiers)

    @property
    def always(self) -> int | None:
        """How many reviewers there are at all hours, None where it changes."""
        numbers = [0] * (7 * 24 * 60)
        for shift in self.shifts:
            for minute in (day * 1440 + at for day in shift.days for at in range(shift.start, shift.end)):
                numbers[minute % len(numbers)] += shift.reviewers
        return numbers[0] if len(set(numbers)) == 1 else None

    def duty(self, origin: int, low: float, high: float) -> Duty:
        """Who is on duty from `low` to `high`, in hours since the hour `origin` since 1970-01-01 UTC.

        Local times follow the zone's daylight saving. OverflowError where a time lies beyond the years 1 to 9999.
        """
        changes = {low: 0}
        for start, end, number in self._spans(origin, low, high):
            changes[max(low, start)] = changes.get(max(low, start), 0) + number
            changes[end] = changes.get(end, 0) - number
        times = sorted(changes)
        return Duty(tuple(times), tuple(accumulate(changes[at] for at in times)))

    def _spans(self, origin: int, low: float, high: float) -> Iterable[tuple[float, float, int]]:
        epoch = datetime.fromtimestamp(0, UTC) + timedelta(hours=origin)
        first, last = (epoch + timedelta(hours=at) for at in (low, high))
        day = first.date() - timedelta(days=2)
        while day <= last.date() + timedelta(days=1):
            for shift in (shift for shift in self.shifts if day.weekday() in shift.days):
                start, end = ((self._moment(day, at) - epoch) / timedelta(hours=1) for at in (shift.start, shift.end))
                if end > low and start < high:
                    yield start, end, shift.reviewers
            day += timedelta(days=1)

    def _moment(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time()) + timedelta(minutes=minute)
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def told(self) -> str:
        """A line for people."""
        handled = ", ".join(f"{tier} {_handled(item)}" for tier, item in sorted(self.tiers.items()))
        shrunk = f", after {self.shrinkage:.0%} shrinkage" if self.shrinkage else ""
        weekly = sum(len(shift.days) * (shift.end - shift.start) * shift.reviewers for shift in self.shifts) / 60
        return (
            f"{self.queue}: {weekly:g} reviewer hours a week ({self.zone}); an item takes {_handled(self.general)}"
            + (f" ({handled})" if handled else "")
            + shrunk
        )


def _handled(handling: Handling) -> str:
    cv = f", cv {handling.cv:g}" if handling.distribution in WITH_CV else ""
    return f"{handling.hours * 60:.3g} min ({handling.distribution}{cv})"


@dataclass(frozen=True, slots=True)
class Staffing:
    """Rosters by queue."""

    rosters: dict[str, Roster]
