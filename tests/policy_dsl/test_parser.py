"""Reading: every mistake is told in one run, none twice, and no text makes the parser fail or wait."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_dsl import nodes as n
from policy_dsl.machine import MAX_DEPTH
from policy_dsl.parser import MAX_ERRORS, MAX_TOKENS, parse, parse_condition, read
from policy_dsl.source import Source
from tests.fuzz import generate
from tests.policy_dsl.test_syntax_golden import CASES, NONE, edit, leaves, source

EXAMPLES = sorted((Path(__file__).parent / "fixtures" / "examples").glob("*.limen"))


def codes(text: str) -> list[str]:
    return [found.code for found in parse(Source("p.limen", text)).diagnostics]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_parse(path: Path) -> None:
    parsed = parse(Source(path.name, path.read_text(encoding="utf-8")))
    assert parsed.diagnostics == ()
    assert parsed.file.items


@given(st.randoms(use_true_random=False), st.integers(5, 60))
def test_every_derivation_of_the_grammar_parses(random: Random, budget: int) -> None:
    text = generate.policy_text(random, budget)
    parsed = read(Source("p.limen", text))
    assert parsed.diagnostics == ()
    assert parsed.file.broken == ()


# -- several mistakes in one file ------------------------------------------------------------------------------------

WHOLE = source(NONE).text
# These concern more than their own statement, or are told as two.
WIDE = {"quote-not-closed-triple", "policy-no-name", "full-width"} | {case for case in CASES if "brace" in case}


def place(case: str) -> tuple[int, int, str]:
    """Which part of the right file a case replaces, and by what."""
    text = source(case).text
    start, end = edit(WHOLE, text)
    return start, end, text[start : len(text) - (len(WHOLE) - end)]


EDITS = {case: place(case) for case in CASES if case not in WIDE}
STATEMENTS = [node.span for _, node in leaves(parse(source(NONE)).file.items)]  # type: ignore[attr-defined]


def statement(case: str) -> int:
    """Roughly where a case is: the number of statements that end before it."""
    return sum(span.end < EDITS[case][0] for span in STATEMENTS)


def apart(cases: list[str]) -> list[str]:
    """Of these the ones that stand in statements that are no neighbours."""
    chosen: list[str] = []
    for case in cases:
        if all(abs(statement(case) - statement(other)) > 1 for other in chosen):
            chosen.append(case)
    return sorted(chosen, key=lambda case: EDITS[case])


@given(st.permutations(sorted(EDITS)).map(lambda cases: apart(cases[:12])))
def test_mistakes_in_different_statements_are_all_told_once(cases: list[str]) -> None:
    text = WHOLE
    for case in reversed(cases):
        start, end, instead = EDITS[case]
        text = text[:start] + instead + text[end:]
    alone = [parse(source(case)).diagnostics[0].code for case in cases]
    assert sorted(codes(text)) == sorted(alone)


# -- recovery --------------------------------------------------------------------------------------------------------

CLAUSES = """policy a {{
  rule first {{ when x then remove }}

  {clause}

  rule last {{ when y then remove }}
}}

