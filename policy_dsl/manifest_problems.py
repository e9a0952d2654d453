"""What YAML and pydantic say against a manifest -> what its author is told: where, what was expected, what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from policy_dsl.manifest import Manifest, kind_of
from policy_dsl.suggest import suggest

EXPECTED = {
    "string": "a text",
    "bool": "`true` or `false`",
    "int": "a whole number",
    "float": "a number",
    "dict": "keys and values such as `name: {…}`",
    "dataclass": "keys and values such as `name: {…}`",
    "model": "keys and values such as `{key: value}`",
    "model_attributes": "keys and values such as `{key: value}`",
    "list": "a list such as `[a, b]`",
    "tuple": "a list such as `[a, b]`",
}
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def told(item: Any, path: Sequence[Any]) -> tuple[str, str | None]:
    """The message for one of pydantic's errors at `path`, and its help."""
    where, kind = ".".join(str(part) for part in path), item["type"]
    if kind in UNKNOWN:
        return f"unknown key `{where}`", _known(path)
    if kind == "missing":
        return f"the key `{where}` is missing", None
    if path and path[-1] == "[key]":
        parent = ".".join(str(part) for part in path[:-2])
        return f"`{parent}`: the key `{path[-2]}` is {kind_of(item['input'])}, expected a text", "put it in quotes"
    message, advice = _expectation(item)
    return (f"`{where}`: {message}" if where else message), advice


def _known(path: Sequence[Any]) -> str:
    keys = known_keys(path[:-1])
    near = suggest(str(path[-1]), keys)
    return f"did you mean `{near}`?" if near else f"the keys here are {', '.join(f'`{key}`' for key in keys)}"


def _expectation(item: Any) -> tuple[str, str | None]:
    """`expected a text, seen 5`, and what helps."""
    kind, value = item["type"], item["input"]
    if kind == "literal_error":
        return f"expected {item['ctx']['expected']}, seen {_shown(value)}", _near(value, item["ctx"]["expected"])
    if kind in ("too_short", "string_too_short"):
        return f"expected {'at least one entry' if kind == 'too_short' else 'a text'}, seen an empty one", None
    expected = EXPECTED.get(kind.removesuffix("_type"))
    if expected is None:
        message = item["msg"].removeprefix("Value error, ")
        return f"{message[0].lower()}{message[1:]}", None
    plain = kind == "string_type" and isinstance(value, (bool, int, float, date))
    return f"expected {expected}, seen {_shown(value)}", "put it in quotes" if plain else None


def _near(value: Any, expected: str) -> str | None:
    near = suggest(value, re.findall(r"'([^']+)'", expected)) if isinstance(value, str) else None
    return f"did you mean `{near}`?" if near else None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{str(value)[:40]}`" if isinstance(value, (int, float, str)) else kind_of(value)


def known_keys(path: Sequence[Any]) -> list[str]:
    """The keys that the model at this path has."""
    model: Any = Manifest
    for part in path:
        fields = getattr(model, "model_fields", {})
        annotation = fields[part].annotation if part in fields else None
        model = getattr(annotation, "__args__", (None, model))[-1] if annotation is not None else model
    return list(getattr(model, "model_fields", getattr(model, "__dataclass_fields__", {})))


def yaml_hint(text: str, place: int, problem: str) -> str:
    """The YAML library's problem, in words for the characters that trip authors most."""
    char = text[place : place + 1]
    if "cannot start any token" not in problem:
        return problem
    if char == "\t":
        return "a tab stands where YAML wants spaces"
    return f"`{char}` cannot begin a value, put the value in quotes"
