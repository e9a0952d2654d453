"""Figures -> words: how many digits, which unit, and what stands where there is no figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from simulator.result import Bounds, Compared, Estimate, Figure, Refused, Run, Side, Slice

Unit = Literal["share", "number"]

NO_BREAK = "\N{NO-BREAK SPACE}"
APOSTROPHE = "'"
MOST_CHARACTERS = 80  # of a text that comes from a log
METRICS = {
    "precision": "precision",
    "recall": "recall",
    "false_positive_rate": "false-positive rate",
    "f_beta": "F-score",
    "violating_view_rate": "violating view rate",
    "wrongly_removed_views": "wrongly removed views",
    "items_per_day": "items a day",
    "utilisation": "utilisation",
    "sla_miss": "deadline missed",
    "wait_minutes": "mean wait, minutes",
}
BASES = {
    "labelled": "labelled rows only",
    "all": "all rows are labelled",
    "ipw": "all rows, by the chance of a label (IPW)",
    "snipw": "all rows, by the chance of a label (self-normalised IPW)",
    "dr": "all rows, doubly robust",
    "bounds": "all rows, bounds",
}
HIGHER_IS_WORSE = frozenset({"false_positive_rate", "violating_view_rate", "wrongly_removed_views"})


@dataclass(frozen=True, slots=True)
class Told:
    """A figure in words: `main` such as `1.66 %`, `interval` such as `1.51 to 1.83`, `note` how it was made or why there is none."""

    kind: str
    main: str
    interval: str
    note: str


@dataclass(frozen=True, slots=True)
class ToldPair:
    a: Told
    b: Told
    difference: Told


def told(figure: Figure, unit: Unit, digits: int | None = None, *, signed: bool = False) -> Told:
    """The figure with `digits` decimals (of the percent, where it is a share); `signed` for differences, whose unit is then
    percentage points."""
    digits = decimals(figure, unit) if digits is None else digits
    ends = "" if isinstance(figure, Refused) else _ends(figure, unit, digits, signed=signed)
    if isinstance(figure, Refused):
        return Told(figure.kind, "no figure", "", visible(figure.reason, 300))
    if isinstance(figure, Bounds):
        return Told(figure.kind, "not identified", ends, visible(figure.reason, 300))
    main = _number(figure.value, unit, digits, signed=signed) + _suffix(unit, signed=signed)
    note = f"{visible(figure.method)}, {figure.n:,} rows"
    if figure.effective is not None:
        note += f", effective sample size {figure.effective:,.1f}"
    return Told(figure.kind, main, "" if figure.method == "exact" else ends, note)


def told_pair(pair: Compared, unit: Unit) -> ToldPair:
    """A, B and difference with the same number of decimals."""
    digits = max(decimals(figure, unit) for figure in (pair.a, pair.b, pair.difference))
    return ToldPair(
        told(pair.a, unit, digits), told(pair.b, unit, digits), told(pair.difference, unit, digits, signed=True)
    )


def decimals(figure: Figure, unit: Unit) -> int:
    """As many as show two digits of the interval's width, or three of an exact value; at most 4."""
    if isinstance(figure, Refused):
        return 0
    scale = 100 if unit == "share" else 1
    width = scale * (figure.high - figure.low)
    if width > 0:
        return _places(width, 2)
    size = scale * abs(figure.value if isinstance(figure, Estimate) else figure.low)
    return 0 if size == 0 or (unit == "number" and size == round(size)) else _places(size, 3)


def _places(size: float, significant: int) -> int:
    return min(4, max(0, significant - 1 - math.floor(math.log10(size))))


def _ends(figure: Estimate | Bounds, unit: Unit, digits: int, *, signed: bool) -> str:
    low, high = (_number(end, unit, digits, signed=signed) for end in (figure.low, figure.high))
    return f"{low} to {high}"


def _number(value: float, unit: Unit, digits: int, *, signed: bool) -> str:
    scaled = round(value * 100 if unit == "share" else value, digits) + 0.0  # no -0.0
    text = f"{abs(scaled):,.{digits}f}"
    if scaled < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if signed and scaled > 0 else text


def _suffix(unit: Unit, *, signed: bool) -> str:
    if unit == "number":
        return ""
    return f"{NO_BREAK}pp" if signed else f"{NO_BREAK}%"


def visible(value: object, most: int = MOST_CHARACTERS) -> str:
    """A text of a log or a file, so that no character of it is hidden or turns the line around; cut after `most`."""
    text = str(value)
    cut = text[:most] + ("…" if len(text) > most else "")
    return "".join(char if char.isprintable() or char == NO_BREAK else f"\\u{ord(char):04x}" for char in cut)


def named(value: object) -> str:
    """A name in backticks."""
    return f"`{visible(value).replace('`', APOSTROPHE)}`"


def titled(run: Run, side: Side) -> str:
    """A pack's name, with what tells it from the other where that has the same name."""
    pack, other = (run.a, run.b) if side == "a" else (run.b, run.a)
    if pack.name != other.name:
        return pack.name
    if pack.source != other.source:
        return f"{pack.name} ({pack.source})"
    count = len(pack.changes)
    return f"{pack.name} with {count} change{'s' if count > 1 else ''}" if count else pack.name


def moment(text: str) -> str:
    """An ISO 8601 time to the minute."""
    return f"{text[:10]} {text[11:16]} UTC" if len(text) > 16 else text


def sliced(part: Slice) -> str:
    """`region DE`; the slice of all rows is `all rows`, that of nulls `region: none given`."""
    if part.dimension == "all":
        return "all rows"
    return f"{part.dimension}: none given" if part.value is None else f"{part.dimension} {part.value}"


def listed(words: list[str], most: int = 4) -> str:
    """`a, b and c`, or `a, b, c, d and 3 more`."""
    shown, rest = words[:most], len(words) - most
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else "none"


def worse_by(metric: str, difference: Figure) -> float:
    """How much worse B surely is than A: the end of the interval that speaks best of B; sorts worst first, descending."""
    if isinstance(difference, Refused):
        return -math.inf
    return difference.low if metric in HIGHER_IS_WORSE else -difference.high
