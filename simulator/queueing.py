"""Arrival rates, handling time and reviewers -> waiting times in closed form, and whether the closed form applies.

The model is M/M/c: Poisson arrivals at a constant rate, exponential handling times of one mean, `c` reviewers at all hours. With
several classes (review tiers) the most severe is taken first and nobody is interrupted (non-preemptive priority). Rates are per
hour, times are hours, loads are in erlangs (reviewers kept busy). What breaks these conditions is for `desk.py` to simulate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, inf, isfinite

import numpy as np
from scipy.stats import chi2

HOURS_EXPECTED = 5.0  # items a cell of the dispersion test should expect: Cochran (1954), Biometrics 10, 417
EULER_TERMS, EULER_MEAN, EULER_A = 30, 12, 18.4  # e^-18.4 = 1e-8 bounds the discretisation error: Abate & Whitt (1992)


def erlang_c(servers: int, load: float) -> float:
    """The chance that an arrival has to wait, in [0, 1]; 1 where `load >= servers`.

    By Erlang B's recursion, which neither overflows nor cancels (Cooper, Introduction to Queueing Theory, 1981, sections 3.3-3.4).
    ValueError where there is no server or the load is negative.
    """
    _require(servers, load)
    if load >= servers:
        return 1.0
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return servers * blocked / (servers - load * (1.0 - blocked))


def _require(servers: int, load: float) -> None:
    if servers < 1:
        raise ValueError(f"`{servers}` reviewers, expected at least one")
    if not (isfinite(load) and load >= 0):
        raise ValueError(f"a load of `{load}` erlangs, expected a finite number from 0 up")


@dataclass(frozen=True)
class Priorities:
    """M/M/c with non-preemptive priorities: `arrivals[k]` per hour of class k, the most severe class first, first come, first
    served within a class; each of `servers` handles `service` items per hour. One class is plain M/M/c.

    A class waits for a finite time where it and the classes before it load the servers to less than one; then it does so
    whatever the load of the classes behind it.
    """

    arrivals: tuple[float, ...]
    service: float
    servers: int

    def __post_init__(self) -> None:
        if not (isfinite(self.service) and self.service > 0):
            raise ValueError(f"`{self.service}` items per hour and reviewer, expected a finite number above 0")
        for rate in self.arrivals:
            _require(self.servers, rate)

    @property
    def load(self) -> float:
        """In erlangs."""
        return sum(self.arrivals) / self.service

    @property
    def utilisation(self) -> float:
        """The share of the servers' time that the arrivals need; the queue is stable below 1."""
        return self.load / self.servers

    @property
    def stable(self) -> bool:
        return self.utilisation < 1

    @cached_property
    def delayed(self) -> float:
        """The chance that an arrival waits, the same for all classes."""
        return erlang_c(self.servers, self.load)

    def is_stable(self, number: int) -> bool:
        """Whether class `number` has a finite wait."""
        return self._free(number + 1) > 0

    def mean_wait(self, number: int) -> float:
        """Hours until somebody begins; infinite where the class is not stable. Cobham (1954), Operations Research 2, 70-76."""
        if not self.is_stable(number):
            return inf
        return self.delayed / (self._pace * self._free(number) * self._free(number + 1))

    def late(self, number: int, hours: float) -> float:
        """P(wait > hours), in [0, 1]; 1 where the class is not stable.

        For the first class `delayed * exp(-(c mu - lambda) t)`. For the others the wait of one who waits is an exponential delay
        that the classes before it prolong, whose transform is that of Kella and Yechiali (1985), Naval Research Logistics
        Quarterly 32, 247-258; inverted by the Euler algorithm of Abate and Whitt (1992), Queueing Systems 10, 5-88, to about
        eight digits.
        """
        if hours < 0:
            return 1.0
        if not self.is_stable(number):
            return 1.0
        if hours * self._pace < 1e-9:
            return self.delayed
        rate = self._pace - sum(self.arrivals[: number + 1])
        before = sum(self.arrivals[:number])
        if before == 0:
            return self.delayed * float(np.exp(-rate * hours))
        return self.delayed * min(1.0, max(0.0, self._tail(rate, before, hours)))

    @property
    def _pace(self) -> float:
        return self.service * self.servers

    def _free(self, classes: int) -> float:
        """The share of the servers' time that the first classes leave."""
        return 1 - sum(self.arrivals[:classes]) / self._pace

    def _tail(self, rate: float, before: float, hours: float) -> float:
        """P(wait > hours) of one who waits."""

        def transform(s: np.ndarray) -> np.ndarray:
            both = self._pace + before + s
            busy = (both - np.sqrt(both * both - 4 * self._pace * before)) / (
                2 * before
            )  # a busy period of those before
            delay = s + before * (1 - busy)
            return np.asarray(delay / (rate + delay) / s)  # (1 - E exp(-s W)) / s

        return inverted(transform, hours)


def inverted(transform: Callable[[np.ndarray], np.ndarray], at: float) -> float:
    """The function whose Laplace transform is given, at a positive point: Abate and Whitt (1992), equations 5.13-5.15."""
    number = np.arange(EULER_TERMS + EULER_MEAN + 1)
    points = transform((EULER_A + 2j * np.pi * number) / (2 * at)).real
    signed = np.where(number % 2, -points, points)
    signed[0] /= 2
    partial = np.cumsum(signed)[EULER_TERMS:]
    weights = np.array([comb(EULER_MEAN, k) for k in range(EULER_MEAN + 1)]) / 2.0**EULER_MEAN
    return float(np.exp(EULER_A / 2) / at * (weights @ partial))


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that the closed form takes for granted; `seen` says what there is instead, or what was checked."""

    name: str
    holds: bool
    seen: str


def constant_arrivals(counts: Sequence[int] | np.ndarray, level: float = 0.01) -> Condition:
    """Whether counts of one class, an hour each, may be Poisson at one rate: Fisher's index of dispersion, chi-squared with n - 1
    degrees of freedom, two-sided at `level` (Cox and Lewis, The Statistical Analysis of Series of Events, 1966, section 6.3).

    Neighbouring hours are put together until five items are expected. One group or none says nothing and does not hold.
    """
    hours = np.asarray(counts, dtype=np.float64)
    mean = float(hours.mean()) if hours.size else 0.0
    width = max(1, int(np.ceil(HOURS_EXPECTED / mean))) if mean else hours.size + 1
    groups = hours[: hours.size // width * width].reshape(-1, width).sum(axis=1)
    if groups.size < 2:
        return Condition("constant arrivals", holds=False, seen="too few items to tell")
    index = float(((groups - groups.mean()) ** 2).sum() / groups.mean())
    p = 2 * min(chi2.sf(index, groups.size - 1), chi2.cdf(index, groups.size - 1))
    ratio = index / (groups.size - 1)
    return Condition("constant arrivals", bool(p >= level), f"variance {ratio:.3g} times that of a constant rate")
