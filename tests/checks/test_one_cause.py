"""One cause gives one finding: what another finding tells already is not told again."""

from __future__ import annotations

import pytest

from policy_dsl.checks.modality_mismatch import MODALITIES
from scorers.content import Modality
from tests.checks.packs import check, shared_manifest

HEAD = 'policy p {\n  title "t" owner "o" severity P2\n'


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        # names of a scorer that did not load
        ("thresholds on words.risk { remove >= 0.9 } on missing words.risk { review }", []),
        ("rule r { when words.match && words.count > 3 then remove }", []),
        ("score s = max(words.risk, text.hate) thresholds on s { remove >= 0.9 }", []),
        # an unknown outcome does not also begin too low
        ("thresholds on text.hate { remov >= 0.5  reduce >= 0.8 }", ["LIM101"]),
        # an unknown region states nothing
        (
            "thresholds on text.hate { remove >= 0.9 } region XX { thresholds on text.hate { remove >= 0.9 } }",
            ["LIM104"],
        ),
        # a threshold out of range neither repeats nor shadows
        (
            "thresholds on text.hate { remove >= 9  reduce >= 0.8 } region DE { thresholds on text.hate { remove >= 0.9 } }",
            ["LIM140"],
        ),
        # an unknown name is told once, whatever is asked of it
        ('rule r { when nothing.here > 3 && nothing.here < 1 && "x" in nothing.here then remove }', ["LIM300"] * 3),
        (
            "score s = max(nothing.here, 0.5) thresholds on s { remove >= 0.9 } rule r { when s >= 0.5 then reduce }",
            ["LIM102"],
        ),
        # a condition with a wrong type is not also one that never holds
        ('rule r { when author.strikes == "x" && author.strikes < 0 then remove }', ["LIM305"]),
    ],
)
def test_no_second_finding(body: str, errors: list[str]) -> None:
    manifest = shared_manifest() + "scorers:\n  words: {use: not-installed}\n"
    checked = check(f"{HEAD}  {body}\n}}\n", manifest)
    assert checked.errors == ["LIM052", *errors]
    warnings = {"LIM204", "LIM206", "LIM207", "LIM209", "LIM210", "LIM219"}
    assert warnings.isdisjoint(checked.codes)


def test_names_of_a_text_that_did_not_parse_count_as_known() -> None:
    text = (
        HEAD
        + "  score risk = max(text.hate,\n  thresholds on risk { remove >= 0.9 }\n  rule r { when risk >= 0.5 then reduce }\n}\n"
    )
    codes = set(check(text).errors)
    assert not codes & {"LIM102", "LIM110", "LIM300"}


def test_what_seems_absent_waits_until_the_errors_are_gone() -> None:
    absent = {"LIM203", "LIM211", "LIM215", "LIM216", "LIM217", "LIM220"}
    text = 'policy p { title "t" owner "o" severity P1 let a = author.strikes > 3 on missing text.hate { review } %s }'
    assert absent & set(check(text % "").codes) == {"LIM203", "LIM215", "LIM217", "LIM220"}
    assert absent.isdisjoint(check(text % "mode test").codes)


def test_the_modalities_are_those_of_content() -> None:
    assert set(MODALITIES) == {str(modality) for modality in Modality}


@pytest.mark.parametrize(
    ("statement", "near_miss"),
    [
        ("score s = max(5, text.hate)", "score s = max(0.5, text.hate)"),
        ("score s = text.hate.max(image.hate)", "score s = max(text.hate, image.hate)"),
        ("score s = max()", "score s = max(text.hate)"),
        ("score s = cascade(text.hate, image.hate, 0.2)", "score s = cascade(text.hate, image.hate, 0.2, 0.2)"),
        ("score s = cascade(0.5, image.hate, 0.2, 0.4)", "score s = cascade(0.5 * text.hate, image.hate, 0.2, 0.4)"),
        ("score s = cascade(text.hate, image.hate, low, 0.4)", "score s = cascade(text.hate, image.hate, 0.0, 1)"),
        ("score s = 2 * 0.5", "score s = 2 * (0.5 * text.hate)"),
        ("score s = 0.5", "score s = 0.5 + text.hate"),
        ("score s = 5000 * text.hate", "score s = 1000 * text.hate"),
        ("score s = -text.hate", "score s = 1.0 - text.hate"),
        ("score s = text.hate > 0.5", "let s = text.hate > 0.5"),
        ("score s = biggest(text.hate, image.hate)", "score s = mean(text.hate, image.hate)"),
        ("score s = content.tags.map(t, t)", "score s = min(text.hate, image.hate)"),
        ("score s = 0x1 * text.hate", "score s = 1 * text.hate"),
        ("score s = 1u * text.hate", "score s = 0.1 * text.hate"),
        ('score s = max(text.hate, "0.5")', "score s = max(text.hate, 0.5)"),
        ("score s = 0.6: text.hate", "score s = 0.6 * text.hate"),
        ("score s = max(0.6: text.hate, image.hate)", "score s = weighted(0.6: text.hate, 0.4: image.hate)"),
        ("score s = weighted(0: text.hate, 1: image.hate)", "score s = weighted(1: image.hate)"),
        ("score s = weighted(1: 0.5)", "score s = weighted(0.5: 0.5, 0.5: text.hate)"),
        ("score s = 0.1234567 * text.hate", "score s = 0.123456 * text.hate"),
        (
            "experiment e { unit author.age_days share 0.00001% variant B { } }",
            "experiment e { unit author.age_days share 0.0001% variant B { } }",
        ),
        ("effects remove { weight = 0x10 }", "effects remove { weight = 16 }"),
        ("effects remove { weight = 99999999999999999999 }", "effects remove { weight = 9999999999 }"),
    ],
)
def test_what_lowering_could_not_take(statement: str, near_miss: str) -> None:
    assert len(check(f"{HEAD}  {statement}\n}}\n").errors) >= 1
    assert check(f"{HEAD}  {near_miss}\n}}\n").errors == []
