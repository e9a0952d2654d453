import asyncio
import json
import os
import random
import re
import shutil
import sys
import threading
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import yaml
from PIL import Image

from limen.testing import ORDINARY, PIXEL, ScorerContract
from scorers.builtin.perceptual_hash import PLUGIN, PerceptualHashScorer, PerceptualHashSettings
from scorers.content import Content, Media
from scorers.hashes import pdq_of, phash_of
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Missing


def pixels(seed):
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC))


def png(*frames):
    file = BytesIO()
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(file, "PNG", save_all=bool(others), append_images=others)
    return file.getvalue()


FLAT = np.full((240, 320, 3), 80, np.uint8)
KNOWN, OTHER = pixels(1), pixels(2)
OF = {"pdq": pdq_of, "phash": phash_of}


def flipped(hash_, bits, seed=1):
    value = int.from_bytes(hash_)
    for bit in random.Random(seed).sample(range(len(hash_) * 8), bits):
        value ^= 1 << bit
    return value.to_bytes(len(hash_))


def scorer(folder, lines, **settings):
    (folder / "known.txt").write_text("\n".join(lines), encoding="utf-8")
    made = PerceptualHashScorer(
        PerceptualHashSettings.model_validate({"lists": {"known": "known.txt"}} | settings), folder
    )
    made.load()
    return made


def content(*images):
    return Content(images=tuple(Media(data=image if isinstance(image, bytes) else png(image)) for image in images))


def judged(made, *images):
    (row,) = made.score([content(*images)])
    return row["hash.known.match"], row["hash.known.distance"]


@pytest.mark.parametrize(("algorithm", "bits", "near"), [("pdq", 256, 31), ("phash", 64, 8)])
def test_the_distance_decides_and_the_limit_itself_is_a_match(tmp_path, algorithm, bits, near):
    hash_ = OF[algorithm](KNOWN)[0]
    for distance, expected in ((0, True), (near, True), (near + 1, False)):
        made = scorer(tmp_path, [flipped(hash_, distance).hex()], algorithm=algorithm)
        assert judged(made, KNOWN) == (expected, distance if expected else bits)
        assert judged(made, OTHER) == (False, bits)


def test_each_list_may_have_its_own_limit(tmp_path):
    (tmp_path / "other.csv").write_text(f"pdq\n{flipped(pdq_of(KNOWN)[0], 20).hex()}\n")
    lists = {"known": "known.txt", "wide": {"path": "other.csv", "max_distance": 40}, "narrow": "other.csv"}
    made = scorer(tmp_path, [flipped(pdq_of(KNOWN)[0], 12).hex()], lists=lists, max_distance=10)
    (row,) = made.score([content(KNOWN)])
    assert row == {
        "hash.known.match": False,
        "hash.known.distance": 256,
        "hash.wide.match": True,
        "hash.wide.distance": 20,
        "hash.narrow.match": False,
        "hash.narrow.distance": 256,
    }


def test_a_list_of_one_and_a_list_of_none(tmp_path):
    assert judged(scorer(tmp_path, [pdq_of(KNOWN)[0].hex()]), KNOWN) == (True, 0)
    assert judged(scorer(tmp_path, ["# nothing yet"]), KNOWN) == (False, 256)
    assert scorer(tmp_path, [], lists={}).score([content(KNOWN)]) == [{}]


def test_of_several_images_the_nearest_counts(tmp_path):
    made = scorer(tmp_path, [pdq_of(KNOWN)[0].hex(), flipped(pdq_of(OTHER)[0], 9).hex()])
    assert judged(made, pixels(3), OTHER) == (True, 9)
    assert judged(made, pixels(3), OTHER, KNOWN) == (True, 0)
    (((first, second), unread),) = made.matches([content(OTHER, KNOWN)])
    assert (first, second, unread) == ((0, "known.txt:1", "known"), (9, "known.txt:2", "known"), "")


