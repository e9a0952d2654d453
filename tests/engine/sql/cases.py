"""The conformance cases as tables: what a JSON record says that a column of a type can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pytest
import yaml

from engine.load import make_env
from engine.record import InvalidRecordError, Missing, read_time, typed
from engine.sql.errors import SqlUnsupportedError
from policy_dsl.lower import lower
from policy_dsl.manifest import Manifest
from policy_dsl.parser import parse
from policy_dsl.program import Input, Program
from policy_dsl.source import Source
from regions.load import load_regions
from regions.model import RegionTree
from scorers.registry import Setup
from tests.conformance.test_conformance import CASES as ALL
from tests.conformance.test_conformance import MANIFEST, laid_over

DECIDING = {case.title: case for case in ALL if "records" in case.data}
EVERY_TIME = ("R05", "R21", "R22")
"""Boundaries, NULL and NaN; the rest takes long, for each case is a pack and a query of its own."""
CASES = [
    pytest.param(title, id=title, marks=() if title.startswith(EVERY_TIME) else pytest.mark.deep) for title in DECIDING
]
BAD: Mapping[str, Any] = {"score": float("nan"), "double": float("nan"), "enum": "?", "set": [None]}
"""What stands for a value that no column of the type holds, or for a null that is no absence."""


@cache
def tree() -> RegionTree:
    return load_regions()


@cache
def program_of(title: str) -> Program:
    data = DECIDING[title].data
    manifest = laid_over(MANIFEST, data.get("manifest", {}))
    source = Source("limen.yaml", yaml.safe_dump(manifest, sort_keys=False))
    env, _ = make_env(Manifest.model_validate(manifest), source, Setup(()), tree())
    files = data["files"] if isinstance(data["files"], dict) else {"rules.limen": data["files"]}
    sources = {path: Source(path, text) for path, text in files.items() if path.endswith(".limen")}
    items = tuple(item for one in sources.values() for item in parse(one).file.items)
    return lower(items, env, sources)


def case_rows(title: str) -> tuple[Program, list[dict[str, Any]]]:
    program = program_of(title)
    records = [raw for record in DECIDING[title].data["records"] if (raw := _row(program, record)) is not None]
    rows = [raw | {"region": region} for raw in records for region in _regions(raw["region"])]
    return program, [row | {"id": str(number)} for number, row in enumerate(rows)]


def _regions(region: Any) -> Iterator[str | None]:
    found = region if isinstance(region, list) else [region]
    yield from dict.fromkeys(code for code in found if code is None or isinstance(code, str))


def _row(program: Program, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where no table can say it."""
    try:
        at = _time(record.get("at"))
        both = {**(record.get("scores") or {}), **(record.get("facts") or {})}
        found = {spec.name: _value(spec, both) for spec in program.inputs}
    except (InvalidRecordError, LookupError, TypeError):
        return None
    lists = {name: record.get(name) for name in ("modalities", "skipped")}
    if not all(
        names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names))
        for names in lists.values()
    ):
        return None
    return {"region": record.get("region"), "at": at, **lists, **found}


def _time(value: Any) -> int | None:
    return read_time(value if value is None or isinstance(value, datetime) else str(value))


def _value(spec: Input, values: Mapping[str, Any]) -> Any:
    """LookupError where a column of the type has nothing of the sort."""
    if spec.name not in values:
        return None
    value = values[spec.name]
    good = None if value is None else typed(spec, value)
    if good is not None and not isinstance(good, Missing):
        return sorted(value) if spec.kind == "set" else value
    if value is None and spec.default is None and not spec.optional and spec.modality is None:
        return None
    if spec.kind == "int" and spec.minimum is not None:
        return int(spec.minimum) - 1
    return BAD[spec.kind]


def told(refused: SqlUnsupportedError) -> str:
    return f"refused: {refused.what}"
