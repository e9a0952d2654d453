"""A sweep at any threshold is the pack with that threshold, decided row by row by the reference."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.record import Record
from engine.reference import Evaluation
from engine.truth import State
from policy_dsl.program import MICRO, Program
from simulator.curves import Steps, steps
from simulator.settings import Target, places_of, policy_of, resolve, rungs_of, with_threshold
from simulator.stepping import Plan, measured, plan
from simulator.sweep import sweep
from simulator.tallies import NEGATIVE, POSITIVE, UNLABELLED
from tests.property.packs import MODALITIES, MOMENTS, compiled, packs, usual

REGIONS = ("DE", "AT", "EU", "IN", "GLOBAL", "XX")
MEASURED = ("acts", "decided", "reviewed", "changed")
Row = Mapping[str, Any]


@dataclass
class Batches:
    """A log in memory."""

    parts: Sequence[pa.RecordBatch]

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        for part in self.parts:
            yield part.select([name for name in part.schema.names if name in columns])


def log(program: Program, rows: Sequence[Row], parts: int = 1, policy: str = "") -> Batches:
    kinds = {
        "score": pa.float64(),
        "bool": pa.bool_(),
        "int": pa.int64(),
        "double": pa.float64(),
        "set": pa.list_(pa.string()),
    }
    fields = [(spec.name, kinds.get(spec.kind, pa.string())) for spec in program.inputs]
    fields += [("region", pa.dictionary(pa.int32(), pa.string())), ("language", pa.string())]
    fields += [("at", pa.timestamp("us", "UTC")), ("modalities", pa.list_(pa.string()))]
    fields += [(f"label.{policy}", pa.bool_()), ("review.propensity", pa.float64())]
    schema = pa.schema(fields)
    size = -(-len(rows) // parts)
    cut = [rows[start : start + size] for start in range(0, len(rows), size)]
    return Batches([pa.RecordBatch.from_pylist([dict(row) for row in some], schema) for some in cut])


def draw_rows(program: Program, rng: Random, policy: str, count: int) -> list[Row]:
    found: list[Row] = []
    for _ in range(count):
        row: dict[str, Any] = {spec.name: usual(spec, rng) for spec in program.inputs if rng.random() < 0.9}
        if rng.random() < 0.5:  # scores of every kind, at the thresholds and beside them
            some = rng.choice([0, 1, 49_999, 50_000, 499_999, 500_000, 500_001, 950_000, 999_999, MICRO])
            row |= {spec.name: some / MICRO for spec in program.inputs if spec.kind == "score"}
        modalities = rng.choice(MODALITIES)
        row |= {"region": rng.choice(REGIONS), "language": rng.choice(["de", "en", None]), "at": rng.choice(MOMENTS)}
        row |= {"modalities": None if modalities is None else sorted(modalities)}
        row |= {f"label.{policy}": rng.choice([None, True, False]), "review.propensity": rng.choice([None, 0.25, 1.0])}
        found.append(row)
    return found


def record(program: Program, row: Row) -> Record:
    there = {spec.name: spec for spec in program.inputs if row.get(spec.name) is not None}
    scores = {name: row[name] for name, spec in there.items() if not spec.is_fact}
    facts = {name: row[name] for name, spec in there.items() if spec.is_fact}
    modalities = None if row["modalities"] is None else frozenset(row["modalities"])
    return Record(scores, facts, row["at"], modalities)


def is_held(program: Program, target: Target, row: Row) -> bool:
    """Whether a curve can hold the row: the policy applies, the score is known, and which adjustments hold."""
    policy = policy_of(program, target.policy)
    if row["region"] not in {program.regions[place] for place in places_of(program, policy, target.region)}:
        return False
    if row["at"] is None and program.dates:
        return False
    found = Evaluation(program, record(program, row), row["region"])
    judgement = next(item for item in found.judgements if item.policy.name == target.policy)
    span = judgement.view.spans[target.score]
    known = all(judgement.truth(item).state is not State.UNKNOWN for item in judgement.variant.adjustments)
    fine = all(judgement.truth(item).error is None for item in judgement.variant.adjustments)
    return known and fine and (span is None or span.low == span.high)


def expected(planned: Plan, threshold: int | None, rows: Sequence[Row]) -> list[tuple[Row, tuple[bool, ...]]]:
    """By the reference, with the threshold written into the pack."""
    changed, found = with_threshold(planned.program, planned.target, threshold), []
    for row in rows:
        given = record(planned.program, row)
        outcome, present = (Evaluation(one, given, row["region"]).outcome() for one in (changed, planned.program))
        verdict = next(item for item in outcome.verdicts if item.policy == planned.target.policy)
        found.append((row, measured(planned, outcome, verdict, present)))
    return found


def label(row: Row, policy: str) -> int:
    return {None: UNLABELLED, False: NEGATIVE, True: POSITIVE}[row[f"label.{policy}"]]


def counted(rows: Sequence[tuple[Row, tuple[bool, ...]]], policy: str, which: int) -> list[int]:
    return [sum(said[which] and label(row, policy) == kind for row, said in rows) for kind in range(3)]


def some_thresholds(found: Steps, rng: Random) -> list[int]:
    edges = [t + by for t in found.thresholds[:-1].tolist() for by in (-1, 0, 1) if 0 <= t + by <= MICRO]
    return [0, MICRO, *rng.choices(edges or [0], k=3)]


@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(text=packs(), seed=st.integers(0, 2**32))
def test_at_every_threshold_it_counts_what_the_reference_decides(text: str, seed: int) -> None:
    rng, program = Random(seed), compiled(text)
    policies = [policy for policy in program.policies if rungs_of(policy)]
    if not policies:
        return
    policy = rng.choice(policies).name
    target = rng.choice(resolve(program, policy, None, None, None))
    rows, planned = draw_rows(program, rng, policy, 20), plan(program, target)
    found = sweep(log(program, rows, rng.choice([1, 3]), policy), planned, ("region",))
    held = [row for row in rows if is_held(program, target, row)]
    assert found.account.rows == len(held)
    assert sum(getattr(found.account, name) for name in found.account.__slots__) == len(rows)
    by_measure = {name: steps(found, measure=name) for name in MEASURED}
    for threshold in [None, *some_thresholds(by_measure["acts"], rng)]:
        said = expected(planned, threshold, held)
        for which, (name, curve) in enumerate(by_measure.items()):
            place = curve.at(threshold)
            assert curve.hits.rows[:, place].tolist() == counted(said, policy, which), (name, threshold)
            region = rng.choice(REGIONS)
            part = steps(found, "region", region, name)
            mine = [pair for pair in said if pair[0]["region"] == region]
            assert part.hits.rows[:, part.at(threshold)].tolist() == counted(mine, policy, which)
