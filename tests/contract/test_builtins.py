"""Every scorer that comes with Limen holds to the contract that a stranger's must hold to."""

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar

from limen.testing import ORDINARY, ScorerContract
from scorers.builtin import exact_hash, keywords, text_linear
from scorers.content import Content, Media
from scorers.function import scorer
from scorers.scorer import Score


class TestKeywords(ScorerContract):
    plugin = keywords.PLUGIN
    settings: ClassVar = {
        "lists": {
            "spam": {"terms": ["free money"], "patterns": [r"call \d{3}-\d{4}"], "allow": ["free money order"]},
            "words": {"terms": {"de": ["gr\u00fc\u00dfe"], "any": ["\u4e16\u754c"]}, "match": "substring"},
        }
    }
    contents = (*ORDINARY, Content(id="disguised", text="f.r.33 m0ney, 4ll of it \u043d\u043er"))


class TestExactHash(ScorerContract):
    plugin = exact_hash.PLUGIN
    settings: ClassVar = {"lists": {"known": "known.jsonl"}}
    folder = Path(__file__).parent / "data"
    contents = (
        *ORDINARY,
        Content(id="known", images=(Media(data=b"known"),)),
        Content(id="gone", images=(Media(path=Path("gone")),)),
    )


class TestTextLinear(ScorerContract):
    plugin = text_linear.PLUGIN


@scorer("shouting", outputs={"text.shouting": Score()}, modality="text", version="1", licence="MIT")
def shouting(batch: list[str]) -> list[float]:
    return [sum(char.isupper() for char in text) / max(1, len(text)) for text in batch]


class TestFunction(ScorerContract):
    plugin = shouting


def test_every_built_in_is_tried_somewhere():
    tests = [path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py")]
    suites = " ".join(text for text in tests if "(ScorerContract)" in text)
    ours = [entry for entry in entry_points(group="limen.scorers") if entry.dist.name == "limen"]
    modules = {entry.value.partition(":")[0].rpartition(".")[2] for entry in ours}
    assert {module for module in modules if not re.search(rf"\b{module}\b", suites)} == set()