@pytest.mark.parametrize("algorithm", ["pdq", "phash"])
@pytest.mark.parametrize("image", [FLAT, FLAT[:1, :1], np.zeros_like(FLAT)])
def test_an_image_of_one_colour_has_no_usable_hash(tmp_path, algorithm, image):
    """Its hash is noise, which another image of one colour shares: it must not match, not even itself."""
    lines = [OF[algorithm](image)[0].hex(), OF[algorithm](KNOWN)[0].hex()]
    made = scorer(tmp_path, lines, algorithm=algorithm)
    reason = Missing(f"image 1: no usable hash, its {algorithm} quality is 0 of 100")
    assert judged(made, image) == (reason, reason)
    assert judged(made, image, KNOWN) == (True, 0)
    bits = {"pdq": 256, "phash": 64}[algorithm]
    assert judged(scorer(tmp_path, lines, algorithm=algorithm, low_quality="no_match"), image) == (False, bits)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "image 2: the file is empty"),
        (b"no image", "image 2: it is no image"),
        (png(KNOWN)[:2000], "image 2: it cannot be decoded: "),
    ],
)
def test_an_image_that_cannot_be_read_is_missing_unless_another_matches(tmp_path, image, reason):
    made = scorer(tmp_path, [pdq_of(KNOWN)[0].hex()])
    match, distance = judged(made, OTHER, image)
    assert match == distance
    assert match.reason.startswith(reason)
    assert judged(made, KNOWN, image) == (True, 0)
    gone = Content(images=(Media(path=tmp_path / "gone"),))
    assert made.score([gone])[0]["hash.known.match"] == Missing("image 1: it cannot be read: No such file or directory")


def test_a_frame_within_an_animation_is_found(tmp_path):
    made = scorer(tmp_path, [pdq_of(KNOWN)[0].hex()])
    assert judged(made, png(FLAT, OTHER, KNOWN)) == (True, 0)
    assert judged(scorer(tmp_path, [pdq_of(KNOWN)[0].hex()], frames=1), png(OTHER, KNOWN)) == (False, 256)


@pytest.mark.parametrize("algorithm", ["pdq", "phash"])
def test_rotated_and_mirrored_images_are_found_where_that_is_asked_for(tmp_path, algorithm):
    lines = [OF[algorithm](KNOWN)[0].hex()]
    turned = [np.rot90(KNOWN, quarters) for quarters in range(4)]
    turned += [image[:, ::-1] for image in turned]
    plain = scorer(tmp_path, lines, algorithm=algorithm)
    assert [judged(plain, image)[0] for image in turned] == [True] + [False] * 7
    asked = scorer(tmp_path, lines, algorithm=algorithm, rotations=True)
    assert [judged(asked, image)[0] for image in turned] == [True] * 8


def test_bad_lines_are_told_one_by_one_and_the_others_work(tmp_path):
    made = scorer(tmp_path, ["0" * 32, f"  PDQ:{pdq_of(KNOWN)[0].hex().upper()}  ", *["abc"] * 30])
    assert judged(made, KNOWN) == (True, 0)
    assert len(made.warnings) == 21
    assert made.warnings[0] == "known.txt:1: `000000000000…` has 32 characters, expected 64 (pdq); it is left out"
    assert made.warnings[-1] == "known.txt: 11 more are left out"


def test_entries_of_low_quality_are_left_out(tmp_path):
    lines = [{"pdq": pdq_of(image)[0].hex(), "quality": quality} for image, quality in ((KNOWN, 50), (OTHER, 49))]
    (tmp_path / "known.jsonl").write_text("\n".join(map(json.dumps, lines)))
    made = scorer(tmp_path, [], lists={"known": "known.jsonl"})
    assert (judged(made, KNOWN), judged(made, OTHER)) == ((True, 0), (False, 256))
    assert made.warnings == ("known.jsonl:2: its quality, 49, is below `min_quality`, 50; it is left out",)


def test_lists_that_change_are_read_again_and_stay_if_they_cannot_be(tmp_path):
    made = scorer(tmp_path, [pdq_of(KNOWN)[0].hex()])
    (tmp_path / "known.txt").write_text(pdq_of(OTHER)[0].hex())
    assert judged(made, KNOWN) == (True, 0)
    assert made.refresh()
    assert (judged(made, KNOWN), judged(made, OTHER)) == ((False, 256), (True, 0))
    (tmp_path / "known.txt").write_text("0123\n" * 3)
    assert not made.refresh()
    assert judged(made, OTHER) == (True, 0)
    (warning,) = made.warnings
    assert warning.startswith("the list `known.txt` has no usable hash: line 1: `0123` has 4 characters")


def test_searches_go_on_while_lists_are_exchanged(tmp_path):
    """Each search sees one list or the other, whole: one image matches, never both, never none."""
    known = [[pdq_of(image)[0].hex()] for image in (KNOWN, OTHER)]
    made = scorer(tmp_path, known[0])
    done = threading.Event()
    seen = []

    def search():
        while not done.is_set():
            rows = made.score([content(KNOWN), content(OTHER)])
            seen.append(tuple(row["hash.known.match"] for row in rows))

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        (tmp_path / "new").write_text("\n".join([*known[turn % 2], f"# {turn}"]))
        (tmp_path / "new").replace(tmp_path / "known.txt")
        made.refresh()
    done.set()
    for thread in threads:
        thread.join(10)
    assert set(seen) <= {(True, False), (False, True)}
    assert seen


