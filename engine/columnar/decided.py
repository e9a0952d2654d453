"""A program + a table shaped like a scored log -> a table of decisions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from engine.columnar.evaluator import Columnar
from engine.decision import Outcome
from policy_dsl.program import Program

ROUTE = pa.struct([("route", pa.string()), ("queue", pa.string()), ("priority", pa.string())])
NAMES = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("status", pa.string()),
        ("enforcement", pa.string()),
        ("routes", pa.list_(ROUTE)),
        ("sanctions", NAMES),
        ("effects", pa.string()),
        ("fired", NAMES),
        ("missing", NAMES),
        ("reason", pa.string()),
    ]
)
CARRIED = ("id", "region")


def decide_table(program: Program, table: pa.Table | pa.RecordBatch) -> pa.Table:
    """As `Engine.decide_table`. Raises ColumnarError."""
    columnar = Columnar([program])
    batches = table.to_batches() if isinstance(table, pa.Table) else [table]
    ids = [columnar.outcome_ids(batch) for batch in batches]
    told = pa.Table.from_pylist([_row(outcome, program) for (outcome,) in columnar.outcomes], schema=SCHEMA)
    found = told.take(pa.array(np.concatenate([np.empty(0, np.int64), *ids]).astype(np.int64)))
    columns = {name: table.column(name) for name in CARRIED if name in table.schema.names}
    columns |= {name: found.column(name) for name in SCHEMA.names}
    return pa.table(columns)


def _row(outcome: Outcome, program: Program) -> dict[str, Any]:
    rank, tiers = outcome.enforcement, program.severities
    return {
        "status": str(outcome.status),
        "enforcement": None if rank is None else program.enforcements[rank].name,
        "routes": [
            {"route": one.route, "queue": one.queue, "priority": tiers[one.priority].name} for one in outcome.routes
        ],
        "sanctions": [one.name for one in outcome.sanctions],
        "effects": json.dumps(dict(outcome.effects), ensure_ascii=False, sort_keys=True),
        "fired": list(outcome.fired),
        "missing": list(outcome.missing),
        "reason": outcome.reason,
    }
