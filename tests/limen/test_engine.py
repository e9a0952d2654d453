"""`Engine`: whole packs in, decisions out."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import limen
from policy_dsl import memory
from policy_dsl.pack import PackError

MANIFEST = """
pack: small
language: 1
enforcements: {allow: {}, label: {}, reduce: {}, remove: {effects: {notify_user: true}}}
routes: {review: {queue: general}}
severities: {P1: {sla: 1h}, P2: {sla: 24h}}
inputs:
  content.language: {type: enum, values: [en, de, other], default: other}
  author.age_days: {type: int, min: 0, default: 0}
  image.nudity: {type: score, modality: image}
  text.sexual: {type: score, modality: text}
scorers: {}
"""
POLICY = """
policy nudity {
  title "Nudity"  owner "adult-content"  severity P1
  score risk = max(image.nudity, 0.8 * text.sexual)
  thresholds on risk { remove >= 0.95  reduce and review >= 0.80 }
  region DE { thresholds on risk { remove >= 0.90 } }
  rule young { when author.age_days < 3 && image.nudity >= 0.5 then label }
}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "nudity.limen").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_one_region_gives_one_decision_and_several_give_several(pack: Path) -> None:
    engine = limen.Engine.load(pack)
    one = engine.decide(scores={"image.nudity": 0.92, "text.sexual": 0.1}, region="DE")
    assert (one.enforcement, one.status, one.effects) == ("remove", "decided", {"notify_user": True})
    both = engine.decide(scores={"image.nudity": 0.92, "text.sexual": 0.1}, region=["DE", "US", "DE"])
    assert [(d.region, d.enforcement) for d in both] == [("DE", "remove"), ("US", "reduce")]


@pytest.mark.parametrize("region", [None, "", [], "XX", [None], 7, "de"])
def test_a_region_that_is_none_is_unavailable(pack: Path, region: object) -> None:
    (decision,) = limen.Engine.load(pack).decide_record({"region": region, "scores": {}})
    assert (decision.status, decision.enforcement) == ("unavailable", None)
    assert "region" in str(decision.to_dict()["reason"])


def test_an_unknown_region_may_count_as_global_and_is_degraded(pack: Path) -> None:
    (pack / "limen.yaml").write_text(MANIFEST + "unknown_region: GLOBAL\n", encoding="utf-8")
    decision = limen.Engine.load(pack).decide(scores={"image.nudity": 0.96, "text.sexual": 0.0}, region="XX")
    assert (decision.region, decision.enforcement, decision.status) == ("XX", "remove", "degraded")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"scores": [1]}, "`scores` is a list"),
        (
            {"scores": {"image.nudity": 1}, "facts": {"image.nudity": 1}},
            "`image.nudity` stands in `scores` and in `facts`",
        ),
        ({"at": "yesterday"}, "`at` is `yesterday`"),
        ({"at": "2026-01-01T00:00:00"}, "names no time zone"),
        ({"modalities": "text"}, "`modalities` is a text"),
    ],
)
def test_an_invalid_record_is_unavailable_and_says_why(pack: Path, raw: dict[str, object], told: str) -> None:
    (decision,) = limen.Engine.load(pack).decide_record({"region": "DE", **raw})
    assert (decision.status, decision.enforcement) == ("unavailable", None)
    assert told in str(decision.to_dict()["reason"])


def test_an_invalid_record_has_a_decision_in_each_of_its_regions(pack: Path) -> None:
    decisions = limen.Engine.load(pack).decide_record({"region": ["DE", "US"], "scores": [1]})
    assert [(d.region, d.status) for d in decisions] == [("DE", "unavailable"), ("US", "unavailable")]


def test_unknown_names_are_listed(pack: Path) -> None:
    decision = limen.Engine.load(pack).decide(scores={"image.nudty": 0.9}, region="DE", modalities=["text"])
    assert decision.to_dict()["unknown"] == ["image.nudty"]


def test_the_nearest_change_is_found_behind_a_derived_score(pack: Path) -> None:
    engine = limen.Engine.load(pack)
    near = engine.decide(scores={"image.nudity": 0.1, "text.sexual": 0.3}, region="US").to_dict()["nearest"]
    assert near == {"score": "image.nudity", "value": 0.1, "becomes": 0.5, "then": "label", "routes": []}
    near = engine.decide(
        scores={"image.nudity": 0.1, "text.sexual": 1.0}, facts={"author.age_days": 9}, region="US"
    ).to_dict()["nearest"]
    assert near == {"score": "text.sexual", "value": 1.0, "becomes": 0.999999, "then": "allow", "routes": []}


def test_every_nearest_change_is_true(pack: Path) -> None:
    engine = limen.Engine.load(pack)
    for step in range(0, 101, 7):
        scores = {"image.nudity": step / 100, "text.sexual": (100 - step) / 100}
        decision = engine.decide(scores=scores, region="DE")
        near = decision.to_dict()["nearest"]
        changed = engine.decide(scores={**scores, near["score"]: near["becomes"]}, region="DE")
        assert changed.enforcement == near["then"]
        assert (changed.enforcement, changed.routes) != (decision.enforcement, decision.routes)
        between = (near["becomes"] * 1_000_000 + (1 if near["becomes"] < scores[near["score"]] else -1)) / 1_000_000
        same = engine.decide(scores={**scores, near["score"]: round(between, 6)}, region="DE")
        assert (same.enforcement, same.routes) == (decision.enforcement, decision.routes)


