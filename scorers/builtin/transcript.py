"""Sounds, or the sound tracks of videos -> their words, by a transcription service, and what text scorers say of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, Field

from scorers.content import Content, ContentError, Media, Modality
from scorers.onnx.runtime import needed
from scorers.parts import Parts
from scorers.registry import Configured
from scorers.remote.client import Client
from scorers.remote.errors import RemoteError
from scorers.remote.rows import shaped
from scorers.remote.settings import Address, RemoteSettings, Variable
from scorers.runner import Scored
from scorers.scorer import (
    Cost,
    Count,
    Flag,
    Kind,
    Missing,
    Output,
    Plugin,
    Prefix,
    Row,
    Scorer,
    SettingsError,
    Value,
)
from scorers.threads import in_thread
from scorers.video.sample import Limits

PREFIXES = {"audio": "audio_text", "video": "video_text"}
NOTHING: Mapping[Kind, Value] = {Kind.SCORE: 0.0, Kind.FLAG: False, Kind.COUNT: 0}
"""What a judge's output is where nobody speaks: that was listened for, so it is known, not missing."""
MAX_SECONDS = 780  # 25 MB, the most that OpenAI's endpoint takes, of 16-bit samples at 16 kHz


class TranscriptSettings(RemoteSettings):
    """Settings of `transcript`, beside those of every remote scorer."""

    url: Address = Field(
        default="https://api.openai.com/v1", description="base URL: what stands before `/audio/transcriptions`"
    )
    key_env: Variable | None = Field(
        default="OPENAI_API_KEY", description="environment variable that holds the key; `null`: none is sent"
    )
    model: str = Field(min_length=1, description="the model, as the endpoint names it, such as `whisper-1`")
    judges: Sequence[Any] = Field(default=(), description="the text scorers, as in a manifest: `[{use: text-linear}]`")
    of: Literal["audio", "video"] = Field(default="audio", description="sounds, or the sound tracks of videos")
    prefix: Prefix | None = Field(
        default=None, description="first part of the outputs' names: `audio_text`, `video_text`"
    )
    parameters: Mapping[str, str] = Field(default={}, description="further fields of the request, such as `language`")
    max_seconds: float = Field(
        default=600, gt=0, le=MAX_SECONDS, description="the longest sound that is sent, in seconds"
    )
    decode_seconds: float = Field(default=Limits().decode_seconds, gt=0, description="time for decoding one sound")


class _Answer(BaseModel):
    text: str


