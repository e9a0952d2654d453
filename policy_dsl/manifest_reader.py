"""The manifest's text -> Manifest, with each problem at its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.manifest import Manifest
from policy_dsl.source import Source, Span
from policy_dsl.suggest import suggest
from regions.plain_yaml import parse


def read_manifest(source: Source) -> tuple[Manifest | None, tuple[Diagnostic, ...]]:
    """The manifest, or None and every problem found (LIM050)."""
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(source.text)):
            return None, (_finding("YAML aliases are not supported here: write the value out", source.whole()),)
        data = parse(source.text)
        tree = yaml.compose(source.text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return None, (_yaml_problem(error, source),)
    if not isinstance(data, dict):
        return None, (_finding("expected keys such as `pack: my-pack`, seen no mapping", source.whole()),)
    try:
        return Manifest.model_validate(data), ()
    except ValidationError as error:
        problems = error.errors()
        meant = {_meant(item["loc"]) for item in problems if item["type"] == "extra_forbidden"}
        told = [item for item in problems if item["type"] != "missing" or item["loc"] not in meant]
        return None, tuple(_problem(item, tree, source) for item in told)


def _meant(path: Sequence[Any]) -> tuple[Any, ...]:
    """The path of the key that an unknown key was probably meant for: that one is then not missing, too."""
    return (*path[:-1], suggest(str(path[-1]), _known_keys(path[:-1])))


def _finding(message: str, span: Span, help: str | None = None) -> Diagnostic:
    one_line = " ".join(message.split()).rstrip(".")
    return Diagnostic("LIM050", Severity.ERROR, one_line, span, help=help)


def _yaml_problem(error: Exception, source: Source) -> Diagnostic:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0] or "the YAML cannot be read"
    span = Span(source.path, mark.index, mark.index) if mark else source.whole()
    return _finding(f"not valid YAML: {problem}", span)


def _problem(item: Any, tree: yaml.Node | None, source: Source) -> Diagnostic:
    loc = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    span = _span_of(tree, loc, source)
    where = ".".join(str(part) for part in loc)
    if item["type"] == "extra_forbidden":
        near = suggest(str(loc[-1]), _known_keys(loc[:-1]))
        return _finding(
            f"unknown key `{where}`",
            span,
            f"did you mean `{near}`?" if near else "remove it, or see the manifest's reference",
        )
    if item["type"] == "missing":
        return _finding(f"the key `{where}` is missing", span)
    message = item["msg"].removeprefix("Value error, ")
    return _finding(f"`{where}`: {message[0].lower()}{message[1:]}" if where else message, span)


def _known_keys(path: Sequence[Any]) -> list[str]:
    """The keys that the model at this path has."""
    model: Any = Manifest
    for part in path:
        fields = getattr(model, "model_fields", {})
        annotation = fields[part].annotation if part in fields else None
        model = getattr(annotation, "__args__", (None, model))[-1] if annotation is not None else model
    return list(getattr(model, "model_fields", {}))


def span_of_key(source: Source, path: Sequence[str]) -> Span:
    """The place of a key of a manifest that reads, as `("scorers", "text", "use")`."""
    return _span_of(yaml.compose(source.text), path, source)


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
