"""A picture -> the scores of any ONNX classifier that lies in a folder of the pack, in the Hugging Face layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from scorers.images.model import ImageModel
from scorers.images.preprocess import Preprocessing, PreprocessingError, read_preprocessing
from scorers.images.settings import ImageSettings
from scorers.images.staged import ImageModelScorer
from scorers.onnx.classifier import Activation, model_folder, model_labels
from scorers.onnx.runtime import needed
from scorers.onnx.session import Device, Precision, model_file
from scorers.scorer import Cost, Name, Plugin, Prefix, Score, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ImageOnnxSettings(ImageSettings):
    """Settings of `image-onnx`."""

    model: str = Field(
        description="folder of the model, in the pack: `config.json`, `preprocessor_config.json`, `model.onnx`"
    )
    prefix: Prefix = Field(default="image", description="first part of the outputs' names")
    labels: Mapping[str, Name] | None = Field(
        default=None,
        description="label of the model -> name of its output; labels not listed are left out; all unless stated",
    )
    activation: Activation = Field(
        default="auto", description="`softmax`, `sigmoid`, `none`, or `auto`: as `problem_type` in `config.json` says"
    )
    device: Device = Field(default="auto", description="`cpu`, `cuda`, or `auto`: CUDA where it runs")
    precision: Precision = Field(
        default="auto", description="which file: `fp32`, `fp16`, `int8`; `auto`: the first there is"
    )
    threads: int = Field(default=0, ge=0, description="processor threads for one run; 0: one a core")


class ImageOnnxScorer(ImageModelScorer):
    """Runs one classifier. The two JSON files are read when it is made, the model by `load`."""

    def __init__(self, settings: ImageOnnxSettings, folder: Path) -> None:
        """Raises SettingsError where a JSON file is missing or cannot be followed."""
        self._settings = settings
        self._folder = model_folder(folder, settings.model)
        self._labels = model_labels(self._folder, settings.labels, settings.activation)
        self._preprocessing = _preprocessing(self._folder)
        names = [name for name in self._labels.names if name]
        super().__init__(
            {
                f"{settings.prefix}.{name}": Score(modality="image", description="as the model's label")
                for name in names
            },
            settings.decoding,
        )

    def load(self) -> None:
        """Raises ModelUnavailableError where a library or the model is missing, or the model is not as its files say."""
        needed("PIL.Image", "image")
        settings, shape = self._settings, self._preprocessing.shape
        path = model_file(self._folder, settings.precision)
        self._model = ImageModel.open(path, settings.device, settings.threads, shape, len(self._labels.names))
        self._tensor = self._preprocessing

    def scores(self, vector: "NDArray[np.float32]") -> Mapping[str, float]:
        found = self._labels.scores(vector.tolist())
        return {f"{self._settings.prefix}.{name}": score for name, score in found.items()}


def _preprocessing(folder: Path) -> Preprocessing:
    try:
        return read_preprocessing(folder / "preprocessor_config.json")
    except PreprocessingError as error:
        raise SettingsError(f"`preprocessor_config.json` of the model: {error}", "model") from error
    except OSError as error:
        raise SettingsError(
            f"`preprocessor_config.json` of the model cannot be read: {error.strerror or error}", "model"
        ) from error


def _create(settings: Any, folder: Path) -> ImageOnnxScorer:
    return ImageOnnxScorer(settings, folder)


PLUGIN = Plugin(
    name="image-onnx",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU,
    outputs={"image.<label>": Score(modality="image", description="as the model's label")},
    create=_create,
    settings=ImageOnnxSettings,
    summary="any ONNX image classifier in the Hugging Face layout; its own licence and card apply",
    device="cpu, cuda",
    reads_facts=False,
)
