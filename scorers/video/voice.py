"""Samples at 16 kHz -> for every 32 ms how likely it is that somebody speaks, by Silero VAD.

The model: scorers/models/silero_vad/card.md. It remembers (an LSTM), so blocks follow each other; each stretch of 512 samples is
seen together with the last 64 of the one before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scorers.onnx.session import Device, OnnxModel

MODEL = Path(__file__).parent.parent / "models" / "silero_vad" / "model.onnx"
STRETCH, CONTEXT, STATE = 512, 64, (1, 1, 128)
STRETCHES = 512
SPEECH = 0.5
"""The probability from which on a stretch is speech: the default of Silero's own `get_speech_timestamps`."""


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """The model, opened; may be used from many threads."""

    model: OnnxModel

    @classmethod
    def open(cls, device: Device = "auto") -> Self:
        """Open the model that ships with Limen. Raises ModelUnavailableError."""
        return cls(OnnxModel.open(MODEL, device, threads=1))

    def probabilities(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Yield the probabilities of speech, of 16 s at a time; an end of less than 32 ms is filled up with silence."""
        hidden = cell = np.zeros(STATE, np.float32)
        context = np.zeros(CONTEXT, np.float32)
        for samples in _even(blocks, STRETCH * STRETCHES):
            stretches = samples.reshape(-1, STRETCH)
            before = np.concatenate([context[None], stretches[:-1, -CONTEXT:]])
            inputs = {"input": np.concatenate([before, stretches], axis=1), "h": hidden, "c": cell}
            found, hidden, cell = self.model.run(inputs, ("speech_probs", "hn", "cn"))
            context = stretches[-1, -CONTEXT:]
            yield found.reshape(-1)

    def speech(self, blocks: Iterable[NDArray[np.float32]]) -> tuple[int, int]:
        """Return how many stretches of 32 ms are speech, and how many there are."""
        spoken = total = 0
        for found in self.probabilities(blocks):
            spoken += int((found >= SPEECH).sum())
            total += len(found)
        return spoken, total


def _even(blocks: Iterable[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """Yield the same samples in blocks of `size`, the last one filled up to whole stretches."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while count >= size:
            joined = np.concatenate(held)
            yield joined[:size]
            held, count = [joined[size:]], count - size
    if count:
        yield np.concatenate([*held, np.zeros(-count % STRETCH, np.float32)])
