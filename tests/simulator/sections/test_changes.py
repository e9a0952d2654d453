"""What differs between two packs: every change is named with its regions, and nothing that decides alike is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.result import Change, Mark
from simulator.sections.changes import changes
from simulator.sections.rungs import changed_rungs
from simulator.settings import Target, apply_settings
from tests.property.packs import compiled, packs

PACK = """policy p {
  severity P3
  thresholds on text.a { remove >= 0.9 reduce >= 0.5 }
  region DE { thresholds on text.a { remove >= 0.8 } }
  rule flagged { when fact.flag then review }
  exception spared { when fact.sure then waive }
}
"""


def told(before: str, after: str):
    return [(c.what, c.where, c.before, c.after) for c in changes(compiled(before), compiled(after))]


def test_the_same_pack_has_no_change_nor_has_another_layout():
    assert told(PACK, PACK) == []
    assert told(PACK, PACK.replace("  rule", "\n\n  # why\n  rule")) == []


def test_a_threshold_is_told_by_its_clause():
    assert told(PACK, PACK.replace("0.9", "0.95")) == [("threshold", "p.text.a.remove@GLOBAL", "0.9", "0.95")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("when fact.flag", "when !fact.flag"),
            ("rule", "p.flagged", "review(general) (as in A)", "review(general) (as in B)"),
        ),
        (("  rule flagged { when fact.flag then review }\n", ""), ("rule", "p.flagged", "review(general)", None)),
        (("then waive", 'then waive reason "kind"'), None),
        (
            ("fact.sure then", "fact.sure && fact.flag then"),
            ("exception", "p.spared", "waived (as in A)", "waived (as in B)"),
        ),
    ],
)
def test_every_kind_of_clause_is_told(change, expected):
    found = told(PACK, PACK.replace(*change))
    assert [(what, where.split("@")[0], a, b) for what, where, a, b in found] == ([expected] if expected else [])


def test_another_severity_is_told_with_what_it_brings():
    found = told(PACK, PACK.replace("severity P3", "severity P2"))
    assert ("policy", "p", "P3", "P2") in found
    assert {what for what, *_ in found} <= {"policy", "default"}


def test_a_setting_for_a_region_is_told_for_that_region_alone():
    program = compiled(PACK)
    found = changes(program, apply_settings(program, ["p.text.a.reduce@DE=0.4"]))
    assert found == (Change("threshold", "p.text.a.reduce@GLOBAL in DE", "0.5", "0.4"),)


def test_a_rung_that_is_switched_off_is_told():
    program = compiled(PACK)
    assert [(c.before, c.after) for c in changes(program, apply_settings(program, ["p.text.a.reduce=off"]))] == [
        ("0.5", "off")
    ]


def test_changed_rungs_stand_where_they_differ():
    program = compiled(PACK)
    assert changed_rungs(program, program) == ()
    everywhere = apply_settings(program, ["p.text.a.reduce=0.4"])
    assert changed_rungs(program, everywhere) == (
        (Target("p", "text.a", "reduce"), (Mark("a", "reduce", 0.5), Mark("b", "reduce", 0.4))),
    )
    german = apply_settings(program, ["p.text.a.remove@DE=0.7"])
    assert changed_rungs(program, german) == (
        (Target("p", "text.a", "remove"), (Mark("a", "remove", 0.8), Mark("b", "remove", 0.7))),
    )


def test_a_mark_is_what_holds_for_everything():
    guarded = PACK.replace(
        "region DE", "for fact.flag in [true] { thresholds on text.a { remove >= 0.7 } }\n  region DE"
    )
    program = compiled(guarded)
    found = changed_rungs(program, apply_settings(program, ["p.text.a.remove=0.6"]))
    assert found[0][1] == (Mark("a", "remove", 0.9), Mark("b", "remove", 0.6))


def test_a_rung_that_is_off_has_no_mark():
    program = compiled(PACK)
    off = apply_settings(program, ["p.text.a.reduce=off"])
    assert changed_rungs(program, off) == ((Target("p", "text.a", "reduce"), (Mark("a", "reduce", 0.5),)),)


@settings(max_examples=30)
@given(packs(), st.sampled_from(["0.31", "off"]))
def test_any_pack_equals_itself_and_its_settings_are_told(text, value):
    program = compiled(text)
    assert changes(program, program) == ()
    assert changed_rungs(program, program) == ()
    for policy in program.policies:
        for ladder in (one for variant in policy.variants for one in variant.ladders):
            for rung in ladder.rungs:
                name = ladder.score.removeprefix(f"{policy.name}.")
                other = apply_settings(program, [f"{policy.name}.{name}.{rung.name}={value}"])
                assert bool(changes(program, other)) == bool(changed_rungs(program, other))
                return
