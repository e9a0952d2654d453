"""Pictures -> perceptual hashes, and hashes -> the known ones that are near, by Hamming distance.

    from scorers.hashes import Entry, HashIndex, pdq_of

    hash_, quality = pdq_of(pixels)                                  # 32 bytes; 0 to 100
    index = HashIndex.build([Entry(known, id="case-7", list="banned")], bits=256)
    (matches,) = index.search([hash_], max_distance=31)              # nearest first: id, list, distance

`pdq_of` and `phash_of` take height x width x 3 (RGB) or height x width (grey) arrays of `uint8`, laid out in memory as they
may be, and return the hash and its quality, in which 0 means: no usable hash. `pdq_turned` gives the hashes of the picture in
its eight rotations and reflections. What needs the extra `limen[hash]` is imported when it is called.
"""

from scorers.hashes.index import Entry, HashIndex, Match
from scorers.hashes.pdq import PDQ_BITS, pdq_of, pdq_turned
from scorers.hashes.phash import PHASH_BITS, phash_of, phash_turned

__all__ = [
    "PDQ_BITS",
    "PHASH_BITS",
    "Entry",
    "HashIndex",
    "Match",
    "pdq_of",
    "pdq_turned",
    "phash_of",
    "phash_turned",
]
