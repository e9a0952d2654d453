"""A sound, or the sound track of a video -> in how much of it somebody speaks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from scorers.content import Content, ContentError, Media
from scorers.onnx.runtime import needed
from scorers.onnx.session import Device
from scorers.scorer import Cost, Count, Missing, Output, Plugin, Prefix, Row, Score, Scorer, Settings
from scorers.video.sample import Limits

if TYPE_CHECKING:
    from scorers.video.voice import VoiceModel

PREFIXES = {"audio": "audio", "video": "video_sound"}


class VoiceActivitySettings(Settings):
    """Settings of `voice-activity`."""

    of: Literal["audio", "video"] = Field(default="audio", description="sounds, or the sound tracks of videos")
    prefix: Prefix | None = Field(
        default=None, description="first part of the outputs' names: `audio` or `video_sound`"
    )
    device: Device = Field(default="auto", description="`auto`, `cpu` or `cuda`")
    max_seconds: float = Field(default=Limits().seconds, gt=0, description="how much of a sound is heard, in seconds")
    decode_seconds: float = Field(default=Limits().decode_seconds, gt=0, description="time for decoding one sound")

    @property
    def limits(self) -> Limits:
        return Limits(seconds=self.max_seconds, decode_seconds=self.decode_seconds)


class VoiceActivityScorer(Scorer):
    """Listens by Silero VAD; several sounds of a content are heard as one. A video without a sound track is silent."""

    def __init__(self, settings: VoiceActivitySettings, _folder: Path) -> None:
        self._settings = settings
        self._prefix = settings.prefix or PREFIXES[settings.of]
        self.outputs: Mapping[str, Output] = MappingProxyType(_outputs(self._prefix, settings.of))
        self._model: VoiceModel | None = None

    def load(self) -> None:
        needed("numpy", "video")
        needed("av", "video")
        from scorers.video.voice import VoiceModel  # noqa: PLC0415  (heavy: an extra's libraries)

        self._model = VoiceModel.open(self._settings.device)

    @property
    def device(self) -> str:
        """What the model really runs on, `cuda` or `cpu`. Raises RuntimeError before `load`."""
        return self._loaded.model.device

    @property
    def _loaded(self) -> "VoiceModel":
        if self._model is None:
            raise RuntimeError("the scorer was asked before `load`")
        return self._model

    def score(self, batch: Sequence[Content]) -> list[Row]:
        return [self._row(content) for content in batch]

    def _row(self, content: Content) -> Row:
        share, seconds = self._heard(content.audio if self._settings.of == "audio" else content.videos)
        return {f"{self._prefix}.speech_share": share, f"{self._prefix}.seconds": seconds}

    def _heard(self, media: Sequence[Media]) -> tuple[float | Missing, int | Missing]:
        spoken, total, seconds, reasons = 0, 0, 0.0, []
        for speech, stretches, length, reason in map(self._listen, media):
            spoken, total, seconds = spoken + speech, total + stretches, seconds + length
            reasons += [reason] if reason else []
        if reasons:  # what was not heard may be all speech, or none
            return Missing("; ".join(reasons)), Missing("; ".join(reasons))
        return spoken / max(1, total), round(seconds)

    def _listen(self, medium: Media) -> tuple[int, int, float, str]:
        """Return stretches with speech, stretches, seconds; and why that is not all, `` where it is."""
        from scorers.video.container import MediaError, source_of  # noqa: PLC0415
        from scorers.video.sound import Sound  # noqa: PLC0415

        try:
            sound = Sound(source_of(medium), self._settings.limits)
            spoken, total = self._loaded.speech(sound)
        except (MediaError, ContentError, OSError) as error:
            return 0, 0, 0.0, f"a sound is not heard: {error}"
        return spoken, total, sound.seconds, sound.incomplete


def _outputs(prefix: str, modality: str) -> dict[str, Output]:
    return {
        f"{prefix}.speech_share": Score(modality=modality, description="share of the sound in which somebody speaks"),
        f"{prefix}.seconds": Count(modality=modality, description="how long the sound is, in seconds, rounded"),
    }


PLUGIN = Plugin(
    name="voice-activity",
    version="1",
    licence="Apache-2.0 AND MIT",
    cost=Cost.CPU,
    outputs=_outputs("audio", "audio") | _outputs("video_sound", "video"),
    create=VoiceActivityScorer,
    settings=VoiceActivitySettings,
    summary="in how much of a sound, or of a video's sound track, somebody speaks (Silero VAD)",
    card="scorers/models/silero_vad/card.md",
    reads_facts=False,
)
