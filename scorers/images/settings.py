"""The settings that every scorer of images has, and what they ask of the decoder."""

import re
from typing import Any

from pydantic import Field, field_validator

from scorers.images.decode import MAX_PIXELS, Decoding
from scorers.scorer import Settings

_COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}
_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class ImageSettings(Settings):
    """How pictures are read; inherit from it and add what the scorer itself needs."""

    max_pixels: int = Field(
        default=MAX_PIXELS,
        ge=1,
        le=150_000_000,
        description="the most pixels of one file, all decoded frames together; a larger picture is refused by its header",
    )
    background: str = Field(
        default="white", description="what lies under transparent pixels: `white`, `black` or `#rrggbb`"
    )
    frames: int = Field(
        default=1,
        ge=1,
        le=64,
        description="how many frames of an animation are looked at, evenly spread, the first among them",
    )

    @field_validator("background")
    @classmethod
    def _colour(cls, written: Any) -> Any:
        if isinstance(written, str) and written not in _COLOURS and not _HEX.fullmatch(written):
            raise ValueError(f"`{written}` is no colour: expected `white`, `black` or `#rrggbb`")
        return written

    @property
    def decoding(self) -> Decoding:
        """Return what the decoder is told."""
        parts = _HEX.fullmatch(self.background)
        if parts is None:
            return Decoding(self.max_pixels, _COLOURS[self.background], self.frames)
        red, green, blue = (int(part, 16) for part in parts.groups())
        return Decoding(self.max_pixels, (red, green, blue), self.frames)
