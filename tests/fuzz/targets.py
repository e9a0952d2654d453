"""What is fuzzed: for each target how its inputs come about, and what must hold for every one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import get_args

from policy_dsl.diagnostics import Diagnostic
from policy_dsl.lexer import Token
from policy_dsl.parser import parse, parse_condition, read
from policy_dsl.printer import FormatError, format_source
from policy_dsl.render import Format, render
from policy_dsl.source import Source
from tests.fuzz import generate


@dataclass(frozen=True, slots=True)
class Target:
    """`share` is its part of all inputs; `check` raises where an input shows a fault."""

    name: str
    share: int
    make: Callable[[Random], str]
    check: Callable[[str], None]


def check_parser(text: str) -> None:
    """Any text gives nodes and findings, never an exception; a text without findings is read to its end."""
    source = Source("fuzz.limen", text)
    parsed = parse(source)
    for finding in parsed.diagnostics:
        _check_finding(finding, text)
    for span in parsed.file.broken:
        assert 0 <= span.start < span.end <= len(text), span
    if not parsed.diagnostics:
        assert parsed.file.broken == ()
        _nothing_left(text, parsed.tokens)
    expression, findings = parse_condition(source)
    assert (expression is None) == bool(findings)


def _check_finding(finding: Diagnostic, text: str) -> None:
    spans = [finding.span, *(label.span for label in finding.labels), *([finding.fix.span] if finding.fix else [])]
    for span in spans:
        assert 0 <= span.start <= span.end <= len(text), finding
    assert len(finding.message) <= 250, finding
    assert finding.message.isprintable(), finding


def _nothing_left(text: str, tokens: tuple[Token, ...]) -> None:
    end = 0
    for token in tokens:
        assert text[token.span.start : token.span.end] == token.text
        assert _is_space(text[end : token.span.start])
        end = token.span.end
    assert _is_space(text[end:])


def _is_space(gap: str) -> bool:
    return not re.sub(r"#[^\n]*", "", gap).replace("\ufeff", "").strip()


def check_formatter(text: str) -> None:
    """The canonical form means the same, has the same comments, and is its own canonical form."""
    source = Source("fuzz.limen", text)
    parsed = read(source)
    try:
        formatted = format_source(source)
    except FormatError as refusal:
        assert refusal.diagnostics == parsed.diagnostics != ()
        return
    again = read(Source("fuzz.limen", formatted))
    assert again.diagnostics == ()
    assert again.file == parsed.file
    assert comments(formatted, again.tokens) == comments(text, parsed.tokens)
    assert format_source(Source("fuzz.limen", formatted)) == formatted


def comments(text: str, tokens: tuple[Token, ...]) -> Counter[str]:
    """What stands between the tokens, but space."""
    found: list[str] = []
    end = 0
    for token in tokens:
        found += re.findall(r"#[^\n]*", text[end : token.span.start])
        end = token.span.end
    found += re.findall(r"#[^\n]*", text[end:])
    return Counter(comment.rstrip() for comment in found)


def check_renderer(text: str) -> None:
    """Every finding can be shown in every form."""
    source = Source("fuzz, 100%: a.limen", text)
    findings = parse(source).diagnostics
    for form in get_args(Format):
        shown = render(findings, {source.path: source}, form, lambda code: f"https://example.org/{code}")
        shown.encode("utf-8")
        assert shown.count("::error ") == len(findings) or form != "github"


def make_formatter_input(random: Random) -> str:
    """Mostly texts that parse."""
    dice = random.random()
    if dice < 0.7:
        return generate.policy_text(random, random.randint(5, 60))
    return generate.mutated(random, generate.example(random)) if dice < 0.9 else generate.text(random)


TARGETS = (
    Target("parser", 7, generate.text, check_parser),
    Target("formatter", 2, make_formatter_input, check_formatter),
    Target("renderer", 1, generate.text, check_renderer),
)
