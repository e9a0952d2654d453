"""The reference where it is easiest to get wrong: what is missing must open a policy exactly where it can make a difference."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decision import Status
from engine.judge import arm_of
from policy_dsl.program import Arm, Experiment
from tests.engine.packs import SCORES, compiled, decided

FULL = dict.fromkeys(SCORES, 0)


def outcome(text: str, scores: dict[str, Any] | None = None, region: str = "GLOBAL", **facts: Any) -> Any:
    return decided(
        compiled(text),
        {"scores": {**FULL, **(scores or {})}, "facts": {f"fact.{name}": value for name, value in facts.items()}},
        region,
    )


def test_a_set_of_texts_can_be_asked() -> None:
    text = 'policy p { severity P2 rule r { when fact.surface in ["live"] then remove } }'
    assert outcome(text, surface="live").enforcement == 3


def test_a_ladder_that_may_lose_a_route_is_open() -> None:
    text = 'policy p { severity P1 score s = max(text.a, text.b) thresholds on s { remove >= 0.8  remove and review(queue: "r") >= 0.5 } }'
    found = outcome(text, {"text.a": 0.6, "text.b": None})
    assert (found.status, found.missing) == (Status.DEGRADED, ("text.b",))
    assert outcome(text, {"text.a": 0.8, "text.b": None}).status is Status.DECIDED


def test_two_parts_that_may_each_lose_the_same_route_are_open_together() -> None:
    """Either alone still leaves the route to the other."""
    text = """policy p { severity P2 on missing { }
      score s = max(text.a, text.b)
      score t = max(text.a, text.b)
      thresholds on s { remove >= 0.8  remove and review >= 0.5 }
      thresholds on t { remove >= 0.8  remove and review >= 0.5 } }"""
    assert outcome(text, {"text.a": 0.6, "text.b": None}).status is Status.DEGRADED
    kept = text.replace("thresholds on t { remove >= 0.8  remove", "thresholds on t { remove")
    assert outcome(kept, {"text.a": 0.6, "text.b": None}).status is Status.DECIDED


def test_a_waived_policy_asks_for_nothing_but_an_absolute_rule_s_priority() -> None:
    text = """policy p { severity P2
      rule r absolute { when fact.flag then remove and review }
      thresholds on text.a { label >= 0.5 }
      exception out { when fact.news then waive }
      priority P0 when fact.count >= 2 }"""
    found = outcome(text, {"text.a": None}, flag=True, news=True, count=None)
    assert (found.status, found.missing) == (Status.DEGRADED, ("fact.count",))
    assert outcome(text, {"text.a": None}, flag=False, news=True, count=None).status is Status.DECIDED


def test_a_threshold_of_nothing_is_met_by_every_score_until_it_is_adjusted() -> None:
    text = "policy p { severity P2 thresholds on text.a { label >= 0.0 } adjust a { when fact.flag then raise thresholds by 0.05 } }"
    assert outcome(text, {"text.a": 0}).enforcement == 1
    assert outcome(text, {"text.a": 0}, flag=True).enforcement == 0
    assert outcome(text, {"text.a": 0.05}, flag=True).enforcement == 1


def test_an_unknown_input_of_an_effect_matters_only_for_the_enforcement_that_is_proposed() -> None:
    text = """policy p { severity P1 thresholds on text.a { remove >= 0.8  label >= 0.5 }
      effects remove { tell = true }
      for fact.surface in [ad] { effects remove { tell = false } } }"""
    assert outcome(text, {"text.a": 0.8}, surface=None).missing == ("fact.surface",)
    assert outcome(text, {"text.a": 0.5}, surface=None).status is Status.DECIDED
    same = text.replace("false", "true")
    assert outcome(same, {"text.a": 0.8}, surface=None).status is Status.DECIDED


def test_a_condition_that_gives_no_truth_value_is_an_error_not_false() -> None:
    text = "policy p { severity P1 rule r { when dyn(fact.count) then remove } }"
    found = outcome(text, count=1)
    assert found.status is Status.DEGRADED
    assert found.verdicts[0].errors == ("a condition gave int, expected a truth value",)


def test_an_error_speaks_though_another_rule_fired() -> None:
    text = "policy p { severity P1 rule r { when fact.flag then remove } rule s { when 10 / fact.count > 3 then label } on error { review } }"
    found = outcome(text, flag=True, count=0)
    assert (found.status, found.enforcement, len(found.routes)) == (Status.DEGRADED, 3, 1)


def test_the_verdict_names_the_clause_that_gave_the_enforcement() -> None:
    text = """policy p { severity P1
      rule weak { when fact.flag then label }
      rule strong absolute { when fact.news then reduce }
      thresholds on text.a { remove >= 0.8  review >= 0.2 }
      exception cap { when fact.count >= 2 then at most label } }"""
    assert outcome(text, flag=True).verdicts[0].clause == "p.weak@GLOBAL"
    assert outcome(text, {"text.a": 0.8}, flag=True, news=True).verdicts[0].clause == "p.text.a.remove@GLOBAL"
    capped = outcome(text, {"text.a": 0.8}, flag=True, news=True, count=2).verdicts[0]
    assert (capped.clause, capped.enforcement, capped.exceptions) == ("p.strong@GLOBAL", 2, ("p.cap@GLOBAL",))
    assert outcome(text, {"text.a": 0.2}).verdicts[0].clause == "p.text.a.review@GLOBAL"


@pytest.mark.parametrize(("unit", "bucket"), [("u7", 6_872), ("u15", 274_340), ("7", 429_034), (7, 869_731)])
def test_the_arm_of_a_unit_is_its_bucket_s(unit: Any, bucket: int) -> None:
    """Buckets by an independent computation: `printf 'conformance/p/e\\0"u7"' | sha256sum`, first 16 digits modulo 1,000,000."""
    below = Experiment("e", "x", "conformance/p/e", (Arm("B", 0, bucket), Arm("C", bucket, bucket + 1)))
    assert arm_of(below, unit) == "C"
    assert arm_of(Experiment("e", "x", "conformance/p/e", (Arm("B", 0, bucket),)), unit) is None


def test_units_of_other_alphabets_have_an_arm() -> None:
    everybody = Experiment("e", "x", "s", (Arm("B", 0, 1_000_000),))
    assert [arm_of(everybody, unit) for unit in ("\u0928", "\ud800", 'a"\\\n', True, -1)] == ["B"] * 5
