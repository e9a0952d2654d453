"""Which scorers are asked, in which order, and what a decision says about those that were not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import limen
from engine.engine import Engine
from engine.plan import bucket, draw
from scorers.content import Content, Media

MANIFEST = """
pack: planned
language: 1
enforcements: {allow: {}, label: {}, reduce: {}, remove: {effects: {notify_user: true}}}
routes: {review: {queue: general}}
severities: {P1: {}, P2: {}}
inputs:
  author.id: {type: string, optional: true}
scorers:
  words: {use: words}
  cheap: {use: cheap, cache: false}
  deep: {use: deep, cache: false}
  image: {use: image, cache: false}
  unused: {use: unused, cache: false}
"""
RULES = """
policy known { severity P1  rule hit { when words.hit then remove and review } on missing { review } }
policy hate {
  severity P2
  score risk = cascade(cheap.hate, deep.hate, 0.2, 0.9)
  thresholds on risk { remove >= 0.9  label >= 0.5 }
}
policy nude { severity P2  thresholds on image.nude { reduce and review >= 0.8 } }
"""
Calls = list[tuple[str, tuple[str, ...]]]


def plugin(name: str, cost: limen.Cost, outputs: dict[str, Any], calls: Calls) -> limen.Plugin:
    class Told(limen.Scorer):
        """Says what the content's text says; writes down who was asked about whom."""

        def __init__(self) -> None:
            self.outputs = outputs

        async def score(self, batch: Sequence[Content]) -> list[dict[str, Any]]:
            calls.append((name, tuple(content.id for content in batch)))
            said = [json.loads(content.text or "{}") for content in batch]
            if any(one.get("fail") == name for one in said):
                raise RuntimeError("down")
            return [{output: one.get(output, default(kind)) for output, kind in outputs.items()} for one in said]

    return limen.Plugin(name, "1", "MIT", cost, outputs, lambda *_: Told())


def default(kind: Any) -> Any:
    return {"flag": False, "text": "x"}.get(str(kind.kind), 0.0)


def engine(folder: Path, calls: Calls, rules: str = RULES, manifest: str = MANIFEST, **options: Any) -> Engine:
    text = {"modality": "text"}
    plugins = [
        plugin("words", limen.Cost.LOOKUP, {"words.hit": limen.Flag(**text)}, calls),
        plugin("cheap", limen.Cost.CPU_LIGHT, {"cheap.hate": limen.Score(**text)}, calls),
        plugin("deep", limen.Cost.GPU, {"deep.hate": limen.Score(**text)}, calls),
        plugin("image", limen.Cost.GPU, {"image.nude": limen.Score(modality="image")}, calls),
        plugin(
            "unused", limen.Cost.REMOTE, {"unused.score": limen.Score(**text), "unused.name": limen.Text(**text)}, calls
        ),
    ]
    (folder / "limen.yaml").write_text(manifest, encoding="utf-8")
    (folder / "rules.limen").write_text(rules, encoding="utf-8")
    return Engine.load(folder, scorers=plugins, **options)


def post(id: str = "a", *, image: bool = False, **said: Any) -> Content:
    pictures = (Media(data=b"x"),) if image else ()
    return Content(
        id=id, text=json.dumps({name.replace("__", "."): value for name, value in said.items()}), images=pictures
    )


def judged(loaded: Engine, *contents: Content, **options: Any) -> list[limen.Decision]:
    found = asyncio.run(loaded.moderate_all([(content, "US", None) for content in contents], **options))
    return [decision for decisions in found for decision in decisions]


def test_what_is_settled_by_the_cheapest_asks_nobody_else(tmp_path: Path) -> None:
    calls: Calls = []
    (decision,) = judged(engine(tmp_path, calls), post(words__hit=True))
    assert [name for name, _ in calls] == ["words"]
    assert (decision.enforcement, decision.routes, decision.status) == ("remove", ("review",), "decided")
    told = decision.to_dict()
    assert told["scorers"] == {"words": "words@1"}
    assert told["skipped"] == {
        "cheap": "not needed: no value of it changes the decision",
        "deep": "not needed: no value of it changes the decision",
        "unused": "not read: no rule here asks for it",
    }
    assert (told["way"], told["propensity"], told["missing"]) == ("decisive", 1.0, [])
    assert {p["policy"]: p["enforcement"] for p in told["policies"]}["hate"] == "undetermined"


def test_the_deep_side_of_a_cascade_is_asked_in_its_band_only(tmp_path: Path) -> None:
    calls: Calls = []
    loaded = engine(tmp_path, calls)
    out, edge = judged(loaded, post("out", cheap__hate=0.199999), post("edge", cheap__hate=0.2, deep__hate=0.6))
    assert dict(calls)["deep"] == ("edge",)
    assert (out.enforcement, edge.enforcement) == ("allow", "label")
    assert out.to_dict()["skipped"]["deep"] == "outside the band: `hate.risk` took the cheap score"


def test_the_deep_side_waits_where_both_sides_cost_the_same(tmp_path: Path) -> None:
    calls: Calls = []
    rules = RULES.replace("cascade(cheap.hate, deep.hate", "cascade(image.nude, deep.hate")
    judged(engine(tmp_path, calls, rules), post(image=True, image__nude=0.1))
    assert [name for name, _ in calls] == ["words", "image"]