policy b {{ severity P1 }}
"""


@pytest.mark.parametrize(
    "clause",
    [
        'rule bad {\n    regions DE, AT\n    from 2026-01-01\n    when a == == b\n    then remove\n    reason "x"\n    until 2027-01-01\n  }',
        'exception bad {\n    regions DE\n    when a\n    then at most\n    reason "x"\n  }',
        'exception bad {\n    when {"a": 1 2}\n    then waive\n  }',
        "adjust bad { when a then raise thresholds by by 0.05 }",
        "rule { when a then b }",
        "region DE from tomorrow {\n    thresholds on risk { remove >= 0.9 }\n    rule inner { when a then b }\n  }",
        "experiment bad {\n    unit author.id\n    share many %\n    variant B { thresholds on risk { remove >= 0.9 } }\n  }",
        "consequence bad {\n    policies x\n    on\n    then strike\n  }",
        "for content.surface in [] {\n    thresholds on risk { remove >= 0.9 }\n  }",
        "on missing { remove remove( }",
        "effects remove {\n    a = = 1\n  }",
    ],
)
def test_a_broken_clause_takes_nothing_else_with_it(clause: str) -> None:
    parsed = parse(Source("p.limen", CLAUSES.format(clause=clause)))
    assert len(parsed.diagnostics) == 1
    first, second = parsed.file.items
    assert isinstance(first, n.Policy)
    assert isinstance(second, n.Policy)
    rules = [item.name.text for item in first.body if isinstance(item, n.Rule)]
    assert (rules[0], rules[-1]) == ("first", "last")
    assert "inner" not in rules


@pytest.mark.parametrize("name", ["bad_name", "lost"])
def test_names_in_dropped_text_stand_in_broken_spans(name: str) -> None:
    text = CLAUSES.format(clause=f"rule {name} {{ when a b c d e then remove }}")
    parsed = parse(Source("p.limen", text))
    assert any(name in text[span.start : span.end] for span in parsed.file.broken)


def test_the_same_is_told_once() -> None:
    findings = parse(Source("p.limen", "policy a {\n  foo\n  foo\n}\n" * 2)).diagnostics
    assert len(findings) == len({(found.span, found.code) for found in findings})


@pytest.mark.parametrize("cut", range(1, len(WHOLE), 7))
def test_a_file_that_ends_anywhere_has_few_findings(cut: int) -> None:
    """What was being written, and the blocks around it."""
    found = codes(WHOLE[:cut])
    assert len(found) <= 5, found


def test_missing_braces_lose_nothing_where_the_indentation_shows_them() -> None:
    lines = WHOLE.splitlines(keepends=True)
    whole = {node for _, node in leaves(parse(source(NONE)).file.items)}
    for index, line in enumerate(lines):
        if line.strip() == "}":
            parsed = parse(Source("p.limen", "".join(lines[:index] + lines[index + 1 :])))
            assert [found.code for found in parsed.diagnostics] == ["LIM004"]
            assert {node for _, node in leaves(parsed.file.items)} == whole


def test_a_valid_file_may_be_indented_in_any_way() -> None:
    flat = "\n".join(line.strip() for line in WHOLE.splitlines())
    wild = "\n".join(" " * (7 * i % 11) + line.strip() for i, line in enumerate(WHOLE.splitlines()))
    assert parse(Source("p.limen", flat)).file.items == parse(source(NONE)).file.items
    assert codes(wild) == []


def test_without_indentation_a_missing_brace_is_still_one_finding() -> None:
    flat = [line.strip() for line in WHOLE.splitlines()]
    ladder = flat.index("}")  # the first that closes anything closes a ladder
    assert codes("\n".join(flat[:ladder] + flat[ladder + 1 :])) == ["LIM004"]


# -- conditions alone ------------------------------------------------------------------------------------------------


def test_a_condition_alone() -> None:
    expression, findings = parse_condition(Source("c", "a.b >= 1 && c"))
    assert expression is not None
    assert findings == ()


@pytest.mark.parametrize("text", ["", "a b", "a and b", "a &&", "(a", "a)", "a }", "not a", "policy", "1 = 2"])
def test_a_condition_with_a_mistake_is_none(text: str) -> None:
    expression, findings = parse_condition(Source("c", text))
    assert expression is None or text == "policy"
    assert findings or text == "policy"


# -- limits ----------------------------------------------------------------------------------------------------------

IN_CONDITION = "policy p {{\n  rule r {{\n    when {}\n    then remove\n  }}\n}}\n"
# Texts with one of these again and again, alone or where a condition stands.
ALONE = (
    *(
        "(",
        "{",
        "}",
        "[",
        '"',
        "'",
        "'''",
        '"""',
        '\\"""',
        "!",
        "-",
        "a.",
        "a&&",
        "1",
        "#",
        "#\n",
        "|",
        "\0",
        "\r",
        "\n",
        " ",
        "a",
        ";",
    ),
    *(
        ",",
        '"\n',
        "'a\n",
        "“a” ",
        "😀\n",
        "\xa0",
        "\ud800",
        "} {\n",
        "foo bar\n",
        "policy p {\n",
        "policy p { }\n",
        'test "',
        "a-",
        "1e",
        "`",
    ),
)
IN_WHEN = ("(", "[", "{", "!", "-", "a.", "a&&", "a||", "a?", "f(", "1", "[1,", " and a", "not ")
AROUND = {
    "a list": ("policy p { rule r { when a in [", "1,", "1] then remove } }"),
    "an exponent": ("policy p { rule r { when a > 1e", "9", " then remove } }"),
    "rows": ('tests p "x" {\n', "a | b\n", "}"),
    "rows of bars": ('tests p "x" {\n', "|", "\n}"),
    "rows of quotes": ('tests p "x" {\n', '\\"', "\n}"),
    "rungs": ("policy p { thresholds on x {\n", "remove >= 0.9\n", "} }"),
    "wrong rungs": ("policy p { thresholds on x {\n", "remove > 0.9\n", "} }"),
    "blocks in blocks": ("policy p {", "for a in [b] {", ""),
    "mistakes": ("policy p {\n", "severity: P1\n", "}"),
}


