"""The language reference says what is so: each of its rule texts is checked, its tests are run, its decision is decided.

A ```limen block is a pack of its own, under the manifest of the page's first ```yaml block. `# error: LIM152` behind a line says
which finding is expected there (`warning` and `note` likewise); there must be no other, but for those that ask for titles,
tests and files. A ```json record is decided by the page's first pack, and the ```json decision behind it is a part of what comes out.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.engine import Engine
from engine.load import LoadedPack, load_pack
from engine.packtests import run_tests
from policy_dsl import nodes as n
from regions.load import load_regions
from scorers.registry import Registry
from tests.docs.packs import MANIFEST, pack
from tests.docs.pages import DOCS, Snippet, snippets

PAGE = DOCS / "reference" / "language.md"
MARK = re.compile(r"#\s*(error|warning|note): (LIM\d{3})")
UNASKED = {"LIM201", "LIM202", "LIM203", "LIM211", "LIM215", "LIM216"}
ALL = snippets(PAGE)
RULES = snippets(PAGE, "limen")
each = pytest.mark.parametrize("snippet", [pytest.param(snippet, id=f"line {snippet.line}") for snippet in RULES])


@cache
def tree() -> Any:
    return load_regions()


def loaded(snippet: Snippet, root: Path) -> LoadedPack:
    return load_pack(pack(root, rules=snippet.text), Registry.of(()), tree())


def expected(snippet: Snippet) -> set[tuple[int, str, str]]:
    lines = enumerate(snippet.text.splitlines(), 1)
    return {(number, severity, code) for number, line in lines for severity, code in MARK.findall(line)}


@each
def test_the_findings_are_those_announced(snippet: Snippet, tmp_path: Path) -> None:
    found = loaded(snippet, tmp_path)
    seen = {
        (found.pack.sources[d.span.path].position(d.span.start)[0], str(d.severity), d.code)
        for d in found.compiled.diagnostics
        if d.code not in UNASKED
    }
    assert seen == expected(snippet), [f"{d.code}: {d.message}" for d in found.compiled.diagnostics]


@each
def test_the_tests_pass(snippet: Snippet, tmp_path: Path) -> None:
    found = loaded(snippet, tmp_path)
    tested = [item for item in found.pack.items if isinstance(item, n.Test | n.Tests)]
    if found.compiled.program is None:
        assert not tested, "a pack that does not load has no tests to run"
        return
    results, _ = run_tests(found.pack.items, found.compiled.program, found.env)
    assert [f"{result.case.title}: {result.problem}" for result in results if result.problem] == []
    assert {result.case.title for result in results} == {item.title.value for item in tested}


def test_the_decision_is_the_one_shown(tmp_path: Path) -> None:
    loaded(RULES[0], tmp_path)
    engine = Engine.load(tmp_path, registry=Registry.of(()))
    record, decision = (json.loads(s.text) for kind in ("json record", "json decision") for s in ALL if s.kind == kind)
    (made,) = engine.decide_record(record)
    assert {key: value for key, value in made.to_dict().items() if key in decision} == decision


def test_every_key_of_a_decision_stands_in_the_table(tmp_path: Path) -> None:
    loaded(RULES[0], tmp_path)
    engine = Engine.load(tmp_path, registry=Registry.of(()))
    text = PAGE.read_text(encoding="utf-8").partition("## What a decision says")[2]
    (made,) = engine.decide_record({"id": "p1", "region": "DE", "scores": {"image.nudity": None, "no.such": 1}})
    entries = made.to_dict()["policies"]
    named = {*made.to_dict(), *(key for entry in entries for key in entry)} - {"id", "region", "scorers", "policy"}
    assert [key for key in sorted(named) if f"`{key}`" not in text] == []


def test_the_page_has_what_it_promises() -> None:
    """A page whose fences no longer match would pass everything."""
    assert len(RULES) >= 15
    assert yaml.safe_load(MANIFEST)["pack"] == "examples"
    assert any(expected(snippet) for snippet in RULES)


def test_every_ruling_is_told() -> None:
    text = (DOCS / "explanation" / "rulings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(R\d+) ", text, re.MULTILINE) == [f"R{number}" for number in range(1, 23)]
