"""Findings as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policy_dsl.diagnostics import Diagnostic, Fix, Label, Severity
from policy_dsl.render import Format, render
from policy_dsl.source import Source, Span

GOLDEN = Path(__file__).parent.parent / "golden" / "render"
TEXT = 'policy a {\n\tthresholds on risk { remove > 0.95 }\n  title "日本語 😀" severity P9\n  rule r {\n    when x\n  }\n}\n'
OTHER = "policy a { }\n"
A, B = "dir, 100%/a b.limen", "b.limen"
SOURCES = {A: Source(A, TEXT), B: Source(B, OTHER, "packs/mine"), "e.limen": Source("e.limen", "")}


def span(path: str, piece: str, start: int = 0) -> Span:
    at = SOURCES[path].text.index(piece, start)
    return Span(path, at, at + len(piece))


FINDINGS = (
    Diagnostic(
        "LIM010", Severity.ERROR, "`>` is written `>=`", span(A, ">"), fix=Fix(span(A, ">"), ">=", "write `>=`")
    ),
    Diagnostic(
        "LIM105", Severity.WARNING, "no severity `P9`", span(A, "P9"), help="the manifest has `P0`, 50% of them"
    ),
    Diagnostic(
        "LIM120",
        Severity.ERROR,
        "two policies `a`",
        span(B, "a"),
        (Label(span(A, "a"), "the other one"), Label(span(B, "{"), "its body")),
    ),
    Diagnostic("LIM018", Severity.NOTE, "a rule without `then`", span(A, "rule r {\n    when x\n  }")),
    Diagnostic("LIM051", Severity.ERROR, "nothing to see", Span("gone.limen", 0, 0)),
    Diagnostic("LIM001", Severity.ERROR, "the file is empty", Span("e.limen", 0, 0)),
)


def url(code: str) -> str:
    return f"https://example.org/errors/{code}"


def shown(format: Format, **how: Any) -> str:
    return render(FINDINGS, SOURCES, format, url, **how)


@pytest.mark.parametrize(
    ("format", "name"),
    [("text", "all.txt"), ("json", "all.json"), ("sarif", "all.sarif"), ("github", "all.github.txt")],
)
def test_each_form(format: Format, name: str, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / name, shown(format))


def test_colour_only_where_asked_for() -> None:
    assert "\x1b[" not in shown("text")
    plain = shown("text", colour=True)
    assert "\x1b[1;31m" in plain
    assert "\x1b[" not in shown("json", colour=True)


def test_carets_stand_below_what_they_mean() -> None:
    """Tabs are four columns, wide characters two."""
    lines = shown("text").splitlines()
    code, carets = next((line, lines[i + 1]) for i, line in enumerate(lines) if "remove > 0.95" in line)
    assert carets.index("^") == code.index(">")
    code, carets = next((line, lines[i + 1]) for i, line in enumerate(lines) if "P9" in line and "|" in line)
    assert carets.index("^") == code.index("P9") + len("日本語😀")


def test_a_long_line_is_shown_around_the_finding() -> None:
    text = "x" * 500 + "\x1b[2J<here>" + "y" * 100_000
    source = Source("long.limen", text)
    at = text.index("<here>")
    found = Diagnostic("LIM001", Severity.ERROR, "here", Span("long.limen", at, at + 6))
    line, carets = render([found], {"long.limen": source}, "text", url).splitlines()[2:4]
    assert len(line) < 200
    assert line[carets.index("^") :].startswith("<here>y")
    assert "\x1b" not in line


def test_no_finding_is_no_text_and_an_empty_list() -> None:
    assert render([], {}, "text", url) == ""
    assert render([], {}, "github", url) == ""
    assert json.loads(render([], {}, "json", url)) == {"version": 1, "findings": []}
    assert json.loads(render([], {}, "sarif", url))["runs"][0]["results"] == []


def test_json_places_are_those_of_the_text() -> None:
    for item, found in zip(FINDINGS, json.loads(shown("json"))["findings"], strict=True):
        source = SOURCES.get(item.span.path)
        if source:
            assert (found["line"], found["column"]) == source.position(item.span.start)
            assert (found["endLine"], found["endColumn"]) == source.position(item.span.end)


def test_sarif_has_what_the_standard_requires() -> None:
    """Required properties of SARIF 2.1.0: log §3.13, run §3.14, tool §3.18, result §3.27, region §3.30 (1-based), fix §3.55."""
    log = json.loads(shown("sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            place = location["physicalLocation"]
            assert " " not in place["artifactLocation"]["uri"]
            assert all(value >= 1 for value in place["region"].values())
        for fix in result.get("fixes", []):
            assert fix["artifactChanges"][0]["replacements"][0]["deletedRegion"]


def test_github_lines_cannot_be_broken_out_of() -> None:
    lines = shown("github").splitlines()
    assert len(lines) == len(FINDINGS)
    assert "file=dir%2C 100%25/a b.limen," in lines[0]
    assert "(the manifest has `P0`, 50%25 of them)" in lines[1]
    evil = Diagnostic("LIM001", Severity.ERROR, "x\r::error::y", Span("a\n::error::b", 0, 0))
    text = render([evil], {}, "github", url)
    assert text.count("\n") == 1
    assert "\r" not in text
