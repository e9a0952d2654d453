"""Known hashes with their ids and lists -> an index that finds, for a batch of hashes, all that lie within a distance.

It is a linear scan by `faiss.IndexBinaryFlat`: exact at every distance, 32 bytes a PDQ hash, built in milliseconds, and as
fast on a million hashes as faiss' hash tables (`IndexBinaryMultiHash`), which take ten times the memory and slow down where
many known hashes are alike. Figures: docs/reference/scorers/perceptual-hash.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple, Self

from scorers.hashes.brute import BruteForce

MAX_WITHOUT_FAISS = 50_000


class Entry(NamedTuple):
    """A known hash: of which thing (`id`), and on which list. Two entries may have the same hash, or all the same."""

    hash: bytes
    id: str
    list: str


class Match(NamedTuple):
    """A known hash that is near; `distance` in bits. Ordered by distance, then id, then list."""

    distance: int
    id: str
    list: str


@dataclass(frozen=True, slots=True)
class HashIndex:
    """An immutable index; may be searched from many threads. Made by `build`."""

    bits: int
    _ids: Sequence[str]
    _lists: Sequence[str]
    _scan: Any

    @classmethod
    def build(cls, entries: Iterable[Entry], bits: int) -> Self:
        """Make an index of hashes of `bits` bits (64 or 256), none or many; entries alike are all kept.

        Raises ValueError where an entry's hash has another length, ImportError without NumPy (`limen[hash]`), or without
        faiss where there are more than 50,000 entries: up to there the same answers come from NumPy.
        """
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        _refuse_bits(bits)
        known, ids, lists = bytearray(), [], []
        for entry in entries:
            _refuse_length(entry.hash, bits)
            known += entry.hash
            ids.append(entry.id)
            lists.append(entry.list)
        return cls(bits, ids, lists, _scan(np.frombuffer(known, np.uint8).reshape(-1, bits // 8)))

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, hashes: Sequence[bytes], max_distance: int, threads: int = 1) -> list[tuple[Match, ...]]:
        """Return for each hash all entries at most `max_distance` bits away, the nearest first.

        `threads`: over how many the hashes of the batch are spread (not with NumPy). Raises ValueError where a hash has
        another length than the index.
        """
        import numpy as np  # noqa: PLC0415

        for hash_ in hashes:
            _refuse_length(hash_, self.bits)
        if not hashes or not self._ids:
            return [() for _ in hashes]
        asked = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, self.bits // 8)
        found = self._scan.within(asked, max_distance, threads)
        return [tuple(sorted(self._matches(rows, distances))) for rows, distances in found]

    def _matches(self, rows: Any, distances: Any) -> Iterator[Match]:
        for row, distance in zip(rows.tolist(), distances.tolist(), strict=True):
            yield Match(int(distance), self._ids[row], self._lists[row])


class FaissScan:
    """The known hashes, n x bytes, in a `faiss.IndexBinaryFlat`."""

    def __init__(self, known: Any) -> None:
        import faiss  # noqa: PLC0415

        self._faiss = faiss
        self._index = faiss.IndexBinaryFlat(known.shape[1] * 8)
        self._index.add(known)

    def within(self, asked: Any, max_distance: int, threads: int) -> Iterator[tuple[Any, Any]]:
        """Yield for each asked hash the rows within `max_distance`, and their distances."""
        self._faiss.omp_set_num_threads(threads)  # holds for the calling thread only
        limits, distances, rows = self._index.range_search(asked, max_distance + 1)  # which means: less than
        for start, end in zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True):
            yield rows[start:end], distances[start:end]


def _scan(known: Any) -> FaissScan | BruteForce:
    if find_spec("faiss"):
        return FaissScan(known)
    if len(known) <= MAX_WITHOUT_FAISS:
        return BruteForce(known)
    raise ImportError(
        f"{len(known)} hashes need faiss, above {MAX_WITHOUT_FAISS} NumPy is too slow: pip install 'limen[hash]'"
    )


def _refuse_bits(bits: int) -> None:
    if bits not in {64, 256}:
        raise ValueError(f"an index of {bits} bits, expected 64 (pHash) or 256 (PDQ)")


def _refuse_length(hash_: bytes, bits: int) -> None:
    if len(hash_) * 8 != bits:
        raise ValueError(f"a hash of {len(hash_) * 8} bits, expected {bits}")
