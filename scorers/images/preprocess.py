"""A `preprocessor_config.json` (Hugging Face layout) and pixels -> the tensor that an image model was trained to see.

The steps, in this order, are those of the image processors of `transformers`: resize, crop around the centre, rescale,
normalise, channels first. A step that this module does not know is refused when the file is read: a picture prepared
otherwise than in training gives scores that look sound and are not.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scorers.images.decode import Pixels

_KNOWN_STEPS = frozenset(
    {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb", "do_flip_channel_order"}
)
_OTHER_STEPS = ("rescale_offset", "include_top", "use_square_size", "size_divisor")
_SQUARE = ("ViT", "DeiT", "Beit", "Siglip")  # a `size` of one number is a square for these processors …
_SHORTEST = ("CLIP", "ConvNext", "Bit", "MobileNetV1", "MobileNetV2", "MobileViT")  # … and the shorter edge for these
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}  # as Pillow numbers them
_LONGEST = 8  # of a strip, the middle 8 : 1 is looked at where only a square around the centre is kept


class PreprocessingError(ValueError):
    """A preprocessing that cannot be followed; the message names the key, what was seen and what was expected."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a picture. `size` and `crop` are (height, width); `shortest` is the shorter edge, where not `size`."""

    size: tuple[int, int] | None
    shortest: int | None
    resample: int
    crop: tuple[int, int] | None
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the tensor."""
        height, width = self.crop or self.size or (0, 0)
        return 3, height, width

    def __call__(self, pixels: "Pixels") -> "NDArray[np.float32]":
        """Return the tensor: channels first, float32."""
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        image = self._resized(pixels)
        if self.crop is not None:
            image = cropped(image, *self.crop)
        values = image.astype(np.float32)
        values *= self.scale
        values -= np.array(self.mean, np.float32)
        values /= np.array(self.std, np.float32)
        if self.flip:
            values = values[:, :, ::-1]
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def _resized(self, pixels: "Pixels") -> "Pixels":
        if self.size is not None:
            return resized(pixels, *self.size, self.resample)
        if self.shortest is None:
            return pixels
        height, width = pixels.shape[:2]
        short = min(height, width)
        pixels = cropped(pixels, min(height, _LONGEST * short), min(width, _LONGEST * short))
        height, width = (self.shortest * side // short for side in pixels.shape[:2])
        return resized(pixels, height, width, self.resample)


def resized(pixels: "Pixels", height: int, width: int, resample: int) -> "Pixels":
    """Resize by Pillow, on eight-bit channels, as the training pipelines do."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling(resample)))


