"""A list of known perceptual hashes -> those of one algorithm, packed, with their ids, and what was left out.

Nothing here needs NumPy: lists are read, and what is wrong with them told, where only `limen check` runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scorers.hashes.index import Entry
from scorers.hashlists import PERCEPTUAL, BadLine, entries


@dataclass(frozen=True, slots=True)
class KnownHashes:
    """`packed`: one hash after the other; `ids`: whose they are (where the list has none, the file and line)."""

    packed: bytes
    ids: tuple[str, ...]
    bad: tuple[BadLine, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield the entries of an index, in which this list is called `name`."""
        size = len(self.packed) // max(1, len(self.ids))
        for number, id_ in enumerate(self.ids):
            yield Entry(self.packed[number * size : (number + 1) * size], id_, name)


def read_known(path: Path, algorithm: str, min_quality: int = 1) -> KnownHashes:
    """Read the hashes of `algorithm` (`pdq`, `phash`); those of a stated quality below `min_quality` are left out.

    Raises OSError if the file cannot be read.
    """
    packed, ids, bad = bytearray(), [], []
    for entry in entries(path, {algorithm: PERCEPTUAL[algorithm]}):
        if isinstance(entry, BadLine):
            bad.append(entry)
        elif entry.quality is not None and entry.quality < min_quality:
            bad.append(BadLine(entry.number, f"its quality, {entry.quality}, is below `min_quality`, {min_quality}"))
        else:
            packed += entry.digest
            ids.append(entry.id or f"{path.name}:{entry.number}")
    return KnownHashes(bytes(packed), tuple(ids), tuple(bad))