def test_reload_swaps_whole_or_not_at_all(pack: Path) -> None:
    engine = limen.Engine.load(pack)
    before = engine.digest
    (pack / "nudity.limen").write_text(POLICY.replace("0.95", "95"), encoding="utf-8")
    with pytest.raises(limen.PackInvalidError, match=r"nudity\.limen:5"):
        engine.reload()
    assert engine.digest == before
    (pack / "nudity.limen").write_text(POLICY.replace("0.95", "0.96"), encoding="utf-8")
    assert engine.reload()
    assert not engine.reload()
    assert engine.decide(scores={"image.nudity": 0.955, "text.sexual": 0.0}, region="US").enforcement == "reduce"


def test_a_pack_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="limen init"):
        limen.Engine.load(tmp_path)


def test_moderate_runs_a_plain_function_as_scorer(pack: Path) -> None:
    @limen.scorer("shouting", outputs={"text.shouting": limen.Score()}, modality="text")
    def shouting(batch: list[str]) -> list[float]:
        return [sum(map(str.isupper, text)) / max(len(text), 1) for text in batch]

    (pack / "limen.yaml").write_text(MANIFEST.replace("scorers: {}", "scorers: {loud: shouting}"), encoding="utf-8")
    (pack / "loud.limen").write_text(
        'policy noise { title "x" owner "y" severity P2 thresholds on text.shouting { label >= 0.5 } }',
        encoding="utf-8",
    )
    engine = limen.Engine.load(pack, scorers=[shouting])
    content = limen.Content(
        id="p1", text="HELLO you", language="de-AT", facts={"text.sexual": 0.1, "image.nudity": 0.0}
    )
    decision = asyncio.run(engine.moderate(content, region="DE"))
    assert (decision.enforcement, decision.status) == ("label", "decided")
    assert decision.to_dict()["scorers"] == {"loud": "shouting@0"}
    assert decision.record is not None
    assert decision.record.facts["content.language"] == "de"


def test_what_is_missing_is_logged_once_for_all_outputs_that_share_the_reason(
    pack: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = {"text.calm": limen.Score(), "text.angry": limen.Score(), "text.odd": limen.Score()}

    @limen.scorer("mood", outputs=outputs, modality="text")
    def mood(batch: list[str]) -> list[dict[str, object]]:
        lost = limen.Missing("no words")
        return [
            {"text.calm": lost, "text.angry": lost, "text.odd": limen.Missing("odd") if "?" in text else 0.5}
            for text in batch
        ]

    (pack / "limen.yaml").write_text(MANIFEST.replace("scorers: {}", "scorers: {mood: mood}"), encoding="utf-8")
    engine = limen.Engine.load(pack, scorers=[mood])
    items = [(limen.Content(text=text), "DE", None) for text in ("a", "b", "c?")]
    with caplog.at_level("WARNING", "limen"):
        asyncio.run(engine.moderate_all(items, mode="complete"))
    told = [(one.msg["outputs"], one.msg["reason"], one.msg["contents"]) for one in caplog.records]
    assert told == [(["text.angry", "text.calm"], "no words", 3), (["text.odd"], "odd", 1)]


def test_time_may_be_a_datetime_or_a_text(pack: Path) -> None:
    (pack / "nudity.limen").write_text(POLICY.replace("region DE {", "region DE from 2026-03-01 {"), encoding="utf-8")
    engine = limen.Engine.load(pack)
    scores = {"image.nudity": 0.92, "text.sexual": 0.0}
    assert engine.decide(scores=scores, region="DE", at=datetime(2026, 3, 1, tzinfo=UTC)).enforcement == "remove"
    assert engine.decide(scores=scores, region="DE", at="2026-03-01T00:30:00+01:00").enforcement == "reduce"
    assert engine.decide(scores=scores, region="DE").status == "unavailable"


def test_a_decision_is_json(pack: Path) -> None:
    decision = limen.Engine.load(pack).decide(scores={"image.nudity": float("nan")}, region="DE", id="p1")
    assert json.loads(decision.to_json())["why_missing"] == {
        "image.nudity": "not a finite number",
        "text.sexual": "absent",
    }


def test_the_public_names_are_sorted_and_there() -> None:
    assert sorted(limen.__all__) == limen.__all__
    assert all(hasattr(limen, name) for name in limen.__all__)


def test_a_cache_gives_the_same_engine_and_never_an_old_one(
    pack: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    first = limen.Engine.load(pack, cache=cache)
    again = limen.Engine.load(pack, cache=cache)
    assert (again.digest, again.program) == (first.digest, first.program)
    assert len(list(cache.iterdir())) == 1
    (pack / "nudity.limen").write_text(POLICY.replace("0.95", "0.96"), encoding="utf-8")
    assert limen.Engine.load(pack, cache=cache).digest != first.digest
    for entry in cache.iterdir():
        entry.write_text("{}", encoding="utf-8")
    assert limen.Engine.load(pack, cache=cache).digest == limen.Engine.load(pack).digest


def test_reload_reads_only_what_changed(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pack / "other.limen").write_text(POLICY.replace("policy nudity", "policy other"), encoding="utf-8")
    engine = limen.Engine.load(pack)
    parsed: list[str] = []
    original = memory.parse
    monkeypatch.setattr(memory, "parse", lambda source: parsed.append(source.path) or original(source))
    (pack / "other.limen").write_text(
        POLICY.replace("policy nudity", "policy other").replace("0.95", "0.96"), encoding="utf-8"
    )
    before = {policy.name: policy for policy in engine.program.policies}
    engine.reload()
    after = {policy.name: policy for policy in engine.program.policies}
    assert parsed == ["other.limen"]
    assert after["nudity"] is before["nudity"]
    assert after["other"] != before["other"]
    assert engine.digest == limen.Engine.load(pack).digest