def cropped(pixels: "Pixels", height: int, width: int) -> "Pixels":
    """Cut height x width around the centre; where the picture is smaller, black is put around it."""
    import numpy as np  # noqa: PLC0415

    lacking = [max(0, wanted - there) for wanted, there in zip((height, width), pixels.shape[:2], strict=True)]
    if any(lacking):
        pixels = np.pad(pixels, [(math.ceil(lack / 2), lack // 2) for lack in lacking] + [(0, 0)])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def read_preprocessing(path: Path) -> Preprocessing:
    """Read the file. Raises OSError where it cannot be read, PreprocessingError where it cannot be followed."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PreprocessingError(f"`{path.name}` is no JSON: {error}") from error
    if not isinstance(config, Mapping):
        raise PreprocessingError(f"`{path.name}` is {type(config).__name__}, expected an object")
    try:
        return preprocessing(config)
    except (TypeError, AttributeError, KeyError) as error:
        raise PreprocessingError(f"`{path.name}` has a value of an unexpected form: {error}") from error


def preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    """Read the settings of an image processor. Raises PreprocessingError."""
    _refuse_unknown(config)
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "ViT")
    crop = _crop(config)
    size, shortest = _size(config, kind) if config.get("do_resize", True) else (None, None)
    if kind.startswith("ConvNext") and shortest is not None:
        size, shortest, crop = _convnext(shortest, float(config.get("crop_pct") or 224 / 256))
    if size is None and crop is None:
        raise PreprocessingError(
            "the size of what the model sees is open: expected `size` with `height` and `width`, or a crop"
        )
    normalise = config.get("do_normalize", True)
    return Preprocessing(
        size,
        shortest,
        _resample(config.get("resample", 2)),
        crop,
        float(config.get("rescale_factor", 1 / 255)) if config.get("do_rescale", True) else 1.0,
        _channels(config, "image_mean") if normalise else (0.0, 0.0, 0.0),
        _channels(config, "image_std") if normalise else (1.0, 1.0, 1.0),
        bool(config.get("do_flip_channel_order", False)),
    )


def _refuse_unknown(config: Mapping[str, Any]) -> None:
    for key, value in config.items():
        if value and ((key.startswith("do_") and key not in _KNOWN_STEPS) or key in _OTHER_STEPS):
            raise PreprocessingError(f"`{key}` is {json.dumps(value)}: this step is not known, the model cannot be fed")
    if config.get("crop_pct") is not None and not str(config.get("image_processor_type", "")).startswith("ConvNext"):
        raise PreprocessingError(
            "`crop_pct` is known for ConvNext processors only: write `size` and `crop_size` as numbers"
        )


def _size(config: Mapping[str, Any], kind: str) -> tuple[tuple[int, int] | None, int | None]:
    size = config.get("size")
    if isinstance(size, int):
        size = _of_one_number(size, kind)
    if isinstance(size, Mapping) and {"height", "width"} <= set(size):
        return (_pixels(size["height"]), _pixels(size["width"])), None
    if isinstance(size, Mapping) and set(size) == {"shortest_edge"}:
        return None, _pixels(size["shortest_edge"])
    raise PreprocessingError(f"`size` is {json.dumps(size)}, expected `height` and `width`, or `shortest_edge`")


def _of_one_number(size: int, kind: str) -> dict[str, int]:
    if kind.startswith(_SQUARE):
        return {"height": size, "width": size}
    if kind.startswith(_SHORTEST):
        return {"shortest_edge": size}
    raise PreprocessingError(
        f"`size` is {size}, which means one thing to some processors and another to others: write `height` and `width`, "
        f"or `shortest_edge`, as `{kind}` takes it"
    )


def _crop(config: Mapping[str, Any]) -> tuple[int, int] | None:
    if not config.get("do_center_crop", False):
        return None
    crop = config.get("crop_size")
    if isinstance(crop, int):
        return _pixels(crop), _pixels(crop)
    if isinstance(crop, Mapping) and {"height", "width"} <= set(crop):
        return _pixels(crop["height"]), _pixels(crop["width"])
    raise PreprocessingError(f"`crop_size` is {json.dumps(crop)}, expected a number, or `height` and `width`")


def _convnext(edge: int, share: float) -> tuple[tuple[int, int] | None, int | None, tuple[int, int] | None]:
    """Below 384 pixels ConvNext resizes the shorter edge to more than it keeps; from 384 on it warps to a square."""
    return ((edge, edge), None, None) if edge >= 384 else (None, int(edge / share), (edge, edge))


def _pixels(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 4096:
        raise PreprocessingError(f"a side of {json.dumps(value)} pixels, expected a whole number from 1 to 4096")
    return value


def _resample(value: Any) -> int:
    if value not in _RESAMPLE or isinstance(value, bool):
        known = ", ".join(f"{number} ({name})" for number, name in _RESAMPLE.items())
        raise PreprocessingError(f"`resample` is {json.dumps(value)}, expected one of {known}")
    return int(value)


def _channels(config: Mapping[str, Any], key: str) -> tuple[float, ...]:
    values = config.get(key)
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        raise PreprocessingError(f"`{key}` is {json.dumps(values)}, expected three numbers")
    if key == "image_std" and 0 in values:
        raise PreprocessingError("`image_std` has a 0: nothing can be divided by it")
    return tuple(float(value) for value in values)