def test_a_missing_extra_is_told_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pdqhash", None)
    (tmp_path / "known.txt").write_text("00" * 32)
    setup = Registry.of([PLUGIN]).configure(
        {"h": {"use": "perceptual-hash", "lists": {"known": "known.txt"}}}, tmp_path
    )
    (result,) = asyncio.run(Runner(setup.scorers).run([content(KNOWN)]))
    assert "run `pip install 'limen[hash]'`" in result.missing["hash.known.match"]


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"lists": {"a": "gone.txt"}}, "lists.a", "there is no list `gone.txt`"),
        ({"lists": {"a": "../up.txt"}}, "lists.a", "leaves the folder"),
        ({"lists": {"a": "."}}, "lists.a", "cannot be read"),
        ({"lists": {"a": "\0"}}, "lists.a", "is no usable path"),
        (
            {"lists": {"a": "short.txt"}},
            "lists.a",
            "the list `short.txt` has no usable hash: line 1: `f0f0f0f0f0f0f0f0` has",
        ),
        ({"lists": {"a": {"path": "short.txt", "max": 3}}}, "lists.a", "unknown setting `max`"),
        ({"lists": {"a": {"path": "short.txt", "max_distance": 65}}}, "", "`max_distance` is 65, expected at most 64"),
        ({"lists": {}, "algorithm": "phash", "max_distance": 17}, "", "`max_distance` is 17, expected at most 16"),
        ({"lists": {}, "max_distance": -1}, "max_distance", "greater than or equal to 0"),
        ({"lists": {}, "algorithm": "md5"}, "algorithm", "'pdq' or 'phash'"),
        ({"lists": {}, "min_quality": 0}, "min_quality", "greater than or equal to 1"),
        ({}, "lists", "field required"),
    ],
)
def test_settings_that_cannot_be_used_say_where_and_what(tmp_path, settings, key, message):
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "up.txt").write_text("")
    (pack / "short.txt").write_text("f0" * 8)
    (problem,) = Registry.of([PLUGIN]).configure({"h": {"use": "perceptual-hash"} | settings}, pack).problems
    assert problem.key.startswith(key)
    assert message in problem.message


class TestPerceptualHash(ScorerContract):
    plugin = PLUGIN
    settings: ClassVar = {"lists": {"known": "known.txt", "none": {"path": "none.txt", "max_distance": 10}}}
    contents = (*ORDINARY, content(KNOWN), content(OTHER, KNOWN), content(OTHER, PIXEL), content(b"no image"))

    @pytest.fixture(autouse=True)
    def lists(self, tmp_path, monkeypatch):
        (tmp_path / "known.txt").write_text(pdq_of(KNOWN)[0].hex())
        (tmp_path / "none.txt").write_text("# nothing yet")
        monkeypatch.setattr(type(self), "folder", tmp_path)


def test_the_manifest_of_the_page_configures(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "reference" / "scorers" / "perceptual-hash.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "lists").mkdir()
    for name, line in (
        ("banned.txt", "f0" * 32),
        ("memes.csv", "pdq"),
        ("banned-phash.jsonl", '{"phash": "00ff00ff00ff00ff"}'),
    ):
        (tmp_path / "lists" / name).write_text(line)
    setup = Registry.of([PLUGIN]).configure(yaml.safe_load(block)["scorers"], tmp_path)
    assert setup.problems == ()
    assert setup.outputs["phash.banned.distance"].maximum == 64


@pytest.mark.skipif("LIMEN_DATA" not in os.environ, reason="LIMEN_DATA is not set")
def test_the_reference_hashes_of_the_pdq_test_set_find_its_photographs(tmp_path):
    data = Path(os.environ["LIMEN_DATA"]) / "pdq"
    shutil.copy(data / "pdq_reference_hashes_from_sql_README.csv", tmp_path / "reference.csv")
    made = scorer(tmp_path, [], lists={"reference": "reference.csv"}, frames=1)
    assert made.warnings == ()
    names = ("bridge-1-original.jpg", "bridge-7-flip-plus-1.jpg", "pen-and-coaster.png", "q0122.jpg", "q2821.jpg")
    photographs = [data / "images" / name for name in (*names, "c.png", "q0003.jpg")]
    answers = made.matches([Content(images=(Media(path=path),)) for path in photographs])
    found = [next((f"{match.id} {match.distance <= 16}" for match in matches), None) for matches, _ in answers]
    assert [one and one.rpartition("/")[2] for one in found] == [*(f"{name} True" for name in names), None, None]
    assert [unread for _, unread in answers] == [*[""] * 6, "image 1: no usable hash, its pdq quality is 3 of 100"]
