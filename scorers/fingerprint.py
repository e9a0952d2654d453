"""A content -> digests of its parts, each made once, when it is first asked for."""

import hashlib
import json
import threading
import unicodedata
from collections.abc import Callable, Sequence

from scorers.content import Content, ContentError, Media, Modality

PARTS = ("text", "image", "video", "audio", "language", "facts")


class Fingerprint:
    """SHA-256 of each part of a content. Safe to share between threads; a medium is read once."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.present = content.modalities
        self._parts: dict[str, bytes | None] = {}
        self._lock = threading.Lock()

    def part(self, name: str) -> bytes | None:
        """Return the digest of a part (one of `PARTS`, or `near`, the text as `normalised`); None if it cannot be read.

        Of an image, video or sound its bytes are read, which blocks.
        """
        if name not in self._parts:
            with self._lock:
                if name not in self._parts:
                    self._parts[name] = _DIGESTS[name](self.content)
        return self._parts[name]

    def reads(self, parts: Sequence[str]) -> bool:
        """Say whether the digests of these parts need media that have not been read yet."""
        media = {"image": self.content.images, "video": self.content.videos, "audio": self.content.audio}
        return any(media.get(part) and part not in self._parts for part in parts)


def normalised(text: str) -> str:
    """Return what near-duplicates have in common: NFKC, case folded, white space collapsed and stripped."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _text(text: str | None, mark: bytes = b"+") -> bytes:
    return hashlib.sha256(b"-" if text is None else mark + text.encode("utf-8", "surrogatepass")).digest()


def _media(media: Sequence[Media]) -> bytes | None:
    digest = hashlib.sha256()
    try:
        for medium in media:
            digest.update(hashlib.sha256(medium.read()).digest())
    except (OSError, ContentError):
        return None
    return digest.digest()


def _facts(content: Content) -> bytes:
    plain = json.dumps([content.tags, dict(content.facts)], sort_keys=True, default=repr)
    return hashlib.sha256(plain.encode()).digest()


_DIGESTS: dict[str, Callable[[Content], bytes | None]] = {
    "text": lambda content: _text(content.text),
    # marked, for a score kept for all near-duplicates is not that of the text that is normalised as it stands
    "near": lambda content: _text(None if content.text is None else normalised(content.text), b"~"),
    "language": lambda content: _text(content.language),
    "facts": _facts,
    Modality.IMAGE.value: lambda content: _media(content.images),
    Modality.VIDEO.value: lambda content: _media(content.videos),
    Modality.AUDIO.value: lambda content: _media(content.audio),
}
