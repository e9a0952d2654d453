"""A picture -> its PDQ hash (256 bits) and the hash's quality, by the package `pdqhash` around Meta's own code.

The algorithm: "TMK+PDQF and PDQ", hashing/hashing.pdf of facebook/ThreatExchange. Large pictures are first reduced by a
whole factor: up to 6 bits from the hash of the unreduced one on photographs, at a thirtieth of the time for 14 megapixels.
"""

from typing import TYPE_CHECKING

from scorers.hashes.pixels import packed, reduced, rgb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PDQ_BITS = 256


def pdq_of(image: "NDArray[np.uint8]") -> tuple[bytes, int]:
    """Return the hash, 32 bytes, and its quality, 0 to 100.

    The quality sums up the gradients of the picture; 0 means that the hash says nothing about it (one colour, or a side
    shorter than 5 pixels), and below 50 Meta's own tools do not match on it. `image`: uint8, height x width x 3 or
    height x width. Raises ValueError where it is no picture, ImportError without `limen[hash]`.
    """
    import pdqhash  # noqa: PLC0415  (belongs to an extra)

    bits, quality = pdqhash.compute(reduced(rgb(image)))
    return packed(bits), int(quality)


def pdq_turned(image: "NDArray[np.uint8]") -> tuple[tuple[bytes, ...], int]:
    """Return the hashes of the picture as it is (first), rotated and mirrored: eight of them, and their quality."""
    import pdqhash  # noqa: PLC0415

    hashes, quality = pdqhash.compute_dihedral(reduced(rgb(image)))
    return tuple(packed(bits) for bits in hashes), int(quality)
