"""A video -> for each list of known videos, whether one of them shares its frames, by PDQ hashes of sampled frames."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from scorers.content import Content, ContentError, Media, Modality
from scorers.onnx.runtime import needed
from scorers.paths import OutsideFolderError, inside
from scorers.scorer import (
    Cost,
    Flag,
    Missing,
    Name,
    Output,
    Plugin,
    Prefix,
    Row,
    Score,
    Scorer,
    Settings,
    SettingsError,
    Value,
)
from scorers.video.hashing import hashed
from scorers.video.known import KnownVideos, read_videos
from scorers.video.sample import Limits, Sample, SampleSetting

if TYPE_CHECKING:
    from scorers.video.matching import Shared, VideoIndex

SHOWN_BAD_LINES = 20
FEATURELESS = "no frame has enough to recognise: its quality is below `min_quality`"


class VideoHashSettings(Settings):
    """Settings of `video-hash`; thresholds are those of vPDQ's extension of python-threatexchange (`vpdq_util.py`)."""

    lists: Mapping[Name, str] = Field(min_length=1, description="name -> path of a list of known videos (.jsonl)")
    prefix: Prefix = Field(default="video_hash", description="first part of the outputs' names")
    sample: SampleSetting = Field(default=Sample(), description="which frames are hashed; 1s unless stated")
    min_quality: int = Field(default=50, ge=0, le=100, description="frames with less to recognise are left out")
    max_distance: int = Field(default=31, ge=0, le=127, description="bits (of 256) by which matching frames may differ")
    share: float = Field(default=0.8, ge=0, le=1, description="share of the video's frames that must match")
    listed_share: float = Field(
        default=0.0, ge=0, le=1, description="share of the listed video's frames that must match"
    )
    max_frames: int = Field(default=600, ge=1, description="the most sampled frames of one video")
    max_seconds: float = Field(
        default=Limits().seconds, gt=0, description="how much of a video is looked at, in seconds"
    )
    decode_seconds: float = Field(default=Limits().decode_seconds, gt=0, description="time for decoding one video")

    @property
    def limits(self) -> Limits:
        return Limits(self.max_frames, self.max_seconds, decode_seconds=self.decode_seconds)


class VideoHashScorer(Scorer):
    """Hashes the sampled frames and compares them with the listed ones, as vPDQ does; of several videos the worst counts."""

    def __init__(self, settings: VideoHashSettings, folder: Path) -> None:
        """Read the lists. Raises SettingsError where one cannot be read; bad lines are left out, see `warnings`."""
        self._settings = settings
        self._folder = folder
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {f"{settings.prefix}.{name}.{what}": output for name in settings.lists for what, output in OUTPUTS.items()}
        )
        self._lists = self._read()
        self._index: VideoIndex | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The lines of the lists that were left out, one by one; of each list the first twenty."""
        paths = self._settings.lists
        return tuple(line for name, known in self._lists.items() for line in _told(paths[name], known))

    def load(self) -> None:
        needed("av", "video")
        needed("pdqhash", "hash")
        self._index = self._built(self._lists)

    def reload(self) -> None:
        """Read the lists again; all are replaced, or, where this raises SettingsError, none."""
        lists = self._read()
        index = self._built(lists)
        self._lists, self._index = lists, index

    def score(self, batch: Sequence[Content]) -> list[Row]:
        index = self._index
        if index is None:
            raise RuntimeError("the lists are not indexed: `load` was not called")
        return [self._row(content, index) for content in batch]

    def _row(self, content: Content, index: "VideoIndex") -> Row:
        """Let every video speak; of a list the best match stands, else what is missing, else that there is none."""
        row: dict[str, Value | Missing] = {}
        videos = [self._shared(video, index) for video in content.videos] or [({}, "there is no video")]
        for name in self._settings.lists:
            shared = [one for found, _ in videos for one in found.get(name, ())]
            reason = "; ".join(told for _, told in videos if told)
            for what, value in self._values(shared, reason).items():
                row[f"{self._settings.prefix}.{name}.{what}"] = value
        return row

    def _values(self, shared: "Sequence[Shared]", reason: str) -> dict[str, Value | Missing]:
        matching = [one for one in shared if self._matches(one)]
        if reason and not matching:  # what was not seen might match
            return dict.fromkeys(OUTPUTS, Missing(reason))
        best = max(matching or shared, default=None)
        return {
            "match": bool(matching),
            "share": best.share if best else 0.0,
            "listed_share": best.listed_share if best else 0.0,
        }

    def _matches(self, one: "Shared") -> bool:
        return one.share >= self._settings.share and one.listed_share >= self._settings.listed_share

    def _shared(self, video: Media, index: "VideoIndex") -> "tuple[Mapping[str, Sequence[Shared]], str]":
        """Return what the video shares by list, and why that may not be all, `` where it is."""
        from scorers.video.container import MediaError, source_of  # noqa: PLC0415  (heavy: an extra's libraries)
        from scorers.video.frames import Frames  # noqa: PLC0415

        try:
            frames = Frames(source_of(video), self._settings.sample, self._settings.limits)
            found = index.shared(hashed(frames))
        except (MediaError, ContentError, OSError) as error:
            return {}, f"a video is not hashed: {error}"
        return (found, frames.incomplete) if found is not None else ({}, FEATURELESS)

    def _read(self) -> dict[str, KnownVideos]:
        return {name: _known(name, path, self._folder) for name, path in self._settings.lists.items()}

    def _built(self, lists: Mapping[str, KnownVideos]) -> "VideoIndex":
        from scorers.video.matching import VideoIndex  # noqa: PLC0415

        videos = {name: known.videos for name, known in lists.items()}
        return VideoIndex.build(videos, self._settings.min_quality, self._settings.max_distance)


def _known(name: str, path: str, folder: Path) -> KnownVideos:
    key = f"lists.{name}"
    try:
        return read_videos(inside(folder, path))
    except OutsideFolderError as error:
        raise SettingsError(str(error), key) from error
    except FileNotFoundError as error:
        raise SettingsError(f"there is no list `{path}` in `{folder}`", key) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the list `{path}` cannot be read: {error}", key) from error


def _told(path: str, known: KnownVideos) -> Iterator[str]:
    for bad in known.bad[:SHOWN_BAD_LINES]:
        yield f"{path}:{bad.number}: {bad.reason}; the line is left out"
    if len(known.bad) > SHOWN_BAD_LINES:
        yield f"{path}: {len(known.bad) - SHOWN_BAD_LINES} more lines are left out"


OUTPUTS = {
    "match": Flag(modality="video", description="whether a listed video shares enough frames"),
    "share": Score(modality="video", description="share of the video's frames that the best match has"),
    "listed_share": Score(modality="video", description="share of the best match's frames that the video has"),
}

PLUGIN = Plugin(
    name="video-hash",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU_HEAVY,
    outputs={f"video_hash.<list>.{what}": output for what, output in OUTPUTS.items()},
    create=VideoHashScorer,
    settings=VideoHashSettings,
    judges=(Modality.VIDEO,),
    reads_facts=False,
    summary="PDQ hashes of sampled frames against lists of known videos, compared as vPDQ does",
)
