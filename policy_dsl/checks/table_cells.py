"""A table of tests -> its columns, its given cells and its expectations, each at its place (as the test runner reads them)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy_dsl import nodes as n
from policy_dsl.source import Span
from policy_dsl.suggest import suggest

REGION, EXPECT, AT = "region", "expect", "at"
STATUSES = ("decided", "degraded", "unavailable")
ABSENT = "-"
_BETWEEN = re.compile(r"\s+and\s+|\s*,\s*")


@dataclass(frozen=True, slots=True)
class Cell:
    """`column` is the heading's text."""

    column: str
    cell: n.Name


def heading(table: n.Tests) -> tuple[n.Name, ...]:
    return table.rows[0].cells if table.rows else ()


def rows(table: n.Tests) -> Iterator[tuple[n.Row, tuple[Cell, ...]]]:
    """The rows under the heading that have a cell for each column."""
    columns = [cell.text for cell in heading(table)]
    for row in table.rows[1:]:
        if len(row.cells) == len(columns):
            yield row, tuple(Cell(column, cell) for column, cell in zip(columns, row.cells, strict=True))


def cells(table: n.Tests, column: str) -> Iterator[n.Name]:
    for _, found in rows(table):
        yield from (cell.cell for cell in found if cell.column == column)


def given_columns(table: n.Tests) -> tuple[n.Name, ...]:
    """The columns that name an input."""
    slip = misspelled_expect(table)
    return tuple(cell for cell in heading(table) if cell.text not in ("", REGION, EXPECT, AT) and cell is not slip)


def misspelled_expect(table: n.Tests) -> n.Name | None:
    """The column that was meant to be `expect`, where none is."""
    columns = heading(table)
    if any(cell.text == EXPECT for cell in columns):
        return None
    return next((cell for cell in columns if suggest(cell.text, [EXPECT])), None)


def expectations(table: n.Tests) -> Iterator[n.Expect]:
    """Each `expect` cell as the statement that it is short for, every outcome at its own place."""
    for cell in cells(table, EXPECT):
        status, rest = _status(cell)
        names = tuple(n.Outcome(name, (), name.span) for name in _parts(rest) if name.text)
        yield n.Expect((), status, names, None, cell.span)


def _status(cell: n.Name) -> tuple[n.Name | None, n.Name]:
    """A status at the beginning, and what stands behind it."""
    match = re.match(rf"({'|'.join(STATUSES)})(?:\s+|$)", cell.text)
    if match is None:
        return None, cell
    path, start = cell.span.path, cell.span.start
    status = n.Name(match[1], Span(path, start, start + len(match[1])))
    return status, n.Name(cell.text[match.end() :], Span(path, start + match.end(), cell.span.end))


def regions(table: n.Tests) -> Iterator[n.Name]:
    """The names in the `region` cells."""
    for cell in cells(table, REGION):
        yield from (name for name in _parts(cell) if name.text not in ("", ABSENT))


def _parts(cell: n.Name) -> Iterator[n.Name]:
    """What stands between commas and `and`s."""
    start = 0
    for match in (*_BETWEEN.finditer(cell.text), None):
        end = match.start() if match else len(cell.text)
        at = cell.span.start + start
        yield n.Name(cell.text[start:end], Span(cell.span.path, at, at + end - start))
        start = match.end() if match else end
