"""A medium of a content -> its bytes and what they are, read outside of the event loop."""

import base64
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file's bytes, and its media type by its first bytes."""

    kind: str
    data: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        return base64.b64encode(self.data).decode("ascii")

    @property
    def url(self) -> str:
        """The image as a `data:` URL."""
        return f"data:{self.kind};base64,{self.base64}"


async def content_of(medium: Media, limit: int) -> bytes:
    """Return the bytes. Raises RemoteError where it cannot be read or has more than `limit`."""
    _, answer = in_thread(medium.read, limit)
    try:
        data: bytes = await answer
    except OSError as error:
        raise RemoteError(f"the medium cannot be read: {error.strerror or type(error).__name__}") from error
    except ContentError as error:
        raise RemoteError(str(error)) from error
    return data


async def picture(medium: Media, limit: int, kinds: frozenset[str]) -> Picture:
    """Return an image of one of these media types. Raises RemoteError."""
    data = await content_of(medium, limit)
    kind = _kind(data)
    if kind not in kinds:
        raise RemoteError(f"the image is {kind or 'of no known kind'}, expected one of {', '.join(sorted(kinds))}")
    return Picture(kind, data)


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), "")
