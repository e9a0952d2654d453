"""Contents -> windows of tokens (first stage) -> for each output the highest score of their windows (second stage)."""

from collections.abc import Sequence
from typing import Any

from scorers.content import Content
from scorers.onnx.encoder import Encoder
from scorers.onnx.lengths import bucket
from scorers.onnx.tokens import Tokenizer
from scorers.scorer import Missing, Prepared, Row, StagedScorer


class TextModelScorer(StagedScorer):
    """Judges texts by one encoder. A subclass sets `_parts` in `load`, and reads the vectors of a text's windows."""

    def __init__(self) -> None:
        self._parts: tuple[Tokenizer, Encoder] | None = None

    @property
    def device(self) -> str:
        """What the model really runs on, `cuda` or `cpu`. Raises RuntimeError before `load`."""
        return self._loaded[1].model.device

    def row(self, vectors: Sequence[Any]) -> Row:
        """Judge a text by the vectors of its windows, of which there is at least one."""
        raise NotImplementedError

    def plain(self, text: str) -> str:
        """Make a text ready for the tokenizer."""
        return text

    def prepare(self, batch: Sequence[Content]) -> list[Prepared | Missing]:
        tokenizer, _ = self._loaded
        cut = tokenizer.windows([self.plain(content.text or "") for content in batch])
        return [
            Prepared(windows, max(bucket(len(window.ids)) for window in windows))
            if windows
            else Missing("the text has no token")
            for windows in cut
        ]

    def infer(self, batch: Sequence[Prepared]) -> list[Row]:
        _, encoder = self._loaded
        vectors = iter(encoder.run([window for one in batch for window in one.data]))
        return [self.row([next(vectors) for _ in one.data]) for one in batch]

    @property
    def _loaded(self) -> tuple[Tokenizer, Encoder]:
        if self._parts is None:
            raise RuntimeError("the scorer was asked before `load`")
        return self._parts
