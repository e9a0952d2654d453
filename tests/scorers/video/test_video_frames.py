import asyncio
import threading
import time
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from limen.testing import ScorerContract
from scorers.builtin.video_frames import PLUGIN
from scorers.content import Content, Media
from scorers.deadline import within
from scorers.function import scorer
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Count, Flag, Missing, Score, Text
from tests.scorers.video.clips import clip, pictures, tone

# Five seconds: dark, bright, dark, brightest, dark.
FLASH = clip(pictures([20, 180, 20, 240, 20], 1.0))
DARK = clip(pictures([20], 3.0))


def brightness(content):
    from PIL import Image

    return float(np.asarray(Image.open(BytesIO(content.images[0].data))).mean()) / 255


@scorer(
    "light",
    outputs={"image.light": Score(), "image.dazzling": Flag(), "image.level": Count(), "image.words": Text()},
    modality="image",
)
def light(batch):
    return [
        {
            "image.light": (level := brightness(content)),
            "image.dazzling": level > 0.9,
            "image.level": int(level * 10),
            "image.words": "",
        }
        for content in batch
    ]


@scorer("blind", outputs={"image.light": Score(), "image.dazzling": Flag(), "image.level": Count()}, modality="image")
def blind(batch):
    """Has no value for dark frames."""
    rows = []
    for content in batch:
        level = brightness(content)
        missing = Missing("too dark to see")
        values = {"image.light": level, "image.dazzling": level > 0.9, "image.level": int(level * 10)}
        rows.append(dict.fromkeys(values, missing) if level < 0.2 else values)
    return rows


@scorer("wordy", outputs={"text.wordy": Score()}, modality="text")
def wordy(batch):
    return [0.5 for _ in batch]


def registry(*plugins):
    return Registry.of([PLUGIN, light, blind, wordy, *plugins])


def configured(settings, *plugins):
    setup = registry(*plugins).configure({"it": {"use": "video-frames", **settings}}, Path())
    assert setup.problems == ()
    return setup.scorers


def judged(*videos, judge="light", plugins=(), **settings):
    """What a runner makes of a content with these videos: values, and reasons."""
    content = Content(id="c", text="hello", videos=tuple(Media(data=video) for video in videos))
    runner = Runner(configured({"judges": [judge], **settings}, *plugins))
    (scored,) = asyncio.run(runner.run([content]))
    return scored.values, scored.missing


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = MappingProxyType({"judges": [{"use": "light"}], "sample": "500ms"})
    contents = (
        Content(id="flash", videos=(Media(data=FLASH),)),
        Content(id="dark", text="x", videos=(Media(data=DARK),)),
        Content(id="both", videos=(Media(data=DARK), Media(data=FLASH))),
        Content(id="broken", videos=(Media(data=b"no video"),)),
        Content(id="text", text="no video"),
    )

    def make(self):
        (made,) = configured(self.settings)
        made.scorer.load()
        return made

    def test_it_refuses_unknown_settings(self):
        problems = (
            registry().configure({"it": {"use": "video-frames", "judges": ["light"], "sampel": 1}}, Path()).problems
        )
        assert "did you mean `sample`?" in problems[0].message


def test_frames_are_summed_up():
    values, missing = judged(FLASH, top=2, cut=0.6)
    assert missing == {}
    assert values["video.light.max"] == pytest.approx(240 / 255, abs=0.02)
    assert values["video.light.top_mean"] == pytest.approx((240 + 180) / 2 / 255, abs=0.02)
    assert values["video.light.share"] == 0.4
    assert values["video.light.at_ms"] == 3000
    assert values["video.dazzling.any"] is True
    assert values["video.level.most"] == 9
    assert "video.words" not in {name.rpartition(".")[0] for name in values}  # a text has no summary


def test_several_videos_are_judged_as_one():
    values, _ = judged(DARK, FLASH, cut=0.6)
    assert values["video.light.at_ms"] == 3000
    assert values["video.light.share"] == 0.25


def test_the_top_mean_of_fewer_frames_is_their_mean():
    values, _ = judged(DARK, top=50)
    assert values["video.light.top_mean"] == pytest.approx(20 / 255, abs=0.02)


def test_names_of_other_scorers_stand_whole():
    @scorer("read", outputs={"image_text.hate": Score(modality="image"), "image.light": Score(modality="image")})
    def read(batch):
        return [{"image_text.hate": 0.5, "image.light": 0.1} for _ in batch]

    values, _ = judged(DARK, judge="read", plugins=[read])
    assert {"video.image_text.hate.max", "video.light.max"} <= set(values)


REASON = "3 of 5 frames have no value: too dark to see"


def test_a_frame_without_a_value_makes_missing_what_it_could_change():
    values, missing = judged(FLASH, judge="blind", cut=0.8)
    assert values == {
        "video.light.max": pytest.approx(240 / 255, abs=0.02),  # above the cut: proved
        "video.light.at_ms": 3000,
        "video.dazzling.any": True,
    }
    assert missing == dict.fromkeys(("video.light.top_mean", "video.light.share", "video.level.most"), REASON)


