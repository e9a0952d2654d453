"""The bytes of an image file, whoever made them -> RGB pixels, upright, of its first frame or of a sample of frames.

Pillow decodes; this module decides what it may be asked: which formats, how many pixels, what is under transparent ones.
Whatever goes wrong is an `ImageRefusedError` with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from scorers.images.quiet import QUIET
from scorers.values import told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Pixels: TypeAlias = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
"""What browsers show. Others are refused: each decoder is a surface, TIFF's writes to standard error, EPS runs a program."""

MAX_PIXELS = 50_000_000
_PILLOW_PIXELS = 150_000_000  # above about 178 million pixels Pillow refuses by itself
_ORIENTATION = 0x0112
_DEEP_GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class ImageRefusedError(ValueError):
    """An image that is not decoded; the message says why."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How image files are decoded.

    `max_pixels`: the most pixels (width x height, all decoded frames together) of one file, at most 150 million; a
    larger first frame is refused from its header, before anything is decoded. `background`: RGB, 0 to 255, what lies
    under transparent pixels. `frames`: how many frames of an animation are looked at, evenly spread from the first on,
    as far as `max_pixels` reaches.
    """

    max_pixels: int = MAX_PIXELS
    background: tuple[int, int, int] = (255, 255, 255)
    frames: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.max_pixels <= _PILLOW_PIXELS:
            raise ValueError(f"`max_pixels` is {self.max_pixels}, expected 1 to {_PILLOW_PIXELS}")
        if self.frames < 1:
            raise ValueError(f"`frames` is {self.frames}, expected at least 1")


def decode(data: bytes, how: Decoding | None = None) -> "tuple[Pixels, ...]":
    """Return the frames that `how` asks for, each height x width x 3, not to be written to; at least one.

    Raises ImageRefusedError.

    The frames of one file may differ in size (a GIF may grow). Formats: JPEG, PNG, GIF, WebP, BMP, AVIF.
    """
    if not data:
        raise ImageRefusedError("the file is empty")
    try:
        with QUIET:
            return tuple(_frames(data, how or Decoding()))
    except (ImageRefusedError, ImportError):
        raise
    except MemoryError as error:
        raise ImageRefusedError("there is not enough memory to decode it") from error
    except Exception as error:  # a decoder fed with noise raises nearly anything
        raise ImageRefusedError(f"it cannot be decoded: {told(error)}") from error


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height as the header states them, not turned upright. Raises ImageRefusedError."""
    try:
        with QUIET, _opened(data) as image:
            return image.size
    except (ImageRefusedError, ImportError):
        raise
    except Exception as error:
        raise ImageRefusedError(f"it cannot be decoded: {told(error)}") from error


def _frames(data: bytes, how: Decoding) -> "Iterator[Pixels]":
    _refuse_large(*_webp_canvas(data), how.max_pixels)
    with _opened(data) as image:
        _refuse_large(*image.size, how.max_pixels)
        wanted = _sample(image, how)
        left = how.max_pixels
        for index in range(wanted[-1] + 1):  # an animation is a chain: a frame needs all before it
            image.seek(index)
            left -= image.width * image.height  # a later frame may be larger than the first
            if left < 0:
                return
            if index in wanted:
                image.load()
                yield _pixels(image, how.background)


def _opened(data: bytes) -> "Image.Image":
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (belongs to an extra)

    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ImageRefusedError(f"it is no image, or broken at its start (known: {', '.join(FORMATS)})") from error
    except Image.DecompressionBombError as error:
        raise ImageRefusedError("it has more than 178 million pixels") from error


def _refuse_large(width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise ImageRefusedError(f"it has {width} x {height} pixels, more than `max_pixels`, {limit}")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Return the canvas that an extended WebP file announces, else (0, 0): its decoder takes the memory at once."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X" or len(data) < 30:
        return 0, 0
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


def _sample(image: "Image.Image", how: Decoding) -> list[int]:
    if how.frames == 1:
        return [0]
    width, height = image.size
    within = min(getattr(image, "n_frames", 1), max(1, how.max_pixels // max(1, width * height)))
    count = min(how.frames, within)
    return [index * within // count for index in range(count)]


def _pixels(image: "Image.Image", background: tuple[int, int, int]) -> "Pixels":
    import numpy as np  # noqa: PLC0415  (belongs to an extra)

    upright = _upright(image)
    if upright.mode in _DEEP_GREY:
        grey = _eight_bits(np.asarray(upright))
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(_opaque(upright, background))


def _upright(image: "Image.Image") -> "Image.Image":
    from PIL import Image  # noqa: PLC0415

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: "Image.Image") -> int:
    """Return the Exif orientation, 1 to 8; 1 where the metadata are broken: the picture itself may be sound."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  (metadata may hold anything)
        return 1


def _opaque(image: "Image.Image", background: tuple[int, int, int]) -> "Image.Image":
    from PIL import Image  # noqa: PLC0415

    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    ground = Image.new("RGB", layer.size, background)
    ground.paste(layer, mask=layer)
    return ground


def _eight_bits(grey: "NDArray[Any]") -> "Pixels":
    """Keep the top byte of 16-bit grey."""
    import numpy as np  # noqa: PLC0415

    return (grey.clip(0, 0xFFFF) >> 8).astype(np.uint8)
