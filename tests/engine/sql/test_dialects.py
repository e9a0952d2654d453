"""All five dialects: what they generate parses back, the thresholds stand in the table alone, what has no SQL is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from engine.load import load_pack
from engine.sql.dialects import NAMES
from engine.sql.errors import SqlUnsupportedError
from engine.sql.script import decision_query, thresholds_script
from policy_dsl.program import Program
from tests.property.packs import compiled

PACK = """
policy p {
  severity P1
  score s = weighted(0.3: text.a, 0.7: image.c)
  thresholds on s { remove >= 0.9  reduce and review >= 0.5  label >= 0.123457 }
  region DE { for fact.surface in [live] { thresholds on s { remove >= 0.8 } } }
  region IN from 2026-03-01 { thresholds on s { remove off } }
  rule tagged { when "r" in fact.tags && size(fact.tags) > 1 && fact.total % 7 == 3 then label and strike }
  rule named { when fact.name.startsWith("a'b") || fact.name == "--" then review(queue: "x") }
  exception e { when fact.sure && text.b >= 0.2 then at most label and review }
  adjust a { when fact.count >= 2 then raise thresholds by 0.15 }
  on missing text.a { review(queue: "gap") }
  consequence c { on remove when fact.flag then review(queue: "after") }
}
"""
EXPERIMENT = """
policy p { severity P1 thresholds on text.a { remove >= 0.9 }
  experiment x { unit unit.id share 50% variant B { thresholds on text.a { remove >= 0.8 } } } }
"""


@pytest.fixture(scope="module")
def program() -> Program:
    return compiled(PACK)


@pytest.mark.parametrize("dialect", NAMES)
def test_it_parses_back_to_itself(dialect: str, program: Program) -> None:
    text = decision_query(program, dialect)  # type: ignore[arg-type]
    [found] = sqlglot.parse(text, dialect=dialect)
    assert isinstance(found, exp.Select)
    assert sqlglot.parse_one(found.sql(dialect=dialect), dialect=dialect).sql(dialect=dialect) == found.sql(
        dialect=dialect
    )


@pytest.mark.parametrize("dialect", NAMES)
def test_every_case_has_an_else(dialect: str, program: Program) -> None:
    found = sqlglot.parse_one(decision_query(program, dialect), dialect=dialect)  # type: ignore[arg-type]
    cases = list(found.find_all(exp.Case))
    assert len(cases) > 100
    assert all(case.args.get("default") is not None for case in cases)


@pytest.mark.parametrize("dialect", NAMES)
def test_thresholds_stand_in_the_table_alone(dialect: str, program: Program) -> None:
    query, script = decision_query(program, dialect), thresholds_script(program, dialect)  # type: ignore[arg-type]
    assert "123457" not in query
    assert "123457" in script
    assert [type(one) for one in sqlglot.parse(script, dialect=dialect)][:2] == [exp.Create, exp.Insert]


def test_another_threshold_is_another_table_for_the_same_query() -> None:
    query = decision_query(compiled(PACK), "duckdb")
    other = compiled(PACK.replace("0.9", "0.91").replace("remove off", "remove >= 0.4"))
    assert decision_query(other, "duckdb") == query
    assert thresholds_script(other, "duckdb") != thresholds_script(compiled(PACK), "duckdb")


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("int(fact.name) > 3", "it uses `int`"),
        ("[1, 2][fact.count] == 1", "it uses `[ ]`"),
        ("fact.ratio + 0.5 > 0.7", "it uses `+` of a double"),
        ("fact.tags.exists(t, size(t) > 2)", "`exists` asks of an item something other than whether it is one of some texts"),
        ("fact.total * fact.count > 3", "it multiplies two inputs"),
        ('{"x": true}[fact.name]', "it uses `[ ]`"),
    ],
)  # fmt: skip
def test_what_has_no_sql_is_refused(condition: str, what: str) -> None:
    program = compiled(f"policy p {{ severity P1 rule odd {{ when {condition} then label }} }}")
    with pytest.raises(SqlUnsupportedError) as refused:
        decision_query(program, "duckdb")
    assert str(refused.value).startswith(f"`p.odd@GLOBAL` cannot be written as SQL in duckdb: {what};")


@pytest.mark.parametrize("dialect", ["spark", "snowflake", "postgres"])
def test_other_regular_expressions_are_refused(dialect: str) -> None:
    program = compiled('policy p { severity P1 rule r { when fact.name.matches("^a+$") then label } }')
    with pytest.raises(SqlUnsupportedError, match="RE2"):
        decision_query(program, dialect)  # type: ignore[arg-type]


def test_an_experiment_is_refused_where_texts_hold_no_nul() -> None:
    program = compiled(EXPERIMENT)
    with pytest.raises(SqlUnsupportedError, match=r"`p\.x` cannot be written as SQL in postgres"):
        decision_query(program, "postgres")
    assert "SHA2" in decision_query(program, "snowflake")


@pytest.mark.parametrize("dialect", ["duckdb", *(pytest.param(name, marks=pytest.mark.deep) for name in NAMES[1:])])
def test_the_shipped_pack_has_sql(dialect: str) -> None:
    program = load_pack(Path("policies")).compiled.program
    assert program is not None
    assert "needs evaluator" in decision_query(program, dialect)  # type: ignore[arg-type]