def test_below_the_cut_nothing_is_said_of_a_video_that_was_not_wholly_judged():
    values, missing = judged(FLASH, judge="blind", cut=0.99)
    assert set(values) == {"video.dazzling.any"}
    assert missing["video.light.max"] == REASON
    _, missing = judged(DARK, judge="blind")
    assert missing["video.dazzling.any"] == "3 of 3 frames have no value: too dark to see"


def test_a_limit_is_a_reason():
    values, missing = judged(FLASH, max_frames=3, cut=0.5)
    assert values["video.light.max"] == pytest.approx(180 / 255, abs=0.02)
    assert missing["video.light.share"] == "only the first 3 sampled frames were looked at"
    values, missing = judged(FLASH, max_seconds=2.5, cut=0.9)
    assert missing["video.light.max"] == "only the first 2.5 s were looked at"
    assert values == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no video", "a video is not judged: no video or sound of a known kind"),
        (b"", "a video is not judged: it is empty"),
        (tone(np.zeros(1600)), "a video is not judged: there is sound in it, and no video"),
    ],
)
def test_what_cannot_be_read_is_missing_with_its_reason(data, reason):
    values, missing = judged(data)
    assert values == {}
    assert all(told.startswith(reason) for told in missing.values())
    values, missing = judged(FLASH, data, cut=0.5)  # the good one does not hide it
    assert set(values) == {"video.light.max", "video.light.at_ms", "video.dazzling.any"}
    assert missing["video.light.share"].startswith(reason)


def test_a_judge_that_fails_is_a_reason_and_nothing_more():
    @scorer("broken", outputs={"image.light": Score()}, modality="image")
    def broken(batch):
        raise RuntimeError("out of order")

    values, missing = judged(FLASH, judge="broken", plugins=[broken])
    assert values == {}
    assert "5 of 5 frames have no value: failed: RuntimeError: out of order" in set(missing.values())


def test_the_judges_get_frames_in_batches_with_a_picture_each_and_no_text():
    seen = []

    @scorer("spy", outputs={"image.seen": Score()}, modality="image")
    def spy(batch):
        seen.append([(content.id, content.text, len(content.images), content.videos) for content in batch])
        return [0.0 for _ in batch]

    judged(FLASH, judge={"use": "spy", "batch": 2}, plugins=[spy], frames_per_batch=2)
    assert [len(batch) for batch in seen] == [2, 2, 1]
    assert seen[0][1] == ("c@1.000s", None, 1, ())


def test_when_time_runs_out_what_was_judged_counts():
    @scorer("slow", outputs={"image.light": Score()}, modality="image")
    def slow(batch):
        time.sleep(0.3)
        return [brightness(content) for content in batch]

    (made,) = configured({"judges": ["slow"], "frames_per_batch": 2, "cut": 0.5}, slow)
    content = Content(videos=(Media(data=FLASH),))

    async def within_a_second():
        with within(0.8):
            return await made.scorer.score([content])

    made.scorer.load()
    (row,) = asyncio.run(within_a_second())
    assert row["video.light.max"] == pytest.approx(180 / 255, abs=0.02)
    assert row["video.light.share"].reason == "there was time for 2 frames only"


def test_a_caller_who_leaves_does_not_leave_files_open(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(FLASH)
    asked = threading.Event()

    @scorer("stuck", outputs={"image.light": Score()}, modality="image")
    async def stuck(batch):
        asked.set()
        await asyncio.sleep(60)
        return [0.0 for _ in batch]

    (made,) = configured({"judges": ["stuck"], "frames_per_batch": 1}, stuck)

    async def leave():
        task = asyncio.ensure_future(made.scorer.score([Content(videos=(Media(path=path),))]))
        await asyncio.to_thread(asked.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    made.scorer.load()
    asyncio.run(leave())
    for _ in range(100):
        if not any(Path(f"/proc/self/fd/{number}").resolve() == path for number in range(3, 64)):
            return
        time.sleep(0.02)
    raise AssertionError("the video is still open")


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({}, "judges", "field required"),
        ({"judges": []}, "judges", "at least 1"),
        ({"judges": ["wordy"]}, "judges.0", "`wordy` gives no score, flag or count of images"),
        ({"judges": ["light", "blind"]}, "judges.1", "`image.light` is given by another judge, too"),
        ({"judges": ["ligt"]}, "judges.0.use", "did you mean `light`?"),
        ({"judges": ["light"], "sample": "often"}, "sample", "`often` is no way to sample a video"),
        ({"judges": ["light"], "cut": 2}, "cut", "less than or equal to 1"),
    ],
)
def test_settings_that_cannot_be_used_are_told_with_their_key(settings, key, message):
    (problem,) = registry().configure({"it": {"use": "video-frames", **settings}}, Path()).problems
    assert problem.key == key
    assert message in problem.message


def test_two_outputs_that_would_have_one_name_are_refused():
    @scorer("twice", outputs={"image.a.b": Score(modality="image"), "a.b": Score(modality="image")})
    def twice(batch):
        return [{} for _ in batch]

    (problem,) = registry(twice).configure({"it": {"use": "video-frames", "judges": ["twice"]}}, Path()).problems
    assert "two outputs of the judges would be `a.b`" in problem.message
