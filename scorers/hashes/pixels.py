"""Any array that is a picture -> the RGB array, row after row in memory, that the hash functions may be given."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALLEST_SIDE = 512


def rgb(image: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Return height x width x 3, contiguous: `pdqhash` reads a rotated view's memory as if it were not rotated.

    Raises ValueError where the array is no picture.
    """
    import numpy as np  # noqa: PLC0415  (belongs to an extra)

    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(
            f"an array {image.dtype} of shape {image.shape} is no picture, expected uint8, height x width x 3 or height x width"
        )
    if 0 in image.shape:
        raise ValueError("the picture has no pixels")
    return np.ascontiguousarray(image if image.ndim == 3 else np.stack([image] * 3, axis=2))


def reduced(image: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Shrink a large picture by a whole factor, its shorter side to 512 to 1023: what the hash sees is coarser by far."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    factor = min(image.shape[:2]) // SMALLEST_SIDE
    return image if factor < 2 else np.asarray(Image.fromarray(image).reduce(factor))


def packed(bits: Any) -> bytes:
    """Return the bits, the first one the most significant of the first byte, as the hexadecimal forms print them."""
    import numpy as np  # noqa: PLC0415

    return np.packbits(np.asarray(bits, dtype=bool).ravel()).tobytes()
