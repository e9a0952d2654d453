"""The scalar evaluator decides what the reference decides, on random packs and records."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.decide import canonical
from engine.reference import decide
from engine.scalar import Scalar
from tests.property.packs import MODALITIES, REGIONS, compiled, packs, record

RECORDS = 12  # of each program, in two regions and with two sets of modalities
seeds = st.integers(0, 2**32)


def trying(programs: int) -> settings:
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
    return settings(max_examples=programs, deadline=None, suppress_health_check=slow)


def check(text: str, seed: int) -> None:
    program, rng = compiled(text), Random(seed)
    scalar = Scalar(program, inline=rng.choice([0, 64]))
    regions, modalities = rng.sample(REGIONS, 2), rng.sample(MODALITIES, 2)
    for _ in range(RECORDS):
        content, region = record(program, rng, rng.choice(modalities)), rng.choice(regions)
        wanted = canonical(decide(program, content, region))
        assert canonical(scalar.decide(content, region)) == wanted, (content, region)
        assert canonical(scalar.decide_with_gaps(content, region)) == wanted, (content, region)


@pytest.mark.parametrize("part", range(4))
@trying(250)
@given(packs(), seeds)
def test_it_decides_as_the_reference_does(part: int, text: str, seed: int) -> None:
    check(text, seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(20))
@trying(500)
@given(packs(), seeds)
def test_it_decides_as_the_reference_does_on_many_more(part: int, text: str, seed: int) -> None:
    check(text, seed)
