"""Random packs that have SQL, rows of a scored log for them, and the two ways to decide them: a warehouse and the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from engine.decision import Status
from engine.engine import Engine
from engine.loader import Loaded
from engine.sql import thresholds
from engine.sql.dialects import Dialect, Name
from engine.sql.query import Query, Source
from policy_dsl.program import Input, Program
from tests.property.packs import VALUES, Writer

KINDS = {
    "bool": pa.bool_(), "int": pa.int64(), "double": pa.float64(), "string": pa.string(), "enum": pa.string(),
    "set": pa.list_(pa.string()),
}  # fmt: skip
ODD: Mapping[str, Sequence[Any]] = {
    "score": (float("nan"), float("inf"), float("-inf"), 1.5, -0.1, -0.0000003, 1.0000004, 1.0000005, 1e300, 0.0, -0.0),
    "bool": (None,),
    "int": (-1, 4, 65, 2**63 - 1, -(2**63), 2**40),
    "double": (float("nan"), float("inf"), -1.0000001, 1e300),
    "string": ("", 'é"\\\n', "aa"),
    "enum": ("", "nobody", "LIVE"),
    "set": (["r", None], ["q", "q", "r"], [""]),
}
MOMENTS = (
    1_700_000_000_000_000,
    1_767_225_599_999_999,
    1_767_225_600_000_000,
    1_772_366_400_000_000,
    1_800_000_000_000_000,
)
MODALITIES = (None, None, [], ["text"], ["image"], ["text", "image"], ["text", "video"], ["smell"], ["text", None])
REGIONS = ("GLOBAL", "EU", "DE", "AT", "IN", "XX", "", None)


class PlainWriter(Writer):
    """Writes packs whose conditions have SQL in every dialect."""

    LEFT_OUT = ("[1, 2]", "[1]", "int(", '{"x"', "size(t)", "matches", '< "en"')

    def pick(self, options: Sequence[str]) -> str:
        return super().pick([option for option in options if not any(part in option for part in self.LEFT_OUT)])


@dataclass(frozen=True)
class Ready:
    program: Program

    def load(self) -> Loaded:
        return Loaded(self.program, "sha256:0", ())


def usual(spec: Input, rng: Random) -> Any:
    match spec.kind:
        case "score":
            return rng.choice(VALUES)
        case "bool":
            return rng.random() < 0.5
        case "int":
            return (
                rng.randrange(4)
                if spec.maximum == 3
                else rng.choice([0, 1, 3, 8, 64] if spec.maximum else [0, 3, 101, -5, 2**40])
            )
        case "double":
            return rng.choice([0.5, 0.25, -1.0, 1.0, 0.3])
        case "string":
            return rng.choice(["x", "aa", "a", "7", 'é"\n'])
        case "enum":
            return rng.choice(spec.values)
    return rng.choices(["r", "q", "", "qq"], k=rng.randrange(3))


def row(program: Program, rng: Random, *, regions: Sequence[str | None] = REGIONS) -> dict[str, Any]:
    gaps = rng.choice((0, 0, 0.05, 0.15, 0.4))
    found: dict[str, Any] = {
        "id": str(rng.randrange(10**9)),
        "region": rng.choice(regions[:5] if rng.random() < 0.9 else regions),
    }
    found["at"] = None if rng.random() < 0.05 else rng.choice(MOMENTS)
    found["modalities"] = rng.choice(MODALITIES[:-2] if rng.random() < 0.97 else MODALITIES)
    for spec in program.inputs:
        if rng.random() < gaps:
            found[spec.name] = rng.choice((None, *ODD[spec.kind]))
        else:
            found[spec.name] = (
                None if (spec.default is not None or spec.optional) and rng.random() < 0.4 else usual(spec, rng)
            )
    return found


def table(program: Program, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    types = {
        "id": pa.string(),
        "region": pa.string(),
        "at": pa.timestamp("us", "UTC"),
        "modalities": pa.list_(pa.string()),
        "skipped": pa.list_(pa.string()),
    }
    types |= {spec.name: pa.float64() if spec.kind == "score" else KINDS[spec.kind] for spec in program.inputs}
    return pa.table({name: pa.array([one.get(name) for one in rows], of) for name, of in types.items()})


def source(program: Program, dialect: Name) -> Source:
    found = Source.of(program, dialect, skipped=True)
    return Source(found.table, found.columns, frozenset(spec.name for spec in program.inputs if spec.kind == "score"))


def thresholds_table(program: Program) -> pa.Table:
    types = [pa.string()] * 5 + [pa.int64()] * 3
    found = list(zip(*thresholds.rows(program), strict=True)) or [()] * 8
    columns = {name: pa.array(values, of) for name, values, of in zip(thresholds.COLUMNS, found, types, strict=True)}
    return pa.table(columns)


def on_duckdb(program: Program, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    with duckdb.connect() as warehouse:
        warehouse.register("scored_log", table(program, rows))
        warehouse.register("thresholds", thresholds_table(program))
        found: list[dict[str, Any]] = warehouse.sql(query(program, "duckdb")).to_arrow_table().to_pylist()
    by_id = {one["id"]: one for one in found}
    return [by_id[one["id"]] for one in rows]


def query(program: Program, dialect: Name) -> str:
    return Query(program, Dialect(dialect), source(program, dialect)).text()


def expected(program: Program, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By the reference, a row of results as the query gives it."""
    engine = Engine(Ready(program), "reference")  # type: ignore[arg-type]
    return [_expected(program, engine, one) for one in rows]


def _expected(program: Program, engine: Engine, one: Mapping[str, Any]) -> dict[str, Any]:
    values = {spec.name: one[spec.name] for spec in program.inputs if one.get(spec.name) is not None}
    at = None if one["at"] is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one["at"])
    raw = {"id": one["id"], "region": one["region"], "at": at, "modalities": one["modalities"]}
    scores = {spec.name for spec in program.inputs if not spec.is_fact}
    raw |= {"skipped": one.get("skipped")}
    raw["scores"] = {name: value for name, value in values.items() if name in scores}
    raw["facts"] = {name: value for name, value in values.items() if name not in scores}
    [decision] = engine.decide_record(raw)
    outcome = decision.outcome
    names = [item.name for item in program.enforcements]
    tiers = [tier.name for tier in program.severities]
    found = {"id": one["id"], "region": one["region"], "status": str(outcome.status)}
    found["enforcement"] = None if outcome.enforcement is None else names[outcome.enforcement]
    silent = outcome.status is Status.UNAVAILABLE
    found["routes"] = "" if silent else ", ".join(f"{r.route}({r.queue}) {tiers[r.priority]}" for r in outcome.routes)
    verdicts = {verdict.policy: names[verdict.enforcement] for verdict in outcome.verdicts}
    return found | {f"policy.{policy.name}": verdicts.get(policy.name) for policy in program.policies}
