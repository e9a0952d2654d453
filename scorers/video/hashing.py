"""Sampled frames -> their PDQ hashes, in the form in which vPDQ exchanges them: `hash,quality,seconds`.

vPDQ: facebook/ThreatExchange, vpdq/README.md; the form: its Python extension's `VpdqCompactFeature`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from scorers.video.frames import Frame

HEX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class FrameHash:
    """The hash of a frame (32 bytes), its quality (0 to 100: how much there is to recognise), its time in seconds."""

    pdq: bytes
    quality: int
    seconds: float

    @classmethod
    def read(cls, written: str) -> Self:
        """Read `hash,quality,seconds`. Raises ValueError."""
        hexadecimal, _, rest = written.partition(",")
        quality, _, seconds = rest.partition(",")
        if len(hexadecimal) != HEX_LENGTH:
            raise ValueError(f"a PDQ hash has {HEX_LENGTH} hexadecimal digits, seen {len(hexadecimal)}")
        try:
            read = cls(bytes.fromhex(hexadecimal), int(quality), float(seconds))
        except ValueError as error:
            raise ValueError(f"`{written[:90]}` is no frame: expected `hash,quality,seconds`") from error
        if not (0 <= read.quality <= 100 and 0 <= read.seconds < math.inf):
            raise ValueError(f"quality {quality} and time {seconds} are not in [0, 100] and from 0 on")
        return read

    def __str__(self) -> str:
        return f"{self.pdq.hex()},{self.quality},{self.seconds:.3f}"


def hashed(frames: Iterable["Frame"]) -> list[FrameHash]:
    """Hash each frame. Raises ImportError without `limen[hash]`, and what reading frames raises."""
    from scorers.hashes import pdq_of  # noqa: PLC0415  (belongs to an extra)

    return [FrameHash(*pdq_of(frame.image), max(0.0, frame.seconds)) for frame in frames]


def compared(hashes: Iterable[FrameHash], min_quality: int) -> list[bytes]:
    """Return what vPDQ compares: each hash once, of the frames of enough quality, in order."""
    return list(dict.fromkeys(one.pdq for one in hashes if one.quality >= min_quality))
