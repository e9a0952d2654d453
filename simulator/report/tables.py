"""A result -> the rows of the page's tables: chosen, put in order, worst first, cut where nobody reads on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from simulator.report.answer import moved_rows, overall
from simulator.report.figures import reach, whisker
from simulator.report.wording import (
    METRICS,
    Told,
    ToldPair,
    Unit,
    sliced,
    told,
    told_pair,
    visible,
)
from simulator.result import (
    ALL,
    Changed,
    Compared,
    Count,
    Estimate,
    Figure,
    Gap,
    Load,
    Refused,
    Result,
    Transitions,
)

MOST_ROWS = 15  # of one table of slices
MOST_GAPS = 8
SMALL = 30  # rows: a share of fewer is known to within 15 points at best


_OPEN = "undetermined"  # as transitions and counts name what the log leaves open


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an A | B | difference table. `a` and `b` are counts where there are any; `reasons` say why a figure is refused or not
    identified, and stand instead of all three where `no_figure`."""

    name: str
    figures: ToldPair
    bar: Markup
    a: int | None = None
    b: int | None = None
    about: str = ""
    reasons: tuple[str, ...] = ()
    no_figure: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with a heading; `left_out` more are in the JSON."""

    heading: str
    rows: tuple[Row, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A count of the transition matrix; `heat` from 0 to 9 by its share of the row, `kind` which way it goes."""

    count: int
    share: str
    heat: int
    kind: str


@dataclass(frozen=True, slots=True)
class Heat:
    heading: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def decisions(result: Result) -> Table:
    """The joined decision over all rows: every enforcement, route, … that some row gets."""
    found = [c for c in _joined(result) if (c.a or c.b) and not (c.what == "status" and c.a == c.b == c.rows)]
    return _counted("The decision", found)


def never(result: Result) -> list[str]:
    """What no row gets under either side."""
    return [c.name for c in _joined(result) if not (c.a or c.b) and c.what != "status"]


def is_open(result: Result) -> bool:
    """Whether the decision on some row is left open."""
    return any(_OPEN in t.names for t in result.transitions if t.slice == ALL and t.policy is None)


def _joined(result: Result) -> list[Count]:
    return [c for c in result.counts if c.slice == ALL and c.policy is None]


def policies(result: Result) -> list[Table]:
    """A table per policy whose verdicts change, the most changed first."""
    names = [name for name in _policies(result) if _differs(result, name)]
    names.sort(key=lambda name: -moved_rows(result, name))
    return [
        _counted(name, [c for c in result.counts if c.slice == ALL and c.policy == name and (c.a or c.b)])
        for name in names
    ]


def unchanged(result: Result) -> list[str]:
    return [name for name in _policies(result) if not _differs(result, name)]


def _policies(result: Result) -> list[str]:
    return sorted({c.policy for c in result.counts if c.slice == ALL and c.policy is not None})


def _differs(result: Result, policy: str) -> bool:
    counts = [c for c in result.counts if c.slice == ALL and c.policy == policy]
    return any(c.a != c.b or c.name == _OPEN for c in counts) or moved_rows(result, policy) > 0


def _counted(heading: str, counts: Sequence[Count]) -> Table:
    scale = reach([c.rate.difference for c in counts])
    return Table(
        heading, tuple(line(visible(c.name), c.rate, "share", scale, a=c.a, b=c.b, about=_kind(c)) for c in counts)
    )


def _kind(count: Count) -> str:
    return "" if count.what == "enforcement" else count.what


def line(
    name: str, pair: Compared, unit: Unit, scale: float, *, a: int | None = None, b: int | None = None, about: str = ""
) -> Row:
    figures = (pair.a, pair.b, pair.difference)
    reasons = tuple(dict.fromkeys(visible(f.reason, 300) for f in figures if not isinstance(f, Estimate)))
    alone = all(isinstance(figure, Refused) for figure in figures) and len(reasons) == 1
    return Row(name, told_pair(pair, unit), whisker(pair.difference, scale), a, b, about, reasons, alone)


@dataclass(frozen=True, slots=True)
class Moved:
    """How much of a slice changes; `idle` where the log says that its dimension holds no information."""

    name: str
    rows: int
    changed: Told
    stricter: Told
    lenient: Told
    bar: int
    idle: bool


def changes(result: Result) -> tuple[list[Moved], int, int]:
    """The slices of which surely most changes, dimensions without information last; how many more there are, and how many are too small to tell."""
    found = [row for row in result.changed if row.slice != ALL]
    large = [row for row in found if row.rows >= SMALL]
    large.sort(key=lambda row: (row.slice.dimension in result.no_signal, -_low(row.changed)))
    shown = large[:MOST_ROWS]
    most = max((row.changed.value for row in shown if isinstance(row.changed, Estimate)), default=0.0) or 1.0
    return [_moved(row, most, result) for row in shown], len(large) - len(shown), len(found) - len(large)


def _low(figure: Figure) -> float:
    return 0.0 if isinstance(figure, Refused) else figure.low


