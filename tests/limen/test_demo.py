"""`limen demo` shows posts, pictures and a video, with what was found in each."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import limen
from engine.load import load_pack
from engine.packtests import run_tests
from limen.cli import demo
from tests.limen.packs import Run

FOLDER = Path(demo.__file__).parents[1] / "demo"
extras = pytest.mark.skipif(
    not all(importlib.util.find_spec(module) for module in demo.NEEDED),
    reason="needs the extras of pictures and videos",
)


@extras
def test_it_reads_what_is_written_in_pictures_and_watches_the_video(run: Run) -> None:
    status, out, _ = run("demo")
    assert status == 0
    posts, _, media = out.partition("Pictures and a video")
    assert "48 decisions, 48 of them decided with nothing missing" in posts
    assert "9 decisions, 9 of them decided with nothing missing" in media
    told = {line.split("│")[1].strip(): line for line in media.splitlines() if line.startswith("│")}
    assert "remove and review" in told["[en] You have to see this (scam.png)"]
    assert "reduce and review" in told["[en] Just my opinion (insult.png)"]
    assert "allow" in told["[en] Our walk on Sunday (bridge.jpg)"]
    assert "video.nudity.max" in told["[en] Look at it go (clip.mp4)"]


def test_without_the_extras_it_says_what_is_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, find: Callable[[str], Any] = importlib.util.find_spec) -> Any:
        return None if name in demo.NEEDED else find(name)

    monkeypatch.setattr(demo, "find_spec", without)
    status, out, _ = run("demo")
    assert status == 0
    assert demo.WITHOUT in out


@extras
def test_its_media_pack_passes_its_own_tests() -> None:
    loaded = load_pack(FOLDER / "media" / "pack")
    assert not loaded.compiled.diagnostics
    assert loaded.compiled.program is not None
    results, _ = run_tests(loaded.pack.items, loaded.compiled.program, loaded.env)
    assert len(results) >= 15
    assert [result.problem for result in results if result.problem] == []


def test_a_video_that_nobody_could_open_goes_to_a_person() -> None:
    engine = limen.Engine.load(FOLDER / "media" / "pack")
    content = limen.Content(videos=(limen.Media(data=b"no video"),))
    decision = asyncio.run(engine.moderate(content, region="US"))
    assert decision.status == "degraded"
    assert [route["route"] for route in decision.to_dict()["routes"]] == ["review"]
