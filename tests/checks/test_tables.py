"""Tables of tests: the checks read their cells as the runner does."""

from __future__ import annotations

import pytest

from engine.packtests import run_tests
from tests.checks.packs import check, shared_env

POLICY = """policy p {
  title "t" owner "o" severity P2
  thresholds on text.hate { remove >= 0.9  reduce and review >= 0.5 }
  region DE from 2026-03-01 { thresholds on text.hate { remove >= 0.8 } }
}
"""
HEADING = "  region | at | text.hate | content.surface | content.tags | ad.category | expect\n"


def table(*rows: str) -> str:
    return POLICY + 'tests p "t" {\n' + HEADING + "".join(f"  {row}\n" for row in rows) + "}\n"


def test_what_passes_is_run() -> None:
    checked = check(
        table(
            "DE     | 2026-03-01           | 0.8     | -    | -          | -     | remove",
            'DE     | 2026-02-28T23:59:59Z | 0.8     | live | ["a"]      | "x y" | reduce and review',
            "DE, FR | 2026-01-01           | 0.9     | post | [a, b]     | word  | decided remove",
            "DE     | 2026-01-01           | missing | ?    | missing    | ?     | degraded allow",
            "-      | 2026-01-01           | 0.5     | -    | []         | -     | reduce, review",
        )
    )
    assert checked.errors == []
    assert checked.compiled.program is not None
    results, _ = run_tests(checked.pack.items, checked.compiled.program, shared_env())
    assert [result.problem for result in results] == [None] * 6


@pytest.mark.parametrize(
    ("row", "code", "at"),
    [
        ("DE | 2026-03-32 | 0.8 | - | - | - | remove", "LIM172", "2026-03-32"),
        ("DE | soon | 0.8 | - | - | - | remove", "LIM172", "soon"),
        ("DE | 2026-03-01T10:00:00+02:00 | 0.8 | - | - | - | remove", "LIM172", "2026-03-01T10:00:00+02:00"),
        ("DE | ? | 0.8 | - | - | - | remove", "LIM172", "?"),
        ("XX, DE | - | 0.8 | - | - | - | remove", "LIM104", "XX"),
        ("DE | - | 80 | - | - | - | remove", "LIM172", "80"),
        ("DE | - | high | - | - | - | remove", "LIM172", "high"),
        ("DE | - | 0.8 | stream | - | - | remove", "LIM172", "stream"),
        ("DE | - | 0.8 | - | a | - | remove", "LIM172", "a"),
        ("DE | - | 0.8 | - | [a | - | remove", "LIM172", "[a"),
        ("DE | - | 0.8 | - | - | 3 | remove", "LIM172", "3"),
        ("DE | - | 0.8 | - | - | - | reduce and remov", "LIM101", "remov"),
        ("DE | - | 0.8 | - | - | - | degraded reduce review", "LIM101", "reduce review"),
        ("DE | - | 0.8 | - | - | - | reduce and remove", "LIM111", "remove"),
        ("DE | - | 0.8 | - | - | - | ", "LIM171", "DE | - | 0.8 | - | - | - |"),
    ],
)
def test_a_wrong_cell_is_told_at_its_place(row: str, code: str, at: str) -> None:
    checked = check(table(row))
    assert checked.errors == [code]
    assert checked.text(checked.of(code)[0]) == at