def _moved(row: Changed, most: float, result: Result) -> Moved:
    changed, stricter, lenient = (told(figure, "share") for figure in (row.changed, row.stricter, row.lenient))
    bar = round(100 * row.changed.value / most) if isinstance(row.changed, Estimate) else 0
    idle = row.slice.dimension in result.no_signal
    return Moved(visible(sliced(row.slice)), row.rows, changed, stricter, lenient, bar, idle)


def diagonal(result: Result) -> int:
    """Rows that keep their enforcement and change in something else."""
    row = overall(result)
    figures = [] if row is None else [row.changed, row.stricter, row.lenient]
    values = [round(figure.value * row.rows) for figure in figures if isinstance(figure, Estimate) and row is not None]
    return max(0, values[0] - values[1] - values[2]) if len(values) == 3 else 0


@dataclass(frozen=True, slots=True)
class ToldGap:
    """A gap; `sides` both where A and B have the same."""

    gap: Gap
    figure: Told
    sides: tuple[str, ...]


def gaps(result: Result) -> tuple[list[ToldGap], int]:
    """The gaps between groups, those that are real first, then the widest; dimensions without information last. And how many that
    may be chance are left out."""
    same: dict[Gap, list[str]] = {}
    for gap in result.fairness:
        same.setdefault(replace(gap, side="a"), []).append(gap.side)
    found = sorted(same, key=lambda gap: (gap.dimension in result.no_signal, not gap.flagged, -_size(gap)))
    shown = found[: max(MOST_GAPS, sum(gap.flagged for gap in found))]
    told_gaps = [ToldGap(gap, told(gap.gap, "share", signed=True), tuple(same[gap])) for gap in shown]
    return told_gaps, len(found) - len(shown)


def _size(gap: Gap) -> float:
    return abs(gap.gap.value) if isinstance(gap.gap, Estimate) else 0.0


def load(result: Result) -> list[Table]:
    """A table per queue of what its reviewers get, first that of all queues where there are several."""
    queues = sorted({row.queue or "" for row in result.load})
    queues = queues[1:] if len(queues) == 2 and not queues[0] else queues
    return [_load(queue, [row for row in result.load if (row.queue or "") == queue]) for queue in queues]


def _load(queue: str, rows: Sequence[Load]) -> Table:
    def told_load(row: Load) -> Row:
        unit: Unit = "share" if row.measure in ("utilisation", "sla_miss") else "number"
        alike = [other.figure.difference for other in rows if other.measure == row.measure]
        return line(_load_name(row), row.figure, unit, reach(alike), about=visible(row.method))

    tiers = list(dict.fromkeys(row.tier for row in rows))
    single = len(tiers) == 2 and "all" in tiers
    rows = [row for row in rows if not (single and row.tier == "all" and row.measure == "items_per_day")]
    rows.sort(key=lambda row: tiers.index(row.tier))
    return Table(visible(queue), tuple(map(told_load, rows)))


def _load_name(row: Load) -> str:
    within = f" ({_duration(row.sla_minutes)})" if row.measure == "sla_miss" and row.sla_minutes else ""
    return f"{'all tiers' if row.tier == 'all' else visible(row.tier)}: {METRICS[row.measure]}{within}"


def _duration(minutes: float) -> str:
    return f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:g} h"


def heats(result: Result) -> list[Heat]:
    """The transition matrices over all rows in which something moves: the joined decision, then the policies, the most changed first."""
    found = [(moved, t) for t in result.transitions if t.slice == ALL and (moved := _moved_in(t))]
    found.sort(key=lambda one: (one[1].policy is not None, -one[0]))
    return [_heat(t, result.enforcements) for _, t in found]


def _moved_in(table: Transitions) -> int:
    """Rows of which nobody can say that they stay."""
    return sum(
        count
        for name, i, row in zip(table.names, range(len(table.names)), table.counts, strict=True)
        for j, count in enumerate(row)
        if i != j or name == _OPEN
    )


def _heat(table: Transitions, ladder: tuple[str, ...]) -> Heat:
    kept = [i for i, row in enumerate(table.counts) if any(row) or any(line[i] for line in table.counts)]
    names = tuple(visible(table.names[i]) for i in kept)
    rows = tuple((visible(table.names[i]), tuple(_cell(table, i, j, ladder) for j in kept)) for i in kept)
    return Heat(visible(table.policy) if table.policy else "The decision", names, rows)


def _cell(table: Transitions, i: int, j: int, ladder: tuple[str, ...]) -> Cell:
    count, total = table.counts[i][j], sum(table.counts[i])
    share = count / total if total else 0.0
    on_ladder = table.names[i] in ladder and table.names[j] in ladder
    same = i == j and table.names[i] != _OPEN
    kind = "same" if same else "open" if not on_ladder else "stricter" if j > i else "lenient"
    return Cell(count, _percent(share), 0 if not count else 1 + min(8, int(9 * share**0.5)), kind if count else "none")


def _percent(share: float) -> str:
    return "" if not share else "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
