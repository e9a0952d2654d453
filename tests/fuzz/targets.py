"""What is fuzzed: for each target how its inputs come about, and what must hold for every one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import get_args

from policy_dsl.compile import compile_pack
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.env import Env, facts
from policy_dsl.lexer import Token
from policy_dsl.manifest_reader import read_manifest
from policy_dsl.pack import Pack
from policy_dsl.parser import parse, parse_condition, read
from policy_dsl.printer import FormatError, format_source
from policy_dsl.render import Format, render
from policy_dsl.source import Source
from policy_dsl.stored import from_json, to_json
from regions.load import load_regions
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


def check_manifest(text: str) -> None:
    """Any manifest is one, or has findings."""
    manifest, findings = read_manifest(Source("limen.yaml", text))
    assert (manifest is None) == bool(findings)
    for finding in findings:
        _check_finding(finding, text)


def make_manifest(random: Random) -> str:
    return generate.mutated(random, MANIFEST) if random.random() < 0.9 else generate.text(random)


def check_loader(text: str) -> None:
    """A pack of any rules is refused with findings, or lowered, stored and read again."""
    manifest, _ = read_manifest(Source("limen.yaml", MANIFEST))
    assert manifest is not None
    sources = {"limen.yaml": Source("limen.yaml", MANIFEST), "fuzz.limen": Source("fuzz.limen", text)}
    parsed = parse(sources["fuzz.limen"])
    pack = Pack(Path(), manifest, (parsed.file,), sources, parsed.diagnostics)
    compiled = compile_pack(pack, Env(manifest, {spec.name: spec for spec in facts(manifest)}, TREE))
    assert (compiled.program is None) == bool(compiled.errors)
    if compiled.program is not None:
        assert from_json(to_json(compiled.program)) == compiled.program


def make_rules(random: Random) -> str:
    """Mostly texts that parse: what does not is the parser's affair."""
    if random.random() < 0.4:
        return generate.policy_text(random, random.randint(5, 60))
    return generate.mutated(random, generate.example(random))


MANIFEST = """\
pack: fuzz
language: 1
enforcements: {allow: {}, label: {}, limit: {}, reduce: {}, block: {}, remove: {effects: {notify_user: true}}, terminate_stream: {}}
routes: {review: {queue: general}, escalate: {queue: specialist, exclusive: true}}
sanctions: {strike: {expires_days: 90}, suspend: {days: 7}}
severities: {P0: {sla: 15m}, P1: {sla: 1h}, P2: {sla: 24h}, P3: {sla: 72h}}
inputs:
  author.age_days: {type: int, min: 0}
  author.strikes: {type: int, min: 0, default: 0}
  content.context: {type: enum, values: [none, medical, art, education, news, satire], default: none}
  content.language: {type: enum, values: [en, de, hi, pt, ar, other], default: other}
  content.surface: {type: enum, values: [post, comment, ad, live], default: post}
  content.tags: {type: set<string>, default: []}
  image.nudity: {type: score, modality: image}
  image.hate: {type: score, modality: image}
  image.swastika: {type: score, modality: image, optional: true}
  text.sexual: {type: score, modality: text}
  text.hate: {type: score, modality: text}
  hash.csam.match: {type: bool}
  hash.csam.distance: {type: int, min: 0, max: 256}
  hash.known_nudity.match: {type: bool}
  live.viewers: {type: int, min: 0, default: 0}
groups: {dharmic: [IN, NP, LK, JP]}
"""
TREE = load_regions().extend({}, {"dharmic": ("IN", "NP", "LK", "JP")})

TARGETS = (
    Target("parser", 6, generate.text, check_parser),
    Target("manifest", 1, make_manifest, check_manifest),
    Target("loader", 1, make_rules, check_loader),
    Target("formatter", 2, make_formatter_input, check_formatter),
    Target("renderer", 1, generate.text, check_renderer),
)
