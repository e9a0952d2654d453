import csv
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scorers.hashes import pdq_of, pdq_turned, phash_of, phash_turned

DATA = os.environ.get("LIMEN_DATA")
real = pytest.mark.skipif(not DATA, reason="LIMEN_DATA is not set")


def distance(one, two):
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def picture(height=240, width=320):
    """Smooth hills of many colours: enough of a photograph for a hash."""
    chance = np.random.default_rng(7)
    coarse = Image.fromarray(chance.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


FUNCTIONS = [(pdq_of, pdq_turned, 32), (phash_of, phash_turned, 8)]
LIMITS = {32: 31, 8: 8}  # the default `max_distance` of each
both = pytest.mark.parametrize(("of", "turned", "size"), FUNCTIONS)


@both
def test_a_picture_has_a_hash_of_quality(of, turned, size):
    hash_, quality = of(picture())
    assert (len(hash_), quality) == (size, 100)


@both
@pytest.mark.parametrize("colour", [0, 1, 127, 200, 255])
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (64, 64, 3), (640, 480), (3, 4, 3)])
def test_one_colour_has_no_quality(of, turned, size, colour, shape):
    flat = np.full(shape, colour, np.uint8)
    assert of(flat)[1] == turned(flat)[1] == 0
    assert len(of(flat)[0]) == size


@both
def test_noise_of_one_level_has_no_quality(of, turned, size):
    noise = np.random.default_rng(0).integers(127, 130, (200, 200, 3)).astype(np.uint8)
    assert of(noise)[1] == 0


@both
def test_how_the_array_lies_in_memory_does_not_matter(of, turned, size):
    for view in (
        np.rot90(picture()),
        picture()[::-1, ::-2],
        picture().transpose(1, 0, 2),
        np.asfortranarray(picture()),
    ):
        assert of(view) == of(np.ascontiguousarray(view))


@both
def test_a_picture_made_smaller_larger_or_grey_stays_near(of, turned, size):
    hash_, _ = of(picture())
    grey = np.asarray(Image.fromarray(picture()).convert("L"))
    for other in (picture(120, 160), picture(1700, 2300), picture(300, 300), grey):
        assert distance(of(other)[0], hash_) <= LIMITS[size]


@both
def test_rotations_and_reflections_are_among_the_eight(of, turned, size):
    hashes, quality = turned(picture())
    assert (len(hashes), quality) == (8, 100)
    assert hashes[0] == of(picture())[0]
    rotated = [np.rot90(picture(), quarters) for quarters in range(4)]
    for other in (*rotated, *(view[:, ::-1] for view in rotated)):
        assert min(distance(of(other)[0], hash_) for hash_ in hashes) <= LIMITS[size]
    assert distance(of(rotated[2])[0], hashes[0]) > size * 2


@both
@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((4, 4, 3), np.float32, "an array float32"),
        ((4, 4, 4), np.uint8, "of shape .4, 4, 4. is no picture"),
        ((4,), np.uint8, "is no picture"),
        ((0, 4, 3), np.uint8, "has no pixels"),
    ],
)
def test_what_is_no_picture_is_refused(of, turned, size, shape, dtype, message):
    for function in (of, turned):
        with pytest.raises(ValueError, match=message):
            function(np.zeros(shape, dtype))


def test_phash_is_that_of_imagehash():
    """`str(imagehash.phash(image))` of ImageHash 4.3.2."""
    assert phash_of(picture())[0].hex() == "f200556fac1ed559"


@cache
def read(path):
    from scorers.images.decode import decode

    return decode(path.read_bytes())[0]


@real
def test_pdq_is_within_16_bits_of_the_reference_hashes():
    folder = Path(DATA) / "pdq"
    with (folder / "pdq_reference_hashes_from_sql_README.csv").open() as file:
        reference = {Path(name).name: bytes.fromhex(digits) for digits, name in csv.reader(file)}
    there = [path for path in sorted((folder / "images").iterdir()) if path.name in reference]
    assert len(there) == 16
    for path in there:
        assert distance(pdq_of(read(path))[0], reference[path.name]) <= 16, path.name


@real
@both
def test_one_photograph_in_eight_turns_is_one_to_the_turned_hashes(of, turned, size):
    photographs = sorted((Path(DATA) / "pdq" / "images").glob("bridge-*.jpg"))
    hashes, _ = turned(read(photographs[0]))
    for path in photographs[::2]:
        assert min(distance(of(read(path))[0], hash_) for hash_ in hashes) <= LIMITS[size], path.name


@real
def test_a_bare_photograph_has_no_usable_phash():
    folder = Path(DATA) / "pdq" / "images"
    assert [phash_of(read(folder / name))[1] for name in ("small.jpg", "q0004.jpg", "wee.jpg")] == [0, 100, 100]


def test_importing_the_functions_imports_nothing_heavy():
    code = "import sys, scorers.hashes, scorers.builtin.perceptual_hash; print([m for m in ('numpy', 'faiss', 'pdqhash', 'PIL') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
