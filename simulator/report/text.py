"""A result -> the lines that `limen simulate` prints: the answer, the decisions, the quality, what to doubt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from simulator.report import judged, tables
from simulator.report.answer import answer
from simulator.report.wording import Told, listed, titled, visible
from simulator.result import Result

WIDTH = 100
_MOST = 8  # rows of a table
_LIGHTS = {"red": "beware", "amber": "mind"}


def summary(result: Result, width: int = WIDTH) -> str:
    """Plain text of lines of about `width` characters, without colours, with a newline at its end."""
    parts = [_head(result), _wrapped(answer(result), width), _table(tables.decisions(result), "decision")]
    parts += [_table(table, f"quality of {table.heading}") for table in judged.quality(result)[:3]]
    parts += [
        _wrapped([*_idle(result), *(f"Mind: {caveat}" for caveat in result.caveats)], width),
        _doubts(result, width),
        _data(result, width),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(result: Result) -> list[str]:
    run = result.run
    return [f"A {visible(titled(run, 'a'))} against B {visible(titled(run, 'b'))}, {run.rows:,} rows"]


def _idle(result: Result) -> list[str]:
    """Columns without information."""
    names = list(result.no_signal)
    return [f"Mind: {listed(names)} {'hold' if len(names) > 1 else 'holds'} no information"] if names else []


def _wrapped(sentences: Sequence[str], width: int) -> list[str]:
    return [line for sentence in sentences for line in textwrap.wrap(visible(sentence, 2000), width)]


def _table(table: tables.Table, first: str) -> list[str]:
    """Columns as wide as their widest cell."""
    if not table.rows:
        return []
    shown = [(visible(first), "A", "B", "B - A"), *map(_cells, _shown(table.rows))]
    widths = [max(len(cells[i]) for cells in shown) for i in range(4)]
    lines = ["  ".join(_padded(cells, widths)).rstrip() for cells in shown]
    left = len(table.rows) - _MOST
    return [*lines, f"({left} more in the report)"] if left > 0 else lines


def _shown(rows: Sequence[tables.Row]) -> Sequence[tables.Row]:
    """Where there are too many, those that differ."""
    return rows if len(rows) <= _MOST else sorted(rows, key=lambda row: row.a == row.b and row.a is not None)[:_MOST]


def _padded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    return (
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _cells(row: tables.Row) -> tuple[str, str, str, str]:
    if row.no_figure and row.a is None:
        return row.name, "no figure", "no figure", "no figure"
    figures = row.figures
    return row.name, _cell(figures.a, row.a), _cell(figures.b, row.b), _cell(figures.difference, None)


def _cell(told: Told, count: int | None) -> str:
    parts = ["" if count is None else f"{count:,}", told.main, f"({told.interval})" if told.interval else ""]
    if count is not None and told.kind != "bounds":
        parts = parts[: 1 if told.kind == "refused" else 2]
    return " ".join(filter(None, parts))


def _doubts(result: Result, width: int) -> list[str]:
    found = [(a, words) for light, words in _LIGHTS.items() for a in result.assumptions if a.light == light]
    return _wrapped([f"[{words}] {a.title}: {a.text}" for a, words in found], width)


def _data(result: Result, width: int) -> list[str]:
    told = [
        f"{row.rows:,} rows{f' of {row.column}' if row.column else ''}: {row.what}, {row.then}"
        for row in result.skipped[:_MOST]
    ]
    told += [f"{max(row.a, row.b):,} rows, {row.cause}: {row.text}" for row in result.unreplayed[:_MOST]]
    left = len(result.unreplayed) - _MOST
    return _wrapped([*told, *([f"({left} more in the report)"] if left > 0 else [])], width)
