"""One content record as it comes in (JSON) -> `Content`, the frozen value that scorers judge."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, Self

from scorers.paths import OutsideFolderError, inside
from scorers.suggest import unknown

MAX_MEDIA_BYTES = 64 * 1024 * 1024


class Modality(StrEnum):
    """What a content may consist of. A scorer's output is *not applicable* where its modality is absent."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"`{value}` is no modality: expected one of {', '.join(f'`{one}`' for one in cls)}")


class ContentError(ValueError):
    """A content record that cannot be read; the message says which key, what was seen and what was expected."""


@dataclass(frozen=True, slots=True)
class Media:
    """One image, video or sound, by path or by its bytes; nothing is read before `read` is called."""

    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.path is None) == (self.data is None):
            raise ContentError("a medium has either a `path` or `data`, and not both")

    def read(self, limit: int = MAX_MEDIA_BYTES) -> bytes:
        """Return the bytes. Raises OSError if the file cannot be read, ContentError above `limit` bytes."""
        if self.data is not None:
            data = self.data
        else:
            assert self.path is not None
            with self.path.open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            raise ContentError(f"the medium is larger than {limit} bytes")
        return data


@dataclass(frozen=True, slots=True)
class Content:
    """What a scorer is asked to judge.

    `facts` are what the caller sent beside the content, by full name (`author.age_days`, `content.tags`).
    A modality is present where there is something of it: an empty text is no text.
    """

    id: str = ""
    text: str | None = None
    images: tuple[Media, ...] = ()
    videos: tuple[Media, ...] = ()
    audio: tuple[Media, ...] = ()
    language: str | None = None
    tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def modalities(self) -> frozenset[Modality]:
        present = (
            (Modality.TEXT, self.text),
            (Modality.IMAGE, self.images),
            (Modality.VIDEO, self.videos),
            (Modality.AUDIO, self.audio),
        )
        return frozenset(modality for modality, part in present if part)

    @property
    def media(self) -> tuple[Media, ...]:
        """Every image, video and sound, in that order."""
        return self.images + self.videos + self.audio

    @classmethod
    def from_record(cls, record: Mapping[str, Any], folder: Path, *, allow_outside: bool = False) -> Self:
        """Read one content record (docs/reference/scorers.md, "Content").

        `folder` is the folder of the input file: media paths are relative to it and may not leave it unless
        `allow_outside`. `region` and `at` belong to the decision and are ignored here. Raises ContentError.
        """
        _refuse_unknown(record)
        author = _typed(record, "author", Mapping, {})
        facts = {f"author.{key}": value for key, value in author.items()} | dict(_typed(record, "facts", Mapping, {}))
        media = {
            key: tuple(
                _media(item, f"{key}[{index}]", folder, allow_outside=allow_outside)
                for index, item in enumerate(_typed(record, key, list, []))
            )
            for key in ("images", "videos", "audio")
        }
        return cls(
            id=str(record.get("id", "")),
            text=_typed(record, "text", str, None),
            language=_typed(record, "language", str, None),
            tags=tuple(str(tag) for tag in _typed(record, "tags", list, [])),
            facts=MappingProxyType(facts),
            **media,
        )


RECORD_KEYS = ("id", "region", "at", "text", "images", "videos", "audio", "language", "tags", "author", "facts")


def _refuse_unknown(record: Mapping[str, Any]) -> None:
    for key in record:
        if key not in RECORD_KEYS:
            raise ContentError(unknown("key of a content", str(key), RECORD_KEYS))


def _typed(record: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = record.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        expected = {"list": "a list", "str": "a string"}.get(kind.__name__, "an object")
        raise ContentError(f"`{key}` is {type(value).__name__}, expected {expected}")
    return value


def _media(item: Any, where: str, folder: Path, *, allow_outside: bool) -> Media:
    if isinstance(item, str):
        item = {"path": item}
    if not isinstance(item, Mapping) or len(item) != 1:
        raise ContentError(f"`{where}` is no medium: expected one of `path`, `base64`")
    ((how, value),) = item.items()
    if how == "url":
        raise ContentError(f"`{where}` is a url: limen does not fetch media, send `path` or `base64`")
    if how not in {"path", "base64"} or not isinstance(value, str):
        raise ContentError(f"`{where}` is no medium: expected `path` or `base64` with a string, seen `{how}`")
    if how == "base64":
        return Media(data=_decoded(value, where))
    if allow_outside:
        return Media(path=folder / value)
    try:
        return Media(path=inside(folder, value))
    except OutsideFolderError as error:
        raise ContentError(f"`{where}`: {error}") from error


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ContentError(f"`{where}` is no base64: {error}") from error
