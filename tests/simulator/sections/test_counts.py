"""How often what comes, from where to where, with intervals; and what the log cannot tell."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from simulator.intervals import paired_difference, proportion
from simulator.replay import replay
from simulator.result import ALL, Bounds, Estimate, Slice
from simulator.sections.counts import Counting
from simulator.sections.gaps import gaps
from simulator.settings import apply_settings
from tests.property.packs import compiled
from tests.simulator.test_replay import A, B, Log, log, rows

FOUND = rows()


@pytest.fixture(scope="module")
def cube():
    return replay(log(FOUND, [900]), [A, B]).cube


def test_the_joined_decisions_and_the_way_from_a_to_b_agree(cube):
    section = Counting(cube, (A, B)).section()
    whole = next(table for table in section.transitions if table.slice == ALL and table.policy is None)
    found = np.array(whole.counts)
    assert found.sum() == 900
    counts = {
        one.name: one for one in section.counts if one.slice == ALL and not one.policy and one.what == "enforcement"
    }
    for number, name in enumerate(whole.names):
        assert counts[name].a == found[number].sum() if name in counts else not found[number].sum()
        assert counts[name].b == found[:, number].sum() if name in counts else not found[:, number].sum()
    remove = counts["remove"]
    assert remove.rate.a == proportion(remove.a, 900)
    at = whole.names.index("remove")
    both = found[at, at]
    assert remove.rate.difference == paired_difference(remove.a - both, remove.b - both, 900)
    assert remove.a > both < remove.b


def test_what_changes_is_told_for_each_slice(cube):
    changed = {row.slice: row for row in Counting(cube, (A, B)).section().changed}
    assert isinstance(changed[ALL].stricter, Estimate)
    assert changed[Slice("region", "DE")].stricter.value == 0  # the setting reaches its own threshold of .6, too
    assert changed[Slice("region", "IN")].lenient.value == 0
    regions = [row for part, row in changed.items() if part.dimension == "region"]
    assert sum(row.rows for row in regions) == 900
    assert Slice("language", None) in changed
    moved = sum(round(row.changed.value * row.rows) for row in regions)
    assert moved == round(changed[ALL].changed.value * 900) > 0


def test_authors_who_are_drawn_anew_give_the_interval(cube):
    drawn = np.random.default_rng(1).poisson(
        np.bincount(cube.of("outcome"), cube.sums["rows"], len(cube.outcomes)), (400, len(cube.outcomes))
    )
    section = Counting(cube, (A, B), drawn=drawn).section()
    remove = next(one for one in section.counts if one.slice == ALL and one.name == "remove" and not one.policy)
    assert "author bootstrap" in remove.rate.b.method
    assert "author bootstrap" in remove.rate.difference.method
    assert remove.rate.b.low < remove.b / 900 < remove.rate.b.high


def test_what_intervals_take_for_granted_is_told(cube):
    sizes = np.bincount(cube.of("outcome"), cube.sums["rows"], len(cube.outcomes))
    drawn = np.random.default_rng(3).poisson(30, (4000, 1)) / 30 * sizes
    (alone,), (of_authors,) = (Counting(cube, (A, B), drawn=one).section().assumptions for one in (None, drawn))
    assert "`author.id`" in alone.text
    assert re.search("900 rows of (29|30|31) authors", of_authors.text)
    assert "precision" in of_authors.text


def test_a_difference_that_no_author_shows_may_go_either_way():
    """The same program twice: 30 authors, whose rows are all alike in this, leave more open than 900 rows would."""
    same = replay(log(FOUND, [900]), [A, A]).cube
    sizes = np.bincount(same.of("outcome"), same.sums["rows"], len(same.outcomes))
    heavy = np.random.default_rng(2).poisson(30, (400, 1)) / 30  # the rows of all outcomes swing with the authors drawn
    section = Counting(same, (A, A), drawn=heavy * sizes).section()
    remove = next(one for one in section.counts if one.slice == ALL and one.name == "remove" and not one.policy)
    found = remove.rate.difference
    assert found.value == 0
    assert found.low == pytest.approx(-found.high)
    assert found.high > 5 * paired_difference(0, 0, 900).high


def test_rows_in_which_something_skipped_matters_now_give_bounds():
    program = compiled(
        "policy p { severity P1 thresholds on text.a { remove >= 0.8 } rule r { when image.c >= 0.5 && text.a >= 0.5 then label } }"
    )
    other = apply_settings(program, ["p.text.a.remove=0.9"])
    skipped = [["image.c"]] * 3 + [[]] * 7
    batch = pa.record_batch(
        {
            "region": ["DE"] * 10,
            "text.a": [0.85] * 3 + [0.1] * 7,
            "image.c": [None] * 3 + [0.1] * 7,
            "skipped": pa.array(skipped, pa.list_(pa.string())),
        }
    )
    found = replay(Log([batch]), [program, other]).cube
    section = Counting(found, (program, other)).section()
    remove = next(one for one in section.counts if one.slice == ALL and one.name == "remove" and not one.policy)
    assert remove.rate.a == Bounds(0.3, 0.3, "worst case", 10, remove.rate.a.reason)
    assert (remove.rate.b.low, remove.rate.b.high) == (0.0, 0.3)
    whole = next(row for row in section.changed if row.slice == ALL)
    for figure in (whole.changed, whole.lenient):  # nobody can say that B decides them as A does
        assert isinstance(figure, Bounds)
        assert (figure.low, figure.high) == (0.0, 0.3)
    told, assumed = gaps(found, (program, other))
    assert [(one.cause, one.name, one.a, one.b) for one in told] == [("skipped by the cascade", "image.c", 0, 3)]
    assert assumed[0].light == "red"


def test_what_is_missing_is_counted_and_an_unknown_region_is_told():
    batch = pa.record_batch({"region": ["DE", "XX", None, "DE"], "text.a": [0.9, 0.9, 0.9, None], "text.b": [0.1] * 4})
    found = replay(Log([batch]), [A, B]).cube
    told, _ = gaps(found, (A, B))
    causes = {(one.cause, one.name): (one.a, one.b) for one in told}
    assert causes["score missing", "text.a"] == (1, 1)
    assert [one.name for one in told if "`region: {constant: DE}`" in one.text] == [
        next(name for _, name in causes if name.startswith("`region` is missing"))
    ]
    assert sum(a for (cause, _), (a, _) in causes.items() if cause == "unusable") == 2
    assert any("unknown region `XX`" in name for _, name in causes)
