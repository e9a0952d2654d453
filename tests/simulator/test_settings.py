"""Settings: what `--set` changes, what it leaves off, and what it says to a slip."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.load import load_pack
from policy_dsl.program import Program
from simulator.settings import SettingError, Target, apply_settings, cuts_of, parse, resolve, shown

PACK = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def program() -> Program:
    found = load_pack(PACK).compiled.program
    assert found is not None
    return found


def thresholds(program: Program, target: Target) -> dict[str, int | None]:
    return {cut.clause: cut.threshold for cut in cuts_of(program, target)}


def in_region(program: Program, target: Target, region: str) -> int | None:
    """The threshold of the unguarded statement in force."""
    policy = next(item for item in program.policies if item.name == target.policy)
    variant = policy.variants[policy.places[program.regions.index(region)]]
    rungs = [rung for ladder in variant.ladders if ladder.score == target.score for rung in ladder.rungs]
    cuts = next(rung.cuts for rung in rungs if rung.name == target.action)
    return next(cut.threshold for cut in cuts if not cut.guard.within)


def test_a_score_with_dots_and_a_region(program: Program) -> None:
    found = parse(program, "hate.text.hate.review@DE=0.8")
    assert found.target == Target("hate", "text.hate", "review", "DE")
    assert found.threshold == 800_000
    assert str(found) == "hate.text.hate.review@DE=0.8"


def test_everywhere_means_every_region_and_every_for_block(program: Program) -> None:
    target = Target("nudity", "nudity.risk", "remove")
    changed = apply_settings(program, ["nudity.risk.remove=0.7"])
    assert len(thresholds(changed, target)) > 3
    assert set(thresholds(changed, target).values()) == {700_000}
    assert thresholds(changed, Target("nudity", "nudity.risk", "limit")) == thresholds(
        program, Target("nudity", "nudity.risk", "limit")
    )


def test_a_region_and_below_and_nothing_else(program: Program) -> None:
    target = Target("hate", "text.hate", "review")
    changed = apply_settings(program, ["hate.text.hate.review@EU=0.123456"])
    assert {region: in_region(changed, target, region) for region in ("FR", "DE", "US")} == {
        "FR": 123_456,
        "DE": 123_456,
        "US": 700_000,
    }


def test_what_is_off_for_less_than_named_stays_off(program: Program) -> None:
    target = Target("hate", "image.swastika", "remove")
    everywhere = apply_settings(program, ["hate.image.swastika.remove=0.5"])
    assert in_region(everywhere, target, "DE") == 500_000
    assert in_region(everywhere, target, "IN") is None
    named = apply_settings(program, ["hate.image.swastika.remove@IN=0.5"])
    assert in_region(named, target, "IN") == 500_000
    assert in_region(named, target, "BT") is None


def test_off_and_the_last_setting_counts(program: Program) -> None:
    target = Target("hate", "text.hate", "review")
    changed = apply_settings(program, ["hate.text.hate.review=0.2", "hate.text.hate.review@DE=off"])
    assert (in_region(changed, target, "US"), in_region(changed, target, "DE")) == (200_000, None)


@pytest.mark.parametrize("written", ["reduce and review", "reduce+review", "review+reduce"])
def test_actions_as_files_and_as_clauses_write_them(program: Program, written: str) -> None:
    assert parse(program, f"hate.text.hate.{written}=1").target.action == "reduce+review"


def test_options_may_be_left_out_where_that_is_clear(program: Program) -> None:
    assert parse(program, "self_harm.text.self_harm.review=1").target.action == "review(queue=wellbeing)"


def test_an_empty_list_changes_nothing(program: Program) -> None:
    assert apply_settings(program, []) is program


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hate", "`hate` is no setting, expected `POLICY.SCORE.ACTION[@REGION]=X`"),
        ("hate=0.5", "`hate=0.5` is no setting, expected `POLICY.SCORE.ACTION[@REGION]=X`"),
        ("harasment.text.toxicity.label=0.5", "unknown policy `harasment`: did you mean `harassment`"),
        ("hate.text.hat.review=0.5", "unknown score with thresholds in `hate` `text.hat`: did you mean `text.hate`"),
        ("hate.text.hate=0.5", "`hate.text.hate` names no action"),
        ("hate.text.hate.reviw=0.5", "unknown action `reviw`: did you mean `review`"),
        ("hate.text.hate.review@XX=0.5", "unknown region `XX`"),
        ("hate.text.hate.review=90", "scores lie in [0, 1]: did you mean `0.9`"),
        ("hate.text.hate.review=1.5", "scores lie in [0, 1]"),
        ("hate.text.hate.review=0.1234567", "a threshold has at most six decimal places"),
        ("hate.text.hate.review=-0.1", "`-0.1` is no threshold, expected a number in [0, 1] or `off`"),
        ("hate.text.hate.review=nan", "`nan` is no threshold"),
        ("notices.text.hate.review=0.5", "the policy `notices` has no thresholds"),
    ],
)
def test_a_slip_is_named(program: Program, text: str, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(program, text)
    assert says in str(caught.value)
    assert f"`{text}`" in str(caught.value)  # which of several `--set` it was
    assert "\n" not in str(caught.value)


def test_all_rungs_of_a_policy(program: Program) -> None:
    found = resolve(program, "spam", None, None, None)
    assert [str(target) for target in found] == ["spam.text.spam.reduce", "spam.text.spam.label"]


def test_thresholds_are_shown_as_files_write_them() -> None:
    assert [shown(micros) for micros in (None, 0, 1, 900_000, 1_000_000)] == ["off", "0", "0.000001", "0.9", "1"]
