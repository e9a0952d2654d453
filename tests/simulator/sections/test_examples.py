"""Rows to look at are of their strata, each once, and told as A and B decide them."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pyarrow as pa
import pytest

from simulator.result import ALL, Changed, Compared, Estimate, Metric, Refused, Slice
from simulator.sections.examples import MOST, QUOTA, examples, worst_slice
from simulator.settings import apply_settings
from tests.property.packs import compiled
from tests.simulator.test_sweep import Batches

A = compiled("policy p {\n  severity P3\n  thresholds on text.a { remove >= 0.6 review >= 0.2 }\n}\n")
B = apply_settings(A, ["p.text.a.remove=0.5"])


@dataclass
class Log(Batches):
    """A log in memory that tells its columns."""

    @property
    def schema(self):
        return self.parts[0].schema


def log(rows, parts=3):
    schema = pa.schema(
        [("id", pa.string()), ("text.a", pa.float64()), ("region", pa.dictionary(pa.int32(), pa.string())), ("language", pa.string()),
         ("views", pa.int64()), ("label.p", pa.bool_()), ("modalities", pa.list_(pa.string()))]
    )  # fmt: skip
    size = -(-len(rows) // parts)
    return Log([pa.RecordBatch.from_pylist(rows[start : start + size], schema) for start in range(0, len(rows), size)])


@pytest.fixture(scope="module")
def rows():
    rng = random.Random(11)
    return [
        {"id": f"t{i}", "text.a": round(rng.random(), 6), "region": rng.choice(["DE", "IN"]), "language": rng.choice(["de", None]),
         "views": rng.choice([None, i]), "label.p": rng.choice([None, True, False]), "modalities": ["text"]}
        for i in range(600)
    ]  # fmt: skip


def test_rows_are_of_their_strata_and_there_once(rows):
    found = examples(log(rows), A, B, Slice("language", None))
    by_id = {row["id"]: row for row in rows}
    assert len(found) == len({one.id for one in found}) == MOST
    assert [sum(one.stratum == name for one in found) for name in ("edge", "reach", "worst slice")] == [8, 5, 4]
    changing = {row["id"] for row in rows if 0.5 <= row["text.a"] < 0.6}
    assert all(one.id in changing for one in found if one.stratum != "edge")
    assert all(one.language is None for one in found if one.stratum == "worst slice")
    edges = sorted((row["text.a"] - t if row["text.a"] >= t else t - row["text.a"]) for row in rows for t in (0.5, 0.6))
    assert all(abs(one.value - one.threshold) <= edges[QUOTA["edge"] + 4] for one in found if one.stratum == "edge")
    seen = sorted((by_id[name]["views"] or 0 for name in changing), reverse=True)
    assert min(one.views for one in found if one.stratum == "reach") >= seen[QUOTA["edge"] + QUOTA["reach"] + 2]


def test_each_is_told_as_a_and_b_decide_it(rows):
    by_id = {row["id"]: row for row in rows}
    for one in examples(log(rows), A, B):
        row = by_id[one.id]
        score = row["text.a"]
        assert one.a == ("remove" if score >= 0.6 else "allow and review" if score >= 0.2 else "allow")
        assert one.b.startswith("remove") == (score >= 0.5)
        assert (one.value, one.region, one.views, one.label, one.policy) == (
            score,
            row["region"],
            row["views"],
            row["label.p"],
            "p",
        )
        assert one.threshold in (0.5, 0.6)


def test_the_parts_in_which_a_log_is_read_do_not_matter(rows):
    assert examples(log(rows, 1), A, B, seed=3) == examples(log(rows, 7), A, B, seed=3)


def test_another_seed_draws_others_of_those_that_change(rows):
    plain = {one.id for one in examples(log(rows), A, B, seed=1) if one.stratum == "changed"}
    assert plain != {one.id for one in examples(log(rows), A, B, seed=2) if one.stratum == "changed"}


def test_packs_that_decide_alike_have_no_example(rows):
    assert examples(log(rows), A, A) == ()


def test_a_log_without_ids_views_and_languages_has_examples_by_number(rows):
    bare = [{"text.a": row["text.a"], "region": "DE", "modalities": None} for row in rows]
    found = examples(log(bare), A, B)
    assert len(found) == MOST
    numbers = [int(one.id.removeprefix("row ")) for one in found]
    assert [bare[number - 1]["text.a"] for number in numbers] == [one.value for one in found]
    assert {one.views for one in found} == {None}


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, "wilson", 100)


def changed(value: str, rows: int, low: float) -> Changed:
    figure = estimate(low, low + 0.1)
    return Changed(Slice("region", value), rows, figure, figure, figure)


def quality(value: str, name: str, low: float, high: float) -> Metric:
    figure = estimate(0.4, 0.6)
    return Metric(Slice("language", value), "p", name, "all", Compared(figure, figure, estimate(low, high)))


def test_the_worst_slice_is_where_b_surely_is_worse_else_where_most_changes():
    moves = [changed("IN", 5, 0.9), changed("DE", 500, 0.3), changed("US", 500, 0.2)]
    assert worst_slice(moves, []) == Slice("region", "DE")
    assert worst_slice(moves, [], no_signal=("region",)) is None
    worse = [
        quality("de", "precision", -0.3, -0.1),
        quality("en", "false_positive_rate", 0.2, 0.3),
        quality("pt", "recall", -0.9, 0.2),
    ]
    assert worst_slice(moves, worse) == Slice("language", "en")
    assert worst_slice(moves, [quality("de", "precision", 0.1, 0.3)]) == Slice("region", "DE")
    none = Refused("no label")
    assert worst_slice([], [Metric(ALL, "p", "recall", "all", Compared(none, none, none))]) is None


def test_a_slice_of_numbers_or_truth_values_has_its_rows(rows):
    found = examples(log(rows), A, B, Slice("label.p", "True"))
    assert all(one.label is True for one in found if one.stratum == "worst slice")
    assert sum(one.stratum == "worst slice" for one in found) == QUOTA["worst slice"]
