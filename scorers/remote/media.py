"""A medium of a content -> its bytes and what they are; read, hashed and encoded outside of the event loop."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from scorers.content import ContentError, Media
from scorers.remote.errors import RemoteError
from scorers.threads import in_thread

_SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file in base64, and its media type by its first bytes."""

    kind: str
    base64: str = field(repr=False)

    @property
    def url(self) -> str:
        """The image as a `data:` URL."""
        return f"data:{self.kind};base64,{self.base64}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A medium's bytes with their digests, in hexadecimal."""

    data: bytes = field(repr=False)
    sha256: str
    md5: str


async def upload(medium: Media, limit: int) -> Upload:
    """Return a medium to be sent as it is. Raises RemoteError where it cannot be read or has more than `limit` bytes."""
    return await aside(partial(_upload, medium, limit))


async def base64_of(medium: Media, limit: int) -> str:
    """Return the bytes in base64. Raises RemoteError."""
    return await aside(lambda: _encoded(_read(medium, limit)))


async def picture(medium: Media, limit: int, kinds: frozenset[str]) -> Picture:
    """Return an image of one of these media types. Raises RemoteError."""
    return await aside(partial(_picture, medium, limit, kinds))


async def aside(work: Callable[[], Given]) -> Given:
    """Do what takes time in a thread, so that the event loop goes on."""
    _, answer = in_thread(work)
    given: Given = await answer
    return given


def _read(medium: Media, limit: int) -> bytes:
    try:
        return medium.read(limit)
    except OSError as error:
        raise RemoteError(f"the medium cannot be read: {error.strerror or type(error).__name__}") from error
    except ContentError as error:
        raise RemoteError(str(error)) from error


def _upload(medium: Media, limit: int) -> Upload:
    data = _read(medium, limit)
    return Upload(data, hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest())


def _picture(medium: Media, limit: int, kinds: frozenset[str]) -> Picture:
    data = _read(medium, limit)
    kind = _kind(data)
    if kind not in kinds:
        raise RemoteError(f"the image is {kind or 'of no known kind'}, expected one of {', '.join(sorted(kinds))}")
    return Picture(kind, _encoded(data))


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), "")
