"""A simulation's result <-> its JSON, whose schema is `result.schema.json` beside this file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.result import VERSION, Result


class ResultError(Exception):
    """The text is no result that can be read; the message says where and why."""


def to_json(result: Result) -> str:
    """The JSON text, with a newline at its end; the same result gives the same bytes.

    ValueError where a number is not finite: JSON has none of those.
    """
    return json.dumps(asdict(result), ensure_ascii=False, indent=1, allow_nan=False, default=_plain) + "\n"


def from_json(text: str | bytes) -> Result:
    """What `to_json` wrote. ResultError where it is something else, or of another version."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ResultError(f"no JSON: {error}") from None
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise ResultError(
            f"`version` is `{version}`, expected {VERSION}: write the result again by `limen simulate --json`"
        )
    try:
        return TypeAdapter(Result).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ResultError(f"`{'.'.join(map(str, first['loc']))}`: {first['msg'].lower()}") from None


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what `to_json` writes. Readers must pass over keys that they do not know."""
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:limen:simulation-result:{VERSION}",
    }
    return about | TypeAdapter(Result).json_schema(mode="serialization")


def _plain(value: Any) -> Any:
    """numpy's numbers, which are none of Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a result holds a `{type(value).__name__}`, expected numbers, texts, tuples")
