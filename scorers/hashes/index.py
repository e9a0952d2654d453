"""Known hashes with their ids and lists -> an index that finds, for a batch of hashes, all that lie within a distance.

It is a linear scan by `faiss.IndexBinaryFlat`: exact at every distance, 32 bytes a PDQ hash, built in milliseconds, and as
fast on a million hashes as faiss' hash tables (`IndexBinaryMultiHash`), which take ten times the memory and slow down where
many known hashes are alike. Figures: docs/reference/scorers/perceptual-hash.md.
"""

from array import array
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
    _numbers: Any  # of each entry's list among the names
    _scan: Any

    @classmethod
    def build(cls, entries: Iterable[Entry], bits: int) -> Self:
        """Make an index of hashes of `bits` bits (64 or 256), none or many; entries alike are all kept.

        Raises ValueError where an entry's hash has another length, ImportError without NumPy (`limen[hash]`), or without
        faiss where there are more than 50,000 entries: up to there the same answers come from NumPy.
        """
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        _refuse_bits(bits)
        packed, ids, names, numbers = bytearray(), [], dict[str, int](), array("i")
        for entry in entries:
            _refuse_length(entry.hash, bits)
            packed += entry.hash
            ids.append(entry.id)
            numbers.append(names.setdefault(entry.list, len(names)))
        order = _order(ids, [list(names)[number] for number in numbers])
        known = np.frombuffer(packed, np.uint8).reshape(-1, bits // 8)[order]
        return cls(bits, [ids[row] for row in order], tuple(names), np.array(numbers)[order], _scan(known))

    def __len__(self) -> int:
        return len(self._ids)

    def search(
        self, hashes: Sequence[bytes], max_distance: int, *, limit: int | None = None, threads: int = 1
    ) -> list[tuple[Match, ...]]:
        """Return for each hash the entries at most `max_distance` bits away, the nearest first.

        `limit`: at most so many of each list; None is all, which are many where a list has one hash again and again.
        `threads`: over how many the hashes are spread (not with NumPy). Raises ValueError where a hash has another
        length than the index.
        """
        import numpy as np  # noqa: PLC0415

        for hash_ in hashes:
            _refuse_length(hash_, self.bits)
        if not hashes or not self._ids:
            return [() for _ in hashes]
        asked = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, self.bits // 8)
        found = self._scan.within(asked, max_distance, threads)
        return [tuple(self._matches(rows, distances, limit)) for rows, distances in found]

    def _matches(self, rows: Any, distances: Any, limit: int | None) -> Iterator[Match]:
        import numpy as np  # noqa: PLC0415

        order = np.lexsort((rows, distances))
        if limit is not None and len(order):
            lists = self._numbers[rows[order]]
            first = [np.flatnonzero(lists == number)[:limit] for number in np.unique(lists)]
            order = order[np.sort(np.concatenate(first))]
        for row, distance in zip(rows[order].tolist(), distances[order].tolist(), strict=True):
            yield Match(int(distance), self._ids[row], self._lists[self._numbers[row]])


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


def _order(ids: Sequence[str], lists: Sequence[str]) -> Any:
    """Return the rows by id, then list: of entries at one distance the order is theirs."""
    import numpy as np  # noqa: PLC0415

    by_list = np.argsort(np.array(lists, dtype=object), kind="stable")
    return by_list[np.argsort(np.array(ids, dtype=object)[by_list], kind="stable")]


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
