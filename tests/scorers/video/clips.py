"""Small videos and sounds, made by the tests themselves."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np


def plain(level, width=96, height=64):
    return np.full((height, width, 3), level, np.uint8)


def pictures(levels, seconds_each, rate=10, **size):
    """Grey pictures, each level for so many seconds."""
    return [plain(level, **size) for level in levels for _ in range(round(seconds_each * rate))]


def clip(images, *, rate=10, form="mp4", codec="libx264", gop=12, sound=None):
    """A video of these pictures, as bytes; `sound` is mono in [-1, 1] at 16 kHz. An MP4 has its index in front."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        with av.open(
            str(path), "w", format=form, options={"movflags": "faststart"} if form == "mp4" else {}
        ) as container:
            _film(container, images, rate, codec, gop, sound)
        return path.read_bytes()


def _film(container, images, rate, codec, gop, sound):
    stream = container.add_stream(codec, rate=rate)
    stream.height, stream.width = images[0].shape[:2]
    stream.pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
    stream.gop_size = gop
    track = (
        None
        if sound is None
        else container.add_stream("aac" if codec == "libx264" else "libopus", rate=16000, layout="mono")
    )
    for image in images:
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    container.mux(stream.encode())
    if track is not None:
        _voice(container, track, sound)


def tone(sound, form="wav", codec="pcm_s16le", rate=16000):
    """A sound as bytes; `sound` is mono in [-1, 1] at 16 kHz."""
    file = BytesIO()
    with av.open(file, "w", format=form) as container:
        _voice(container, container.add_stream(codec, rate=rate, layout="mono"), sound)
    return file.getvalue()


def _voice(container, track, sound):
    frame = av.AudioFrame.from_ndarray(
        (np.clip(sound, -1, 1) * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
    )
    frame.sample_rate = 16000
    container.mux(track.encode(frame))
    container.mux(track.encode())


def turned(video, degrees):
    """The same MP4 with a display matrix that turns it clockwise by 90, 180 or 270 degrees (ISO 14496-12, `tkhd`)."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = b"".join(int(value * 65536).to_bytes(4, "big", signed=True) for value in (cos, sin, 0, -sin, cos, 0, 0, 0))
    at = video.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of times, ids and flags
    return video[:at] + matrix + (1 << 30).to_bytes(4, "big") + video[at + 36 :]
