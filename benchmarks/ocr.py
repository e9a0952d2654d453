"""How well the text in pictures is read, and what a picture costs: the reader of `image-text` on labelled pictures.

    LIMEN_DATA=… python benchmarks/ocr.py [--threads 1] [--enlarge-to 736] [--device cpu] [--worst 5]

The data: `ocr/` in the folder that LIMEN_DATA names, with `truth.json` (file, text, background). Similarity is that of
`difflib.SequenceMatcher` (2 x matching characters / all characters, 0 to 1), every run of blanks counted as one.
"""

import argparse
import json
import os
import statistics
import sys
import time
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from scorers.images.decode import decode
from scorers.images.ocr import ENLARGE_TO, Reader


class Read(NamedTuple):
    similarity: float
    seconds: float
    file: str
    background: str
    expected: str
    seen: str


def read(reader: Reader, folder: Path, row: dict) -> Read:
    data = (folder / row["file"]).read_bytes()
    start = time.process_time()
    (pixels,) = decode(data)
    seen = " ".join(reader.read(pixels).split())
    seconds = time.process_time() - start
    expected = " ".join(row["text"].split())
    similarity = SequenceMatcher(None, expected, seen, autojunk=False).ratio()
    return Read(similarity, seconds, row["file"], row["background"], expected, seen)


def summary(name: str, rows: list[Read]) -> str:
    similarities = [row.similarity for row in rows]
    exact = sum(similarity == 1 for similarity in similarities)
    return (
        f"{name:<8} {len(rows):>3} pictures   median similarity {statistics.median(similarities):.3f}   "
        f"mean {statistics.mean(similarities):.3f}   exact {exact}   CPU seconds a picture {statistics.mean(row.seconds for row in rows):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--enlarge-to", type=int, default=ENLARGE_TO)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="cpu")
    parser.add_argument("--worst", type=int, default=5)
    asked = parser.parse_args()
    if "LIMEN_DATA" not in os.environ:
        sys.exit("set LIMEN_DATA to the folder of labelled data; `ocr/truth.json` is read there")
    folder = Path(os.environ["LIMEN_DATA"]) / "ocr"
    reader = Reader.open(asked.device, asked.threads, enlarge_to=asked.enlarge_to)
    rows = [read(reader, folder, row) for row in json.loads((folder / "truth.json").read_text(encoding="utf-8"))]
    print(f"device {reader.device}, threads {asked.threads}, pictures enlarged to {asked.enlarge_to} pixels at least")
    for background in sorted({row.background for row in rows}):
        print(summary(background, [row for row in rows if row.background == background]))
    print(summary("all", rows))
    print(f"\nthe worst {asked.worst}:")
    for row in sorted(rows)[: asked.worst]:
        print(f"{row.similarity:.3f}  {row.file} ({row.background})\n  drawn: {row.expected}\n  read:  {row.seen}")


if __name__ == "__main__":
    main()
