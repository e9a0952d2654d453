"""SQL decides what the reference decides, on DuckDB: random packs and rows, and the conformance cases."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.sql.errors import SqlUnsupportedError
from tests.engine.sql.cases import CASES, case_rows, told
from tests.engine.sql.tables import PlainWriter, expected, on_duckdb, row
from tests.property.packs import compiled

ROWS = 60


@st.composite
def packs(draw: st.DrawFn) -> str:
    return PlainWriter(draw).pack()


def trying(programs: int) -> settings:
    """Without shrinking: a smaller pack takes minutes to find, and the failing one can be read."""
    return settings(
        max_examples=programs, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )


def check(text: str, seed: int) -> None:
    program, rng = compiled(text), Random(seed)
    rows = [row(program, rng) | {"id": str(number)} for number in range(ROWS)]
    for seen, wanted, one in zip(on_duckdb(program, rows), expected(program, rows), rows, strict=True):
        assert seen == wanted, f"{one}\n{text}"


@trying(3)
@given(packs(), st.integers(0, 2**32))
def test_it_decides_as_the_reference_does(text: str, seed: int) -> None:
    check(text, seed)


@pytest.mark.deep
@trying(200)
@given(packs(), st.integers(0, 2**32))
def test_it_decides_as_the_reference_does_on_many_more(text: str, seed: int) -> None:
    check(text, seed)


@pytest.mark.parametrize("case", CASES)
def test_conformance(case: str) -> None:
    """Boundaries, NULL, NaN, what is out of range, not applicable, skipped, in an unknown region."""
    program, rows = case_rows(case)
    try:
        found = on_duckdb(program, rows)
    except SqlUnsupportedError as refused:
        pytest.skip(told(refused))
    for seen, wanted, one in zip(found, expected(program, rows), rows, strict=True):
        if seen["status"] == "needs evaluator":
            assert one["skipped"], one
        else:
            assert seen == wanted, one
