"""What the `nudity` scorer says of pictures that show none: false alarms only. Its recall is not measured here.

    LIMEN_DATA=… python benchmarks/nudity.py [--threads 1] [--device cpu]

The pictures, all neutral: the photographs in `pdq/images`, the pictures of sentences in `ocr`, frames of the clips in
`video` (one a second; a chair and a doorknob), all below the folder that LIMEN_DATA names, and pictures made here
(plain colours, skin tones among them, gradients, noise). Further folders of pictures may be named.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from scorers.builtin.nudity import PLUGIN
from scorers.content import Content, Media
from scorers.registry import Registry
from scorers.scorer import Missing

CUTS = (0.1, 0.5, 0.8)
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0), "red": (200, 30, 30), "skin, light": (241, 194, 165),
           "skin, tan": (198, 134, 66), "skin, brown": (141, 85, 36), "skin, dark": (80, 45, 25)}  # fmt: skip


def files(folder: Path) -> Iterator[tuple[str, Media]]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}:
            yield path.name, Media(path=path)


def media(pixels: np.ndarray) -> Media:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Media(data=file.getvalue())


def made() -> Iterator[tuple[str, Media]]:
    for name, colour in COLOURS.items():
        yield f"plain, {name}", media(np.full((300, 300, 3), colour, np.uint8))
    chance = np.random.default_rng(7)
    for number in range(5):
        yield f"noise {number}", media(chance.integers(0, 256, (300, 300, 3), np.uint8))
        ends = chance.integers(0, 256, (2, 3))
        ramp = np.linspace(ends[0], ends[1], 300)[None].repeat(300, axis=0)
        yield f"gradient {number}", media(ramp.astype(np.uint8))


def frames(folder: Path) -> Iterator[tuple[str, Media]]:
    import av  # noqa: PLC0415  (only this set needs it)

    for path in sorted(folder.glob("*.mp4")):
        with av.open(str(path)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                if index % 25 == 0:
                    yield f"{path.stem}, frame {index}", media(frame.to_ndarray(format="rgb24"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="more folders of pictures without nudity")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="cpu")
    asked = parser.parse_args()
    if "LIMEN_DATA" not in os.environ:
        sys.exit("set LIMEN_DATA to the folder of shared data; `pdq/images`, `ocr` and `video` are read there")
    data = Path(os.environ["LIMEN_DATA"])
    entry = {"use": "nudity", "threads": asked.threads, "device": asked.device}
    scorer = Registry.of([PLUGIN]).configure({"nudity": entry}, Path()).scorers[0].scorer
    scorer.load()
    sets = {
        "photographs": files(data / "pdq" / "images"),
        "sentences": files(data / "ocr"),
        "frames": frames(data / "video"),
        "made here": made(),
        **{str(folder): files(folder) for folder in asked.folders},
    }
    print(f"device {scorer.device}; pictures without nudity: every score above a cut is a false alarm")
    for name, pictures in sets.items():
        report(name, scorer, list(pictures))


def report(name: str, scorer, pictures: list[tuple[str, Media]]) -> None:
    start = time.process_time()
    rows = scorer.score([Content(images=(picture,)) for _, picture in pictures])
    spent = (time.process_time() - start) / len(pictures)
    scores = {
        file: row["image.nudity"] for (file, _), row in zip(pictures, rows, strict=True) if not isinstance(row, Missing)
    }
    worst = max(scores, key=scores.__getitem__)
    over = "   ".join(f"over {cut}: {sum(score >= cut for score in scores.values())}" for cut in CUTS)
    print(
        f"{name:<12} {len(scores):>3} pictures   median {np.median(list(scores.values())):.4f}   "
        f"highest {scores[worst]:.4f} ({worst})   {over}   CPU ms a picture {1000 * spent:.0f}"
    )


if __name__ == "__main__":
    main()
