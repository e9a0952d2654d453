"""Findings -> what other programs read: JSON, SARIF 2.1.0, GitHub's workflow commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.source import Source, Span

Sources: TypeAlias = Mapping[str, Source]
Urls: TypeAlias = Callable[[str], str]

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def _place(span: Span, sources: Sources) -> tuple[str, dict[str, int]]:
    """The path as a reader would open it, and line and column of start and end; the end is behind the last character."""
    source = sources.get(span.path)
    if source is None:
        return span.path, {"line": 1, "column": 1, "endLine": 1, "endColumn": 1}
    (line, column), (end_line, end_column) = source.position(span.start), source.position(span.end)
    return source.shown, {"line": line, "column": column, "endLine": end_line, "endColumn": end_column}


# -- JSON: docs/reference/formats.md ---------------------------------------------------------------------------------


def to_json(diagnostics: Sequence[Diagnostic], sources: Sources, url_of: Urls) -> str:
    findings = [_finding(item, sources, url_of) for item in diagnostics]
    return _dump({"version": 1, "findings": findings})


def _finding(item: Diagnostic, sources: Sources, url_of: Urls) -> dict[str, Any]:
    path, place = _place(item.span, sources)
    told = {"code": item.code, "severity": str(item.severity), "message": item.message, "path": path, **place}
    labels = [{"message": label.message, **_labelled(label.span, sources)} for label in item.labels]
    fix = item.fix and {
        "description": item.fix.description,
        "text": item.fix.text,
        **_place(item.fix.span, sources)[1],
    }
    return {**told, "labels": labels, "help": item.help, "fix": fix, "url": url_of(item.code)}


def _labelled(span: Span, sources: Sources) -> dict[str, Any]:
    path, place = _place(span, sources)
    return {"path": path, **place}


def _dump(data: Any) -> str:
    """JSON for readers, too. Halves of characters, which no UTF-8 can hold, are escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


# -- SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ ------------------------------------------------------------


def to_sarif(diagnostics: Sequence[Diagnostic], sources: Sources, url_of: Urls) -> str:
    codes = sorted({item.code for item in diagnostics})
    rules = [{"id": code, "helpUri": url_of(code)} for code in codes]
    run = {
        "tool": {"driver": {"name": "limen", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, sources, codes.index(item.code)) for item in diagnostics],
    }
    return _dump({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(item: Diagnostic, sources: Sources, rule: int) -> dict[str, Any]:
    text = f"{item.message} ({item.help})" if item.help else item.message
    result = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": str(item.severity),
        "message": {"text": text},
        "locations": [_location(item.span, sources)],
    }
    if item.labels:
        related = [(label, _location(label.span, sources)) for label in item.labels]
        result["relatedLocations"] = [{**place, "message": {"text": label.message}} for label, place in related]
    if item.fix:
        result["fixes"] = [_fix(item, sources)]
    return result


def _location(span: Span, sources: Sources) -> dict[str, Any]:
    path, place = _place(span, sources)
    return {"physicalLocation": {"artifactLocation": _artifact(path), "region": _region(place)}}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path)}


def _region(place: Mapping[str, int]) -> dict[str, int]:
    return {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["endLine"],
        "endColumn": place["endColumn"],
    }


def _fix(item: Diagnostic, sources: Sources) -> dict[str, Any]:
    assert item.fix is not None
    path, place = _place(item.fix.span, sources)
    replacement = {"deletedRegion": _region(place), "insertedContent": {"text": item.fix.text}}
    change = {"artifactLocation": _artifact(path), "replacements": [replacement]}
    return {"description": {"text": item.fix.description}, "artifactChanges": [change]}


# -- GitHub: https://docs.github.com/actions/reference/workflow-commands-for-github-actions ----------------------------


def to_github(diagnostics: Sequence[Diagnostic], sources: Sources, url_of: Urls) -> str:
    """A line for each finding. GitHub shows columns only where the finding stands on one line."""
    return "".join(_annotation(item, sources, url_of) for item in diagnostics)


def _annotation(item: Diagnostic, sources: Sources, url_of: Urls) -> str:
    path, place = _place(item.span, sources)
    columns = {"col": place["column"], "endColumn": place["endColumn"]} if place["line"] == place["endLine"] else {}
    where = {"file": path, "line": place["line"], "endLine": place["endLine"], **columns, "title": item.code}
    properties = ",".join(f"{key}={_escape(str(value), also=':,')}" for key, value in where.items())
    text = " ".join(filter(None, [item.message, item.help and f"({item.help})", url_of(item.code)]))
    return f"::{_COMMANDS[item.severity]} {properties}::{_escape(text)}\n"


def _escape(text: str, *, also: str = "") -> str:
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
