"""LIM170, LIM171: a table of tests whose heading does not say what its columns are, or that tests nothing."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.checks.table_cells import ABSENT, EXPECT, heading, misspelled_expect
from policy_dsl.diagnostics import Diagnostic, Label


def tables(context: Context) -> Iterator[Diagnostic]:
    for item in context.items:
        if isinstance(item, n.Tests):
            wrong = tuple(_heading(item))
            yield from wrong
            if not wrong:
                yield from _rows(item)


def _heading(table: n.Tests) -> Iterator[Diagnostic]:
    columns = heading(table)
    if not columns:
        yield finding(
            "LIM170",
            "this table is empty",
            table.title.span,
            "its first line names the columns: `region | image.nudity | expect`",
        )
        return
    seen: dict[str, n.Name] = {}
    for column in columns:
        if not column.text:
            yield finding(
                "LIM170",
                "this column has no name",
                column.span,
                "name an input, `region` or `expect`; no `|` stands at a line's ends",
            )
        elif column.text in seen:
            yield finding(
                "LIM170",
                f"two columns are named `{column.text}`",
                column.span,
                None,
                [Label(seen[column.text].span, "the first one")],
            )
        seen.setdefault(column.text, column)
    if EXPECT not in seen and "" not in seen:
        slip = misspelled_expect(table)
        span = slip.span if slip else table.rows[0].span
        tell = "did you mean `expect`?" if slip else "add `| expect` and what shall come out"
        yield finding("LIM170", "no column is named `expect`, so nothing is tested", span, tell)


def _rows(table: n.Tests) -> Iterator[Diagnostic]:
    columns = heading(table)
    if len(table.rows) == 1:
        yield finding("LIM171", "this table has a heading and no rows, so nothing is tested", table.title.span)
    for row in table.rows[1:]:
        yield from (_empty(column, row) for column, cell in zip(columns, row.cells, strict=False) if not cell.text)


def _empty(column: n.Name, row: n.Row) -> Diagnostic:
    tell = (
        "write `allow` where nothing shall happen"
        if column.text == EXPECT
        else f"write `{ABSENT}` for what is not given"
    )
    return finding("LIM171", f"the cell of `{column.text}` is empty", row.span, tell)
