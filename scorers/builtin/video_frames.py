"""A video -> what image scorers say about its frames: the highest score and its time, the mean of the top k, a share."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field

from scorers.content import Content, ContentError, Media, Modality
from scorers.deadline import remaining
from scorers.onnx.runtime import needed
from scorers.parts import Parts
from scorers.registry import Configured
from scorers.scorer import (
    Cost,
    Count,
    Flag,
    Output,
    Plugin,
    Prefix,
    Row,
    Score,
    Scorer,
    Settings,
    SettingsError,
)
from scorers.video.sample import Limits, Sample, SampleSetting
from scorers.video.summary import DESCRIPTIONS, Judged, summarised, summary, watched

SIDE_BY_SIDE = 4


class VideoFramesSettings(Settings):
    """Settings of `video-frames`."""

    judges: Sequence[Any] = Field(min_length=1, description="the image scorers, as in a manifest: `[{use: nudity}]`")
    sample: SampleSetting = Field(
        default=Sample(), description="`1s`, `scenes`, `key_frames`, `live` (5 s) or `{every: 5s}`; 1s unless stated"
    )
    top: int = Field(default=5, ge=1, description="how many of the highest scores `top_mean` is the mean of")
    cut: float = Field(default=0.8, ge=0, le=1, description="the score from which on a frame counts for `share`")
    prefix: Prefix = Field(default="video", description="first part of the outputs' names")
    frames_per_batch: int = Field(default=16, ge=1, le=256, description="how many frames the judges get at once")
    max_frames: int = Field(default=Limits().frames, ge=1, description="the most sampled frames of one video")
    max_seconds: float = Field(
        default=Limits().seconds, gt=0, description="how much of a video is looked at, in seconds"
    )
    decode_seconds: float = Field(default=Limits().decode_seconds, gt=0, description="time for decoding one video")

    @property
    def limits(self) -> Limits:
        return Limits(self.max_frames, self.max_seconds, decode_seconds=self.decode_seconds)


class VideoFramesScorer(Scorer):
    """Samples frames, hands them to the judges in batches, and sums up; of several videos as if they were one."""

    def __init__(self, settings: VideoFramesSettings, _folder: Path, part: Callable[[str, Any], Configured]) -> None:
        """Make the judges. Raises SettingsError where one judges no images, or two give the same output."""
        self._settings = settings
        self._parts = Parts([part(f"judges.{index}", entry) for index, entry in enumerate(settings.judges)])
        for index, judge in enumerate(self._parts.parts):
            if not watched(judge.outputs):
                raise SettingsError(f"`{judge.plugin.name}` gives no score, flag or count of images", f"judges.{index}")
        self._watched = watched(_distinct(self._parts.parts))
        outputs = self._parts.outputs
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {
                name: output
                for source, short in self._watched.items()
                for name, output in summarised(settings.prefix, short, outputs[source]).items()
            }
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._parts.warnings

    def load(self) -> None:
        needed("av", "video")
        needed("PIL.Image", "video")
        self._parts.load()

    async def score(self, batch: Sequence[Content]) -> list[Row]:
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        return list(await asyncio.gather(*(self._row(content, room) for content in batch)))

    async def _row(self, content: Content, room: asyncio.Semaphore) -> Row:
        judged = Judged()
        async with room:
            for video in content.videos:
                await self._watch(content, video, judged)
        kinds = self._parts.outputs
        settings = self._settings
        return {
            f"{settings.prefix}.{short}.{what}": value
            for source, short in self._watched.items()
            for what, value in summary(judged, source, kinds[source].kind, settings.top, settings.cut).items()
        }

    async def _watch(self, content: Content, video: Media, judged: Judged) -> None:
        """Judge the frames of one video, as long as there is time; what is left out is noted."""
        from scorers.video.container import MediaError, source_of  # noqa: PLC0415  (heavy: an extra's libraries)
        from scorers.video.frames import Frames  # noqa: PLC0415
        from scorers.video.shots import Shots  # noqa: PLC0415

        try:
            frames = Frames(source_of(video), self._settings.sample, self._settings.limits)
            shots = Shots(frames, content, self._settings.frames_per_batch)
            try:
                await self._judge(shots, judged)
            finally:
                shots.close()
            judged.notes.extend([frames.incomplete] if frames.incomplete else [])
        except (MediaError, ContentError, OSError) as error:
            judged.notes.append(f"a video is not judged: {error}")

    async def _judge(self, shots: Any, judged: Judged) -> None:
        pending = shots.start()
        while batch := await pending:
            began = time.monotonic()
            pending = shots.start()  # decoded while the judges work
            judged.scored.extend(await self._parts.run([shot.content for shot in batch]))
            judged.times.extend(shot.seconds for shot in batch)
            if remaining() < 2 * (time.monotonic() - began):
                judged.notes.append(f"there was time for {len(judged.times)} frames only")
                return


def _distinct(parts: Sequence[Configured]) -> dict[str, Output]:
    outputs: dict[str, Output] = {}
    for index, part in enumerate(parts):
        for name, output in part.outputs.items():
            if name in outputs:
                raise SettingsError(f"`{name}` is given by another judge, too: leave one out", f"judges.{index}")
            outputs[name] = output
    return outputs


PLUGIN = Plugin(
    name="video-frames",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU_HEAVY,
    outputs={
        **{
            f"video.<score…>.{what}": Score(modality="video", description=DESCRIPTIONS[what])
            for what in ("max", "top_mean", "share")
        },
        "video.<score…>.at_ms": Count(modality="video", description=DESCRIPTIONS["at_ms"]),
        "video.<flag…>.any": Flag(modality="video", description=DESCRIPTIONS["any"]),
        "video.<count…>.most": Count(modality="video", description=DESCRIPTIONS["most"]),
    },
    create=VideoFramesScorer,
    settings=VideoFramesSettings,
    judges=(Modality.VIDEO,),
    composite=True,
    reads_facts=False,
    summary="image scorers on the sampled frames of videos and of segments of live streams",
)
