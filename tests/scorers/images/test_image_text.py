"""Text in pictures is read without a network and judged by text scorers, alone and together with the post's own text."""

import asyncio
import logging
import socket
from difflib import SequenceMatcher
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from limen.testing import PIXEL, ScorerContract
from scorers.builtin.image_text import PLUGIN
from scorers.builtin.keywords import PLUGIN as KEYWORDS
from scorers.builtin.text_linear import PLUGIN as TEXT_LINEAR
from scorers.content import Content, Media
from scorers.deadline import within
from scorers.function import scorer
from scorers.images import ocr
from scorers.images.decode import decode
from scorers.images.ocr import Reader, tiles
from scorers.onnx.runtime import ModelUnavailableError
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Choice, Count, Flag, Missing, Score, Text
from tests.scorers.images.drawn import data_folder, saved, written

OCR = (data_folder() or Path("none")) / "ocr"
needs_data = pytest.mark.skipif(not OCR.is_dir(), reason="LIMEN_DATA is not set")
SMALL = {"enlarge_to": 64, "threads": 1}  # small and quick: these pictures are drawn large


def drawn(text, **options):
    return Media(data=saved(written(text, size=24, **options)))


HELLO, GARBAGE = drawn("hello badword"), drawn("garbage")
WORDS = {"use": "keywords", "lists": {"bad": ["badword", "you are garbage"]}}


@scorer(
    "told",
    outputs={
        "text.loud": Score(), "told.words": Count(), "told.shown": Flag(), "told.all": Text(), "told.way": Choice(["a"]),
    },
    modality="text",
)  # fmt: skip
def told(texts):
    return [
        {"text.loud": min(1, len(text) / 100), "told.words": len(text.split()), "told.shown": "shown" in text,
         "told.all": text, "told.way": "a"}
        for text in texts
    ]  # fmt: skip


@scorer("picky", outputs={"text.short": Score()}, modality="text")
def picky(texts):
    return [0.25 if len(text) < 8 else Missing("too long for me") for text in texts]


@scorer("pictures", outputs={"image.red": Score()}, modality="image")
def pictures(batch):
    return [0.5 for _ in batch]


REGISTRY = Registry.of([PLUGIN, KEYWORDS, TEXT_LINEAR, told, picky, pictures])


def made(*judges, **more):
    setup = REGISTRY.configure({"it": {"use": "image-text", "judges": list(judges), **SMALL, **more}}, Path())
    assert not setup.problems, setup.problems
    return setup.scorers[0]


def problem(*judges, **more):
    (one,) = REGISTRY.configure({"it": {"use": "image-text", "judges": list(judges), **more}}, Path()).problems
    return one


def loaded(*judges, **more):
    configured = made(*judges, **more)
    configured.scorer.load()
    return configured.scorer


def row(scorer, *images, text=None):
    return asyncio.run(scorer.score([Content(images=images, text=text)]))[0]


@pytest.fixture(scope="module")
def reader():
    return Reader.open(threads=1, enlarge_to=64)


@pytest.fixture(scope="module")
def judging():
    return loaded(WORDS, "told", together="post_text")


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings: ClassVar = {**SMALL, "judges": ["told", WORDS], "together": "post_text"}
    contents = (
        Content(id="pixels", images=(Media(data=PIXEL), Media(data=PIXEL)), text="a picture"),
        Content(id="words", images=(HELLO,)),
        Content(id="broken", images=(Media(data=b"GIF89a"),)),
    )

    def make(self):
        (configured,) = REGISTRY.configure({"it": {"use": "image-text", **self.settings}}, Path()).scorers
        configured.scorer.load()
        return configured


def test_what_is_read_goes_to_each_judge_under_its_own_name(judging):
    found = row(judging, HELLO)
    assert {name: value for name, value in found.items() if name.startswith("image_text.")} == {
        "image_text.found": True,
        "image_text.length": 13,
        "image_text.keywords.bad.match": True,
        "image_text.keywords.bad.count": 1,
        "image_text.loud": 0.13,
        "image_text.told.words": 2,
        "image_text.told.shown": False,
        "image_text.told.all": "hello badword",
    }


