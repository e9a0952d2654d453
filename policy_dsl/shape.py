"""A parsed file -> findings about its shape that the grammar cannot say: rows and headings, reserved names, empty tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from policy_dsl import nodes as n
from policy_dsl.diagnostics import Diagnostic, Label
from policy_dsl.mistakes.place import error

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = (n.Policy, n.Score, n.Let, n.Rule, n.ExceptionClause, n.Adjust, n.Consequence, n.Experiment, n.Variant)
# Words that could not be told from a keyword in a condition or at the start of a line, and those that CEL reserves
# (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax, "RESERVED").
RESERVED = frozenset(
    [
        "policy",
        "region",
        "regions",
        "thresholds",
        "for",
        "rule",
        "exception",
        "adjust",
        "consequence",
        "when",
        "then",
        "and",
        "or",
        "not",
        "on",
        "off",
        "score",
        "let",
        "test",
        "tests",
        "in",
        "true",
        "false",
        "null",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "function",
        "if",
        "import",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)


def misshapen(file: n.File) -> tuple[Diagnostic, ...]:
    """All findings about the shape of a file's statements."""
    found: list[Diagnostic] = []
    for item in file.items:
        found.extend(_reserved(item))
        found.extend(_twice(item))
        if isinstance(item, n.Tests):
            found.extend(_rows(item))
        elif isinstance(item, n.Test) and not item.expect and not _is_broken(item, file):
            found.append(
                error(
                    "LIM020", "this test expects nothing", item.title.span, "add a line such as `expect in DE remove`"
                )
            )
    return tuple(found)


def _is_broken(item: n.Test, file: n.File) -> bool:
    return any(span.start < item.span.end and item.span.start < span.end for span in file.broken)


def _rows(table: n.Tests) -> Iterator[Diagnostic]:
    """Rows with more or fewer cells than the heading."""
    if not table.rows:
        return
    heading, *rows = table.rows
    label = Label(heading.span, f"{_cells(len(heading.cells))} here")
    for row in rows:
        if len(row.cells) != len(heading.cells):
            message = f"this row has {_cells(len(row.cells))}, its heading has {len(heading.cells)}"
            yield error("LIM006", message, row.span, "write `-` for a value that is not given", labels=(label,))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _twice(item: object) -> Iterator[Diagnostic]:
    """Lines that may stand once in a clause."""
    meta = getattr(item, "meta", None)
    for line in meta.again if isinstance(meta, n.Meta) else ():
        help_ = (
            "write all of them on one line, with commas" if line.text in ("regions", "policies") else "leave one out"
        )
        yield error("LIM018", f"`{line.text}` stands twice in one clause", line.span, help_)
    for part in _parts(item):
        yield from _twice(part)


def _reserved(item: object) -> Iterator[Diagnostic]:
    """Names that are words of the language."""
    if isinstance(item, _NAMED) and item.name.text in RESERVED:
        help_ = f"choose another name, such as `{item.name.text}_1`"
        yield error(
            "LIM019", f"`{item.name.text}` is a word of the language and cannot be a name", item.name.span, help_
        )
    for part in _parts(item):
        yield from _reserved(part)


def _parts(item: object) -> Iterable[object]:
    if isinstance(item, n.Experiment):
        return item.variants
    return item.body if isinstance(item, (n.Policy, n.Region, n.For, n.Variant)) else ()
