"""The page on the shipped pack names its policies, severities, clauses, lists and groups as they are."""

from __future__ import annotations

import re

import pytest

from engine.engine import Engine
from engine.record import RECORD_KEYS
from tests.docs.pages import DOCS, ROOT

PAGE = DOCS / "explanation" / "shipped-pack.md"
TEXT = PAGE.read_text(encoding="utf-8")
PACK = ROOT / "policies"
RULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PACK.rglob("*.limen")))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(PACK)


def test_the_table_of_policies_is_the_packs(engine: Engine) -> None:
    program = engine.program
    told = dict(re.findall(r"^\| `(\w+)` \| (P\d) \|", TEXT, re.MULTILINE))
    assert told == {policy.name: program.severities[policy.severity].name for policy in program.policies}


def test_the_names_in_code_are_there(engine: Engine) -> None:
    """Policies, clauses, inputs, outcomes, files: every name in the page's prose is one that the pack or a record has."""
    known = {spec.name for spec in engine.program.inputs} | RECORD_KEYS | {"null"}
    words = set(re.findall(r"\w+", RULES + (PACK / "limen.yaml").read_text(encoding="utf-8")))
    for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", TEXT):
        assert name in known or set(name.split(".")) <= words or (PACK / name).exists(), name


def test_the_group_is_the_packs(engine: Engine) -> None:
    members = re.findall(r"\| `dharmic`: ([A-Z, ]+) \|", TEXT)[0].split(", ")
    manifest = (PACK / "limen.yaml").read_text(encoding="utf-8")
    assert f"dharmic: [{', '.join(members)}]" in manifest


def test_the_figures_of_the_page_on_speed(engine: Engine) -> None:
    program = engine.program
    text = (DOCS / "explanation" / "performance.md").read_text(encoding="utf-8")
    assert f"The shipped pack ({len(program.policies)} policies, {len(program.inputs)} inputs)" in text