class TranscriptScorer(Scorer):
    """Sends each sound once, whatever the number of judges; of several sounds the highest value counts."""

    def __init__(self, settings: TranscriptSettings, folder: Path, part: Callable[[str, Any], Configured]) -> None:
        """Make the judges. Raises SettingsError where one judges no text, or two outputs would have one name."""
        self._settings = settings
        self._prefix = settings.prefix or PREFIXES[settings.of]
        self._client = Client(settings, folder)
        self._parts = Parts([part(f"judges.{index}", entry) for index, entry in enumerate(settings.judges)])
        self._judged = _judged(self._parts.parts, self._prefix)
        modality = Modality(settings.of)
        self.outputs: Mapping[str, Output] = MappingProxyType(
            _own(self._prefix, modality)
            | {
                name: Output(output.kind, output.minimum, output.maximum, (), modality, output.description)
                for name, (_, output) in self._judged.items()
            }
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._parts.warnings

    def load(self) -> None:
        """Raises where a library, a judge, or the variable that holds the key is not there."""
        needed("av", "video")
        self._client.load()
        self._parts.load()

    async def score(self, batch: Sequence[Content]) -> list[Row]:
        return list(await asyncio.gather(*map(self._row, batch)))

    async def _row(self, content: Content) -> Row:
        media = content.audio if self._settings.of == "audio" else content.videos
        try:
            texts = await asyncio.gather(*map(self._transcript, media))
        except RemoteError as error:
            return Missing(str(error))
        spoken = [text for text in texts if text]
        answers = await self._parts.run([Content(id=content.id, text=text) for text in spoken])
        own = {f"{self._prefix}.found": bool(spoken), f"{self._prefix}.length": sum(map(len, spoken))}
        return own | {name: _highest(source, output.kind, answers) for name, (source, output) in self._judged.items()}

    async def _transcript(self, medium: Media) -> str:
        """Return what is said, `` where nobody speaks or there is no sound track. Raises RemoteError."""
        _, decoding = in_thread(self._wav, medium)
        sound = await decoding
        if not sound:
            return ""
        answer = await self._client.request(
            "POST",
            "audio/transcriptions",
            data={**self._settings.parameters, "model": self._settings.model, "response_format": "json"},
            files={"file": ("sound.wav", sound, "audio/wav")},
        )
        return " ".join(shaped(_Answer, answer).text.split())

    def _wav(self, medium: Media) -> bytes:
        """Return the sound as WAV, nothing where there is none: metadata, pictures and other tracks are not sent.

        Raises RemoteError where not all of it can be sent: what is not transcribed may be said in what is left out.
        """
        from scorers.video.container import MediaError, source_of  # noqa: PLC0415  (heavy: an extra's libraries)
        from scorers.video.sound import Sound, wav  # noqa: PLC0415

        limits = Limits(seconds=self._settings.max_seconds, decode_seconds=self._settings.decode_seconds)
        try:
            sound = Sound(source_of(medium), limits)
            data = wav(sound)
        except (MediaError, ContentError, OSError) as error:
            raise RemoteError(f"a sound is not sent: {error}") from error
        if sound.incomplete:
            raise RemoteError(f"a sound is not sent: {sound.incomplete}")
        return data if sound.seconds else b""


def _judged(parts: Sequence[Configured], prefix: str) -> dict[str, tuple[str, Output]]:
    """Return by its name here each output of a judge that speaks of text: `text.hate` is `PREFIX.hate`.

    Raises SettingsError where a judge has none, or two would have one name.
    """
    named: dict[str, tuple[str, Output]] = {}
    for index, part in enumerate(parts):
        found = {name: one for name, one in part.outputs.items() if one.modality in {Modality.TEXT, None}}
        found = {name: one for name, one in found.items() if one.kind in NOTHING}
        if not found:
            raise SettingsError(f"`{part.plugin.name}` gives no score, flag or count of texts", f"judges.{index}")
        for source, output in found.items():
            name = f"{prefix}.{source.removeprefix('text.')}"
            if name in named or name in _own(prefix, Modality.AUDIO):
                raise SettingsError(f"two outputs would be `{name}`: give a judge another prefix", f"judges.{index}")
            named[name] = (source, output)
    return named


def _highest(source: str, kind: Kind, answers: Sequence[Scored]) -> Value | Missing:
    """Return the highest value; what a judge could not say of one transcript is missing."""
    values: list[Value] = []
    for scored in answers:
        if source not in scored.values:
            return Missing(scored.missing.get(source, "the judge gave no value"))
        values.append(scored.values[source])
    return max(values, default=NOTHING[kind])


def _own(prefix: str, modality: Modality) -> dict[str, Output]:
    return {
        f"{prefix}.found": Flag(modality=modality, description="whether words were understood"),
        f"{prefix}.length": Count(modality=modality, description="how many characters the words have"),
    }


def _create(settings: Any, folder: Path, part: Callable[[str, Any], Configured]) -> TranscriptScorer:
    return TranscriptScorer(settings, folder, part)


PLUGIN = Plugin(
    name="transcript",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    outputs={
        name: output
        for modality, prefix in PREFIXES.items()
        for name, output in {
            **_own(prefix, Modality(modality)),
            **{
                f"{prefix}.<{kind}…>": Output(
                    kind, modality=Modality(modality), description="what a judge says of the words"
                )
                for kind in NOTHING
            },
        }.items()
    },
    create=_create,
    settings=TranscriptSettings,
    device="remote",
    judges=(Modality.AUDIO, Modality.VIDEO),
    composite=True,
    reads_facts=False,
    summary="the words of sounds and sound tracks, by an OpenAI-compatible transcription service, judged by text scorers",
)
