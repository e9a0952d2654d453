"""A video -> the sampled frames, upright, with their times: one at a time, never the whole video in memory."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from scorers.video.container import Budget, MediaError, Source, opened, read_error, video_streams
from scorers.video.sample import Limits, Sample
from scorers.video.scenes import Scenes
from scorers.video.track import Track

MAX_KEY_GAP = 30.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a viewer sees it: RGB, uint8, (height, width, 3), `seconds` after the video's start."""

    seconds: float
    image: NDArray[np.uint8]


class Frames:
    """The sampled frames of one video; iterate once. Afterwards `incomplete` says what was not looked at, `` for nothing.

    Iterating raises MediaError where it is no video or where not one frame can be read.
    """

    def __init__(self, source: Source, sample: Sample | None = None, limits: Limits | None = None) -> None:
        """Take a path or bytes; nothing is read yet."""
        self._source = source
        self._sample = sample or Sample()
        self._limits = limits or Limits()
        self._notes: list[str] = []

    @property
    def incomplete(self) -> str:
        """Why some of the video was not looked at: a limit, damage, an early end."""
        return "; ".join(self._notes)

    def __iter__(self) -> Generator[Frame, None, None]:
        budget = self._budget = Budget(self._limits.decode_seconds)
        count = 0
        with opened(self._source, budget) as container:
            for frame in self._shown(container, self._stream(container), budget):
                if count == self._limits.frames:
                    self._notes.append(f"only the first {count} sampled frames were looked at")
                    break
                count += 1
                with budget.paused():
                    yield frame
        if not count:
            raise MediaError(f"no frame of it can be read{f': {self.incomplete}' if self._notes else ''}")

    def _stream(self, container: InputContainer) -> av.VideoStream:
        """Return the stream to decode, set up. Raises MediaError where there is none, or its frames are too large."""
        stream, *others = video_streams(container)
        context = stream.codec_context
        if context.width * context.height > self._limits.pixels:
            raise MediaError(
                f"its frames of {context.width} x {context.height} are above the limit of {self._limits.pixels} pixels"
            )
        if others:
            self._notes.append(f"{len(others)} more video tracks were not looked at")
        context.options = {"max_pixels": str(self._limits.pixels)}  # a stream may change its size on the way
        context.thread_count = 1  # videos are decoded side by side; one must not take every core
        if self._sample.kind == "key_frames":
            context.skip_frame = "NONKEY"
        return stream

    def _shown(self, container: InputContainer, stream: av.VideoStream, budget: Budget) -> Iterator[Frame]:
        try:
            for frame, seconds in self._picked(container, stream, budget):
                yield Frame(seconds, _upright(frame, self._limits.side))
        except FFmpegError as error:
            self._notes.append(f"a frame cannot be converted: {read_error(error)}")

    def _picked(
        self, container: InputContainer, stream: av.VideoStream, budget: Budget
    ) -> Iterator[tuple[av.VideoFrame, float]]:
        """Yield the frames that the sample asks for, until a limit says stop."""
        picks = _picker(self._sample)
        for frame, seconds in self._decoded(container, stream, budget):
            if seconds > self._limits.seconds:
                self._notes.append(f"only the first {self._limits.seconds:g} s were looked at")
                return
            if picks(frame, seconds):
                yield frame, seconds

    def _decoded(
        self, container: InputContainer, stream: av.VideoStream, budget: Budget
    ) -> Iterator[tuple[av.VideoFrame, float]]:
        """Yield every frame with its time; a damaged packet costs itself only."""
        start, unit, rate = stream.start_time or 0, stream.time_base or 0, float(stream.average_rate or 25)
        track = Track(container, stream)
        seconds = 0.0
        for number, frame in enumerate(track.frames()):
            if budget.spent:
                self._notes.append(f"decoding took longer than {budget.seconds:.3g} s")
                return
            last, seconds = seconds, number / rate if frame.pts is None else float((frame.pts - start) * unit)
            self._watch_gap(seconds - last)
            yield frame, seconds
        self._watch_gap(track.reached - seconds)
        self._notes.extend(track.notes)

    def _watch_gap(self, gap: float) -> None:
        if self._sample.kind == "key_frames" and gap > MAX_KEY_GAP:
            self._notes.append(f"no key frame for {gap:.0f} s: sample by time, or by scenes")


def _picker(sample: Sample) -> Callable[[av.VideoFrame, float], bool]:
    if sample.kind == "scenes":
        return Scenes().begins
    if sample.kind == "key_frames":
        return lambda _frame, _seconds: True  # the decoder gives no others
    return _Every(sample.step).begins


class _Every:
    """Takes the first frame of each stretch of `step` seconds."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._stretch: int | None = None

    def begins(self, _frame: av.VideoFrame, seconds: float) -> bool:
        stretch = int(
            (seconds + 1e-6) // self._step
        )  # 0.999999… of a stretch, by rounding of time bases, is the next one
        begins = stretch != self._stretch
        self._stretch = stretch
        return begins


def _upright(frame: av.VideoFrame, side: int) -> NDArray[np.uint8]:
    """Return the picture as it is shown: at most `side` pixels a side, turned as the display matrix says."""
    shrink = min(1.0, side / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * shrink)), max(1, round(frame.height * shrink))
    image = frame.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90) % 4))
