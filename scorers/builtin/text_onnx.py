"""A text -> the scores of any ONNX text classifier that lies in a folder of the pack, in the Hugging Face layout."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from scorers.onnx.classifier import Activation, model_folder, model_labels
from scorers.onnx.encoder import Encoder, first
from scorers.onnx.runtime import ModelUnavailableError
from scorers.onnx.session import Device, OnnxModel, Precision, model_file
from scorers.onnx.texts import TextModelScorer
from scorers.onnx.tokens import Tokenizer
from scorers.scorer import Cost, Name, Plugin, Prefix, Row, Score, Scorer, Settings

VERSION = "1"
LONGEST = 512
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


class TextOnnxSettings(Settings):
    """Settings of `text-onnx`."""

    model: str = Field(description="folder of the model, in the pack: `config.json`, `tokenizer.json`, `model.onnx`")
    prefix: Prefix = Field(default="text", description="first part of the outputs' names")
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
    max_length: int | None = Field(
        default=None,
        ge=3,
        description="tokens of a window, special ones counted; as many as the model takes, up to 512",
    )
    stride: int | None = Field(
        default=None, ge=0, description="tokens that a window shares with the next; a quarter of a window unless stated"
    )
    max_windows: int = Field(default=16, ge=1, description="how many windows of a long text are read")


class TextOnnx(TextModelScorer):
    """Runs one classifier. `config.json` is read when it is made, tokenizer and model by `load`."""

    def __init__(self, settings: TextOnnxSettings, folder: Path) -> None:
        """Raises SettingsError where the folder or its `config.json` is missing or cannot be followed."""
        super().__init__()
        self._settings = settings
        self._folder = model_folder(folder, settings.model)
        self._labels = model_labels(self._folder, settings.labels, settings.activation)
        self.outputs = {
            f"{settings.prefix}.{name}": Score(modality="text", description="as the model's label")
            for name in self._labels.names
            if name
        }

    def load(self) -> None:
        """Raises ModelUnavailableError where a library or a file is missing, or the files do not belong together."""
        settings = self._settings
        length = _length(settings.max_length, longest(self._folder / "config.json"))
        overlap = length // 4 if settings.stride is None else settings.stride
        tokenizer = Tokenizer.open(self._folder / "tokenizer.json", length, overlap, settings.max_windows)
        model = OnnxModel.open(model_file(self._folder, settings.precision), settings.device, settings.threads)
        self._parts = tokenizer, _encoder(model, tokenizer.pad, length, len(self._labels.names))

    def row(self, vectors: Sequence[Any]) -> Row:
        found = [self._labels.scores(vector.tolist()) for vector in vectors]
        return {f"{self._settings.prefix}.{name}": max(scores[name] for scores in found) for name in found[0]}


def longest(config: Path) -> int:
    """Return how many tokens a model takes, as its `config.json` says, 512 at most; 512 where it does not say.

    RoBERTa and its kin count positions from the padding token's number on, so that two of theirs are never used.
    """
    told = json.loads(config.read_text(encoding="utf-8"))
    positions = told.get("max_position_embeddings")
    if not isinstance(positions, int) or positions < 1:  # relative positions
        return LONGEST
    kin = any(name in str(told.get("model_type")) for name in ("roberta", "camembert"))
    return min(LONGEST, positions - (int(told.get("pad_token_id") or 1) + 1 if kin else 0))


def _length(asked: int | None, most: int) -> int:
    if asked is not None and asked > most:
        raise ModelUnavailableError(f"`max_length` is {asked}, but the model takes at most {most} tokens")
    return asked or most


def _encoder(model: OnnxModel, pad: int, length: int, width: int) -> Encoder:
    """Open the encoder and see that it gives one value a label."""
    name = model.path.name
    if strange := set(model.input_names) - _INPUTS:
        raise ModelUnavailableError(
            f"`{name}` asks for {', '.join(sorted(strange))}: expected {', '.join(sorted(_INPUTS))}"
        )
    output = "logits" if "logits" in model.output_names else model.output_names[0]
    try:
        encoder = Encoder.open(model, output, first, pad=pad, limit=length)
        (vector,) = encoder.trial()
    except Exception as error:
        raise ModelUnavailableError(f"`{name}` does not take texts: {' '.join(str(error).split())}") from error
    if vector.shape != (width,):
        raise ModelUnavailableError(f"`{name}` gives {vector.shape} for a text, expected ({width},), one value a label")
    return encoder


def _create(settings: Any, folder: Path) -> Scorer:
    return TextOnnx(settings, folder)


PLUGIN = Plugin(
    name="text-onnx",
    version=VERSION,
    licence="Apache-2.0",
    cost=Cost.CPU,
    outputs={"text.<label>": Score(modality="text", description="as the model's label")},
    create=_create,
    settings=TextOnnxSettings,
    summary="any ONNX text classifier in the Hugging Face layout; its own licence and card apply",
    device="cpu, cuda",
    reads_facts=False,
)
