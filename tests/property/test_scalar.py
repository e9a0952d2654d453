"""The scalar evaluator decides what the reference decides, on random packs and records."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decision import Outcome
from engine.reference import decide
from engine.scalar import Scalar
from tests.property.packs import MODALITIES, REGIONS, compiled, packs, record

RECORDS = 12  # of each program, in two regions and with two sets of modalities
seeds = st.integers(0, 2**32)
FIELDS = ("region", "status", "enforcement", "routes", "sanctions", "effects", "fired", "missing", "arms")


def trying(programs: int) -> settings:
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
    return settings(
        max_examples=int(__import__("os").environ.get("N", programs)), deadline=None, suppress_health_check=slow
    )


def agree(found: Outcome, wanted: Outcome) -> None:
    for name in FIELDS:
        assert getattr(found, name) == getattr(wanted, name), name


def check(text: str, seed: int) -> None:
    program, rng = compiled(text), Random(seed)
    scalar = Scalar(program)
    regions, modalities = rng.sample(REGIONS, 2), rng.sample(MODALITIES, 2)
    for _ in range(RECORDS):
        content, region = record(program, rng, rng.choice(modalities)), rng.choice(regions)
        wanted = decide(program, content, region)
        agree(scalar.decide(content, region), wanted)
        agree(scalar.decide_with_gaps(content, region), wanted)


@trying(1_000)
@given(packs(), seeds)
def test_it_decides_as_the_reference_does(text: str, seed: int) -> None:
    check(text, seed)


@pytest.mark.deep
@trying(int(os.environ.get("LIMEN_PROGRAMS", "10000")))
@given(packs(), seeds)
def test_it_decides_as_the_reference_does_on_many_more(text: str, seed: int) -> None:
    check(text, seed)
