"""One review queue's items by hour under A and B, and its roster -> utilisation, waits and missed SLAs with what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from policy_dsl.program import Program
from simulator.arrivals import HOUR_US, Arrivals, Hourly
from simulator.blocks import Blocks
from simulator.queueing import Condition, Priorities, constant_arrivals
from simulator.result import Assumption, Compared, Estimate, Figure, Light, Load, Refused
from simulator.staffing import Roster
from simulator.waiting import DAY, ITEMS, Plan, Side, period, planned, simulate

LONGEST = 3 * 366 * DAY  # hours that a log may span to be simulated: more is dirt in its times
TIGHT = 0.85  # utilisation from which the wait rises steeply with each further item
ALL = "all"


@dataclass(frozen=True, slots=True)
class Settings:
    """`scale`: how many rows of the traffic a row of the log stands for, 1 for a whole log. `seed` draws the replications."""

    scale: float = 1.0
    seed: int = 0
    level: float = 0.95


DEFAULT = Settings()


class Counts:
    """The arrivals of both sides, by queue and name of tier."""

    def __init__(self, arrivals: Arrivals, programs: tuple[Program, Program], settings: Settings) -> None:
        self.settings, self.programs = settings, programs
        self.rows, self.undated = arrivals.rows, arrivals.undated
        first, last = arrivals.first_us, arrivals.last_us
        self.span_us = last - first if first is not None and last is not None else 0
        self.origin = (first or 0) // HOUR_US
        self.hours = (last or 0) // HOUR_US - self.origin + 1 if self.rows > self.undated else 0
        self.sides = tuple(
            {(queue, program.severities[rank].name): hourly for (queue, rank), hourly in arrivals.hourly(k).items()}
            for k, program in enumerate(programs)
        )
        self.tiers = list(dict.fromkeys(tier.name for program in programs for tier in program.severities))
        self.queues = sorted({queue for side in self.sides for queue, _ in side})

    def tiers_of(self, queue: str | None) -> list[str]:
        """Those with items on some side."""
        there = {tier for side in self.sides for one, tier in side if queue in (None, one)}
        return [tier for tier in self.tiers if tier in there]

    def total(self, side: int, queue: str | None, tier: str) -> int:
        """Items in the log; `queue` None and tier `all` sum up."""
        found = self.sides[side].items()
        return sum(one.total for (q, t), one in found if queue in (None, q) and tier in (ALL, t))

    def side(self, number: int, queue: str, tiers: Sequence[str]) -> Side:
        severities = {tier.name: rank for rank, tier in enumerate(self.programs[number].severities)}
        sla = {tier.name: tier.sla_seconds for tier in self.programs[number].severities}
        hourly = [self.sides[number].get((queue, tier)) for tier in tiers]
        return Side(
            np.stack([self._dense(one) for one in hourly], axis=1),
            tuple(severities.get(tier, len(severities)) for tier in tiers),
            tuple(seconds / 3600 if (seconds := sla.get(tier)) is not None else None for tier in tiers),
            self.settings.scale,
        )

    def _dense(self, hourly: Hourly | None) -> np.ndarray:
        counts = np.zeros(self.hours)
        if hourly is not None:
            counts[hourly.hours - self.origin] = hourly.counts
        return counts


def garwood(count: int, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.isf(tail, 2 * count + 2)) / 2


def queue_load(found: Counts, roster: Roster, most: int = ITEMS) -> tuple[list[Load], list[Assumption]]:
    """Its rows, and what they rest on; `most` items are simulated at most."""
    queue = roster.queue
    if found.hours > LONGEST:
        text = f"The times of the log span {found.hours // DAY} days, which no simulation covers: mend or leave out the strays."
        return [], [Assumption("red", f"Waits in `{queue}` are not told", text)]
    tiers = found.tiers_of(queue)
    sides = (found.side(0, queue, tiers), found.side(1, queue, tiers))
    busy = Load(queue, ALL, "utilisation", "counted", _utilisation(sides, roster, tiers, found))
    told = list(_tight(queue, busy.figure))
    conditions = _conditions(sides, roster, tiers, busy.figure)
    rows = [busy]
    if all(condition.holds for condition in conditions):
        rows += _closed(found, queue, tiers, sides, roster)
    if not period(found.hours):
        return rows, [*told, Assumption("amber", f"`{queue}` is not simulated", "The log covers less than a day.")]
    plan = planned(sides, most)
    if plan is None:
        text = "Its items are too many for a simulation in reasonable time; utilisation and items per day stand."
        return rows, [*told, Assumption("amber", f"`{queue}` is not simulated", text)]
    rows += _simulated(found, queue, tiers, sides, roster, plan)
    return rows, [*told, _model(queue, conditions, plan, found.settings.scale)]


def _utilisation(sides: Sequence[Side], roster: Roster, tiers: Sequence[str], found: Counts) -> Compared:
    duty = roster.duty(found.origin, 0.0, float(found.hours)).between(0.0, float(found.hours))
    if not duty:
        refused = Refused("nobody is on duty within the log's time")
        return Compared(refused, refused, refused)
    hours = np.array([roster.handling(tier).hours for tier in tiers])
    a, b = (float(side.rates.sum(axis=0) @ hours) / duty for side in sides)
    items = [int(side.counts.sum()) for side in sides]
    return Compared(
        Estimate(a, a, a, "exact", items[0]),
        Estimate(b, b, b, "exact", items[1]),
        Estimate(b - a, b - a, b - a, "exact", sum(items)),
    )


def _tight(queue: str, busy: Compared) -> Iterator[Assumption]:
    for name, figure in (("A", busy.a), ("B", busy.b)):
        if isinstance(figure, Refused):
            yield Assumption(
                "red", f"Nobody reviews `{queue}`", "The staffing has no reviewer on duty within the log's time."
            )
            return
        assert isinstance(figure, Estimate)
        if figure.value >= TIGHT:
            over = figure.value >= 1
            text = (
                "The items need more time than the reviewers have: the backlog grows without end, and so do the shares that miss "
                "their SLA; those told are of the simulated days alone."
                if over
                else "Little is left for a busy day: waits rise steeply with each further item."
            )
            title = f"`{queue}` is at {figure.value:.0%} of its reviewers' time under {name}"
            yield Assumption("red" if over else "amber", title, text)


def _conditions(sides: Sequence[Side], roster: Roster, tiers: Sequence[str], busy: Compared) -> list[Condition]:
    """What the closed forms take for granted."""
    used = [roster.handling(tier) for tier in tiers]
    kinds = sorted({handling.distribution for handling in used})
    minutes = sorted({handling.hours * 60 for handling in used})
    stable = all(isinstance(side, Estimate) and side.value < 1 for side in (busy.a, busy.b))
    arrivals = [constant_arrivals(counts) for side in sides for counts in side.counts.T if counts.any()]
    return [
        next((one for one in arrivals if not one.holds), Condition("constant arrivals", holds=True, seen="as Poisson")),
        Condition("constant staffing", bool(roster.always), "reviewers change by the hour"),
        Condition("exponential handling", kinds == ["exponential"], f"handling is {' and '.join(kinds)}"),
        Condition("one handling time", len(minutes) == 1, "tiers differ in handling time"),
        Condition("stability", stable, "the reviewers' time does not suffice"),
    ]


def _model(queue: str, conditions: Iterable[Condition], plan: Plan, scale: float) -> Assumption:
    broken = [condition.seen for condition in conditions if not condition.holds]
    why = f"Erlang's and Cobham's formulas do not apply: {'; '.join(broken)}." if broken else "The formulas apply, too."
    over = "the log's time" if plan.whole else f"{plan.hours // DAY} days drawn from the log (all would take too long)"
    come = (
        "items come hour by hour as logged"
        if scale <= 1
        else "items come at the log's mean rate of the hour, as Poisson"
    )
    interval = "other days like the log's" if scale <= 1 else "the simulation alone, not those of other days"
    text = (
        f"{plan.replications} replications of {over}, after {plan.before // DAY} days that fill the desk; {come}. {why} "
        f"The intervals are those of {interval}."
    )
    light: Light = "green" if plan.whole else "amber"
    return Assumption(light, f"Waits in `{queue}` are simulated", text)


def _simulated(
    found: Counts, queue: str, tiers: Sequence[str], sides: tuple[Side, Side], roster: Roster, plan: Plan
) -> Iterator[Load]:
    tally = simulate(sides, roster, tiers, found.origin, plan, found.settings.seed)
    method = "simulation, by days" if tally.by_day else "simulation, by replications"
    strata = np.arange(len(tally.items)) % (7 if tally.by_day else 1)  # days of the week differ by more than chance
    same = sides[0].ranks == sides[1].ranks and bool((sides[0].counts == sides[1].counts).all())
    for k, tier in enumerate(tiers):
        items, untaken = tally.items[:, :, k], tally.untaken[:, :, k]

        def blocks(sums: np.ndarray, items: np.ndarray = items) -> Blocks:
            return Blocks(sums, items, strata, tally.replications, method, found.settings.level)

        waited = _but_untaken(blocks(tally.waited[:, :, k] * 60).mean(), untaken, items)
        yield Load(queue, tier, "wait_minutes", "simulation", _alike(waited) if same else waited)
        sla = sides[1].sla[k] if sides[1].sla[k] is not None else sides[0].sla[k]
        if sla is not None:
            missed = blocks(tally.missed[:, :, k]).share()
            alike = same and sides[0].sla == sides[1].sla
            yield Load(queue, tier, "sla_miss", "simulation", _alike(missed) if alike else missed, sla * 60)


def _but_untaken(compared: Compared, untaken: np.ndarray, items: np.ndarray) -> Compared:
    """No mean of waits of which some have no end."""
    shares = untaken.sum(axis=0) / np.maximum(items.sum(axis=0), 1)
    a, b = (
        Refused(f"{part:.1%} of the items were not taken within the simulated time") if part else figure
        for part, figure in zip(shares, (compared.a, compared.b), strict=True)
    )
    return Compared(a, b, Refused("one side has no figure") if shares.any() else compared.difference)


def _alike(compared: Compared) -> Compared:
    """Both sides are one: what differs between them is nothing, exactly."""
    if not isinstance(compared.difference, Estimate):
        return compared
    return replace(compared, difference=replace(compared.difference, value=0.0, low=0.0, high=0.0, method="exact"))


def _closed(
    found: Counts, queue: str, tiers: Sequence[str], sides: tuple[Side, Side], roster: Roster
) -> Iterator[Load]:
    """Waits and missed SLAs in steady state; the interval is that of the log's number of items, as a Poisson mean."""
    method = "erlang c" if len(tiers) == 1 else "cobham"
    for k, tier in enumerate(tiers):
        waited = [_steady(found, side, tiers, roster, k, None) for side in sides]
        yield Load(queue, tier, "wait_minutes", method, _apart(waited[0], waited[1], method))
        sla = sides[1].sla[k] if sides[1].sla[k] is not None else sides[0].sla[k]
        if sla is not None:
            missed = [_steady(found, side, tiers, roster, k, side.sla[k]) for side in sides]
            yield Load(queue, tier, "sla_miss", method, _apart(missed[0], missed[1], method), sla * 60)