def hostile(size: int) -> dict[str, str]:
    texts = {f"{piece!r}": piece * (size // len(piece)) for piece in ALONE}
    texts |= {f"when {piece!r}": IN_CONDITION.format(piece * (size // len(piece)) + "a") for piece in IN_WHEN}
    texts |= {name: before + piece * (size // len(piece)) + after for name, (before, piece, after) in AROUND.items()}
    lines = int((2 * size) ** 0.5)
    return texts | {"ever deeper lines": "".join(" " * i + "for a in [b] {\n" for i in range(lines))}


def read_or_refused(text: str) -> None:
    assert len(parse(Source("p.limen", text)).diagnostics) <= 2 * MAX_ERRORS + 2


@pytest.mark.parametrize("name", hostile(0))
def test_a_long_text_of_anything_is_read_or_refused(name: str) -> None:
    read_or_refused(hostile(50_000)[name])


@pytest.mark.deep
@pytest.mark.parametrize("name", hostile(0))
def test_a_megabyte_of_anything_is_read_or_refused(name: str) -> None:
    """Slowness shows as a test that does not end: each takes seconds, where quadratic time would take hours."""
    read_or_refused(hostile(1_000_000)[name])


def test_a_number_that_python_would_compute_for_ever() -> None:
    assert codes("policy p { thresholds on a { remove >= 1e999999999 } }") == ["LIM003"]


def test_nesting_and_chains_have_a_limit_that_later_stages_can_bear() -> None:
    deep = MAX_DEPTH // 2
    assert codes(IN_CONDITION.format("(" * deep + "a" + ")" * deep)) == []
    assert codes(IN_CONDITION.format("||".join("a" for _ in range(deep)))) == []
    for text in (
        "(" * 900 + "a" + ")" * 900,
        "!" * 300 + "a",
        "||".join("a" * 1 for _ in range(300)),
        "[" * 300 + "]" * 300,
    ):
        assert codes(IN_CONDITION.format(text)) == ["LIM005"]
    zigzag = "a"
    for _ in range(12):
        zigzag = " && ".join([f"({zigzag})"] + ["b"] * 50)
    assert codes(IN_CONDITION.format(zigzag)) == ["LIM005"]


def test_what_passes_the_limits_can_be_walked() -> None:
    """Hashing and comparing are recursive."""
    deep = "".join("(a && " for _ in range(60)) + "a" + ")" * 60
    parsed = [parse(Source(name, IN_CONDITION.format(deep))) for name in ("p.limen", "p.limen")]
    assert parsed[0].diagnostics == ()
    assert parsed[0].file == parsed[1].file
    assert hash(parsed[0].file.items) == hash(parsed[1].file.items)


def test_after_too_many_mistakes_the_rest_is_named_as_unread() -> None:
    parsed = parse(Source("p.limen", "policy p {\n" + "severity: P1\n" * 500 + "}"))
    assert [found.code for found in parsed.diagnostics] == ["LIM013"] * MAX_ERRORS + ["LIM005"]
    assert parsed.file.broken[-1].end == parsed.diagnostics[-1].span.start + len("severity: P1\n") * 400 + 1 - 8


@pytest.mark.deep
def test_a_file_of_too_many_words_is_refused() -> None:
    assert codes("policy p { }\n" * (MAX_TOKENS // 4 + 1)) == ["LIM005"]
    assert codes("policy p { }\n" * (MAX_TOKENS // 4)) == []


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("a | b", ["a", "b"]),
        ("a|b|", ["a", "b", ""]),
        ("| a", ["", "a"]),
        ("\"a|b\" | 'c|d'", ['"a|b"', "'c|d'"]),
        ('"#}" | b  # a comment', ['"#}"', "b"]),
        (r'"a\"|" | b', [r'"a\"|"', "b"]),
        ("don't | b", ["don't", "b"]),
        ('12" | b', ['12"', "b"]),
    ],
)
def test_cells_end_at_bars_outside_of_quotes(row: str, cells: list[str]) -> None:
    (table,) = parse(Source("p.limen", f'tests "t" {{\n  {row}\n}}\n')).file.items
    assert isinstance(table, n.Tests)
    assert [cell.text for cell in table.rows[0].cells] == cells
