"""A local file, or its bytes -> an open container of a kind that is allowed, or a `MediaError`.

A container is a stranger's program for FFmpeg: playlists and concat scripts name other files and hosts, and FFmpeg knows hundreds of
formats. So it gets a file object and never a name, the formats and codecs of people's uploads only, no protocol, and an
opener of further files that refuses.
"""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_SET, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from scorers.content import Media
from scorers.deadline import remaining
from scorers.video.sample import Limits

Source: TypeAlias = bytes | Path

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,mpegts,mpeg,ogg,gif,"  # videos, with or without sound
    "aac,ac3,aiff,amr,caf,flac,mp3,wav,w64"  # sound only
)
_VIDEO = (
    "av1 libdav1d libaom-av1 flv gif h263 h264 hevc mjpeg mpeg1video mpeg2video mpeg4 msmpeg4 msmpeg4v1 msmpeg4v2 prores "
    "theora vc1 vp6 vp6f vp8 vp9 libvpx libvpx-vp9 wmv1 wmv2 wmv3"
)
_AUDIO = (
    "aac aac_latm ac3 eac3 alac amrnb amrwb libopencore_amrnb libopencore_amrwb flac mp1 mp1float mp2 mp2float mp3 mp3float "
    "opus libopus vorbis libvorbis wmav1 wmav2 wmapro adpcm_ima_wav adpcm_ms gsm_ms"
)
VIDEO_CODECS, AUDIO_CODECS = frozenset(_VIDEO.split()), frozenset(_AUDIO.split())
MAX_STREAMS = 32


class MediaError(ValueError):
    """A medium that cannot be read; the message says why, in words for a reviewer."""


class Budget:
    """Time for reading and decoding, that stands still while others work with what was read.

    Never longer than the caller waits (`scorers.deadline`).
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = min(seconds, remaining())
        self._ends = time.monotonic() + self.seconds

    @property
    def spent(self) -> bool:
        return time.monotonic() > self._ends

    @contextmanager
    def paused(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._ends += time.monotonic() - began


class _Reader:
    """What FFmpeg reads from: no name, nothing to write to, and an end to its patience."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        self._file = file
        self._budget = budget

    def read(self, size: int) -> bytes:
        if self._budget.spent:
            raise TimeoutError(f"reading took longer than {self._budget.seconds:.3g} s")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def source_of(medium: Media) -> Source:
    """Return where a medium lies: a path is read piece by piece and never as a whole."""
    return medium.path if medium.path is not None else medium.read()


@contextmanager
def opened(source: Source, budget: Budget) -> Iterator[InputContainer]:
    """Open a container for the time of the block. Raises MediaError where it is none of an allowed kind."""
    with _file(source) as file, _container(_Reader(file, budget)) as container:
        yield container


def _container(reader: _Reader) -> InputContainer:
    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "none",
        "max_streams": str(MAX_STREAMS),
        "max_pixels": str(Limits().pixels),  # opening decodes a frame or two, to learn what is there
    }
    try:
        return av.open(reader, "r", options=options, io_open=_refused, metadata_errors="replace")
    except TimeoutError as error:
        raise MediaError(str(error)) from error
    except (FFmpegError, OSError, ValueError, EOFError) as error:
        raise MediaError(
            "no video or sound of a known kind: expected MP4, WebM, Matroska, MP3, … in one file"
        ) from error


def _refused(url: str, *_: Any) -> Any:
    raise PermissionError(f"the medium refers to another file, `{url[:80]}`")


def _file(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        if not source:
            raise MediaError("it is empty")
        return BytesIO(source)
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device would never end
            raise MediaError("it is no regular file")
        if not status.st_size:
            raise MediaError("it is empty")
        return source.open("rb")
    except OSError as error:
        raise MediaError(f"it cannot be read: {error.strerror or error}") from error


def video_streams(container: InputContainer) -> list[av.VideoStream]:
    """Return the moving pictures of a container: cover art of a song is none. Raises MediaError where there are none."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise MediaError("there is sound in it, and no video" if container.streams.audio else "there is no video in it")
    _allow(streams[0], VIDEO_CODECS)
    return streams


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    """Return the sound track that players choose (the first), or None. Raises MediaError where its codec is not allowed."""
    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    _allow(stream, AUDIO_CODECS, prefix="pcm_")
    return stream


def _allow(stream: av.VideoStream | av.AudioStream, codecs: frozenset[str], prefix: str | None = None) -> None:
    name = stream.codec_context.name if stream.codec_context else "unknown"
    if name not in codecs and not (prefix and name.startswith(prefix)):
        raise MediaError(f"its {stream.type} codec `{name}` is not read here")


def read_error(error: Exception) -> str:
    """Tell what FFmpeg said in one short line."""
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error).partition(":")[0][:120]
