"""Circles, and expressions too large: found without walking into them, and nothing that passes is too large for later stages."""

from __future__ import annotations

import pytest

from policy_dsl.checks.definitions import MAX_DEPTH, MAX_LINKS, MAX_SCORE_DEPTH
from policy_dsl.stored import from_json, to_json
from tests.checks.packs import check

RULE = "policy p { severity P2 rule r { when %s then reduce } }\n"


@pytest.mark.parametrize(
    ("text", "circles"),
    [
        ("let a = a\n", 1),
        ("let a = b let b = !a\n", 1),
        ("let a = b let b = c let c = a let d = a\n", 1),
        ("let a = b let b = a let c = d let d = c\n", 2),
        ("score a = max(b, text.hate) score b = a let c = a >= 0.5\n", 1),
        ("let a = text.hate >= 0.5 let b = a && a let c = a || b\n", 0),
    ],
)
def test_each_circle_is_told_once(text: str, circles: int) -> None:
    checked = check(text + RULE % "author.strikes > 1")
    assert checked.errors == ["LIM122"] * circles


def test_what_rests_on_a_circle_is_not_told_again() -> None:
    checked = check("let a = b let b = a\nscore s = t score t = s\n" + RULE % "a && s >= 0.5 && nothing.known")
    assert sorted(checked.errors) == ["LIM122", "LIM122"]


def test_a_policys_circle_through_its_own_names() -> None:
    checked = check("policy p { severity P2 let a = b let b = a rule r { when a then reduce } }")
    assert checked.errors == ["LIM122"]
    (found,) = checked.of("LIM122")
    assert "`a` → `b` → `a`" in found.message


def lets(count: int, text: str) -> str:
    return "let a0 = author.strikes > 0\n" + "".join(f"let a{i} = {text.format(i - 1)}\n" for i in range(1, count))


def test_lets_that_double_are_told_at_the_first_that_is_too_long() -> None:
    checked = check(lets(200, "a{0} && a{0}") + RULE % "a199")
    (found,) = checked.of("LIM123")
    assert checked.errors == ["LIM123"]
    assert checked.text(found) == "a11"


def test_long_chains_of_lets_and_scores() -> None:
    assert check(lets(1000, "a{0}") + RULE % "a999").errors == ["LIM123"]
    scores = "score s0 = text.hate\n" + "".join(f"score s{i} = 0.9 * s{i - 1}\n" for i in range(1, 1000))
    assert check(scores + RULE % "s999 >= 0.5").errors == ["LIM123"]


@pytest.mark.parametrize(
    "text",
    [
        RULE % (" || ".join(["author.strikes > 1"] * (MAX_DEPTH - 2))),
        RULE % ("!(" * 40 + "author.strikes > 1" + ")" * 40),
        lets(MAX_DEPTH // 3, "!a{0}") + RULE % f"a{MAX_DEPTH // 3 - 1}",
        "score s = "
        + "max(" * (MAX_SCORE_DEPTH - 3)
        + "text.hate"
        + ")" * (MAX_SCORE_DEPTH - 3)
        + "\n"
        + RULE % "s >= 0.5",
        "score s0 = text.hate\n"
        + "".join(f"score s{i} = 0.9 * s{i - 1}\n" for i in range(1, MAX_LINKS))
        + RULE % f"s{MAX_LINKS - 1} >= 0.5",
    ],
)
def test_the_largest_that_pass_lower_and_are_read_again(text: str) -> None:
    checked = check(text)
    assert checked.errors == []
    assert checked.compiled.program is not None
    stored = to_json(checked.compiled.program)
    assert to_json(from_json(stored)) == stored
