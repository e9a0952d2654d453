"""A sound, or the sound track of a video -> mono samples at 16 kHz, block by block."""

import wave
from collections.abc import Generator
from io import BytesIO

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from scorers.video.container import Budget, MediaError, Source, audio_stream, opened
from scorers.video.sample import Limits
from scorers.video.track import Track

RATE = 16_000
RATES = range(1_000, 384_001)
"""In Hz; a header may claim 700 million, and resampling from there takes a minute."""


class Sound:
    """The sound of one file; iterate once over blocks of samples in [-1, 1]. What `of` is said there is of the first track.

    Afterwards `seconds` is how much was read, `incomplete` why that is not all, `` where it is. A video without a sound
    track has 0 seconds. Iterating raises MediaError where it is neither sound nor video, or no sample can be read.
    """

    def __init__(self, source: Source, limits: Limits | None = None) -> None:
        """Take a path or bytes; nothing is read yet. Of the limits, `seconds` and `decode_seconds` hold."""
        self._source = source
        self._limits = limits or Limits()
        self._samples = 0
        self._notes: list[str] = []

    @property
    def seconds(self) -> float:
        return self._samples / RATE

    @property
    def incomplete(self) -> str:
        return "; ".join(self._notes)

    def __iter__(self) -> Generator[NDArray[np.float32], None, None]:
        budget = Budget(self._limits.decode_seconds)
        with opened(self._source, budget) as container:
            stream = self._stream(container)
            if stream is None:
                return
            for block in _resampled(Track(container, stream), self._notes):
                if budget.spent:
                    self._notes.append(f"decoding took longer than {budget.seconds:.3g} s")
                    break
                room = round(self._limits.seconds * RATE) - self._samples
                self._samples += min(room, len(block))
                with budget.paused():
                    yield block[:room]
                if len(block) > room:
                    self._notes.append(f"only the first {self._limits.seconds:g} s were listened to")
                    break
        if not self._samples:
            raise MediaError(f"nothing of its sound can be read{f': {self.incomplete}' if self._notes else ''}")

    def _stream(self, container: InputContainer) -> av.AudioStream | None:
        stream = audio_stream(container)
        if stream is None and not container.streams.video:
            raise MediaError("there is no sound in it")
        if others := len(container.streams.audio) - 1:
            self._notes += [f"{others} more sound tracks were not listened to"] if others > 0 else []
        return stream


def wav(blocks: Sound) -> bytes:
    """Return the sound as a WAV file: 16 bits, 16 kHz, mono. Raises what reading it raises."""
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        for block in blocks:
            writer.writeframes((np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _resampled(track: Track, notes: list[str]) -> Generator[NDArray[np.float32], None, None]:
    """Yield the samples of every frame, and at the end what the resampler still holds."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    heard = False
    for frame in track.frames():
        if frame.sample_rate not in RATES:
            notes.append(f"its rate of {frame.sample_rate} Hz is none: expected {RATES.start} to {RATES.stop - 1}")
            return
        try:
            blocks = resampler.resample(frame)
        except (FFmpegError, ValueError):  # a form that is none, or another one than before
            notes.append("its form cannot be converted, or changes on the way: what follows was not listened to")
            return
        heard = True
        yield from map(_samples, blocks)
    notes.extend(track.notes)
    if heard:
        yield from map(_samples, resampler.resample(None))


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    return np.nan_to_num(frame.to_ndarray().reshape(-1).astype(np.float32, copy=False))
