"""Asking only what can still matter decides what asking everything decides (ruling R4), on random packs with made-up scorers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import limen
from engine.decision import Status, Verdict
from engine.engine import Engine
from engine.load import make_env
from engine.loader import Loaded
from engine.rendering import Decision
from policy_dsl.env import Env
from policy_dsl.lower import lower
from policy_dsl.manifest import Manifest
from policy_dsl.parser import parse
from policy_dsl.program import Program
from policy_dsl.source import Source
from scorers.content import Content, Media
from scorers.registry import Registry, Setup
from scorers.scorer import Plugin, Scorer
from tests.property import packs as made

CONTENTS = 6  # of each pack, in one batch
OUTPUTS = {
    "words": (limen.Cost.LOOKUP, {"words.kind": limen.Choice(["clean", "rude", "vile"], modality="text")}),
    "hash": (
        limen.Cost.LOOKUP,
        {"hash.hit": limen.Flag(modality="image"), "hash.far": limen.Count(0, 64, modality="image")},
    ),
    "cheap": (limen.Cost.CPU_LIGHT, {"text.a": limen.Score(modality="text")}),
    "beside": (limen.Cost.CPU_LIGHT, {"text.b": limen.Score(modality="text")}),
    "deep": (limen.Cost.GPU, {"image.c": limen.Score(modality="image")}),
    "other": (limen.Cost.GPU, {"image.d": limen.Score(modality="image")}),
    "idle": (limen.Cost.REMOTE, {"idle.score": limen.Score()}),
}
Values = dict[str, dict[str, Any]]


class Known(Scorer):
    """Says what it was told, by the content's id; None is missing."""

    def __init__(self, outputs: Mapping[str, Any], values: Values) -> None:
        self.outputs, self.values = outputs, values

    async def score(self, batch: Sequence[Content]) -> list[dict[str, Any]]:
        return [{name: self.values[content.id][name] for name in self.outputs} for content in batch]


def setup(values: Values) -> Setup:
    def plugin(name: str) -> Plugin:
        cost, outputs = OUTPUTS[name]
        return Plugin(name, "1", "MIT", cost, outputs, lambda *_: Known(outputs, values))

    entries = {name: {"use": name, "cache": False} for name in OUTPUTS}
    found = Registry.of([plugin(name) for name in OUTPUTS]).configure(entries, Path())
    assert not found.problems
    return found


@cache
def env() -> Env:
    given_by_scorers = {name for _, outputs in OUTPUTS.values() for name in outputs}
    inputs = {name: spec for name, spec in made.MANIFEST["inputs"].items() if name not in given_by_scorers}
    manifest = {**made.MANIFEST, "inputs": inputs}
    text = yaml.safe_dump(manifest, sort_keys=False)
    found, problems = make_env(
        Manifest.model_validate(manifest), Source("limen.yaml", text), setup({}), made.env().tree
    )
    assert not problems
    return found


def compiled(text: str) -> Program:
    source = Source("rules.limen", text)
    return lower(parse(source).file.items, env(), {"rules.limen": source})


@dataclass(frozen=True)
class Ready:
    """In a loader's place: the pack is loaded."""

    loaded: Loaded

    def load(self) -> Loaded:
        return self.loaded


def engine(text: str, values: Values, evaluator: Any = "scalar", **options: Any) -> Engine:
    return Engine(Ready(Loaded(compiled(text), "sha256:made", setup(values).scorers)), evaluator, **options)


def content(program: Program, rng: Random, values: Values, gaps: float = 0.0) -> Content:
    """One content whose facts are there or not, and what the scorers will say about it."""
    number = str(len(values))
    specs = {spec.name: spec for spec in program.inputs}
    said = {name: made.usual(spec, rng) for name, spec in specs.items() if spec.scorer is not None}
    values[number] = {name: None if rng.random() < gaps else value for name, value in said.items()}
    absent = rng.choice([0.0, 0.0, 0.3])
    facts = {
        spec.name: made.usual(spec, rng)
        for spec in specs.values()
        if spec.scorer is None and rng.random() >= (0.4 if spec.default is not None or spec.optional else absent)
    }
    picture = (Media(data=b"x"),) if rng.random() < 0.7 else ()
    return Content(id=number, text="x" if rng.random() < 0.9 else None, images=picture, facts=facts)