def test_an_insult_cut_in_two_is_seen_when_both_parts_are_taken_as_one(judging):
    split = row(judging, GARBAGE, text="You are")
    assert (split["image_text.keywords.bad.match"], split["post_text.keywords.bad.match"]) == (False, True)
    turned = row(judging, drawn("you are"), text="garbage")
    assert (turned["image_text.keywords.bad.match"], turned["post_text.keywords.bad.match"]) == (False, True)
    apart = row(judging, drawn("hello"), text="garbage")
    assert apart["post_text.keywords.bad.match"] is False


def test_without_text_of_its_own_a_post_is_what_its_picture_says(judging):
    found = row(judging, HELLO)
    both = {name.removeprefix("post_text."): value for name, value in found.items() if name.startswith("post_text.")}
    assert both.items() <= {name.removeprefix("image_text."): value for name, value in found.items()}.items()


def test_a_picture_without_text_is_known_to_have_none(judging):
    found = row(judging, Media(data=PIXEL))
    assert {name: found[name] for name in found if name.startswith("image_text.")} == {
        "image_text.found": False,
        "image_text.length": 0,
        "image_text.keywords.bad.match": False,
        "image_text.keywords.bad.count": 0,
        "image_text.loud": 0.0,
        "image_text.told.words": 0,
        "image_text.told.shown": False,
        "image_text.told.all": "",
    }
    assert row(judging, Media(data=PIXEL), text="badword")["post_text.keywords.bad.count"] == 1


def test_texts_of_several_images_are_read_in_order(judging):
    found = row(judging, GARBAGE, HELLO, Media(data=PIXEL), HELLO)
    assert found["image_text.told.all"] == "garbage\nhello badword"


def test_each_picture_is_read_once_whatever_the_judges(monkeypatch, judging):
    seen = []
    real = Reader.read
    monkeypatch.setattr(Reader, "read", lambda self, pixels: seen.append(1) or real(self, pixels))
    row(judging, HELLO, GARBAGE, text="You are")
    assert len(seen) == 2


def test_a_picture_that_cannot_be_seen_makes_all_missing(judging):
    rows = asyncio.run(judging.score([Content(images=(HELLO, Media(data=b"no"))), Content(images=(HELLO,))]))
    assert isinstance(rows[0], Missing)
    assert rows[0].reason.startswith("image 2: it is no image")
    assert rows[1]["image_text.found"] is True


def test_what_a_judge_cannot_say_is_missing_for_its_outputs_alone():
    judge = loaded("picky", together="both")
    found = row(judge, GARBAGE, text="You are")
    assert found == {"image_text.found": True, "image_text.length": 7, "image_text.short": 0.25,
                     "both.short": Missing("too long for me")}  # fmt: skip


def test_without_judges_it_says_whether_there_is_text():
    found = row(loaded(), HELLO)
    assert found == {"image_text.found": True, "image_text.length": 13}


def test_one_content_too_many_for_the_time_is_missing_and_the_others_stand(judging):
    async def hurried():
        with within(0.0):
            return await judging.score([Content(images=(HELLO,))])

    assert asyncio.run(hurried()) == [Missing("not read: there was time for 0 of 1 contents; set `batch`")]


def test_the_runner_asks_only_for_posts_with_pictures():
    configured = made("text-linear", together="post_text")
    words, picture = asyncio.run(Runner([configured]).run([Content(text="hello"), Content(text="x", images=(HELLO,))]))
    assert words.not_applicable == set(configured.outputs)
    assert not words.values
    assert not picture.missing
    assert set(picture.values) == set(configured.outputs)
    assert 0 < picture.values["image_text.toxicity"] < 1


@pytest.mark.parametrize(
    ("judges", "more", "key", "message"),
    [
        (["told", "told"], {}, "judges.1", "two judges give `text.loud`: give one of them another `prefix`"),
        (["pictures"], {}, "judges.0", "`pictures` gives no score, flag, count or text of texts"),
        (["tolld"], {}, "judges.0.use", "did you mean `told`?"),
        (["told"], {"together": "image_text"}, "judges", "two outputs would be `image_text.loud`"),
        ([], {"enlarge_to": 5_000}, "enlarge_to", "less than or equal to 960"),
    ],
)
def test_settings_that_do_not_fit_are_told(judges, more, key, message):
    one = problem(*judges, **more)
    assert one.key == key
    assert message in one.message


