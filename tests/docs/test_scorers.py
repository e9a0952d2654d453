"""The pages on scorers say what is so: their snippets run, and every built-in, setting and output stands there."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import limen
from scorers.registry import Registry
from tests.docs.packs import pack
from tests.docs.pages import DOCS, run_python, snippets
from tests.limen.packs import Run

PAGE = DOCS / "reference" / "scorers.md"
REFERENCE = PAGE.read_text(encoding="utf-8")
HOW_TO = DOCS / "how-to" / "write-a-scorer.md"


@pytest.fixture
def names() -> dict[str, Any]:
    """What the how-to's blocks define, run in order."""
    return run_python(HOW_TO, str)


def test_the_functions_of_the_how_to_score(names: dict[str, Any]) -> None:
    assert names["shouting"].summary == "How much of a text is in capitals."
    assert names["shouting"](["AB cd"]) == [0.4]
    assert [row["text.words"] for row in names["size"](["a b", ""])] == [2, 0]
    assert names["mood"](["ü"]) == [limen.Missing("only English texts are judged")]


def test_the_package_of_the_how_to_is_one(names: dict[str, Any]) -> None:
    (block,) = snippets(HOW_TO, "toml")
    ((key, entry),) = tomllib.loads(block.text)["project"]["entry-points"]["limen.scorers"].items()
    assert key == names["PLUGIN"].name
    assert entry.endswith(":PLUGIN")
    judge = names["PLUGIN"].create(names["CapitalSettings"](short=3), Path())
    texts = [limen.Content(text=text) for text in ("AB", "ABC", "AbC")]
    assert [row["text.capitals"] for row in judge.score(texts)] == [0, 1, 2 / 3]


def test_the_how_to_names_a_scorer_in_the_manifest(names: dict[str, Any], run: Run, tmp_path: Path) -> None:
    (block,) = snippets(HOW_TO, "yaml")
    rules = "policy shouting { severity P3  thresholds on text.shouting { label >= 0.9 } }"
    folder = pack(tmp_path, block.text, shouting=rules)
    engine = limen.Engine.load(folder, scorers=[names["shouting"]])
    assert asyncio.run(engine.moderate(limen.Content(text="HEAR"), region="US")).enforcement == "label"
    status, out, _ = run("check", folder)
    assert (status, "LIM052" in out) == (1, True), "the commands do not know a scorer of somebody's service"


def test_the_manifests_of_the_reference_configure(tmp_path: Path) -> None:
    for path in ("lists/spam.txt", "lists/insults.en.txt", "data/banned.jsonl"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("" if path.endswith("jsonl") else "badword\n")
    manifests = [yaml.safe_load(block.text) for block in snippets(PAGE, "yaml")]
    assert len(manifests) >= 2
    for manifest in manifests:
        setup = Registry.installed().configure(manifest["scorers"], tmp_path)
        assert setup.problems == ()
        assert len(setup.scorers) == len(manifest["scorers"])


@pytest.mark.parametrize(
    "card", [card for card in Registry.installed().describe() if card.source == "limen"], ids=lambda card: card.name
)
def test_every_built_in_stands_in_the_reference(card: Any) -> None:
    """A page of its own, or a section of the reference, names its outputs and its settings."""
    own = DOCS / "reference" / "scorers" / f"{card.name}.md"
    section = REFERENCE.partition(f"\n## `{card.name}`\n")[2].partition("\n## ")[0]
    told = own.read_text(encoding="utf-8") if own.exists() else section
    assert told
    assert [output for output in card.outputs if f"`{output}`" not in told] == []
    assert [setting for setting in card.settings if f"`{setting}`" not in told] == []


def found(term: str, text: str) -> bool:
    entry = {"use": "keywords", "lists": {"l": [term]}}
    (judge,) = Registry.installed().configure({"k": entry}, Path()).scorers
    return judge.scorer.score([limen.Content(text=f"so {text} it is")])[0]["keywords.l.match"]


def test_the_disguises_of_the_table_are_seen_through() -> None:
    rows = re.findall(
        r"^\|(.*)\|$", REFERENCE.partition("| disguise | for example")[2].partition("\n\n")[0], re.MULTILINE
    )
    examples = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    assert len(examples) >= 15
    terms = ("badword", "free money", "ass")
    assert [text for text in examples if not any(found(term, text) for term in terms)] == []


def test_what_is_left_alone_is_left_alone() -> None:
    said = " ".join(REFERENCE.partition("What is deliberately left alone:")[2].partition("\n\n")[0].split())
    pairs = re.findall(r"`([^`]+)` (?:is not|does not hold) `([^`]+)`", said)
    assert len(pairs) >= 5
    assert [(text, term) for text, term in pairs if found(term, text)] == []
    unseen = re.findall(r"`(bdwrd|baddword)`", said)
    assert len(unseen) == 2
    assert not any(found("badword", text) for text in unseen)
