"""LIM172, LIM173: what a test gives: values that their inputs cannot have, or the same input twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from policy_dsl import nodes as n
from policy_dsl.cel.literals import LiteralError, unquote
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint, typed
from policy_dsl.checks.numbers import exact, micros, percentage
from policy_dsl.checks.table_cells import ABSENT, AT, EXPECT, REGION, rows
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.program import Input
from policy_dsl.source import Span

Given = n.Value | n.ListValue | n.Date
MISSING = "missing"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?")


def given_values(context: Context) -> Iterator[Diagnostic]:
    for item in context.items:
        match item:
            case n.Test():
                yield from _test(item, context)
            case n.Tests():
                for _, cells in rows(item):
                    for cell in cells:
                        if cell.column not in (REGION, EXPECT) and cell.cell.text not in ("", ABSENT):
                            yield from _value(cell.column, read_cell(cell.cell), cell.cell.span, context)
            case _:
                pass


def _test(test: n.Test, context: Context) -> Iterator[Diagnostic]:
    seen: dict[str, n.Given] = {}
    for given in test.given:
        name = given.name.text
        if name in seen:
            label = Label(seen[name].span, "the first one")
            yield finding(
                "LIM173",
                f"`{name}` is given twice",
                given.span,
                "leave one of them out, or write a second test",
                [label],
            )
        seen.setdefault(name, given)
        yield from _value(name, given.value, given.value.span, context)


def read_cell(cell: n.Name) -> Given | None:
    """A cell as the value that it is short for; None where it is none."""
    text, span = cell.text, cell.span
    if text == "?":
        return n.Name(MISSING, span)
    if _DATE.fullmatch(text):
        return _date(cell)
    if text[:1] in "\"'":
        try:
            return n.Text(unquote(text), span) if len(text) > 1 and text[-1] == text[0] else None
        except LiteralError:
            return None
    if text.startswith("["):
        words = [word.strip() for word in text[1:-1].split(",") if word.strip()]
        items = [read_cell(n.Name(word, span)) for word in words]
        return (
            n.ListValue(tuple(item for item in items if isinstance(item, n.Name | n.Number | n.Text)), span)
            if text.endswith("]")
            else None
        )
    return n.Number(None, span, text) if exact(text) is not None else n.Name(text, span)


def _date(cell: n.Name) -> n.Date | None:
    try:
        return n.Date(datetime.fromisoformat(cell.text).replace(tzinfo=UTC), cell.span)
    except ValueError:
        return None


def _value(name: str, value: Given | None, span: Span, context: Context) -> Iterator[Diagnostic]:
    spec = context.env.inputs.get(name)
    if value is None:
        yield finding(
            "LIM172", "this cell cannot be read", span, "close its quotes or brackets, and write dates as `2026-03-01`"
        )
    elif name == AT:
        if not isinstance(value, n.Date):
            yield finding("LIM172", "`at` is a moment", span, "write a date such as `2026-03-01`")
    elif spec is not None and value != n.Name(MISSING) and (problem := _problem(spec, value)):
        yield finding("LIM172", problem[0], span, problem[1])


def _problem(spec: Input, value: Given) -> tuple[str, str | None] | None:
    match spec.kind, value:
        case "score" | "int" | "double", n.Number():
            return _number(spec, value)
        case "bool", n.Name(text="true" | "false"):
            return None
        case "enum", n.Name(text=word) | n.Text(value=word):
            return (
                None
                if word in spec.values
                else (f"`{spec.name}` is never `{word}`", hint(word, spec.values, "it is one of"))
            )
        case "string", n.Name() | n.Text():
            return None
        case "set", n.ListValue(items=items) if all(isinstance(item, n.Name | n.Text) for item in items):
            return None
    return f"`{spec.name}` is {typed(spec.kind)}, and this is not", _FORMS[spec.kind]


_FORMS = {
    "score": "write a decimal from 0 to 1, or `missing`",
    "int": "write a whole number, or `missing`",
    "double": "write a number, or `missing`",
    "bool": "write `true`, `false` or `missing`",
    "enum": "write one of its values, or `missing`",
    "string": 'write a text such as `"u7"`, or `missing`',
    "set": 'write a list such as `["news"]`, or `missing`',
}


def _number(spec: Input, written: n.Number) -> tuple[str, str | None] | None:
    value = exact(written.text)
    if value is None:
        return f"`{written.text}` is no number that a record can hold", "write it as a decimal"
    if spec.kind == "score":
        if not 0 <= value <= 1:
            meant = percentage(value)
            tell = f"did you mean `{meant}`?" if meant else None
            return f"scores lie in [0, 1], and `{written.text}` does not", tell
        return (
            None
            if micros(value) is not None
            else (f"`{written.text}` has more than six decimal places", "scores are counted in millionths")
        )
    if spec.kind == "int" and value.denominator != 1:
        return f"`{spec.name}` is an int, and `{written.text}` is no whole number", None
    low, high = spec.minimum, spec.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bound = f"at least {low}" if low is not None and value < low else f"at most {high}"
        return f"`{spec.name}` is {bound}, and this is {written.text}", None
    return None
