"""Contents -> their pictures' tensors (first stage) -> for each output the highest of their scores (second stage)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scorers.content import Content
from scorers.images.contents import of_frames
from scorers.images.decode import Decoding
from scorers.images.model import ImageModel
from scorers.scorer import Missing, Output, Prepared, Row, StagedScorer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scorers.images.decode import Pixels


class ImageModelScorer(StagedScorer):
    """Judges by one model. A subclass sets in `load` what prepares a picture, the model, and what reads its vector.

    A content of several images, and an animation of several frames, scores as its worst one does.
    """

    def __init__(self, outputs: Mapping[str, Output], how: Decoding) -> None:
        self.outputs = outputs
        self._how = how
        self._tensor: Callable[[Pixels], NDArray[np.float32]] | None = None
        self._model: ImageModel | None = None

    @property
    def device(self) -> str:
        """What the model really runs on, `cuda` or `cpu`. Raises RuntimeError before `load`."""
        return self._loaded[1].model.device

    def scores(self, vector: "NDArray[np.float32]") -> Mapping[str, float]:
        """Read a picture's vector: a score in [0, 1] for each output."""
        raise NotImplementedError

    def prepare(self, batch: Sequence[Content]) -> list[Prepared | Missing]:
        tensor, _ = self._loaded
        seen = [of_frames(content, self._how, tensor) for content in batch]
        return [one if isinstance(one, Missing) else Prepared(one) for one in seen]

    def infer(self, batch: Sequence[Prepared]) -> list[Row]:
        _, model = self._loaded
        vectors = iter(model.run([tensor for one in batch for tensor in one.data]))
        return [self._row([next(vectors) for _ in one.data]) for one in batch]

    def _row(self, vectors: "Sequence[NDArray[np.float32]]") -> Row:
        rows = [self.scores(vector) for vector in vectors]
        return {name: max(row[name] for row in rows) for name in self.outputs}

    @property
    def _loaded(self) -> "tuple[Callable[[Pixels], Any], ImageModel]":
        if self._tensor is None or self._model is None:
            raise RuntimeError("the scorer was asked before `load`")
        return self._tensor, self._model