def named(decision: Decision) -> Any:
    """All that ruling R4 names."""
    outcome = decision.outcome
    enforcement = outcome.enforcement
    return (outcome.region, enforcement, outcome.routes, outcome.sanctions, outcome.effects, outcome.arms)


def proposed(verdict: Verdict) -> Any:
    return (verdict.policy, verdict.enforcement, verdict.routes, verdict.sanctions)


def verdicts(decision: Decision) -> dict[str, Verdict]:
    evaluation = decision.evaluation
    assert evaluation is not None
    return {item.policy.name: item.verdict for item in evaluation.judgements}


def trying(examples: int) -> settings:
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def check(text: str, seed: int) -> None:
    rng, values = Random(seed), Values()
    loaded = engine(text, values, evaluator=rng.choice(["scalar", "scalar", "reference"]))
    contents = [content(loaded.program, rng, values) for _ in range(CONTENTS)]
    at = [moment for moment in made.MOMENTS if moment is not None]
    times = [f"{2024 + rng.randrange(4)}-0{1 + rng.randrange(9)}-01T00:00:00Z" for _ in contents]
    assert at
    regions = [rng.sample(made.REGIONS, rng.choice([1, 1, 2])) for _ in contents]
    items = list(zip(contents, regions, times, strict=True))
    few = asyncio.run(loaded.moderate_all(items, mode="decisive"))
    all_ = asyncio.run(loaded.moderate_all(items, mode="complete"))
    for one, other in zip((d for found in few for d in found), (d for found in all_ for d in found), strict=True):
        assert named(one) == named(other), (one.id, values[str(one.id)], one.plan)
        assert one.record is not None
        assert one.record.skipped.isdisjoint(one.outcome.missing)
        assert (one.status is Status.UNAVAILABLE) == (other.status is Status.UNAVAILABLE)
        full = verdicts(other)
        for verdict in verdicts(one).values():
            if not verdict.undetermined and not verdict.shadow:
                assert proposed(verdict) == proposed(full[verdict.policy])
        assert replace(one, plan=None).row()["skipped"] == sorted(one.record.skipped)
        again = next(d for d in loaded.decide_record(one.row() | {"region": one.region}))
        assert again.outcome == one.outcome


seeds = st.integers(0, 2**32)


@trying(40)
@given(made.packs(), seeds)
def test_it_decides_what_asking_everything_decides(text: str, seed: int) -> None:
    check(text, seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(10))
@trying(1000)
@given(made.packs(), seeds)
def test_it_decides_what_asking_everything_decides_on_many_more(part: int, text: str, seed: int) -> None:
    check(text, seed)


@trying(15)
@given(made.packs(), seeds)
def test_what_fails_is_missing_and_what_was_not_asked_is_not(text: str, seed: int) -> None:
    rng, values = Random(seed), Values()
    loaded = engine(text, values)
    contents = [content(loaded.program, rng, values, gaps=0.4) for _ in range(CONTENTS)]
    for decision in asyncio.run(loaded.moderate_all([(one, "DE", "2026-05-01T00:00:00Z") for one in contents]))[0]:
        assert decision.record is not None
        failed = {name for name, value in values[str(decision.id)].items() if value is None}
        assert {name for name, value in decision.record.scores.items() if value is None} <= failed
        assert decision.record.skipped.isdisjoint({*decision.outcome.missing, *decision.record.scores})


ADDS_NOTHING = """
policy q {
  severity P0
  thresholds on vendor.v { remove >= 0.000001 }
  rule r { when !(words.kind in ["rude"]) && (100 / fact.count > 3 && [1, 2][fact.count] == 1) then remove }
}
"""
ALLOWS = """
policy q {
  severity P1
  rule r { when !(words.kind in ["rude"]) && (image.c <= 0.65 && [1, 2][fact.count] == 1) then allow }
}
"""


@pytest.mark.parametrize(("text", "seed"), [(ADDS_NOTHING, 0), (ALLOWS, 2201)])
def test_a_condition_that_may_err_is_asked_for_though_its_clause_adds_nothing(text: str, seed: int) -> None:
    check(text, seed)
