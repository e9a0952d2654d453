"""Prints how much of each video the lists of the others hold: `python benchmarks/video_hash.py [FOLDER] [--list 100ms] [--asked 1s]`.

FOLDER is by default `video` in the folder that the variable LIMEN_DATA names.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from scorers.video.hash_list import hashes_of
from scorers.video.matching import VideoIndex
from scorers.video.sample import Sample

MIN_QUALITY, MAX_DISTANCE = 50, 31


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument(
        "--list", type=Sample.read, default=Sample("every", 0.1), help="how the listed videos are sampled"
    )
    parser.add_argument(
        "--asked", type=Sample.read, default=Sample("every", 1.0), help="how the video that is looked up is sampled"
    )
    options = parser.parse_args()
    folder = options.folder or Path(os.environ.get("LIMEN_DATA", ".")) / "video"
    files = sorted(folder.glob("*.mp4"))
    if not files:
        sys.exit(f"there is no video in `{folder}`: name a folder, or set LIMEN_DATA")
    report(files, options)


def report(files, options):
    began = time.perf_counter()
    listed = {path.name: hashes_of(path, options.list)[0] for path in files}
    index = VideoIndex.build({"all": listed}, MIN_QUALITY, MAX_DISTANCE)
    print(f"{sum(map(len, listed.values()))} frames listed in {time.perf_counter() - began:.1f} s")
    print(
        "row: the video that is looked up; column: % of its frames that the listed one has / % of the listed one's frames"
    )
    for number, (path, frames) in enumerate(zip(files, listed.values(), strict=True), 1):
        print(f"{number}  {path.name}, {len(frames)} frames")
    print("    " + "".join(f"{number:9d}" for number in range(1, len(files) + 1)))
    for number, path in enumerate(files, 1):
        found = {one.id: one for one in (index.shared(hashes_of(path, options.asked)[0]) or {}).get("all", [])}
        cells = [found.get(other.name) for other in files]
        shown = [f"{one.share * 100:.0f}/{one.listed_share * 100:.0f}" if one else "0/0" for one in cells]
        print(f"{number:4d}" + "".join(f"{cell:>9}" for cell in shown))


if __name__ == "__main__":
    main()
