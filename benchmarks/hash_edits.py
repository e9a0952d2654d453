"""How far common edits move PDQ and pHash: which re-uploads the default `max_distance` still finds, and what it confuses.

    LIMEN_DATA=DIR python benchmarks/hash_edits.py

The photographs are those of `pdq/images` in the folder LIMEN_DATA that have a usable hash (quality 50 or more) and are not
turned copies of another one. For each edit: how many of them stay within the default distance, the median and the largest
distance; then the same with the eight rotations and reflections; then the nearest two different photographs.
"""

import os
import statistics
import sys
from collections.abc import Callable
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from scorers.hashes import pdq_of, pdq_turned, phash_of, phash_turned
from scorers.images.decode import decode

WAYS = {"pdq": (pdq_of, pdq_turned, 31), "phash": (phash_of, phash_turned, 8)}


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.fromarray(decode(file.getvalue())[0])


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((max(8, int(image.width * factor)), max(8, int(image.height * factor))))


def cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    return image.crop((int(width * share), int(height * share), int(width * (1 - share)), int(height * (1 - share))))


def captioned(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((0, int(image.height * 0.85), image.width, image.height), fill="white")
    return copy


def framed(image: Image.Image) -> Image.Image:
    border = max(image.size) // 20
    copy = Image.new("RGB", (image.width + 2 * border, image.height + 2 * border))
    copy.paste(image, (border, border))
    return copy


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 70": lambda image: jpeg(image, 70),
    "JPEG, quality 20": lambda image: jpeg(image, 20),
    "half the size": lambda image: scaled(image, 0.5),
    "a quarter of the size": lambda image: scaled(image, 0.25),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "brighter by 30 %": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "more contrast, 50 %": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "cropped by 1 % a side": lambda image: cropped(image, 0.01),
    "cropped by 5 % a side": lambda image: cropped(image, 0.05),
    "a white bar over the lowest 15 %": captioned,
    "a black frame of 5 %": framed,
    "rotated by 3 degrees": lambda image: image.rotate(3),
    "rotated by 90 degrees": lambda image: image.rotate(90, expand=True),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def distance(one: bytes, two: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def main() -> int:
    data = os.environ.get("LIMEN_DATA")
    if not data:
        print("LIMEN_DATA is not set: it names the folder with `pdq/images`", file=sys.stderr)
        return 2
    paths = [path for path in sorted((Path(data) / "pdq" / "images").iterdir()) if not _is_turned(path.name)]
    images = {path.name: Image.fromarray(decode(path.read_bytes())[0]) for path in paths}
    for name, (of, turned, near) in WAYS.items():
        hashes = {file: of(np.asarray(image)) for file, image in images.items()}
        usable = {file: hash_ for file, (hash_, quality) in hashes.items() if quality >= 50}
        print(f"\n{name}: {len(usable)} photographs, within {near} | plain: found, median, largest | turned: found")
        for edit, apply in EDITS.items():
            edited = {file: np.asarray(apply(images[file])) for file in usable}
            plain = [distance(of(edited[file])[0], usable[file]) for file in usable]
            any_turn = [min(distance(hash_, usable[file]) for hash_ in turned(edited[file])[0]) for file in usable]
            found, found_turned = (sum(one <= near for one in those) for those in (plain, any_turn))
            print(f"{edit:34} {found:3} {statistics.median(plain):6} {max(plain):4} {found_turned:5}")
        between = [distance(one, two) for one, two in combinations(usable.values(), 2)]
        print(f"two different photographs: {min(between)} bits or more, median {statistics.median(between)}")
    return 0


def _is_turned(name: str) -> bool:
    return name.startswith("bridge-") and not name.startswith("bridge-1-")


if __name__ == "__main__":
    sys.exit(main())
