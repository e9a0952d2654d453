"""Rows in which no scorer found anything are decided by their facts, as the reference decides them."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.columnar import Columnar
from engine.columnar.alike import policy_without_thresholds
from engine.columnar.quiet import Quiet, _bound
from engine.columnar.silence import may_hold
from engine.intervals import Span, evaluate
from engine.record import Record
from engine.reference import Evaluation
from policy_dsl.cel.serial import from_json
from policy_dsl.program import MICRO
from tests.property.packs import REGIONS, compiled, packs, usual
from tests.property.test_columnar import column, counted, said, trying

ROWS = 40
MODALITIES = (["text"], ["image", "text"], ["image"], [], ["text", "video"], None)
LOW = (0.0, 0.0, 0.000001, 0.01, 0.04)


def mostly_quiet(spec, modalities, rng):
    """One row in some is strange in some way: a finding, a score without its modality or the other way round."""
    if spec.is_fact:
        return None if rng.random() < 0.1 else usual(spec, rng)
    applies = modalities is None or spec.modality is None or spec.modality in modalities
    if rng.random() < 0.02:
        return usual(spec, rng)
    if applies == (rng.random() < 0.02):
        return None
    match spec.kind:
        case "score":
            return rng.choice(LOW)
        case "bool":
            return False
        case "int":
            return max(spec.minimum or 0, 0)
    return usual(spec, rng)


def quiet_table(program, rng):
    modalities = rng.choices(MODALITIES, k=ROWS)
    values = {spec.name: [mostly_quiet(spec, modalities[i], rng) for i in range(ROWS)] for spec in program.inputs}
    regions = rng.choices(REGIONS, k=ROWS)
    at = rng.choices((1_700_000_000_000_000, 1_767_225_600_000_000, 1_800_000_000_000_000), k=ROWS)
    columns = {spec.name: column(spec, values[spec.name], rng) for spec in program.inputs}
    columns["region"] = pa.array(regions)
    columns["at"] = pa.array(at, pa.timestamp("us", "UTC"))
    columns["modalities"] = pa.array(modalities, pa.list_(pa.string()))
    records = []
    for i in range(ROWS):
        held = {name: value[i] for name, value in values.items() if value[i] is not None}
        facts = {spec.name: held.pop(spec.name) for spec in program.inputs if spec.is_fact and spec.name in held}
        known = None if modalities[i] is None else frozenset(modalities[i])
        records.append(Record(held, facts, at[i], known))
    return pa.record_batch(columns), records, regions


def check(texts, seed):
    programs, rng = [compiled(text) for text in texts], Random(seed)
    full, counts = Columnar(programs), Columnar(programs, "counts")
    batch, records, regions = quiet_table(programs[0], rng)
    cut = rng.randrange(ROWS)
    ids = np.concatenate([full.outcome_ids(batch.slice(0, cut)), full.outcome_ids(batch.slice(cut))])
    coarse = counts.outcome_ids(batch)
    for i, (one, region) in enumerate(zip(records, regions, strict=True)):
        for k, program in enumerate(programs):
            wanted = Evaluation(program, one, region).outcome()
            assert said(full.outcomes[ids[i]][k]) == said(wanted), (one, region)
            assert counted(counts.outcomes[coarse[i]][k]) == counted(wanted), (one, region)


@trying(10)
@given(st.lists(packs(), min_size=1, max_size=2), st.integers(0, 2**32))
def test_mostly_quiet_tables_are_decided_as_the_reference_does(texts, seed):
    check(texts, seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
@trying(500)
@given(st.lists(packs(), min_size=1, max_size=2), st.integers(0, 2**32))
def test_mostly_quiet_tables_are_decided_as_the_reference_does_on_many_more(part, texts, seed):
    check(texts, seed)


# -- which rows are quiet ----------------------------------------------------------------------------------------------

PACK = """
policy p {
  score risk = max(text.a, 0.5 * image.d)
  thresholds on risk { remove >= 0.8  review >= 0.4 }
  rule marked { when hash.hit then label }
  rule clean { when !(text.b >= 0.7) && fact.sure then label }
}
"""


def micro(*values):
    return pa.array(values, pa.int32())


def loud(columns, text=PACK, detail="full"):
    """Which rows have to be looked at; the columns that are not given say nothing."""
    columnar = Columnar([compiled(text)], detail)
    rows = len(next(iter(columns.values())))
    silent = {"text.a": micro(*[0] * rows), "text.b": micro(*[0] * rows), "hash.hit": pa.array([False] * rows)}
    (frame,) = columnar.frames(pa.record_batch({"region": pa.array(["DE"] * rows), **silent, **columns}))
    return columnar.table.loud(frame).tolist()


def test_a_score_is_quiet_below_its_lowest_threshold_behind_a_derived_one_too():
    assert loud({"text.a": micro(0, 399_999, 400_000, 1_000_000)}) == [0, 0, 1, 1]
    assert loud({"image.d": micro(0, None, 1_000_000, None)}) == [0, 0, 1, 0]  # optional
    assert loud({"text.b": micro(0, 699_999, 700_000, -1)}) == [0, 0, 1, 1]
    assert loud({"text.b": pa.array([0.0, 0.699999, 0.7, float("nan")])}) == [0, 0, 1, 1]
    assert loud({"hash.hit": pa.array([False, True, None])}) == [0, 1, 1]


def test_what_is_missing_is_loud_and_what_does_not_apply_is_not():
    modalities = pa.array([["text"], ["image"], ["text"], ["image"]], pa.list_(pa.string()))
    texts = dict.fromkeys(("text.a", "text.b"), micro(0, None, None, 0))
    hits = pa.array([None, False, None, False])
    assert loud({**texts, "hash.hit": hits, "modalities": modalities}) == [0, 0, 1, 1]
    assert loud({**texts, "hash.hit": hits, "text.b": pa.array([0.0, None, None, 0.0]), "modalities": modalities}) == [
        0,
        0,
        1,
        1,
    ]


def test_what_a_ladder_alone_reads_may_be_there_without_its_modality():
    modalities = pa.array([["image"], ["image"]], pa.list_(pa.string()))
    text = "policy p { thresholds on text.a { remove >= 0.8 } }"
    assert loud({"text.a": micro(0, None), "modalities": modalities}, text) == [0, 0]


def test_a_bitmap_that_begins_within_a_byte_is_read_from_there():
    columnar, rows = Columnar([compiled(PACK)]), 64
    zeros = micro(*[0] * rows)
    hits = pa.array([i == 21 for i in range(rows)])
    batch = pa.record_batch({"region": ["DE"] * rows, "hash.hit": hits, "text.a": zeros, "text.b": zeros})
    for start in (0, 3, 8, 16, 21):
        (frame,) = columnar.frames(batch.slice(start))
        assert np.flatnonzero(columnar.table.loud(frame)).tolist() == [21 - start]


def test_only_counting_passes_over_facts_and_then_looks_at_those_that_are_missing():
    text = "policy p { thresholds on text.a { remove >= 0.8 } exception e { when fact.count > 2 then waive } }"
    counts = {"text.a": micro(0, 0, 0), "fact.count": pa.array([1.5, 1.0, 2.0])}
    assert loud(counts, text, "full") == [0, 0, 0]
    assert loud(counts, text, "counts") == [1, 0, 0]


@given(
    st.sampled_from(
        ["max(text.a, text.b)", "min(text.a, text.b)", "mean(text.a, text.b, image.c)", "noisy_or(text.a, text.b)",
         "weighted(0.7: text.a, 0.3: text.b)", "cascade(text.a, text.b, 0.2, 0.9)", "0.8 * text.a", "text.a + 0.1",
         "text.a - text.b", "max(0.5 * text.a, text.b - 0.2)"]
    ),
    st.integers(1, MICRO),
    st.lists(st.one_of(st.none(), st.floats(0, 1, exclude_max=True)), min_size=3, max_size=3),
)  # fmt: skip
@settings(max_examples=60)
def test_below_its_bound_a_derived_score_lies_below_the_cut(text, cut, shares):
    program = compiled(f"policy p {{ score s = {text} thresholds on s {{ remove >= 0.5 }} }}")
    (score,) = program.policies[0].variants[0].scores
    bound = _bound("s", {"s": score.expr}, cut)
    values = dict(zip(("text.a", "text.b", "image.c"), shares, strict=True))
    if bound:
        spans = {
            name: None if share is None else Span(int(share * bound), int(share * bound))
            for name, share in values.items()
        }
        found = evaluate(score.expr, spans.__getitem__)
        assert found is None or found.high < cut


def test_a_pack_that_asks_for_the_very_value_has_no_quiet_rows():
    quiet = Quiet()
    assert quiet.possible
    columnar = Columnar([compiled("policy p { rule r { when text.a >= text.b then remove } }")])
    assert columnar.table._table is None


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("hash.hit", False),
        ("!hash.hit", True),
        ("hash.far >= 1", False),
        ("text.a >= 0.5 && fact.sure", False),
        ("text.a >= 0.5 || fact.sure", True),
        ("!(text.a >= 0.5) && fact.sure", True),
        ("fact.sure && (hash.hit || text.a >= 0.5)", False),
        ("text.a >= 0.5 ? fact.sure : !fact.sure", True),
        ("fact.sure", True),
        ("text.a >= 0.5 && 1 / fact.count > 0", True),  # where the score does not apply, an error is told
    ],
)
def test_a_condition_may_hold_without_a_finding(when, holds):
    program = compiled(f"policy p {{ rule r {{ when {when} then remove }} }}")
    (rule,) = program.policies[0].variants[0].rules
    specs = {spec.name: spec for spec in program.inputs}
    assert may_hold(from_json(rule.when), specs, ()) is holds


def test_policies_are_alike_whatever_their_thresholds_but_not_where_a_rung_is_off():
    def policy(rung):
        text = (
            f"policy p {{ thresholds on text.a {{ remove >= 0.9 }} region DE {{ thresholds on text.a {{ {rung} }} }} }}"
        )
        return policy_without_thresholds(compiled(text).policies[0])

    assert policy("remove >= 0.8") == policy("remove >= 0.7")
    assert policy("remove >= 0.8") != policy("remove off")
