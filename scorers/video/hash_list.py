"""Video files -> a list of known videos for `video-hash`: `python -m scorers.video.hash_list FILE… > known.jsonl`.

Lists are hashed ten times as densely as the videos that are looked up: a copy seldom begins at the same fraction of a second,
and where the picture moves, frames half a second apart have nothing in common.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scorers.onnx.runtime import ModelUnavailableError, needed
from scorers.video.hashing import FrameHash, hashed
from scorers.video.known import line
from scorers.video.sample import Limits, Sample

LISTED = Sample("every", 0.1)


def hashes_of(path: Path, sample: Sample) -> tuple[list[FrameHash], str]:
    """Hash the sampled frames of a file; and say what of it was not looked at, `` for nothing. Raises MediaError."""
    from scorers.video.frames import Frames  # noqa: PLC0415  (belongs to an extra)

    frames = Frames(path, sample, Limits(frames=100_000, seconds=100_000.0, decode_seconds=100_000.0))
    return hashed(frames), frames.incomplete


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a line for each file to standard output; 1 where one could not be read, or not wholly."""
    options = _options(arguments)
    try:
        needed("av", "video")
        needed("pdqhash", "hash")
    except ModelUnavailableError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    from scorers.video.container import MediaError  # noqa: PLC0415

    failed = 0
    for path in options.files:
        try:
            frames, incomplete = hashes_of(path, options.sample)
            print(line(path.name, frames), flush=True)  # noqa: T201
        except MediaError as error:
            incomplete = str(error)
        if incomplete:
            failed = 1
            print(f"{path}: {incomplete}", file=sys.stderr)  # noqa: T201
    return failed


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m scorers.video.hash_list", description="hash videos frame by frame")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a video; its name becomes its id")
    parser.add_argument("--sample", type=Sample.read, default=LISTED, help="which frames: 100ms unless stated")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
