"""The manifest's text -> Manifest, with each problem at its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.manifest import Manifest
from policy_dsl.manifest_problems import UNKNOWN, known_keys, told, yaml_hint
from policy_dsl.source import Source, Span
from policy_dsl.suggest import suggest
from regions.plain_yaml import compose, parse

MOST = 100


def read_manifest(source: Source) -> tuple[Manifest | None, tuple[Diagnostic, ...]]:
    """The manifest, or None and the problems found (LIM050), at most a hundred of them."""
    try:
        data, tree = parse(source.text), compose(source.text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return None, (_yaml_problem(error, source),)
    if not isinstance(data, dict):
        return None, (_finding("expected keys such as `pack: my-pack`, seen no mapping", source.whole()),)
    try:
        return Manifest.model_validate(data), ()
    except ValidationError as error:
        problems = error.errors()[:MOST]
        meant = {_meant(item["loc"]) for item in problems if item["type"] in UNKNOWN}
        kept = [item for item in problems if item["type"] != "missing" or item["loc"] not in meant]
        return None, tuple(sorted((_problem(item, tree, source) for item in kept), key=lambda found: found.span.start))


def _meant(path: Sequence[Any]) -> tuple[Any, ...]:
    """The path of the key that an unknown key was probably meant for: that one is then not missing, too."""
    return (*path[:-1], suggest(str(path[-1]), known_keys(path[:-1])))


def printable(text: str) -> str:
    """Characters that no terminal shows are written as escapes; line breaks and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\u{ord(char):04x}" for char in text)


def _finding(message: str, span: Span, help: str | None = None) -> Diagnostic:
    one_line = " ".join(printable(message).split()).rstrip(".")
    return Diagnostic("LIM050", Severity.ERROR, one_line, span, help=help)


def _yaml_problem(error: Exception, source: Source) -> Diagnostic:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0] or "the YAML cannot be read"
    span = Span(source.path, mark.index, mark.index) if mark else source.whole()
    return _finding(f"not valid YAML: {yaml_hint(source.text, span.start, problem)}", span)


def _problem(item: Any, tree: yaml.Node | None, source: Source) -> Diagnostic:
    path = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    message, advice = told(item, path)
    named = re.match(r"`([^`]+)`", item["msg"].removeprefix("Value error, "))
    return _finding(message, _span_of(tree, [*path, *(named.groups() if named else ())], source), advice)


def span_of_key(source: Source, path: Sequence[str]) -> Span:
    """The place of a key of a manifest that reads, as `("scorers", "text", "use")`."""
    return _span_of(compose(source.text), path, source)


def _span_of(node: yaml.Node | None, loc: Sequence[Any], source: Source) -> Span:
    """The key of the innermost part of `loc` that the text has."""
    best = source.whole()
    for part in loc:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        hit = next(((key, value) for key, value in pairs if key.value == str(part)), None)
        if hit is None:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                best = Span(source.path, node.start_mark.index, node.end_mark.index)
                continue
            break
        best = Span(source.path, hit[0].start_mark.index, hit[0].end_mark.index)
        node = hit[1]
    return best
