"""Tuning: what is guaranteed holds as often as said, and what cannot be told is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from policy_dsl.program import MICRO, Program
from simulator.curves import qualities, steps, unlabelled
from simulator.guarantees import conformal_risk, umbrella_threshold
from simulator.requirements import RequirementError, parse_metric, parse_requirement
from simulator.settings import resolve, with_threshold
from simulator.splitting import halves
from simulator.stepping import plan
from simulator.sweep import sweep
from simulator.tallies import NEGATIVE, POSITIVE
from simulator.tune import Tuned, Tuning
from tests.property.packs import compiled
from tests.simulator.test_sweep import Batches

ONE = "policy p { severity P1 thresholds on text.a { remove >= 0.8 } on missing { } }"
TWO = "policy p { severity P1 thresholds on text.a { remove >= 0.9  review >= 0.5 } on missing { } }"
TIED = "policy p { severity P1 thresholds on text.a { escalate >= 0.7  review >= 0.4 } on missing { } }"


def drawn(rng: np.random.Generator, rows: int, propensity: float | None = None, seen: float = 1.0) -> Batches:
    """Scores that are calibrated: a row with the score s is a violation with a chance of s."""
    scores = rng.integers(0, MICRO + 1, rows)
    truth = rng.random(rows) < scores / MICRO
    looked = rng.random(rows) < (seen if propensity is None else propensity)
    columns: dict[str, Any] = {
        "id": pa.array([f"r{i}" for i in range(rows)]),
        "region": pa.array(["DE"] * rows).dictionary_encode(),
        "at": pa.array(np.linspace(0, 10 * 86_400e6, rows).astype(np.int64), pa.timestamp("us", "UTC")),
        "text.a": pa.array(scores.astype(np.int32)),
        "label.p": pa.array(truth, mask=~looked),
    }
    if propensity is not None:
        columns["review.propensity"] = pa.array(np.full(rows, propensity))
    return Batches([pa.RecordBatch.from_pydict(columns)])


def tuned(log: Batches, require: Sequence[str], objective: str, text: str = ONE, **options: Any) -> Tuned:
    program = compiled(text)
    targets = resolve(program, "p", None, None, None)
    rungs = [target.action for target in targets]
    asked = [parse_requirement(item, rungs) for item in require]
    return Tuning(log, program, targets, asked, parse_metric(objective, rungs), **options).run()


def chosen(found: Tuned) -> list[int]:
    assert found.chosen is not None, found.reason
    return [MICRO + 1 if s.threshold is None else s.threshold for s in found.chosen.settings]


def test_precision_holds_as_often_as_said() -> None:
    """Of the rows from t on, (1 + t) / 2 are violations: the truth is known."""
    broken = 0
    for seed in range(25):
        found = tuned(drawn(np.random.default_rng(seed), 500), ["precision>=0.85"], "recall", delta=0.2, seed=seed)
        if found.chosen is not None:
            broken += (1 + chosen(found)[0] / MICRO) / 2 < 0.85
    assert 0 < broken <= 9  # P(Bin(25, 0.2) > 9) = 0.02, and a test that never errs would be too timid


def test_with_weights_it_holds_too() -> None:
    log = drawn(np.random.default_rng(5), 20_000, propensity=0.3)
    found = tuned(log, ["precision>=0.85"], "recall")
    assert 0.7 < chosen(found)[0] / MICRO < 0.8


def test_the_false_positive_rate_alone_is_the_umbrella() -> None:
    log, program = drawn(np.random.default_rng(3), 4000), compiled(ONE)
    found = tuned(log, ["fpr<=0.1"], "recall")
    _, check = halves(log, 0.5, 0)
    batch = next(check.batches(["text.a", "label.p"]))
    scores, labels = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("text.a", "label.p"))
    bar = umbrella_threshold(scores[labels == False].astype(np.int64), 0.1, 0.05)  # noqa: E712 - an array
    level = chosen(found)[0]
    assert bar is not None
    assert bar <= level < bar + 5000  # the nearest score of the fitting rows above it
    assert program.policies


def test_an_expected_miss_rate_is_conformal() -> None:
    log = drawn(np.random.default_rng(4), 3000)
    found = tuned(log, ["expected_miss_rate<=0.1"], "precision")
    _, check = halves(log, 0.5, 0)
    batch = next(check.batches(["text.a", "label.p"]))
    scores, labels = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("text.a", "label.p"))
    level = chosen(found)[0]
    positives = scores[labels == True]  # noqa: E712
    losses = [float(np.mean(positives < t)) for t in (level + 1000, level)]
    assert conformal_risk(losses, len(positives), 0.1) is not None
    assert 0.07 < losses[1] <= 0.1


def test_several_rungs_and_the_capacity_are_met_together() -> None:
    log = drawn(np.random.default_rng(6), 4000)
    found = tuned(log, ["precision(remove)>=0.9", "reviews_per_day<=100"], "recall(review)", TWO)
    remove, review = chosen(found)
    assert review < remove
    assert found.chosen is not None
    assert found.chosen.check["precision(remove)"] > 0.9
    assert found.chosen.check["recall(review)"] > 0.5  # removing what is sure leaves the reviewers' time to the rest
    assert found.chosen.check["reviews_per_day"] < 100
    assert set(found.chosen.p) == {"precision(remove)>=0.9", "reviews_per_day<=100"}
    assert max(found.chosen.p.values()) <= 0.05


def test_too_few_labels_are_refused_with_what_it_would_take() -> None:
    found = tuned(drawn(np.random.default_rng(7), 60), ["precision>=0.99"], "recall")
    assert found.chosen is None
    assert "it takes 299 labelled rows" in (found.reason or "")


@pytest.mark.parametrize(
    ("seen", "says"), [(0.4, "not identified: only some rows have a label"), (0.0, "no row has one of this policy")]
)
def test_labels_that_identify_nothing_are_refused(seen: float, says: str) -> None:
    with pytest.raises(RequirementError, match=says):
        tuned(drawn(np.random.default_rng(8), 200, seen=seen), ["precision>=0.5"], "recall")


def test_the_same_seed_draws_the_same_rows_and_nobody_twice() -> None:
    log = drawn(np.random.default_rng(9), 300)
    parts = [next(part.batches(["id"])).column("id").to_pylist() for part in halves(log, 0.5, 3)]
    assert not set(parts[0]) & set(parts[1])
    assert len(parts[0]) + len(parts[1]) == 300
    again = next(halves(log, 0.5, 3)[0].batches(["id"]))
    assert again.column("id").to_pylist() == parts[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("precision", "is no requirement"),
        ("precison>=0.9", "did you mean `precision`"),
        ("precision<=0.9", "expected `>=` behind `precision`"),
        ("fpr>=0.1", "expected `<=` behind `false_positive_rate`"),
        ("recall>=1", "no sample shows a share of `1`"),
        ("recall>=x", "`x` is no number"),
        ("reviews_per_day<=-5", "expected a positive number"),
        ("recall(block)>=0.5", "`block` is not tuned"),
    ],
)
def test_a_slip_is_named(text: str, says: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse_requirement(text, ["remove"])
    assert says in str(caught.value)


def test_of_several_rungs_one_has_to_be_named() -> None:
    with pytest.raises(RequirementError, match="several rungs are tuned"):
        parse_requirement("recall>=0.5", ["remove", "review"])


# -- curves ----------------------------------------------------------------------------------------------------------


def at_review(program: Program, level: int, log: Batches) -> list[int]:
    """Rows acted on, by label, with the threshold in the pack."""
    target = next(t for t in resolve(program, "p", None, None, None) if t.action == "review")
    changed = with_threshold(program, target, level)
    found = steps(sweep(log, plan(changed, target), ()))
    return [int(rows) for rows in found.present.rows[:, 0]]


def test_of_rungs_equally_strong_the_higher_threshold_speaks_at_every_threshold() -> None:
    program, log = compiled(TIED), drawn(np.random.default_rng(1), 200)
    target = next(t for t in resolve(program, "p", None, None, None) if t.action == "review")
    planned = plan(program, target)
    assert planned.starts == (0, 700_000)  # `review` stands behind `escalate` in the alphabet
    found = steps(sweep(log, planned, ()))
    for level in (0, 400_000, 699_999, 700_000, 700_001, 900_000, MICRO):
        assert found.hits.rows[:, found.at(level)].tolist() == at_review(program, level, log), level


def test_qualities_by_hand() -> None:
    scores = np.array([100_000, 200_000, 300_000, 900_000], np.int32)
    batch = pa.RecordBatch.from_pydict(
        {
            "region": pa.array(["DE"] * 4).dictionary_encode(),
            "text.a": pa.array(scores),
            "label.p": pa.array([False, True, False, True]),
        }
    )
    program = compiled(ONE)
    found = steps(sweep(Batches([batch]), plan(program, resolve(program, "p", None, None, None)[0]), ()))
    told = qualities(found)
    assert told.basis == "all"
    assert (found.thresholds / MICRO).tolist() == [0, 0.1, 0.2, 0.3, 0.9, 1.000001]
    assert told.precision.value[1:5].tolist() == [2 / 4, 2 / 3, 1 / 2, 1]
    assert told.recall.value[1:].tolist() == [1, 1, 0.5, 0.5, 0]
    assert told.false_positive_rate.value[1:].tolist() == [1, 0.5, 0.5, 0, 0]
    assert found.hits.rows[[NEGATIVE, POSITIVE], 2].tolist() == [1, 2]


def test_bounds_hold_whatever_the_labels_are_and_no_point_is_given() -> None:
    log, program = drawn(np.random.default_rng(2), 400, seen=0.5), compiled(ONE)
    found = steps(sweep(log, plan(program, resolve(program, "p", None, None, None)[0]), ()))
    told = qualities(found)
    assert told.basis == "bounds"
    assert np.isnan(told.precision.value).all()
    scores = log.parts[0].column("text.a").to_numpy()
    truth = np.random.default_rng(0).random(400) < 0.5  # any completion of the labels
    labels = log.parts[0].column("label.p").to_pylist()
    full = np.array([t if known is None else known for known, t in zip(labels, truth, strict=True)])
    for place, level in enumerate(found.thresholds[:-1].tolist()):
        acts = scores >= level
        assert told.precision.low[place] - 1e-12 <= full[acts].mean() <= told.precision.high[place] + 1e-12
        assert told.recall.low[place] - 1e-12 <= acts[full].mean() <= told.recall.high[place] + 1e-12


def test_weights_tell_of_all_rows_and_are_refused_where_few() -> None:
    log, program = drawn(np.random.default_rng(12), 30_000, propensity=0.2), compiled(ONE)
    found = steps(sweep(log, plan(program, resolve(program, "p", None, None, None)[0]), ()))
    told = qualities(found)
    assert told.basis == "snipw"
    at = found.at(800_000)
    assert told.precision.value[at] == pytest.approx(0.9, abs=0.02)
    assert np.isnan(told.precision.value[found.at(999_900)])  # hardly a reviewed row


def test_a_zone_that_nobody_looked_at_is_found_and_chance_is_not() -> None:
    rng, program = np.random.default_rng(13), compiled(ONE)
    log = drawn(rng, 3000, seen=0.5)
    target = resolve(program, "p", None, None, None)[0]
    assert unlabelled(sweep(log, plan(program, target), ())) == ()
    batch = log.parts[0]
    scores = batch.column("text.a").to_numpy()
    labels = [
        None if 300_000 <= s < 400_000 else k for s, k in zip(scores, batch.column("label.p").to_pylist(), strict=True)
    ]
    blind = batch.set_column(batch.schema.get_field_index("label.p"), "label.p", pa.array(labels, pa.bool_()))
    (zone,) = unlabelled(sweep(Batches([blind]), plan(program, target), ()))
    assert 290_000 < zone.low < 310_000
    assert 390_000 < zone.high < 410_000


def test_parts_of_a_log_merge_to_the_whole() -> None:
    program = compiled(TWO)
    target = resolve(program, "p", None, None, None)[0]
    first, second = (drawn(np.random.default_rng(seed), 500, propensity=0.5) for seed in (1, 2))
    planned = plan(program, target)
    whole = sweep(Batches([*first.parts, *second.parts]), planned)
    merged = sweep(first, planned).merge(sweep(second, planned))
    assert merged.account == whole.account
    for margin, value in (("all", None), ("region", "DE")):
        one, other = (steps(item, margin, value) for item in (whole, merged))
        assert np.array_equal(one.hits.rows, other.hits.rows)
        assert np.allclose(one.hits.weight, other.hits.weight)


def half_seen(rng: np.random.Generator, rows: int) -> Batches:
    """Nobody looks below a score of 0.5; above, at every second row, as the log says."""
    log = drawn(rng, rows)
    (batch,) = log.parts
    above = np.asarray(batch.column("text.a")) > MICRO // 2
    looked = above & (rng.random(rows) < 0.5)
    label = pa.array(np.asarray(batch.column("label.p")), mask=~looked)
    columns = {name: batch.column(name) for name in batch.schema.names} | {"label.p": label}
    columns["review.propensity"] = pa.array(np.full(rows, 0.5), mask=~above)
    return Batches([pa.RecordBatch.from_pydict(columns)])


@pytest.mark.parametrize("asked", ["recall>=0.6", "fpr<=0.2"])
def test_where_nobody_looks_nothing_is_guaranteed(asked: str) -> None:
    """The reviewed rows say a recall of 0.6 where it is 0.45: violations that nobody looked for are none of theirs."""
    with pytest.raises(
        RequirementError, match=r"is not identified: the .* reviewed rows stand for .* rows .* but there are"
    ):
        tuned(half_seen(np.random.default_rng(8), 8000), [asked], "precision")


def test_a_threshold_does_not_go_where_nobody_looks() -> None:
    """Reviewed rows, all above 0.5, have a precision of 0.75 at every threshold below: no word of the rows that are acted on there."""
    found = tuned(half_seen(np.random.default_rng(9), 8000), ["precision>=0.7"], "action_rate")
    assert chosen(found)[0] / MICRO > 0.4  # below, it is less than 0.7


def test_curves_have_no_value_where_nobody_looks() -> None:
    program = compiled(ONE)
    log = half_seen(np.random.default_rng(10), 8000)
    found = steps(sweep(log, plan(program, resolve(program, "p", None, None, None)[0]), ()))
    told = qualities(found)
    low, high = found.at(MICRO // 5), found.at(4 * MICRO // 5)
    assert told.precision.value[high] == pytest.approx(0.9, abs=0.05)
    assert np.isnan(
        [told.precision.value[low], *told.recall.value[[low, high]], *told.false_positive_rate.value[[low, high]]]
    ).all()


@pytest.mark.parametrize("asked", ["precision>=0.7", "fpr<=0.2", "expected_miss_rate<=0.2", "reviews_per_day<=900"])
@pytest.mark.parametrize("seed", [0, 1])  # the one author fits, or checks
def test_one_author_cannot_both_fit_and_check(asked: str, seed: int) -> None:
    (batch,) = drawn(np.random.default_rng(11), 50).parts
    log = Batches([batch.append_column("author.id", pa.array(["somebody"] * 50))])
    with pytest.raises(RequirementError, match="all rows fall into one half"):
        tuned(log, [asked], "action_rate", seed=seed)


@pytest.mark.parametrize("seed", [0, 2])  # the heavy author fits, or checks
def test_a_heavy_author_does_not_change_what_a_day_brings(seed: int) -> None:
    """More than half of the rows are one author's, all in one half: the reviews of a day are counted for the whole log all the same."""
    (batch,) = drawn(np.random.default_rng(12), 4000).parts
    authors = pa.array(["somebody" if i % 5 < 3 else f"a{i}" for i in range(4000)])
    log = Batches([batch.append_column("author.id", authors)])
    text = "policy p { severity P1 thresholds on text.a { review >= 0.5 } on missing { } }"
    found = tuned(log, ["reviews_per_day<=150"], "recall", text, seed=seed)
    assert found.present["reviews_per_day"] == pytest.approx(200, rel=0.1)  # half of 400 rows a day
    assert found.chosen is not None
    assert 135 < found.chosen.check["reviews_per_day"] < 150
    assert 110 < 400 * (1 - chosen(found)[0] / MICRO) <= 150
