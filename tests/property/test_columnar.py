"""The columnar evaluator decides what the reference decides: records, tables, several programs at once."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.decide import canonical
from engine.columnar import Columnar, RecordFrame
from engine.record import Record
from engine.reference import Evaluation
from tests.property.packs import MODALITIES, REGIONS, compiled, packs, record, usual

seeds = st.integers(0, 2**32)
MOMENTS = (1_700_000_000_000_000, 1_767_225_600_000_000, 1_772_366_400_000_000, 1_800_000_000_000_000)
ROWS = 30


def trying(programs):
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
    return settings(max_examples=programs, deadline=None, suppress_health_check=slow)


def said(outcome):
    """Everything; of errors whether there are any, for the columns do not keep their texts."""
    verdicts = [(replace(v, errors=()), bool(v.errors)) for v in outcome.verdicts]
    return canonical(outcome), verdicts


def check_records(text, seed):
    program, rng = compiled(text), Random(seed)
    columnar = Columnar([program])
    for _ in range(2):  # what the first frame has found out serves the second
        records = [record(program, rng, modalities) for modalities in rng.choices(MODALITIES, k=ROWS)]
        regions = rng.choices(REGIONS, k=ROWS)
        ids = columnar.ids(RecordFrame(records, regions))
        for one, region, number in zip(records, regions, ids, strict=True):
            if one.at is not None or not program.dates:  # reading such a record refuses it
                wanted = Evaluation(program, one, region).outcome()
                assert said(columnar.outcomes[number][0]) == said(wanted), (one, region)


@pytest.mark.parametrize("part", range(2))
@trying(60)
@given(packs(), seeds)
def test_it_decides_records_as_the_reference_does(part, text, seed):
    check_records(text, seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(20))
@trying(500)
@given(packs(), seeds)
def test_it_decides_records_as_the_reference_does_on_many_more(part, text, seed):
    check_records(text, seed)


def rows(program, rng):
    """Typed values, some absent, as a log holds them; and records that say the same."""
    values = {
        spec.name: [None if rng.random() < 0.15 else usual(spec, rng) for _ in range(ROWS)] for spec in program.inputs
    }
    modalities = [rng.choice([None, [], ["text"], ["image", "text"], ["video"]]) for _ in range(ROWS)]
    times = rng.choices(MOMENTS, k=ROWS)
    return values, modalities, times


def column(spec, values, rng):
    match spec.kind:
        case "score" if rng.random() < 0.5:
            return pa.array([None if v is None else math.floor(v * 1_000_000 + 0.5) for v in values], pa.int32())
        case "score":
            return pa.array(values, pa.float64())
        case "int":
            return pa.array(values, pa.int64())
        case "double":
            return pa.array(None if v is None else float(v) for v in values)
        case "bool":
            return pa.array(values, pa.bool_())
        case "set":
            return pa.array(values, pa.list_(pa.string()))
    texts = pa.array(values, rng.choice([pa.string(), pa.large_string()]))
    return texts.dictionary_encode() if rng.random() < 0.5 else texts


def tables(program, rng):
    values, modalities, times = rows(program, rng)
    regions = rng.choices(REGIONS, k=ROWS)
    columns = {spec.name: column(spec, values[spec.name], rng) for spec in program.inputs if rng.random() < 0.95}
    columns["region"] = pa.array(regions)
    columns["at"] = pa.array(times, pa.timestamp("us", "UTC"))
    columns["modalities"] = pa.array(modalities, pa.list_(pa.string()))
    records = []
    for i in range(ROWS):
        held = {name: values[name][i] for name in columns if name in values and values[name][i] is not None}
        facts = {spec.name: held[spec.name] for spec in program.inputs if spec.is_fact and spec.name in held}
        scores = {name: value for name, value in held.items() if name not in facts}
        known = None if modalities[i] is None else frozenset(modalities[i])
        records.append(Record(scores, facts, times[i], known))
    return pa.record_batch(columns), records, regions


def check_tables(texts, seed):
    """All texts' programs in one pass, in slices that do not begin at a byte of Arrow's bitmaps."""
    programs, rng = [compiled(text) for text in texts], Random(seed)
    full, counts = Columnar(programs), Columnar(programs, "counts")
    batch, records, regions = tables(programs[0], rng)
    cut = rng.randrange(ROWS)
    ids = np.concatenate([full.outcome_ids(batch.slice(0, cut)), full.outcome_ids(batch.slice(cut))])
    coarse = counts.outcome_ids(batch)
    for i, (one, region) in enumerate(zip(records, regions, strict=True)):
        for k, program in enumerate(programs):
            wanted = Evaluation(program, one, region).outcome()
            assert said(full.outcomes[ids[i]][k]) == said(wanted), (one, region)
            found = counts.outcomes[coarse[i]][k]
            assert counted(found) == counted(wanted), (one, region)


def counted(outcome):
    verdicts = [
        (v.policy, v.enforcement, v.routes, v.sanctions, v.missing, v.shadow, v.undetermined) for v in outcome.verdicts
    ]
    return outcome.status, outcome.enforcement, outcome.routes, outcome.sanctions, outcome.missing, verdicts


@pytest.mark.parametrize("part", range(2))
@trying(30)
@given(st.lists(packs(), min_size=1, max_size=3), seeds)
def test_it_decides_the_rows_of_tables_as_the_reference_does(part, texts, seed):
    check_tables(texts, seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
@trying(500)
@given(st.lists(packs(), min_size=1, max_size=3), seeds)
def test_it_decides_the_rows_of_tables_as_the_reference_does_on_many_more(part, texts, seed):
    check_tables(texts, seed)


def test_a_frame_of_no_rows_has_no_outcomes():
    columnar = Columnar([compiled("policy p { thresholds on text.a { remove >= 0.5 } }")])
    batch = pa.record_batch({"region": pa.array([], pa.string())})
    assert columnar.outcome_ids(batch).tolist() == []
