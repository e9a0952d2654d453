"""The canonical form: the same meaning, the same comments, and formatted once is formatted twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_dsl.parser import read
from policy_dsl.printer import FormatError, format_source
from policy_dsl.source import Source
from tests.fuzz import generate
from tests.fuzz.targets import check_formatter

FIXTURES = Path(__file__).parent / "fixtures"
EXAMPLES = sorted((FIXTURES / "examples").glob("*.limen"))
GOLDEN = Path(__file__).parent.parent / "golden" / "printer"


def formatted(text: str) -> str:
    return format_source(Source("p.limen", text))


@given(st.randoms(use_true_random=False), st.integers(5, 60))
def test_any_file_of_the_grammar(random: Random, budget: int) -> None:
    text = generate.policy_text(random, budget)
    assert read(Source("p.limen", text)).diagnostics == ()
    check_formatter(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    """They are almost canonical: only aligned comments and runs of spaces change."""
    text = path.read_text(encoding="utf-8")
    check_formatter(text)
    assert [line.split() for line in formatted(text).splitlines() if line] == [
        line.split() for line in text.splitlines() if line
    ]


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("*.in.limen")), ids=lambda path: path.name.removesuffix(".in.limen")
)
def test_golden(path: Path, golden: Callable[[Path, str], None]) -> None:
    text = path.read_text(encoding="utf-8")
    check_formatter(text)
    golden(path.with_name(path.name.replace(".in.", ".out.")), formatted(text))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("\ufeff\n\n", ""),
        ("# only a comment", "# only a comment\n"),
        ("\r\npolicy a {\r\n}\r\n", "policy a { }\n"),
        ("policy a{}policy b{}", "policy a { }\n\npolicy b { }\n"),
        ("let a=-b.c-1<- 2", "let a = -b.c - 1 < -2\n"),
        ("let a=b?c:d?{1:2}[1]:[3,][0]", "let a = b ? c : d ? {1: 2}[1] : [3,][0]\n"),
        ("let a=!( b||!c )&&d in[1]", "let a = !(b || !c) && d in [1]\n"),
        ("score s=weighted(.6:a.b,0.40:c.d)", "score s = weighted(.6: a.b, 0.40: c.d)\n"),
        ("let a = has ( b . c ) && b.c.exists( x,x>1 )", "let a = has(b.c) && b.c.exists(x, x > 1)\n"),
    ],
)
def test_small_ones(text: str, canonical: str) -> None:
    assert formatted(text) == canonical


def test_a_ladder_on_one_line_stays_there_while_it_fits() -> None:
    rungs = "  ".join(f'review(queue: "q{i}") >= 0.{i}' for i in range(1, 4))
    assert f"{{ {rungs} }}" in formatted(f"policy a {{ thresholds on x {{ {rungs} }} }}")
    long = "  ".join(f'review(queue: "queue-{i}") >= 0.{i}' for i in range(1, 5))
    assert formatted(f"policy a {{ thresholds on x {{ {long} }} }}").count("\n") == 8


def test_a_long_condition_is_broken_at_its_operators() -> None:
    condition = " && ".join(f'content.context == "{word}"' for word in ("one", "two", "three", "four", "five"))
    lines = formatted(f"let a = {condition}").splitlines()
    assert len(lines) == 5
    assert all(line.startswith("    && ") for line in lines[1:])


@pytest.mark.parametrize(
    "text", ["policy a {", "polcy a { }", 'title "x"', "policy a { severity: P1 }", "let a = b and c", "\0"]
)
def test_a_text_with_mistakes_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as refused:
        formatted(text)
    assert refused.value.diagnostics == read(Source("p.limen", text)).diagnostics
