"""The demo's posts: readable as content, each with a source, and between them showing what the pack can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.engine import Engine
from engine.rendering import Decision
from scorers.content import Content

FOLDER = Path(__file__).resolve().parents[2] / "limen" / "demo"
LICENCES = {"CC0-1.0", "CC-BY-4.0", "Apache-2.0"}
Decided = list[tuple[dict[str, Any], tuple[Decision, ...]]]


@pytest.fixture(scope="module")
def posts() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "posts.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sidecar() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "posts.sources.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def decided(engine: Engine, posts: list[dict[str, Any]]) -> Decided:
    items = [(Content.from_record(post, FOLDER), post["region"], None) for post in posts]
    return list(zip(posts, asyncio.run(engine.moderate_all(items)), strict=True))


def every(decided: Decided) -> Iterator[Decision]:
    return (decision for _, decisions in decided for decision in decisions)


def test_every_post_has_its_source(posts: list[dict[str, Any]], sidecar: dict[str, Any]) -> None:
    assert [post["id"] for post in posts] == list(sidecar["posts"])
    for entry in sidecar["posts"].values():
        source = sidecar["sources"][entry["source"]]
        assert source["licence"] in LICENCES
        assert source["licence"] != "CC-BY-4.0" or source["attribution"]
        assert entry["shows"]
        assert ("row" in entry) == ("url" in source), "a row of a set, or our own"


def test_posts_that_have_a_text_say_its_language(posts: list[dict[str, Any]], sidecar: dict[str, Any]) -> None:
    texts = [post for post in posts if "text" in post]
    assert {post["language"] for post in texts} == {"en", "de", "hi", "pt", "ar"}
    real = [post for post in texts if sidecar["posts"][post["id"]]["source"] != "written"]
    assert len(real) >= 20


def test_every_one_is_decided(decided: Decided) -> None:
    assert [
        (post["id"], d.region, d.to_dict()["missing"]) for post, ds in decided for d in ds if d.status != "decided"
    ] == []


def test_they_show_everything_that_can_happen_to_content(engine: Engine, decided: Decided) -> None:
    assert {decision.enforcement for decision in every(decided)} == {item.name for item in engine.program.enforcements}
    assert {route for decision in every(decided) for route in decision.routes} == {"review", "escalate"}


def test_they_show_regional_differences_and_exceptions(decided: Decided) -> None:
    differing = {post["id"] for post, decisions in decided if len({d.enforcement for d in decisions}) > 1}
    assert differing >= {"bathers", "symbol", "crisis", "made-by-machine"}
    exceptions = {
        name.partition("@")[0]
        for d in every(decided)
        for verdict in d.to_dict()["policies"]
        for name in verdict["exceptions"]
    }
    assert len(exceptions) >= 4


def test_a_word_in_disguise_is_found(decided: Decided) -> None:
    by_id = {post["id"]: decisions for post, decisions in decided}
    for name in ("plague-disguised", "free-money"):
        assert by_id[name][0].routes or by_id[name][0].enforcement != "allow"
