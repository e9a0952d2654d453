import asyncio
from pathlib import Path

import pytest

from scorers.content import Content
from scorers.function import scorer
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Count, Flag, Missing, Plugin, Score


def run(plugin, *contents):
    setup = Registry.of([plugin]).configure({"it": {"use": plugin.name}}, Path())
    assert setup.problems == ()
    return asyncio.run(Runner(setup.scorers).run(contents))


@scorer("shouting", outputs={"text.shouting": Score()}, modality="text")
def shouting(batch: list[str]) -> list[float]:
    """How much of a text is in capitals."""
    return [sum(char.isupper() for char in text) / max(1, len(text)) for text in batch]


def test_a_plain_function_is_a_plugin():
    assert isinstance(shouting, Plugin)
    assert shouting.outputs["text.shouting"].modality == "text"
    assert shouting.summary == "How much of a text is in capitals."
    (result,) = run(shouting, Content(text="OK ok"))
    assert result.values == {"text.shouting": 0.4}
    assert result.scorers == {"it": "shouting@0"}


def test_the_function_can_still_be_called():
    assert shouting(["A", "a"]) == [1.0, 0.0]


def test_an_async_function_is_awaited():
    @scorer("slow", outputs={"text.slow": Score()}, modality="text")
    async def slow(batch):
        await asyncio.sleep(0)
        return [0.25 for _ in batch]

    assert run(slow, Content(text="a"))[0].values == {"text.slow": 0.25}


def test_several_outputs_are_a_dict_for_each_member():
    @scorer("two", outputs={"text.long": Flag(), "text.words": Count()}, modality="text", version="3")
    def two(batch):
        return [{"text.long": len(text) > 3, "text.words": len(text.split())} for text in batch]

    results = run(two, Content(text="a"), Content(text="a bc"))
    assert [result.values for result in results] == [
        {"text.long": False, "text.words": 1},
        {"text.long": True, "text.words": 2},
    ]


def test_a_member_may_be_missing():
    @scorer("picky", outputs={"text.picky": Score()}, modality="text")
    def picky(batch):
        return [Missing("not my kind") if text == "x" else 0.5 for text in batch]

    first, second = run(picky, Content(text="x"), Content(text="y"))
    assert (first.missing, second.values) == ({"text.picky": "not my kind"}, {"text.picky": 0.5})


def test_a_function_without_a_modality_judges_facts():
    @scorer("young", outputs={"author.young": Flag()})
    def young(batch):
        return [content.facts["author.age_days"] < 7 for content in batch]

    (result,) = run(young, Content(facts={"author.age_days": 3}))
    assert result.values == {"author.young": True}


def test_a_function_for_images_gets_the_contents():
    @scorer("pictures", outputs={"image.number": Count()}, modality="image")
    def pictures(batch):
        return [len(content.images) for content in batch]

    (result,) = run(pictures, Content(text="a"))
    assert (result.values, result.missing, result.not_applicable) == ({}, {}, {"image.number"})


def test_a_function_without_outputs_is_refused():
    with pytest.raises(ValueError, match="no outputs"):
        scorer("none", outputs={})


def test_what_is_no_modality_or_output_is_refused_with_what_was_expected():
    with pytest.raises(ValueError, match=r"^`txt` is no modality: expected one of `text`, `image`, `video`, `audio`$"):
        scorer("it", outputs={"text.it": Score()}, modality="txt")
    with pytest.raises(
        ValueError, match=r"`text\.it` of the scorer `it` is int, expected an output such as `limen\.Score"
    ):
        scorer("it", outputs={"text.it": 3}, modality="text")
