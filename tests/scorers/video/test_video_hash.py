import asyncio
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from limen.testing import ScorerContract
from scorers.builtin.video_hash import PLUGIN
from scorers.content import Content, Media
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.video.hash_list import hashes_of, main
from scorers.video.hashing import FrameHash, compared
from scorers.video.known import line, read_videos
from scorers.video.matching import Shared, VideoIndex
from scorers.video.sample import Sample
from tests.scorers.video.clips import clip, pictures

DATA = os.environ.get("LIMEN_DATA")


def mosaic(seed):
    """A picture with enough to recognise."""
    tiles = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), np.uint8)
    return np.kron(tiles, np.ones((20, 20, 1), np.uint8))[:180, :180]


def film(*seeds):
    """Each picture for a second."""
    return clip([mosaic(seed) for seed in seeds for _ in range(10)])


KNOWN, OTHER = film(1, 2, 3, 4), film(11, 12, 13, 14)
LONGER = film(1, 2, 3, 4, 21, 22, 23, 24)
BLANK = clip(pictures([90], 3.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pack")
    (path / "known.mp4").write_bytes(KNOWN)
    hashes, incomplete = hashes_of(path / "known.mp4", Sample("every", 0.5))
    assert incomplete == ""
    (path / "known.jsonl").write_text(line("case-7", hashes) + "\n")
    (path / "none.jsonl").write_text("")
    return path


def scored(folder, *videos, **settings):
    entry = {"use": "video-hash", "lists": {"banned": "known.jsonl", "none": "none.jsonl"}, **settings}
    setup = Registry.of([PLUGIN]).configure({"it": entry}, folder)
    assert setup.problems == ()
    content = Content(videos=tuple(Media(data=video) for video in videos))
    (result,) = asyncio.run(Runner(setup.scorers).run([content]))
    return result


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = {"lists": {"banned": "known.jsonl"}}  # noqa: RUF012
    contents = (
        Content(id="known", videos=(Media(data=KNOWN),)),
        Content(id="other", text="x", videos=(Media(data=OTHER),)),
        Content(id="blank", videos=(Media(data=BLANK), Media(data=OTHER))),
        Content(id="broken", videos=(Media(data=b"no video"),)),
    )

    @pytest.fixture(autouse=True)
    def _pack(self, folder):
        type(self).folder = folder


def test_a_known_video_matches_and_another_does_not(folder):
    assert scored(folder, KNOWN).values == {
        "video_hash.banned.match": True,
        "video_hash.banned.share": 1.0,
        "video_hash.banned.listed_share": 1.0,
        "video_hash.none.match": False,
        "video_hash.none.share": 0.0,
        "video_hash.none.listed_share": 0.0,
    }
    assert scored(folder, OTHER).values["video_hash.banned.match"] is False


def test_a_smaller_copy_in_another_codec_matches(folder):
    small = [np.asarray(Image.fromarray(mosaic(seed)).resize((128, 128))) for seed in (1, 2, 3, 4)]
    worse = clip([picture for picture in small for _ in range(10)], codec="mpeg4")
    assert scored(folder, worse).values["video_hash.banned.match"] is True


def test_a_known_video_within_a_longer_one_needs_the_other_share(folder):
    values = scored(folder, LONGER).values
    assert (values["video_hash.banned.match"], values["video_hash.banned.share"]) == (False, 0.5)
    assert values["video_hash.banned.listed_share"] == 1.0
    assert scored(folder, LONGER, share=0, listed_share=0.8).values["video_hash.banned.match"] is True


def test_of_several_videos_one_is_enough(folder):
    assert scored(folder, OTHER, KNOWN).values["video_hash.banned.match"] is True
    assert scored(folder, b"broken", KNOWN).values["video_hash.banned.match"] is True


@pytest.mark.parametrize(
    ("videos", "settings", "reason"),
    [
        ((b"broken",), {}, "a video is not hashed: no video or sound of a known kind"),
        ((OTHER, b""), {}, "a video is not hashed: it is empty"),
        ((BLANK,), {}, "no frame has enough to recognise"),
        ((OTHER,), {"max_frames": 2}, "only the first 2 sampled frames were looked at"),
    ],
)
def test_no_match_in_what_was_not_seen_is_missing(folder, videos, settings, reason):
    result = scored(folder, *videos, **settings)
    assert result.values == {}
    assert set(result.missing) >= {"video_hash.banned.match", "video_hash.banned.share"}
    assert all(told.startswith(reason) for told in result.missing.values())


def test_a_bad_line_costs_itself_only(folder):
    good = (folder / "known.jsonl").read_text()
    bad = [
        "{",
        "[]",
        '{"id": "x"}',
        '{"id": "", "frames": []}',
        json.dumps({"id": "short", "frames": ["abc,90,0"]}),
        json.dumps({"id": "odd", "frames": ["g" * 64 + ",90,0"]}),
        json.dumps({"id": "late", "frames": ["0" * 64 + ",90,nan"]}),
        json.dumps({"id": "loud", "frames": ["0" * 64 + ",900,0"]}),
        "[" * 100_000,
    ]
    (folder / "mixed.jsonl").write_text("\n".join([*bad, good.strip(), good.strip(), ""]))
    known = read_videos(folder / "mixed.jsonl")
    assert list(known.videos) == ["case-7"]
    assert [line.number for line in known.bad] == [*range(1, 10), 11]
    assert "the id `case-7` stands twice" in known.bad[-1].reason
    setup = Registry.of([PLUGIN]).configure({"it": {"use": "video-hash", "lists": {"a": "mixed.jsonl"}}}, folder)
    assert {problem.severity for problem in setup.problems} == {"warning"}
    assert "mixed.jsonl:5: a PDQ hash has 64 hexadecimal digits, seen 3; the line is left out" in {
        problem.message for problem in setup.problems
    }


@pytest.mark.parametrize("path", ["gone.jsonl", "../known.jsonl", "known.mp4"])
def test_a_list_that_cannot_be_read_is_a_problem(folder, path):
    (problem,) = Registry.of([PLUGIN]).configure({"it": {"use": "video-hash", "lists": {"a": path}}}, folder).problems
    assert (problem.key, problem.severity) == ("lists.a", "error")


def test_lists_are_read_again(folder, tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    entry = {"it": {"use": "video-hash", "lists": {"a": "a.jsonl"}}}
    (made,) = Registry.of([PLUGIN]).configure(entry, tmp_path).scorers
    made.scorer.load()
    contents = [Content(videos=(Media(data=KNOWN),))]
    assert made.scorer.score(contents)[0]["video_hash.a.match"] is False
    (tmp_path / "a.jsonl").write_text((folder / "known.jsonl").read_text())
    made.scorer.reload()
    assert made.scorer.score(contents)[0]["video_hash.a.match"] is True


hashes = st.binary(min_size=32, max_size=32)


@given(hashes, st.integers(0, 100), st.integers(0, 10**6))
def test_a_frame_hash_is_read_as_it_is_written(pdq, quality, milliseconds):
    written = FrameHash(pdq, quality, milliseconds / 1000)
    assert FrameHash.read(str(written)) == written


near = st.builds(lambda flips: bytes(32 - len(flips)) + flips, st.binary(max_size=6))
frames = st.lists(st.builds(FrameHash, near, st.sampled_from([10, 90]), st.just(0.0)), max_size=6)


@given(frames, st.dictionaries(st.sampled_from("abc"), frames, max_size=3), st.sampled_from([0, 3, 31]))
def test_what_is_shared_is_what_vpdq_counts(asked, listed, distance):
    """The pseudocode of vPDQ's README, pair by pair."""

    def near(one, other):
        return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count() <= distance

    own = compared(asked, 50)
    expected = []
    for name, known in listed.items():
        theirs = compared(known, 50)
        mine = sum(any(near(q, c) for c in theirs) for q in own)
        if mine:
            found = sum(any(near(q, c) for q in own) for c in theirs)
            expected.append(Shared(mine / len(own), found / len(theirs), name))
    shared = VideoIndex.build({"it": listed}, 50, distance).shared(asked)
    assert shared == (None if not own else {"it": sorted(expected, reverse=True)} if expected else {})


def test_the_command_writes_a_list_and_tells_what_it_could_not_read(folder, tmp_path, capsys):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    assert main([str(folder / "known.mp4"), str(tmp_path / "broken.mp4")]) == 1
    said = capsys.readouterr()
    (tmp_path / "list.jsonl").write_text(said.out)
    assert [len(frames) for frames in read_videos(tmp_path / "list.jsonl").videos.values()] == [40]
    assert "broken.mp4: no video or sound of a known kind" in said.err
    assert main([str(folder / "known.mp4"), "--sample", "1s"]) == 0


@pytest.mark.skipif(DATA is None, reason="LIMEN_DATA is not set")
def test_a_real_copy_that_begins_elsewhere_matches_and_another_clip_does_not():
    """More of them, and what fails: benchmarks/video_hash.py."""
    folder = Path(DATA) / "video"
    listed = {"original": hashes_of(folder / "chair-orig-22-sd-bar.mp4", Sample("every", 0.1))[0]}
    index = VideoIndex.build({"it": listed}, 50, 31)
    (copy,) = index.shared(hashes_of(folder / "chair-19-sd-bar.mp4", Sample())[0])["it"]
    assert copy.share >= 0.8
    assert index.shared(hashes_of(folder / "doorknob-hd-no-bar.mp4", Sample())[0]) == {}
