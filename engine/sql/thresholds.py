"""Rungs -> the relation of thresholds, whose rows are values, and the query that lays it out, one row a region and period.

The query knows which statement of a rung is asked first and under which guard; the numbers stand in the table alone, so that
another pack of the same shape is another table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from engine.sql.layers import Layers
from engine.sql.terms import E, case, column, equal, every, function, text
from policy_dsl import program as p
from policy_dsl.program import MICRO, Program

OFF = MICRO + 1
"""A threshold that no score reaches."""
TABLE, LAID_OUT, PERIODS = "thresholds", "laid_out", "periods"
COLUMNS = ("region", "policy", "score", "rung", "guard", "since", "until", "threshold")
BEGINNING = -(2**62)

Row: TypeAlias = tuple[str, str, str, str, str, int | None, int | None, int | None]
Shape: TypeAlias = tuple[p.Guard, ...]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One statement of a rung, whatever its number."""

    policy: str
    score: str
    rung: str
    guard: str


@dataclass(frozen=True)
class Periods:
    """The stretches of time between the dates of a program; in each, the same statements hold."""

    dates: tuple[int, ...]

    @property
    def starts(self) -> tuple[int, ...]:
        return (BEGINNING, *self.dates)

    def holds(self, guard: p.Guard, period: int) -> bool:
        at = self.starts[period]
        return (guard.start is None or at >= guard.start) and (guard.end is None or at < guard.end)

    def in_force(self, rung: p.Rung, period: int) -> list[tuple[p.Cut, str]]:
        """The statements of a rung that can speak, in the order in which they are asked, with the guard's name."""
        found: list[tuple[p.Cut, str]] = []
        seen: dict[str, int] = {}
        for cut in rung.cuts:
            if not self.holds(cut.guard, period):
                continue
            name = guard_name(cut.guard)
            seen[name] = seen.get(name, 0) + 1
            found.append((cut, name if seen[name] == 1 else f"{name} #{seen[name]}"))
            if cut.guard.arm is None and not cut.guard.within:
                break
        return found


def guard_name(guard: p.Guard) -> str:
    """Such as `content.surface=live,ad`; empty for a statement that always holds."""
    parts = [f"{name}={','.join(values)}" for name, values in guard.within]
    return " ".join([*parts, *([f"%{guard.arm[0]}:{guard.arm[1]}"] if guard.arm else [])])


def rows(program: Program, regions: Sequence[str] | None = None) -> list[Row]:
    """The relation of a program: `since` and `until` in microseconds since 1970 UTC, NULL for no end, `threshold` in
    millionths, NULL for a rung that is off. `regions` None: all.
    """
    found: list[Row] = []
    for place, region in enumerate(program.regions):
        if regions is None or region in regions:
            found += _rows_of(program, place, region)
    return found


def _rows_of(program: Program, place: int, region: str) -> Iterator[Row]:
    periods = Periods(program.dates)
    for policy in program.policies:
        if policy.places[place] < 0:
            continue
        for ladder in policy.variants[policy.places[place]].ladders:
            for rung in ladder.rungs:
                yield from _rows_of_rung(periods, region, (policy.name, ladder.score), rung)


def _rows_of_rung(periods: Periods, region: str, where: tuple[str, str], rung: p.Rung) -> Iterator[Row]:
    """One row for each stretch of periods in which a statement has one number."""
    stated: dict[str, dict[int, int | None]] = {}
    for period in range(len(periods.starts)):
        for cut, name in periods.in_force(rung, period):
            stated.setdefault(name, {})[period] = cut.threshold
    for name, numbers in stated.items():
        first = None
        for period, threshold in numbers.items():
            first = period if first is None else first
            if period + 1 in numbers and numbers[period + 1] == threshold:
                continue
            since = None if first == 0 else periods.starts[first]
            until = periods.starts[period + 1] if period + 1 < len(periods.starts) else None
            yield (region, *where, rung.name, name, since, until, threshold)
            first = None


@dataclass
class Numbers:
    """The thresholds that the query asks for, and their columns."""

    layers: Layers
    columns: dict[Key, str] = field(default_factory=dict)

    def column(self, key: Key) -> E:
        return self.layers.base(self.columns.setdefault(key, f"cut_{len(self.columns)}"))

    def laid_out(self, name: str = TABLE) -> exp.Select:
        """The thresholds of each region and period in one row; a statement that the table lacks is off."""
        table, over = exp.alias_(exp.to_table(name), TABLE, table=True, quoted=True), exp.to_table(PERIODS)
        start = column("start", PERIODS)
        since, until = column("since", TABLE), column("until", TABLE)
        begun = exp.or_(since.is_(exp.null()), exp.LTE(this=since, expression=start))
        going = exp.or_(until.is_(exp.null()), exp.GT(this=until, expression=start))
        keys = [column("region", TABLE), column("period", PERIODS)]
        numbers = [exp.alias_(self._of(key), name, quoted=True) for key, name in self.columns.items()]
        return exp.select(*keys, *numbers).from_(table).join(over, on=exp.and_(begun, going)).group_by(*keys)

    @staticmethod
    def _of(key: Key) -> E:
        names = {"policy": key.policy, "score": key.score, "rung": key.rung, "guard": key.guard}
        own = every(equal(column(name, TABLE), text(value)) for name, value in names.items())
        return function("MAX", case([(own, column("threshold", TABLE))], exp.null()))
