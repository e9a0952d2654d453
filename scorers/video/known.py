"""A list of known videos (JSON lines) -> the hashes of their frames by id, and the lines that are none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scorers.hashlists import BadLine
from scorers.video.hashing import FrameHash


@dataclass(frozen=True, slots=True)
class KnownVideos:
    """Frame hashes by the video's id, and what was left out: a bad line costs itself only."""

    videos: Mapping[str, Sequence[FrameHash]]
    bad: tuple[BadLine, ...] = ()


def read_videos(path: Path) -> KnownVideos:
    """Read a list, a line a video: `{"id": "case-7", "frames": ["hash,quality,seconds", …]}`.

    Raises OSError if the file cannot be read, UnicodeDecodeError if it is no UTF-8.
    """
    videos: dict[str, Sequence[FrameHash]] = {}
    bad: list[BadLine] = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                name, frames = _video(json.loads(line))
                _refuse_twice(name, videos)
            except (ValueError, RecursionError) as error:
                bad.append(BadLine(number, _told(error)))
            else:
                videos[name] = frames
    return KnownVideos(MappingProxyType(videos), tuple(bad))


def line(name: str, hashes: Sequence[FrameHash]) -> str:
    """Return the line of a list for one video."""
    return json.dumps({"id": name, "frames": [str(one) for one in hashes]}, ensure_ascii=False)


def _video(row: Any) -> tuple[str, Sequence[FrameHash]]:
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or not row["id"]:
        raise ValueError('no object with an `id`: expected `{"id": …, "frames": […]}`')
    frames = row.get("frames")
    if not isinstance(frames, list) or not frames or not all(isinstance(frame, str) for frame in frames):
        raise ValueError("`frames` is no list of strings: expected `hash,quality,seconds` for each frame")
    return row["id"], tuple(map(FrameHash.read, frames))


def _refuse_twice(name: str, videos: Mapping[str, Any]) -> None:
    if name in videos:
        raise ValueError(f"the id `{name}` stands twice")


def _told(error: Exception) -> str:
    return f"no JSON: {error}" if isinstance(error, json.JSONDecodeError | RecursionError) else str(error)
