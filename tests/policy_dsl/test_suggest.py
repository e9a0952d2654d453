"""Names that nobody knows, and what was probably meant."""

from __future__ import annotations

import pytest

from policy_dsl.suggest import suggest

SCORES = (
    "image.nudity",
    "image.hate",
    "text.hate",
    "text.sexual",
    "hash.csam.match",
    "hash.csam.distance",
    "author.age_days",
)
POLICIES = ("nudity", "harassment", "hate", "self_harm", "spam")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("image.nudty", "image.nudity"),  # a letter left out
        ("image.nuddity", "image.nudity"),  # one doubled
        ("image.nudiyt", "image.nudity"),  # two exchanged
        ("Image.Nudity", "image.nudity"),
        ("image.haet", "image.hate"),  # the part before the dot counts first: not text.hate
        ("text.haet", "text.hate"),
        ("nudity", "image.nudity"),  # the part before the dot left out
        ("img.nudity", "image.nudity"),
        ("hash.csam.mtach", "hash.csam.match"),
        ("csam.distance", "hash.csam.distance"),
        ("author.age-days", "author.age_days"),
    ],
)
def test_scores(name: str, meant: str) -> None:
    assert suggest(name, SCORES) == meant


@pytest.mark.parametrize("name", ["hate", "image.violence", "x", "", "text.hate", "n" * 1_000_000, "video.deepfake"])
def test_nothing_where_it_is_far_or_could_be_two(name: str) -> None:
    assert suggest(name, SCORES) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Hate", "hate"), ("harrasment", "harassment"), ("self-harm", "self_harm"), ("sapm", "spam"), ("ads", None)],
)
def test_policies(name: str, meant: str | None) -> None:
    assert suggest(name, POLICIES) == meant


def test_the_part_before_the_dot_counts_first() -> None:
    assert suggest("text.hats", ("image.hats", "text.hate")) == "text.hate"


def test_the_order_of_the_known_names_does_not_matter() -> None:
    assert suggest("text.hat", SCORES) == suggest("text.hat", reversed(SCORES))
