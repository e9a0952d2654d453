"""The official conformance cases of CEL, as read from LIMEN_DATA."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from policy_dsl.cel.functions import TYPES
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.times import parse_duration, parse_timestamp
from policy_dsl.cel.values import CelMap, CelType, Uint
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source

DATA = os.environ.get("LIMEN_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="LIMEN_DATA is not set: the official cases of CEL are not here")


ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127) if chr(code) not in "\t\n\r"}


@dataclass(frozen=True)
class Case:
    """`want` is a 1-tuple of a value, or None for an error; `escaped`: the text held raw control characters."""

    name: str
    text: str
    expr: Expr
    inputs: dict
    want: tuple | None
    checked: bool
    escaped: bool


def cases() -> Iterator[Case]:
    for line in Path(DATA, "cel-spec", "cases.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        inputs = {name: value(form) for name, form in raw["bindings"].items()}
        text = raw["expr"].translate(ESCAPES)
        read, found = parse_condition(Source("case", text))
        assert read is not None, found
        expr = resolve(read, lambda name, known=inputs: name in known or name in TYPES)
        want = (value(raw["want"][1]),) if raw["want"][0] == "value" else None
        name = "/".join((raw["file"], raw["section"], raw["name"]))
        yield Case(name, text, expr, inputs, want, checked=not raw["disable_check"], escaped=text != raw["expr"])


def value(form: dict) -> object:
    ((kind, content),) = form.items()
    match kind:
        case "list":
            return tuple(map(value, content))
        case "map":
            return CelMap((value(key), value(item)) for key, item in content)
        case "bytes":
            return base64.b64decode(content)
    readers = {"int": int, "uint": lambda v: Uint(int(v)), "double": float, "type": CelType,
               "timestamp": parse_timestamp, "duration": parse_duration}  # fmt: skip
    return readers[kind](content) if kind in readers else content
