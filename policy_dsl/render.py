"""Findings -> text for a terminal, JSON, SARIF 2.1.0, or GitHub's annotations."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from rich.console import Console
from rich.text import Text

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.source import Source, Span

Format: TypeAlias = Literal["text", "json", "sarif", "github"]
Urls: TypeAlias = Callable[[str], str]
TAB = 4
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold blue"}


def render(
    diagnostics: Sequence[Diagnostic],
    sources: Mapping[str, Source],
    format: Format,
    url_of: Urls,
    *,
    colour: bool = False,
) -> str:
    """All findings in one text; `sources` are the files by path, `url_of` gives the page of a code."""
    if format == "text":
        return _terminal(diagnostics, sources, url_of, colour=colour)
    writers = {"json": _json, "sarif": _sarif, "github": _github}
    return writers[format](diagnostics, sources, url_of)


# -- terminal ----------------------------------------------------------------------------------------------------------


def _terminal(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], url_of: Urls, *, colour: bool) -> str:
    if not diagnostics:
        return ""
    text = Text("\n").join(Text("\n").join(_finding(item, sources, url_of)) for item in diagnostics)
    text.append("\n" + _summary(diagnostics))
    console = Console(color_system="standard" if colour else None, force_terminal=colour, width=10_000, soft_wrap=True)
    with console.capture() as captured:
        console.print(text, highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _finding(item: Diagnostic, sources: Mapping[str, Source], url_of: Urls) -> Iterator[Text]:
    yield Text.assemble((f"{item.severity}[{item.code}]", STYLES[item.severity]), (f": {item.message}", "bold"))
    yield Text(f" --> {_place(item.span, sources)}")
    spans = [(item.span, ""), *((label.span, label.message) for label in item.labels)]
    for span, note in spans:
        yield from _excerpt(span, note, sources, STYLES[item.severity])
    if item.help:
        yield Text(f"  = help: {item.help}")
    if item.fix:
        yield Text(f"  = fix: {item.fix.description}")
    yield Text(f"  = see: {url_of(item.code)}")
    yield Text("")


def _place(span: Span, sources: Mapping[str, Source]) -> str:
    if span.path not in sources:
        return span.path
    line, column = sources[span.path].position(span.start)
    return f"{sources[span.path].shown}:{line}:{column}"


def _excerpt(span: Span, note: str, sources: Mapping[str, Source], style: str) -> Iterator[Text]:
    """The first line of a span with carets below it; of an empty file nothing."""
    if span.path not in sources or not sources[span.path].text:
        return
    source = sources[span.path]
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    shown = source.line(line)
    stop = end_column if end_line == line else len(shown) + 1
    before, marked = shown[: column - 1], shown[column - 1 : stop - 1]
    tail = " …" if end_line > line else ""
    yield Text(f"{line:>5} | {_expand(shown)}")
    carets = "^" * max(1, _width(_expand(before + marked)) - _width(_expand(before)))
    yield Text.assemble(
        "      | ", " " * _width(_expand(before)), (f"{carets}{tail}{' ' + note if note else ''}", style)
    )


def _expand(text: str) -> str:
    return "".join(" " * TAB if char == "\t" else char if char.isprintable() else "�" for char in text)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _summary(diagnostics: Sequence[Diagnostic]) -> str:
    counts = Counter(item.severity for item in diagnostics)
    words = [f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in Severity if counts[s]]
    files = len({item.span.path for item in diagnostics})
    return f"{', '.join(words)} in {files} {'file' if files == 1 else 'files'}"


# -- for programs ------------------------------------------------------------------------------------------------------


def _range(span: Span, sources: Mapping[str, Source]) -> tuple[int, int, int, int]:
    """Line, column, end line, end column, from 1; the end is behind the last character."""
    if span.path not in sources:
        return 1, 1, 1, 1
    source = sources[span.path]
    return (*source.position(span.start), *source.position(span.end))


def _path(item: Diagnostic, sources: Mapping[str, Source]) -> str:
    return sources[item.span.path].shown if item.span.path in sources else item.span.path


def _data(item: Diagnostic, sources: Mapping[str, Source], url_of: Urls) -> dict[str, Any]:
    line, column, end_line, end_column = _range(item.span, sources)
    place = {"path": _path(item, sources), "line": line, "column": column, "endLine": end_line, "endColumn": end_column}
    told = {"code": item.code, "severity": str(item.severity), "message": item.message}
    fix = {"description": item.fix.description, "text": item.fix.text} if item.fix else None
    return {**told, **place, "help": item.help, "fix": fix, "url": url_of(item.code)}


def _json(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], url_of: Urls) -> str:
    findings = [_data(item, sources, url_of) for item in diagnostics]
    return json.dumps({"version": 1, "findings": findings}, ensure_ascii=False, indent=2) + "\n"


def _sarif(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], url_of: Urls) -> str:
    rules = [{"id": code, "helpUri": url_of(code)} for code in sorted({item.code for item in diagnostics})]
    run = {
        "tool": {"driver": {"name": "limen", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(item, sources) for item in diagnostics],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _sarif_result(item: Diagnostic, sources: Mapping[str, Source]) -> dict[str, Any]:
    line, column, end_line, end_column = _range(item.span, sources)
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    location = {"physicalLocation": {"artifactLocation": {"uri": _path(item, sources)}, "region": region}}
    text = f"{item.message} ({item.help})" if item.help else item.message
    return {"ruleId": item.code, "level": str(item.severity), "message": {"text": text}, "locations": [location]}


def _github(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], url_of: Urls) -> str:
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    lines = []
    for item in diagnostics:
        line, column, end_line, end_column = _range(item.span, sources)
        where = {
            "file": _path(item, sources),
            "line": line,
            "endLine": end_line,
            "col": column,
            "endColumn": end_column,
            "title": item.code,
        }
        properties = ",".join(f"{key}={_escape(str(value), ':,')}" for key, value in where.items())
        text = " ".join(filter(None, [item.message, item.help and f"({item.help})", url_of(item.code)]))
        lines.append(f"::{words[item.severity]} {properties}::{_escape(text, '')}\n")
    return "".join(lines)


def _escape(text: str, also: str) -> str:
    """By the rules of GitHub's workflow commands."""
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
