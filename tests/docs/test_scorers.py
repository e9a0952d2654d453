"""The pages on scorers say what is so: their snippets run, and every built-in, setting and output stands there."""

import pytest
import yaml

from scorers.registry import Registry
from tests.docs.pages import DOCS, snippets

PAGE = DOCS / "reference" / "scorers.md"
REFERENCE = PAGE.read_text(encoding="utf-8")
HOW_TO = DOCS / "how-to" / "write-a-scorer.md"


def test_the_snippets_of_the_how_to_run_in_order():
    names = {"__name__": "snippets"}
    for block in snippets(HOW_TO, "python"):
        exec(compile(block.text, "write-a-scorer.md", "exec"), names)
    assert names["shouting"].summary == "How much of a text is in capitals."
    assert [row["text.words"] for row in names["size"](["a b", ""])] == [2, 0]


def test_the_manifests_of_the_reference_configure(tmp_path):
    for path in ("lists/spam.txt", "lists/insults.en.txt", "data/banned.jsonl"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("" if path.endswith("jsonl") else "badword\n")
    manifests = [yaml.safe_load(block.text) for block in snippets(PAGE, "yaml")]
    assert len(manifests) == 2
    for manifest in manifests:
        setup = Registry.installed().configure(manifest["scorers"], tmp_path)
        assert setup.problems == ()
        assert len(setup.scorers) == len(manifest["scorers"])


@pytest.mark.parametrize(
    "card", [card for card in Registry.installed().describe() if card.source == "limen"], ids=lambda card: card.name
)
def test_every_built_in_stands_in_the_reference(card):
    section = REFERENCE.partition(f"\n## `{card.name}`\n")[2].partition("\n## ")[0]
    assert section
    assert [output for output in card.outputs if f"`{output}`" not in section] == []
    if card.name != "text-linear":  # its settings stand on its model card
        assert [setting for setting in card.settings if f"`{setting}`" not in section] == []
