"""A picture -> its pHash: which of 64 low frequencies are above their median.

The DCT hash of C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), www.phash.org, in the
form of the package ImageHash, whose `phash` gives the same bits: grey, 32 x 32 pixels by Lanczos, DCT-II, the 8 x 8 lowest
frequencies (the constant one among them), their median. The hashes of the C library pHash are others: it samples the picture
at 32 x 32 points, which costs up to 22 bits where a photograph is merely made four times smaller; this form loses 2.
"""

from typing import TYPE_CHECKING, Any

from scorers.hashes.pixels import packed, rgb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PHASH_BITS = 64
_SIDE, _KEPT = 32, 8
ROUNDING_NOISE = 1.0
"""In grey levels: what rounding to 8 bits makes of a frequency (0.29 on average, seldom more than 1)."""


def phash_of(image: "NDArray[np.uint8]") -> tuple[bytes, int]:
    """Return the hash, 8 bytes, and its quality: 100, or 0 where half of the frequencies are not above rounding noise.

    `image`: uint8, height x width x 3 or height x width. Raises ValueError where it is no picture, ImportError without
    `limen[hash]`.
    """
    frequencies = _frequencies(_grey(image))
    return _hash(frequencies), _quality(frequencies)


def phash_turned(image: "NDArray[np.uint8]") -> tuple[tuple[bytes, ...], int]:
    """Return the hashes of the picture as it is (first), rotated and mirrored: eight of them, and their quality."""
    import numpy as np  # noqa: PLC0415  (belongs to an extra)

    grey = _grey(image)
    rotated = [np.rot90(grey, quarters) for quarters in range(4)]
    turned = [_frequencies(each) for each in (*rotated, *(each[:, ::-1] for each in rotated))]
    return tuple(_hash(frequencies) for frequencies in turned), _quality(turned[0])


def _grey(image: "NDArray[np.uint8]") -> Any:
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    grey = Image.fromarray(rgb(image)).convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return np.asarray(grey, dtype=np.float64)


def _frequencies(grey: Any) -> Any:
    """Return the 8 x 8 lowest frequencies of the DCT-II; orthonormal, but twice the power where constant along a side."""
    import numpy as np  # noqa: PLC0415

    steps = np.arange(_SIDE)
    waves = np.cos(np.pi / _SIDE * np.outer(steps[:_KEPT], steps + 0.5)) * np.sqrt(2 / _SIDE)
    return waves @ grey @ waves.T


def _hash(frequencies: Any) -> bytes:
    import numpy as np  # noqa: PLC0415

    return packed(frequencies > np.median(frequencies))


def _quality(frequencies: Any) -> int:
    import numpy as np  # noqa: PLC0415

    return 100 if float(np.median(np.abs(frequencies))) > ROUNDING_NOISE else 0
