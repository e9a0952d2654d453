"""Arms of experiments: what each decided is what the live engine decided, and what may be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.engine import Engine
from simulator.arms import forced
from simulator.experiments import Chosen, ExperimentError, Found, experiments_of, run
from simulator.intervals import Moments
from simulator.log import open_log
from simulator.result import Estimate, Refused
from simulator.trial import Guardrail, GuardrailError, difference, judge, mean_of, parse_guardrail
from simulator.units import Rates, Units

MANIFEST = """
pack: small
language: 1
enforcements: {allow: {}, reduce: {}, remove: {}}
routes: {review: {queue: general}}
severities: {P2: {sla: 24h}}
inputs:
  author.id: {type: string, optional: true}
  content.surface: {type: enum, values: [post, live], default: post}
  text.hate: {type: score, modality: text}
"""
POLICY = """
policy hate {
  title "Hate"
  owner "hate"
  severity P2
  regions US, DE
  thresholds on text.hate { remove >= 0.95  reduce and review >= 0.80 }
  region DE { thresholds on text.hate { remove >= 0.90 } }
  experiment stricter {
    unit author.id
    share 30%
    variant B {
      thresholds on text.hate { remove >= 0.85 }
      for content.surface in [live] { thresholds on text.hate { reduce and review >= 0.75 } }
    }
  }
}
"""
REGIONS = ("US", "DE", "BR")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (folder / "hate.limen").write_text(POLICY, encoding="utf-8")
    return Engine.load(folder)


def table(rows: int, units: int, seed: int = 3, **more: Any) -> pa.Table:
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, units, rows)
    score = np.clip(rng.beta(0.5, 1.5, units)[unit] + 0.1 * rng.standard_normal(rows), 0, 1)
    columns = {
        "id": [f"r{i}" for i in range(rows)],
        "at": pa.array(np.sort(rng.integers(0, 10**12, rows)) + 1_788_220_800_000_000, pa.timestamp("us", "UTC")),
        "region": rng.choice(REGIONS, rows, p=(0.6, 0.3, 0.1)),
        "content.surface": rng.choice(["post", "live"], rows),
        "text.hate": pa.array((score * 1e6).astype(np.int32)),
        "author.id": pa.array([f"u{i}" for i in unit], mask=rng.random(rows) < 0.02),
        "label.hate": pa.array(rng.random(rows) < score, mask=rng.random(rows) < 0.3),
    }
    return pa.table(columns | more)


def found(
    engine: Engine, data: pa.Table, tmp_path: Path, *, column: str | None = None, guardrails: Sequence[Guardrail] = ()
) -> Found:
    path = tmp_path / "log.parquet"
    pq.write_table(data, path)
    program = engine.program
    (chosen,) = experiments_of(program)
    log = open_log([str(path)], inputs=program.inputs, regions=program.regions)
    (one,) = run(log, program, [Chosen(chosen.policy, chosen.experiment, column)], guardrails)
    return one


def decided(engine: Engine, row: dict[str, Any]) -> tuple[str, Any]:
    """The arm and the decision as they were live."""
    facts = {"content.surface": row["content.surface"], "author.id": row["author.id"]}
    decision = engine.decide(
        scores={"text.hate": row["text.hate"] / 1e6}, facts={k: v for k, v in facts.items() if v}, region=row["region"]
    )
    return dict(decision.outcome.arms).get("hate/stricter", "control"), decision.outcome


def test_rates_are_those_of_the_live_decisions(engine: Engine, tmp_path: Path) -> None:
    data = table(3000, 400)
    one = found(engine, data, tmp_path)
    units: dict[str, dict[str, list[Any]]] = {"control": {}, "B": {}}
    for row in data.to_pylist():
        if row["author.id"] is not None and row["region"] != "BR":
            arm, outcome = decided(engine, row)
            units[arm].setdefault(row["author.id"], []).append((outcome, row["label.hate"]))
    assert [arm.units for arm in one.arms] == [len(units["control"]), len(units["B"])]
    assert one.rows == sum(len(rows) for arm in units.values() for rows in arm.values())
    assert one.unlabelled == sum(label is None for arm in units.values() for rows in arm.values() for _, label in rows)
    ranks = [item.name for item in engine.program.enforcements]
    measures = {row.name: row for row in one.measures}
    for number, arm in enumerate(("control", "B")):
        for name, hit in {
            "enforcement.remove": lambda outcome: outcome.enforcement == ranks.index("remove"),
            "enforcement.reduce": lambda outcome: outcome.enforcement == ranks.index("reduce"),
            "route.review": lambda outcome: bool(outcome.routes),
        }.items():
            rates = [np.mean([hit(outcome) for outcome, _ in rows]) for rows in units[arm].values()]
            moments = measures[name].rates[number].moments
            assert (moments.rows, moments.total) == (len(rates), pytest.approx(np.sum(rates)))
            assert moments.squares == pytest.approx(np.sum(np.square(rates)))
        acted = [(label, o.enforcement > 0) for rows in units[arm].values() for o, label in rows if label is not None]
        precision, recall = measures["precision"].rates[number], measures["recall"].rates[number]
        both = sum(label and act for label, act in acted)
        assert (precision.hits, precision.rows) == (both, sum(act for _, act in acted))
        assert (recall.hits, recall.rows) == (both, sum(label for label, _ in acted))
        wrong = measures["false_positive_rate"].rates[number]
        assert (wrong.hits, wrong.rows) == (
            sum(act and not label for label, act in acted),
            sum(not label for label, _ in acted),
        )
    assert one.elsewhere == data.column("region").to_pylist().count("BR")
    assert one.no_unit > 0
    assert not one.mismatch
    assert not one.stop


def cuts(program: Any) -> list[Any]:
    ladders = [ladder for place in program.policies[0].variants for ladder in place.ladders]
    return [cut for ladder in ladders for rung in ladder.rungs for cut in rung.cuts]


def test_arms_are_forced_and_nothing_else_changes(engine: Engine) -> None:
    control, variant = forced(engine.program, "hate", "stricter")
    assert not control.policies[0].experiments
    live, plain, edited = (cuts(program) for program in (engine.program, control, variant))
    assert all(cut.guard.arm is None for cut in (*plain, *edited))
    assert any(cut.guard.arm is not None for cut in live)
    assert {cut.threshold for cut in plain} == {800_000, 900_000, 950_000}
    assert {cut.threshold for cut in edited} >= {750_000, 800_000, 850_000, 900_000}


def test_logged_arms_decide_and_are_compared_with_the_hash(engine: Engine, tmp_path: Path) -> None:
    data = table(4000, 300)
    rng = np.random.default_rng(1)
    own = dict(zip((f"u{i}" for i in range(300)), rng.choice(["B", "control"], 300).tolist(), strict=True))
    arms = [own.get(unit) for unit in data.column("author.id").to_pylist()]
    arms = [None if arm == "control" and i % 2 else arm for i, arm in enumerate(arms)]
    one = found(engine, data.append_column("arm", pa.array(arms)), tmp_path, column="arm")
    assert one.assigned == "log"
    assert [arm.units for arm in one.arms] == [list(own.values()).count("control"), list(own.values()).count("B")]
    assert 60 < one.reassigned < 240
    assert one.mismatch  # half of the units, where 30 % were planned
    assert one.stop
    assert one.crossed == one.strange == 0


def test_units_in_several_arms_and_unknown_arms_are_left_out(engine: Engine, tmp_path: Path) -> None:
    data = table(2000, 50)
    arms = [
        "B" if unit in ("u1", "u2") and i % 3 else "control"
        for i, unit in enumerate(data.column("author.id").to_pylist())
    ]
    arms[:100] = ["C"] * 100
    one = found(engine, data.append_column("arm", pa.array(arms).dictionary_encode()), tmp_path, column="arm")
    assert one.crossed == 2
    assert sum(arm.units for arm in one.arms) == 48
    assert 0 < one.strange <= 100


def test_a_lost_part_of_an_arm_is_a_mismatch(engine: Engine, tmp_path: Path) -> None:
    data = table(20_000, 5000)
    assert found(engine, data, tmp_path).p_always > 0.05
    arm = Units(lambda unit: hash_arm(engine, unit))
    kept = [
        unit is None or hash_arm(engine, unit) == 0 or int(unit[1:]) % 4 > 0
        for unit in data.column("author.id").to_pylist()
    ]
    assert len(arm) == 0
    one = found(engine, data.filter(pa.array(kept)), tmp_path)
    assert one.p_always < 1e-3
    assert one.mismatch


def hash_arm(engine: Engine, unit: str) -> int:
    from engine.judge import arm_of

    (chosen,) = experiments_of(engine.program)
    return 0 if arm_of(chosen.experiment, unit) is None else 1


def test_what_the_log_lacks_is_named(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"no column `author.id`, the unit of the experiment `hate/stricter`"):
        found(engine, table(10, 5).drop_columns(["author.id"]), tmp_path)
    with pytest.raises(ExperimentError, match="no column `arm`, the arm of the experiment"):
        found(engine, table(10, 5), tmp_path, column="arm")


def test_a_log_without_labels_or_rows_has_no_such_figures(engine: Engine, tmp_path: Path) -> None:
    one = found(engine, table(2000, 100).drop_columns(["label.hate"]), tmp_path)
    assert {row.name.partition(".")[0] for row in one.measures} == {"enforcement", "route", "verdict"}
    empty = found(engine, table(2000, 100).slice(0, 0), tmp_path)
    assert (empty.rows, empty.measures, empty.stop) == (0, (), False)


def test_a_number_is_the_unit_that_it_was_live(tmp_path: Path) -> None:
    """`7` and `"7"` fall into different arms (ruling R17): what the pack declares counts."""
    (tmp_path / "limen.yaml").write_text(
        MANIFEST.replace("author.id: {type: string", "author.id: {type: int"), encoding="utf-8"
    )
    (tmp_path / "hate.limen").write_text(POLICY, encoding="utf-8")
    engine = Engine.load(tmp_path)
    data = table(300, 100)
    numbers = [None if unit is None else int(unit[1:]) for unit in data.column("author.id").to_pylist()]
    data = data.set_column(data.schema.get_field_index("author.id"), "author.id", pa.array(numbers, pa.int64()))
    one = found(engine, data, tmp_path)
    arms = {
        row["author.id"]: decided(engine, row)[0]
        for row in data.to_pylist()
        if row["author.id"] and row["region"] != "BR"
    }
    assert one.arms[1].units == sum(arm == "B" for arm in arms.values())


# Rates and guardrails


def rates(values: Sequence[float]) -> Rates:
    array = np.asarray(values, float)
    moments = Moments(len(array), float(array.sum()), float((array**2).sum()))
    return Rates(moments, int((array > 0).sum()), int((array == 1).sum()), 0, 0)


def test_common_rates_take_the_mixture_and_rare_ones_exact_bounds() -> None:
    rng = np.random.default_rng(1)
    common, rare = rates(rng.beta(2, 5, 3000)), rates(rng.random(3000) < 0.001)
    one, other, both = mean_of(common, 0.95), mean_of(rare, 0.95), difference(common, rare, 0.95)
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    assert isinstance(both, Estimate)
    assert (one.method, other.method, both.method) == ("normal-mixture", *["beta-binomial mixture"] * 2)
    assert one.high - one.low < 0.03
    assert 0 <= other.low <= other.value <= other.high < 0.01
    none = mean_of(rates(np.zeros(500)), 0.95)
    assert isinstance(none, Estimate)
    assert (none.value, none.low) == (0.0, 0.0)
    assert 0 < none.high < 0.03
    assert isinstance(mean_of(rates([]), 0.95), Refused)
    assert isinstance(difference(common, rates([]), 0.95), Refused)


def test_looking_at_every_step_keeps_the_level() -> None:
    """A difference of nothing, looked at after every 40 units of an arm: of 120 experiments few ever say otherwise."""
    rng, wrong = np.random.default_rng(8), 0
    for _ in range(120):
        a, b = rng.random((2, 600)) ** 3 * (rng.random((2, 600)) < 0.3)
        for size in range(40, 601, 40):
            figure = difference(rates(a[:size]), rates(b[:size]), 0.95)
            assert isinstance(figure, Estimate)
            if not figure.low <= 0 <= figure.high:
                wrong += 1
                break
    assert wrong <= 6


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("enforcement.remove<=+1%", Guardrail("enforcement.remove<=+1%", "enforcement.remove", True, 0.01)),
        (" precision >= -0.05 ", Guardrail("precision >= -0.05", "precision", False, -0.05)),
    ],
)
def test_a_guardrail_is_read(text: str, wanted: Guardrail) -> None:
    assert parse_guardrail(text) == wanted


@pytest.mark.parametrize("text", ["", "remove", "remove<1%", "remove<=x", "remove<=150%", "remove<=1%%"])
def test_what_is_no_guardrail_is_refused(text: str) -> None:
    with pytest.raises(GuardrailError, match=r"^[^\n]*$"):
        parse_guardrail(text)


def test_a_guardrail_is_broken_kept_or_open() -> None:
    rng = np.random.default_rng(4)
    low, high = rates(rng.random(4000) < 0.1), rates(rng.random(4000) < 0.3)
    by_name = {"enforcement.remove": [low, high], "route.review": [high, low]}

    def says(*texts: str) -> list[str]:
        guardrails = [parse_guardrail(text) for text in texts]
        return [one.says for one in judge(guardrails, by_name, ["control", "B"], 0.95, "p/e")]

    assert says("enforcement.remove<=1%", "enforcement.remove<=20%", "enforcement.remove<=50%") == [
        "broken",
        "open",
        "kept",
    ]
    assert says("route.review>=-1%", "route.review>=-20%", "route.review>=-50%") == ["broken", "open", "kept"]
    with pytest.raises(GuardrailError, match=r"no measure `enforcement.remov`, did you mean `enforcement.remove`"):
        says("enforcement.remov<=1%")
    with pytest.raises(GuardrailError, match="the log has no labels of its policy"):
        says("precision>=-1%")
