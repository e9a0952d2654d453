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
_WORD = re.compile(r"[^\s,]+")


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
    """Each `expect` cell as the statement that it is short for, every word at its own place."""
    for cell in cells(table, EXPECT):
        words = [_at(cell.span, match) for match in _WORD.finditer(cell.text)]
        status = words.pop(0) if words and words[0].text in STATUSES else None
        outcomes = tuple(n.Outcome(word, (), word.span) for word in words if word.text != "and")
        yield n.Expect((), status, outcomes, None, cell.span)


def regions(table: n.Tests) -> Iterator[n.Name]:
    """The names in the `region` cells."""
    for cell in cells(table, REGION):
        for match in re.finditer(r"[^,]+", cell.text):
            name = _at(cell.span, match)
            if name.text and name.text != ABSENT:
                yield name


def _at(span: Span, match: re.Match[str]) -> n.Name:
    text = match.group()
    start = span.start + match.start() + len(text) - len(text.lstrip())
    return n.Name(text.strip(), Span(span.path, start, start + len(text.strip())))
