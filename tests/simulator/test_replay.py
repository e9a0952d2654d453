"""A replay counts what deciding row by row counts; cubes of parts add up to that of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

import pyarrow as pa
import pytest

from engine.columnar import ColumnarError
from engine.record import Record
from engine.reference import Evaluation
from simulator.cube import OUTCOME, empty
from simulator.replay import replay
from simulator.settings import apply_settings
from tests.property.packs import REGIONS, compiled

A = compiled(
    """policy p {
  severity P1
  thresholds on text.a { remove >= 0.8 reduce and review >= 0.5 }
  region DE { thresholds on text.a { remove >= 0.6 } }
  exception shown { when fact.surface == "ad" then at most label }
}
policy q { severity P2 thresholds on text.b { label >= 0.3 } on missing { } }
"""
)
B = apply_settings(A, ["p.text.a.remove=0.7"])
LANGUAGES = ("en", "de", None)


@dataclass
class Log:
    parts: list[pa.RecordBatch]

    @property
    def schema(self):
        return self.parts[0].schema

    def batches(self, columns):
        for part in self.parts:
            yield part.select([name for name in part.schema.names if name in columns])


def rows(count=900, seed=1):
    rng = Random(seed)
    return [
        {
            "text.a": rng.choice([None, 0.4999995, 0.5, 0.65, 0.7, 0.699999, 0.9]), "text.b": rng.choice([None, 0.1, 0.3]),
            "fact.surface": rng.choice(["ad", "post"]), "region": rng.choice(REGIONS), "language": rng.choice(LANGUAGES),
            "age_band": rng.choice(["young", "old"]), "label.p": rng.choice([None, True, False]), "views": rng.choice([None, 1, 70]),
            "review.propensity": rng.choice([None, 0.5, 1.0, 0.0, 2.0]),
        }
        for _ in range(count)
    ]  # fmt: skip


SCHEMA = pa.schema(
    [("text.a", pa.float64()), ("text.b", pa.float64()), ("fact.surface", pa.string()), ("region", pa.string()),
     ("language", pa.dictionary(pa.int32(), pa.string())), ("age_band", pa.string()), ("label.p", pa.bool_()), ("views", pa.int64()),
     ("review.propensity", pa.float64())]
)  # fmt: skip


def log(found, sizes):
    parts, start = [], 0
    for size in sizes:
        parts.append(pa.RecordBatch.from_pylist(found[start : start + size], SCHEMA))
        start += size
    return Log(parts)


def decided(row, program):
    scores = {name: row[name] for name in ("text.a", "text.b") if row[name] is not None}
    outcome = Evaluation(program, Record(scores, {"fact.surface": row["fact.surface"]}), row["region"]).outcome()
    return outcome.status, outcome.enforcement, outcome.routes


def by_hand(found):
    counts = Counter()
    for row in found:
        both = decided(row, A), decided(row, B)
        counts[both, row["region"], row["language"], row["age_band"], row["label.p"]] += 1
    return counts


def counted(cube):
    cells = Counter()
    for codes, count in zip(cube.codes.tolist(), cube.sums["rows"].tolist(), strict=True):
        outcomes = cube.outcomes[codes[0]]
        key = tuple((outcome.status, outcome.enforcement, outcome.routes) for outcome in outcomes)
        names = cube.dimensions[1:]
        cells[key, *(cube.values[name][code] for name, code in zip(names, codes[1:], strict=True))] += count
    return cells


@pytest.mark.parametrize("sizes", [[900], [1, 0, 450, 449]])
def test_counts_are_those_of_deciding_row_by_row(sizes):
    found = rows()
    cube = replay(log(found, sizes), [A, B], cohorts=["age_band"]).cube
    assert cube.dimensions == (OUTCOME, "region", "language", "age_band", "label.p")
    assert counted(cube) == by_hand(found)


def test_sums_are_of_views_and_of_what_a_reviewed_row_stands_for():
    found = rows()
    sums = replay(log(found, [900]), [A]).cube.margin("label.p").sums
    views = [row["views"] or 0 for row in found]
    chances = [row["review.propensity"] for row in found]
    known = [(1 / chance, seen) for chance, seen in zip(chances, views, strict=True) if chance in (0.5, 1.0)]
    assert sums["views"].sum() == sum(views)
    assert sums["views2"].sum() == sum(seen**2 for seen in views)
    assert sums["weighted"].sum() == len(known)
    assert sums["weight"].sum() == sum(weight for weight, _ in known)
    assert sums["weight2"].sum() == sum(weight**2 for weight, _ in known)
    assert sums["weight_views"].sum() == sum(weight * seen for weight, seen in known)
    assert sums["weight2_views2"].sum() == sum((weight * seen) ** 2 for weight, seen in known)


def test_cubes_of_parts_add_up_whatever_their_rows_have_seen_first():
    found = rows()
    whole = replay(log(found, [900]), [A, B]).cube
    parts = [replay(log(part, [len(part)]), [A, B]).cube for part in (found[600:], found[:250], found[250:600])]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    assert merged.canonical() == whole.canonical()
    assert counted(merged.margin(OUTCOME, "region")) == counted(whole.margin(OUTCOME, "region"))
    assert empty(whole.dimensions).merge(whole).canonical() == whole.canonical()


def test_cubes_of_other_dimensions_do_not_add_up():
    cube = replay(log(rows(10), [10]), [A]).cube
    with pytest.raises(ValueError, match="do not add up"):
        cube.merge(cube.margin(OUTCOME))


def test_a_column_of_too_many_values_is_no_cohort():
    batch = pa.record_batch({"region": ["DE"] * 1200, "id": [str(i) for i in range(1200)]})
    with pytest.raises(ColumnarError, match="`id` has more than 1000 values: group by one with few"):
        replay(Log([batch]), [A], cohorts=["id"])


def test_a_cohort_that_the_log_lacks_is_told():
    with pytest.raises(ColumnarError, match="no column `colour` to group by"):
        replay(log(rows(5), [5]), [A], cohorts=["colour"])