def test_reading_needs_no_network_and_no_words(monkeypatch, capfd):
    def refuse(*_):
        raise AssertionError("the network was asked")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    reader = Reader.open(threads=1, enlarge_to=64)
    assert reader.device == "cpu"
    assert reader.read(np.asarray(written("no network", size=24))) == "no network"
    assert reader.read(np.zeros((60, 60, 3), np.uint8)) == ""
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("RapidOCR").isEnabledFor(logging.ERROR)


def test_a_picture_on_which_the_engine_fails_is_missing_alone(judging, monkeypatch):
    def engine(pixels):
        raise RuntimeError("no room")

    monkeypatch.setattr(judging, "_reader", Reader(engine, "cpu"))
    assert row(judging, Media(data=PIXEL), HELLO) == Missing("image 2: its text cannot be read: RuntimeError: no room")


def test_the_engine_is_given_blue_first():
    seen = []

    def engine(pixels):
        seen.append(pixels)
        return SimpleNamespace(txts=None)

    assert Reader(engine, "cpu").read(np.full((60, 60, 3), (200, 100, 0), np.uint8)) == ""
    assert seen[0][0, 0].tolist() == [0, 100, 200]


@pytest.mark.parametrize("name", ["rapidocr", "models"])
def test_what_is_missing_is_named_with_its_command(name, monkeypatch, tmp_path):
    if name == "models":
        spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})()
        monkeypatch.setattr(ocr, "find_spec", lambda _: spec)
    else:
        monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(ModelUnavailableError, match=r"limen\[ocr\]"):
        Reader.open()


def test_lines_and_inks_are_read(reader):
    for text, options in {
        "one line": {}, "two\nlines here": {}, "white on black": {"ink": "white", "paper": "black"},
    }.items():  # fmt: skip
        assert reader.read(np.asarray(written(text, size=24, **options))) == text


def test_a_tall_screenshot_is_cut_between_its_lines(reader):
    text = "\n".join(f"message number {number}" for number in range(30))
    page = np.asarray(written(text, size=20))
    parts = tiles(page)
    assert len(parts) > 1
    assert sum(part.shape[0] for part in parts) == page.shape[0]
    assert reader.read(page) == text


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (1, 50_000), (50_000, 1), (8, 50_000), (50_000, 8), (30, 4_000), (4_000, 30), (9_000, 900), (900, 9_000)])  # fmt: skip
def test_no_shape_becomes_a_huge_picture(shape):
    parts = tiles(np.zeros((*shape, 3), np.uint8))
    assert len(parts) <= 6
    for part in parts:
        height, width = part.shape[:2]
        assert min(height, width) >= 8
        assert max(height, width) <= 2_000
        assert height <= 3 * width
        assert width <= 4 * height


def similarity(text, picture, reader):
    (pixels,) = decode(picture.read_bytes())
    return SequenceMatcher(None, text, " ".join(reader.read(pixels).split()), autojunk=False).ratio()


def truth():
    import json

    return [(row["text"], OCR / row["file"]) for row in json.loads((OCR / "truth.json").read_text())]


@needs_data
def test_three_of_the_labelled_pictures_are_read():
    reader = Reader.open(threads=1)
    assert min(similarity(text, picture, reader) for text, picture in truth()[:3]) >= 0.95


@needs_data
@pytest.mark.deep
def test_the_labelled_pictures_are_read():
    reader = Reader.open(threads=1)
    assert np.median([similarity(text, picture, reader) for text, picture in truth()]) >= 0.95


def test_what_is_not_read_in_time_is_told_and_what_is_read_stands(monkeypatch, judging):
    from scorers.builtin import image_text

    left = iter([9.0, 9.0, 0.0])
    monkeypatch.setattr(image_text, "remaining", lambda: next(left))
    rows = asyncio.run(judging.score([Content(images=(HELLO,))] * 4))
    assert [isinstance(one, Missing) for one in rows] == [False, False, True, True]
    assert rows[3].reason == "not read: there was time for 2 of 4 contents; set `batch`"
