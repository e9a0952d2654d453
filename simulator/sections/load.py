"""Arrivals at the review queues, two programs and a staffing -> the report's rows on review load.

What the log counts is exact for the log; waits and missed SLAs are those of arrivals at the log's hourly rates under the staffing,
by closed form where its conditions hold (`queueing.py`) and by simulation (`waiting.py`) always. A wait ends when a reviewer opens
the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from policy_dsl.program import Program
from simulator.arrivals import HOUR_US, Arrivals
from simulator.result import Assumption, Compared, Estimate, Load, Refused
from simulator.sections.queues import ALL, DEFAULT, Counts, Settings, garwood, queue_load
from simulator.staffing import Staffing
from simulator.waiting import ITEMS

DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class LoadSection:
    """Fields of `result.Result`."""

    load: tuple[Load, ...] = ()
    staffing: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


def review_load(
    arrivals: Arrivals, programs: tuple[Program, Program], staffing: Staffing | None, settings: Settings = DEFAULT
) -> LoadSection:
    """The rows for A and B: `programs` are those of variants 0 and 1 of the arrivals."""
    found = Counts(arrivals, programs, settings)
    rows = list(_items_per_day(found))
    assumptions = list(_assumed(found, staffing))
    rosters = [staffing.rosters[queue] for queue in found.queues if queue in staffing.rosters] if staffing else []
    for roster in rosters:
        more, told = queue_load(found, roster, ITEMS // len(rosters))
        rows += more
        assumptions += told
    lines = tuple(roster.told() for roster in staffing.rosters.values()) if staffing else ()
    return LoadSection(tuple(rows), lines, tuple(assumptions))


# Items


def _items_per_day(found: Counts) -> Iterator[Load]:
    for queue in (None, *found.queues):
        tiers = found.tiers_of(queue)
        for tier in (ALL, *tiers) if len(tiers) > 1 or queue is None else tiers:
            counts = [found.total(side, queue, tier) for side in (0, 1)]
            yield Load(queue, tier, "items_per_day", "counted", _daily(counts, found))


def _daily(counts: Sequence[int], found: Counts) -> Compared:
    days = found.span_us / DAY_US
    if days < 1:
        refused = Refused(_no_days(found), sum(counts))
        return Compared(refused, refused, refused)
    scale, level = found.settings.scale, found.settings.level
    a, b = (_per_day(count, days, scale, level) for count in counts)
    value = b.value - a.value
    if scale == 1:
        return Compared(a, b, Estimate(value, value, value, "exact", sum(counts)))
    low = value - float(np.hypot(b.value - b.low, a.high - a.value))
    high = value + float(np.hypot(b.high - b.value, a.value - a.low))
    return Compared(a, b, Estimate(value, low, high, "poisson", sum(counts)))


def _no_days(found: Counts) -> str:
    if not found.rows:
        return "there is no row"
    return "no row has a time" if found.undated == found.rows else "the log covers less than a day"


def _per_day(count: int, days: float, scale: float, level: float) -> Estimate:
    """Exact for a whole log, else with the interval of Garwood (1936) for a Poisson mean."""
    value = count * scale / days
    if scale == 1:
        return Estimate(value, value, value, "exact", count)
    low, high = (bound * scale / days for bound in garwood(count, level))
    return Estimate(value, min(low, value), max(high, value), "poisson", count)


# What it rests on


def _assumed(found: Counts, staffing: Staffing | None) -> Iterator[Assumption]:
    if found.undated:
        text = f"{found.undated:,} of {found.rows:,} rows have no time and are left out of the review load."
        yield Assumption("amber", "Rows without a time", text)
    if found.settings.scale != 1:
        text = f"Each row stands for {found.settings.scale:g}: drawn evenly from the traffic, else the load is another."
        yield Assumption("amber", "The log is a sample", text)
    if not found.queues:
        return
    if staffing is None:
        yield Assumption(
            "amber", "No staffing is given", "Items per day are counted; waits and missed SLAs need `--staffing`."
        )
        return
    lacking = [queue for queue in found.queues if queue not in staffing.rosters]
    if lacking:
        names = ", ".join(f"`{queue}`" for queue in lacking)
        yield Assumption("amber", "Queues without staffing", f"Nothing but items per day is told of {names}.")
    yield from _other_slas(found)


def _other_slas(found: Counts) -> Iterator[Assumption]:
    a, b = ({tier.name: tier.sla_seconds for tier in program.severities} for program in found.programs)
    changed = [f"`{tier}`" for tier in found.tiers if a.get(tier) != b.get(tier)]
    if changed:
        text = (
            f"Each side is measured by its own: {', '.join(changed)} have another SLA, and the table shows that of B."
        )
        yield Assumption("amber", "The SLAs differ", text)