def test_contents_go_through_a_stage_in_one_batch(tmp_path: Path) -> None:
    calls: Calls = []
    contents = [
        post("a", cheap__hate=0.5),
        post("b", words__hit=True),
        post("c", cheap__hate=0.6),
        post("d", image=True),
    ]
    judged(engine(tmp_path, calls), *contents)
    assert dict(calls) == {"words": ("a", "b", "c", "d"), "cheap": ("a", "c", "d"), "deep": ("a", "c"), "image": ("d",)}


def test_complete_asks_everybody_at_once_what_the_content_has(tmp_path: Path) -> None:
    calls: Calls = []
    (decision,) = judged(engine(tmp_path, calls), post(words__hit=True), mode="complete")
    assert sorted(name for name, _ in calls) == ["cheap", "deep", "unused", "words"]
    told = decision.to_dict()
    assert (told["way"], told["propensity"], told["skipped"]) == ("complete", 1.0, {})


def test_who_was_asked_and_failed_is_missing_who_was_not_is_skipped(tmp_path: Path) -> None:
    (decision,) = judged(engine(tmp_path, []), post(fail="words", cheap__hate=0.95))
    assert (decision.status, decision.enforcement) == ("degraded", "remove")
    row = decision.row()
    assert row["scores"] == {"words.hit": None, "cheap.hate": 0.95}
    assert row["skipped"] == ["deep.hate", "unused.name", "unused.score"]
    assert decision.to_dict()["missing"] == ["words.hit"]


def test_a_row_of_the_log_decides_what_was_decided(tmp_path: Path) -> None:
    loaded = engine(tmp_path, [])
    for content in (post(words__hit=True), post(cheap__hate=0.5, deep__hate=0.7), post(cheap__hate=0.1, image=True)):
        (decision,) = judged(loaded, content)
        (again,) = loaded.decide_record(json.loads(json.dumps(decision.row())))
        assert again.outcome == decision.outcome
        assert not again.unknown


def test_a_deadline_that_has_passed_makes_what_is_needed_missing(tmp_path: Path) -> None:
    calls: Calls = []
    (decision,) = judged(engine(tmp_path, calls), post(words__hit=True), deadline_ms=0)
    assert calls == []
    assert decision.status == "degraded"
    assert "deadline" in decision.to_dict()["why_missing"]["words.hit"]


def test_the_unit_of_an_experiment_is_always_asked_for(tmp_path: Path) -> None:
    calls: Calls = []
    variant = "variant B { thresholds on image.nude { reduce and review >= 0.9 } }"
    arms = f"experiment x {{ unit unused.name  share 50%  {variant} }}"
    judged(engine(tmp_path, calls, RULES.replace("policy nude {", f"policy nude {{ {arms}")), post(words__hit=True))
    assert [name for name, _ in calls] == ["words", "unused"]


def test_a_fact_named_like_an_output_is_refused_whoever_is_asked(tmp_path: Path) -> None:
    content = Content(id="a", text="{}", facts={"deep.hate": 0.3})
    loaded = engine(tmp_path, [])
    few, every = judged(loaded, content)[0], judged(loaded, content, mode="complete")[0]
    assert few.status == every.status == "unavailable"
    assert few.outcome.reason == every.outcome.reason


def test_a_record_that_cannot_be_used_asks_nobody(tmp_path: Path) -> None:
    calls: Calls = []
    found = asyncio.run(engine(tmp_path, calls).moderate_all([(post(), "XX", None), (post(), [], None)]))
    assert calls == []
    assert [decision.status for decisions in found for decision in decisions] == ["unavailable", "unavailable"]


def test_a_policy_in_shadow_is_no_reason_to_ask(tmp_path: Path) -> None:
    calls: Calls = []
    (decision,) = judged(engine(tmp_path, calls, RULES.replace("policy hate {", "policy hate { mode shadow")), post())
    assert [name for name, _ in calls] == ["words"]
    assert decision.to_dict()["skipped"]["cheap"] == "only in shadow: `hate`"


def test_the_nearest_change_is_one_that_is_certain(tmp_path: Path) -> None:
    (decision,) = judged(engine(tmp_path, []), post(cheap__hate=0.1))
    assert decision.to_dict()["nearest"] == {
        "score": "cheap.hate", "value": 0.1, "becomes": 0.900001, "then": "remove", "routes": [],
    }  # fmt: skip


def test_the_sample_is_the_same_everywhere_and_about_as_large_as_said(tmp_path: Path) -> None:
    plans = [draw(Content(id=str(number)), "decisive", 0.1) for number in range(5000)]
    share = sum(plan.way == "sampled" for plan in plans) / len(plans)
    assert 0.08 < share < 0.12
    assert {(plan.way, plan.propensity) for plan in plans} == {("sampled", 0.1), ("decisive", 0.9)}
    assert bucket(Content(id="p1")) == 103_243
    assert bucket(Content(text="a")) != bucket(Content(text="b"))
    assert bucket(Content(images=(Media(data=b"a"),))) != bucket(Content(images=(Media(data=b"b"),)))
    calls: Calls = []
    (decision,) = judged(engine(tmp_path, calls, sample=1.0), post(words__hit=True))
    assert decision.to_dict()["way"] == "sampled"
    assert len(calls) == 4


@pytest.mark.parametrize("options", [{"mode": "lazy"}, {"sample": 1.5}, {"sample": -0.1}])
def test_a_mode_or_share_that_does_not_exist_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        engine(tmp_path, [], **options)
