"""A video -> batches of contents with one image each, decoded in threads while others judge the batch before."""

import asyncio
import threading
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from PIL import Image

from scorers.content import Content, Media
from scorers.threads import in_thread
from scorers.video.frames import Frame, Frames


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as image scorers get it: its time in seconds, and a content that holds the picture and nothing else."""

    seconds: float
    content: Content


class Shots:
    """Batches of the sampled frames of one video; close it after use, also when it was not read to its end."""

    def __init__(self, frames: Frames, content: Content, size: int) -> None:
        """Take the frames, the content that they belong to, and how many there are in a batch."""
        self._frames = iter(frames)
        self._content = content
        self._size = size
        self._lock = threading.Lock()  # a cancelled caller leaves a thread behind that still decodes

    def start(self) -> asyncio.Future[list[Shot]]:
        """Begin to decode the next batch, empty at the end. The future may raise MediaError."""
        _, batch = in_thread(self._next)
        batch.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # else asyncio complains of unread ones
        return batch

    def close(self) -> None:
        """Give the file and the decoder back, once a batch that is being decoded is done; does not wait for it."""
        in_thread(self._close)

    def _next(self) -> list[Shot]:
        with self._lock:
            return [self._shot(frame) for frame in islice(self._frames, self._size)]

    def _close(self) -> None:
        with self._lock:
            self._frames.close()

    def _shot(self, frame: Frame) -> Shot:
        picture = (Media(data=_encoded(frame)),)
        name = f"{self._content.id}@{frame.seconds:.3f}s"
        return Shot(
            frame.seconds, Content(id=name, images=picture)
        )  # nothing else, so that the answer depends on nothing else


def _encoded(frame: Frame) -> bytes:
    """Return the picture as BMP: without loss, and nearly for free."""
    file = BytesIO()
    Image.fromarray(frame.image).save(file, format="BMP")
    return file.getvalue()
