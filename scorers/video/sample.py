"""What a pack writes about sampling (`1s`, `scenes`, `{every: 5s}`) -> `Sample`, and how much is looked at -> `Limits`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator

LIVE_STEP = 5.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min)")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_EXPECTED = "expected `key_frames`, `scenes`, `live`, a time such as `1s`, or `{every: 5s}`"


@dataclass(frozen=True, slots=True)
class Sample:
    """Which frames are looked at: one every `step` seconds, those after a change of scene, or the key frames."""

    kind: Literal["every", "scenes", "key_frames"] = "every"
    step: float = 1.0

    @classmethod
    def read(cls, written: Any) -> Self:
        """Read what a pack says. `live` is one frame every 5 s. Raises ValueError for anything else."""
        if isinstance(written, cls):
            return written
        if isinstance(written, Mapping) and len(written) == 1:
            ((how, step),) = written.items()
            if how in {"every", "live"}:
                return cls("every", seconds(step))
        if written == "live":
            return cls("every", LIVE_STEP)
        if written in ("scenes", "key_frames"):
            return cls(written)
        if isinstance(written, str) and _DURATION.fullmatch(written):
            return cls("every", seconds(written))
        raise ValueError(f"`{written}` is no way to sample a video: {_EXPECTED}")


def seconds(written: Any) -> float:
    """Read a time above 0 (`500ms`, `1s`, `2min`) as seconds. Raises ValueError."""
    match = _DURATION.fullmatch(written) if isinstance(written, str) else None
    value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < value < math.inf:
        raise ValueError(f"`{written}` is no time: expected one above 0, such as `500ms`, `1s` or `2min`")
    return value


SampleSetting: TypeAlias = Annotated[Sample, BeforeValidator(Sample.read)]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a video is looked at, so that none can hold a worker for ever.

    `frames`: sampled ones. `seconds`: of the video's own time. `pixels`: of a frame; the default is the largest frame of
    H.264's level 5.1 (ITU-T H.264, table A-1: 36864 macroblocks of 256 pixels), enough for 4K. `decode_seconds`: spent reading
    and decoding. `side`: a larger frame is scaled down until its longer side has so many pixels.
    """

    frames: int = 300
    seconds: float = 600.0
    pixels: int = 36_864 * 256
    decode_seconds: float = 60.0
    side: int = 1024
