"""One stream of an open container -> its decoded frames; what cannot be read is noted, and costs itself only."""

from __future__ import annotations  # the stubs have generics that the compiled classes have not

from collections.abc import Iterator
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from scorers.video.container import read_error

EARLY_END = 1.0


class Track:
    """Decodes one video or sound track, once. `notes` say what was damaged or cut off; complete when all was read.

    `reached` is when what has been read so far ends, in seconds after the start.
    """

    def __init__(self, container: InputContainer, stream: av.VideoStream | av.AudioStream) -> None:
        self.notes: list[str] = []
        self.reached = 0.0
        self._container = container
        self._stream: Any = stream
        self._damaged = 0

    def frames(self) -> Iterator[Any]:
        """Yield every frame (`av.VideoFrame` or `av.AudioFrame`) that can be decoded, in order."""
        for packet in self._packets():
            try:
                yield from self._stream.codec_context.decode(packet)
            except EOFError:
                break
            except (FFmpegError, ValueError):
                self._damaged += 1
        self._note_damage()

    def _packets(self) -> Iterator[av.Packet[Any] | None]:
        """Yield the packets and, at the end, None: what the decoder still holds."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    self.reached = max(self.reached, _end(packet))
                    yield packet
        except TimeoutError as error:
            self.notes.append(str(error))
        except IndexError:  # PyAV does not know streams that begin after it was opened
            self.notes.append("another track begins on the way, and what follows was not read")
        except (FFmpegError, OSError, ValueError) as error:
            self.notes.append(f"it breaks off: {read_error(error)}")
        yield None

    def _note_damage(self) -> None:
        if self._damaged:
            self.notes.append(f"damaged packets: {self._damaged}")
        promised = self._promised()
        if promised - self.reached > max(EARLY_END, promised / 20):
            self.notes.append(f"it ends after {self.reached:.1f} s of {promised:.1f} s")

    def _promised(self) -> float:
        """Return the seconds that the header promises, 0 where it speaks of several streams, or of nothing."""
        stream, container = self._stream, self._container
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        several = len(container.streams.video) + len(container.streams.audio) > 1
        return 0.0 if several or container.duration is None else container.duration / av.time_base


def _end(packet: av.Packet[Any]) -> float:
    """Return when what a packet holds has been shown, in seconds after the stream's start."""
    time = (packet.pts if packet.pts is not None else packet.dts or 0) - (packet.stream.start_time or 0)
    return float((time + (packet.duration or 0)) * (packet.time_base or 0))
