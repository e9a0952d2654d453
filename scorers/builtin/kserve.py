"""Texts or images -> a score a label, by a model behind the Open Inference Protocol v2 (KServe, Triton, MLServer)."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field, field_validator

from scorers.content import Content, Modality
from scorers.remote.errors import RemoteError
from scorers.remote.media import base64_of
from scorers.remote.rows import batched, each, highest, shaped
from scorers.remote.scorer import RemoteScorer
from scorers.remote.settings import RemoteSettings
from scorers.scorer import Cost, Missing, Name, Output, Plugin, Prefix, Row, Rows, Score, Settings

IMAGE_BYTES = 20 * 1024 * 1024
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBERS = frozenset({"FP64", "FP32", "FP16", "BF16"})
Activation: TypeAlias = Callable[[Sequence[float]], Sequence[float]]


class TensorSettings(Settings):
    name: str = Field(default="text", min_length=1, description="name of the input tensor")
    of: Literal["text", "image"] = Field(default="text", description="what it holds: texts, or image files in base64")
    shape: Literal["N", "N,1"] = Field(default="N", description="its shape for N contents: [N], or [N, 1] as Triton's")
    parameters: Mapping[str, str | int | float | bool] = Field(
        default={}, description="the tensor's `parameters`, such as MLServer's `content_type: str`"
    )


class KServeSettings(RemoteSettings):
    model: str = Field(description="the model's name")
    version: str | None = Field(default=None, description="its version; the server's choice unless given")
    input: TensorSettings = Field(default=TensorSettings(), description="the input tensor")
    output: str | None = Field(default=None, description="name of the output tensor, where there are several")
    labels: tuple[Name, ...] = Field(min_length=1, description="the output's columns, in order")
    activation: Literal["sigmoid", "softmax", "none"] = Field(
        default="none", description="what makes scores of the output: logits need `sigmoid` or `softmax`"
    )
    prefix: Prefix = Field(default="kserve", description="first part of the outputs' names")
    rows: int = Field(default=32, ge=1, le=4096, description="contents in one request: the model's largest batch")

    @field_validator("model", "version")
    @classmethod
    def _plain(cls, written: str | None) -> str | None:
        if written is not None and not _MODEL.fullmatch(written):
            raise ValueError("expected letters, digits, `.`, `_` and `-`: it becomes a part of the URL")
        return written

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) != len(labels):
            raise ValueError("a label stands twice")
        return labels


class _Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class _Answer(BaseModel):
    outputs: list[_Tensor]


class KServe(RemoteScorer):
    """The scorer `kserve`: all texts (or all images) of a batch in one request; of several images the highest score."""

    def __init__(self, settings: KServeSettings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._settings = settings
        version = f"/versions/{settings.version}" if settings.version else ""
        self._path = f"v2/models/{settings.model}{version}/infer"
        self._names = [f"{settings.prefix}.{label}" for label in settings.labels]
        output = Score(modality=settings.input.of, description="the model's score for the label")
        self.outputs: Mapping[str, Output] = MappingProxyType(dict.fromkeys(self._names, output))

    async def score(self, batch: Sequence[Content]) -> Rows:
        parts = [await self._parts(content) for content in batch]
        ready = [part for of_content in parts for part in of_content if isinstance(part, str)]
        scored = iter(await batched(ready, self._settings.rows, self._inferred))
        rows = [[next(scored) if isinstance(part, str) else part for part in of_content] for of_content in parts]
        return [self._row(of_content) for of_content in rows]

    def _row(self, parts: Sequence[Mapping[str, Any] | Missing]) -> Row:
        return highest(parts, self._names) if parts else Missing("there was nothing to judge")

    async def _parts(self, content: Content) -> Sequence[str | Missing]:
        if self._settings.input.of == "text":
            return [content.text] if content.text else []
        return await each(content.images, lambda medium: base64_of(medium, IMAGE_BYTES))

    async def _inferred(self, parts: Sequence[str]) -> list[Mapping[str, Any] | Missing]:
        tensor = self._settings.input
        given: dict[str, Any] = {
            "name": tensor.name,
            "shape": [len(parts)] if tensor.shape == "N" else [len(parts), 1],
            "datatype": "BYTES",
            "data": list(parts),
        }
        if tensor.parameters:
            given["parameters"] = dict(tensor.parameters)
        body: dict[str, Any] = {"inputs": [given]}
        if self._settings.output:
            body["outputs"] = [{"name": self._settings.output}]
        rows = self._table(shaped(_Answer, await self.client.request("POST", self._path, json=body)), len(parts))
        return [dict(zip(self._names, self._activated(row), strict=True)) for row in rows]

    def _table(self, answer: _Answer, count: int) -> list[list[Any]]:
        """Return the rows of the output tensor. Raises RemoteError where it is not `count` rows of all labels."""
        wanted = self._settings.output
        found = [tensor for tensor in answer.outputs if wanted in {None, tensor.name}]
        if len(found) != 1:
            raise RemoteError(f"the answer has {len(found)} fitting outputs, expected one: name it in `output`")
        (tensor,), width = found, len(self._names)
        if tensor.datatype not in _NUMBERS:
            raise RemoteError("the output is no tensor of floating-point numbers")
        values = _flat(tensor.data)
        shapes = [[count, width], [count]] if width == 1 else [[count, width]]
        if tensor.shape not in shapes or len(values) != count * width:
            raise RemoteError(
                f"the output has {len(values)} values in the shape {tensor.shape[:4]}, expected {[count, width]}"
            )
        return [values[start : start + width] for start in range(0, len(values), width)]

    def _activated(self, row: Sequence[Any]) -> Sequence[Any]:
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in row):
            return [Missing("the model gave no number")] * len(row)
        return _ACTIVATIONS[self._settings.activation](row)


def _flat(data: Sequence[Any]) -> list[Any]:
    """Return the values of a tensor, which may be nested as its shape says."""
    flat = list(data)
    while flat and all(isinstance(part, list) for part in flat):
        flat = [value for part in flat for value in part]
    return flat


def _sigmoid(row: Sequence[float]) -> Sequence[float]:
    return [1 / (1 + math.exp(-min(max(value, -700.0), 700.0))) if not math.isnan(value) else value for value in row]


def _softmax(row: Sequence[float]) -> Sequence[float]:
    if not all(map(math.isfinite, row)):
        return [math.nan] * len(row)
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


_ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {"sigmoid": _sigmoid, "softmax": _softmax, "none": lambda row: row}
)

PLUGIN = Plugin(
    name="kserve",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    outputs={"kserve.<label>": Score(description="the model's score for the label")},
    create=KServe,
    settings=KServeSettings,
    device="remote",
    judges=(Modality.TEXT, Modality.IMAGE),
    summary="a classifier of your own behind KServe, Triton or MLServer (Open Inference Protocol v2, REST)",
    card="https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol",
)
