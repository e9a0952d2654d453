"""Findings -> text for a terminal, JSON, SARIF 2.1.0, or GitHub's annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.exchange import to_github, to_json, to_sarif
from policy_dsl.source import Source, Span

Format: TypeAlias = Literal["text", "json", "sarif", "github"]
TAB = 4
# Of a longer line the part around the finding is shown.
LONGEST_LINE = 160
BEFORE = 60
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold blue"}


def render(
    diagnostics: Sequence[Diagnostic],
    sources: Mapping[str, Source],
    format: Format,
    url_of: Callable[[str], str],
    *,
    colour: bool = False,
) -> str:
    """All findings in one text; `sources` are the files by path, `url_of` gives the page of a code.

    `colour` is for terminals, and concerns the format "text" only.
    """
    if format == "text":
        return _terminal(diagnostics, sources, url_of, colour=colour)
    writers = {"json": to_json, "sarif": to_sarif, "github": to_github}
    return writers[format](diagnostics, sources, url_of)


def _terminal(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], url_of: Callable[[str], str], *, colour: bool
) -> str:
    if not diagnostics:
        return ""
    lines = [line for item in diagnostics for line in _finding(item, sources, url_of)]
    text = Text("\n").join([*lines, Text(_summary(diagnostics))])
    console = Console(color_system="standard" if colour else None, force_terminal=colour, width=10_000, soft_wrap=True)
    with console.capture() as captured:
        console.print(text, highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))


def _finding(item: Diagnostic, sources: Mapping[str, Source], url_of: Callable[[str], str]) -> Iterator[Text]:
    style = STYLES[item.severity]
    yield Text.assemble((f"{item.severity}[{item.code}]", style), (f": {item.message}", "bold"))
    yield Text(f" --> {_place(item.span, sources)}")
    yield from _excerpt(item.span, "", sources, style)
    path = item.span.path
    for label in item.labels:
        if label.span.path != path:
            path = label.span.path
            yield Text(f" ::: {_place(label.span, sources)}")
        yield from _excerpt(label.span, label.message, sources, "bold blue")
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
    text = source.line(line)
    stop = end_column - 1 if end_line == line else len(text)
    shown, before, marked = _window(text, column - 1, stop)
    carets = "^" * max(1, cell_len(marked)) + (" …" if end_line > line else "")
    yield Text(f"{line:>5} | {shown}")
    yield Text.assemble("      | ", " " * cell_len(before), (f"{carets} {note}".rstrip(), style))


def _window(text: str, start: int, stop: int) -> tuple[str, str, str]:
    """What is shown of a line, of that what stands before the span, and what of the span itself."""
    first = max(0, start - BEFORE) if len(text) > LONGEST_LINE else 0
    last = min(len(text), first + LONGEST_LINE)
    left, right = "…" if first else "", "…" if last < len(text) else ""
    before, marked = left + _visible(text[first:start]), _visible(text[start : min(stop, last)])
    return left + _visible(text[first:last]) + right, before, marked


def _visible(text: str) -> str:
    """Tabs as spaces, and a sign in place of what a terminal would not show or obey."""
    return "".join(" " * TAB if char == "\t" else char if char.isprintable() else "\ufffd" for char in text)


def _summary(diagnostics: Sequence[Diagnostic]) -> str:
    counts = Counter(item.severity for item in diagnostics)
    words = [f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in Severity if counts[s]]
    files = len({item.span.path for item in diagnostics})
    return f"{', '.join(words)} in {files} {'file' if files == 1 else 'files'}"
