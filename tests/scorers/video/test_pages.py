"""The pages on videos and sounds: their manifests configure, their Python runs."""

import asyncio

import pytest
import yaml

import limen
from scorers.registry import Registry
from tests.docs.packs import pack
from tests.docs.pages import DOCS, snippets
from tests.scorers.video.clips import clip, pictures

PAGES = ("video-frames", "video-hash", "voice-activity", "transcript")


@pytest.mark.parametrize("name", PAGES)
def test_the_manifests_configure(name, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "videos.jsonl").touch()
    for block in snippets(DOCS / "reference" / "scorers" / f"{name}.md", "yaml"):
        entries = yaml.safe_load(block.text)["scorers"]
        setup = Registry.installed().configure(entries, tmp_path)
        assert setup.problems == ()
        assert [scorer.name for scorer in setup.scorers] == list(entries)
        assert name in {scorer.plugin.name for scorer in setup.scorers}


def test_a_segment_of_a_stream_is_judged_as_the_page_says(tmp_path):
    (block,) = snippets(DOCS / "reference" / "scorers" / "video-frames.md", "python")
    names = {}
    exec(compile(block.text, "video-frames.md", "exec"), names)

    @limen.scorer("light", outputs={"image.light": limen.Score()}, modality="image")
    def light(batch):
        return [0.9 for _ in batch]

    rules = "policy light { severity P3  thresholds on video.light.max { label >= 0.8 } }"
    folder = pack(tmp_path / "pack", MORE, light=rules)
    engine = limen.Engine.load(folder, scorers=[light])
    segment = clip(pictures([30], 2.0), form="mpegts")
    decision = asyncio.run(names["judge_segment"](engine, "stream", 3, segment))
    assert (decision.id, decision.enforcement) == ("stream/3", "label")


MORE = """
scorers:
  film: {use: video-frames, sample: live, judges: [light]}
"""