def _steady(found: Counts, side: Side, tiers: Sequence[str], roster: Roster, k: int, sla: float | None) -> Figure:
    """Of tier k: the mean wait in minutes, or with an SLA in hours the chance to miss it."""
    number = side.counts.sum()
    if not side.counts[:, k].any():
        return Refused("no item in the log")
    order = np.argsort(side.ranks, kind="stable")
    rates = side.rates.mean(axis=0)[order]
    place = int(np.flatnonzero(order == k)[0])
    values = []
    for factor in (1.0, *(bound / number for bound in garwood(int(number), found.settings.level))):
        queue = Priorities(tuple(rates * factor), 1 / roster.handling(tiers[k]).hours, roster.always or 1)
        values.append(queue.late(place, sla) if sla is not None else queue.mean_wait(place) * 60)
    if not np.isfinite(values).all():
        return Refused("too close to the reviewers' limit to tell")
    return Estimate(values[0], min(values), max(values), "erlang c" if len(tiers) == 1 else "cobham", int(number))


def _apart(a: Figure, b: Figure, method: str) -> Compared:
    """The difference holds whatever the two sides have in common."""
    if not (isinstance(a, Estimate) and isinstance(b, Estimate)):
        return Compared(a, b, Refused("one side has no figure"))
    if a == b:
        return Compared(a, b, Estimate(0.0, 0.0, 0.0, method, a.n + b.n))
    return Compared(a, b, Estimate(b.value - a.value, b.low - a.high, b.high - a.low, method, a.n + b.n))
