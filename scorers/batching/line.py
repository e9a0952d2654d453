"""Waiting items -> the next batch: the most urgent item, and the next most urgent ones that are padded to its length."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from scorers.batching.item import Entry, Item
from scorers.onnx.lengths import bucket

ALONE = -1


class Line:
    """The waiting items, in a heap for each size. Not thread-safe: its stage holds a lock.

    Entries of items that were dropped stay in their heap until they surface or are more than those that wait.
    """

    def __init__(self) -> None:
        self._heaps: dict[int, list[Entry]] = {}
        self._waiting = 0
        self._gone = 0
        self._numbers = count()

    def __len__(self) -> int:
        return self._waiting

    def __iter__(self) -> Iterator[Item]:
        return (entry[2] for heap in self._heaps.values() for entry in heap if _live(entry))

    def push(self, item: Item) -> None:
        """Let an item wait here; one that does so already stays where it is."""
        if item.entry and item.entry[3] is self:
            return
        item.entry = (item.urgency, next(self._numbers), item, self)
        heappush(self._heaps.setdefault(_bucket(item), []), item.entry)
        self._waiting += 1

    @property
    def kinds(self) -> int:
        """Return how many sizes wait."""
        return len(self._heaps)

    def full(self, size: int) -> bool:
        """Say whether a batch of `size` can be taken."""
        return any(kind == ALONE or len(heap) >= size for kind, heap in self._heaps.items())

    def take(self, size: int, patient: Callable[[Item], bool] = lambda _: False) -> list[Item]:
        """Return at most `size` items, and remove them; none where nothing waits.

        While the most urgent item is `patient` and its batch would not be full, a full one of the same severity goes first.
        """
        kind = self._first()
        if kind is None:
            return []
        if kind != ALONE and len(self._heaps[kind]) < size and patient(self._heaps[kind][0][2]):
            kind = self._fullest(kind, size)
        heap, taken = self._heaps[kind], list[Item]()
        while heap and len(taken) < (1 if kind == ALONE else size):
            entry = heappop(heap)
            if _live(entry):
                entry[2].entry = None
                taken.append(entry[2])
            else:
                self._gone -= 1
        self._waiting -= len(taken)
        return taken

    def drop(self, items: Iterable[Item]) -> None:
        """Let go those of the items that wait here."""
        for item in items:
            if item.entry and item.entry[3] is self:
                item.entry = None
                self._waiting -= 1
                self._gone += 1
        if self._gone > max(64, self._waiting):
            self._sweep()

    def _fullest(self, kind: int, size: int) -> int:
        """Return the most urgent bucket of the same severity that fills a batch; the one given where none does."""
        severity = self._heaps[kind][0][0][0]
        full = [
            (heap[0][0], other)
            for other, heap in self._heaps.items()
            if other != ALONE and len(heap) >= size and heap[0][0][0] == severity
        ]
        return min(full)[1] if full else kind

    def _first(self) -> int | None:
        """Return the bucket of the most urgent item."""
        best, found = None, None
        for kind in list(self._heaps):
            heap = self._heaps[kind]
            while heap and not _live(heap[0]):
                heappop(heap)
                self._gone -= 1
            if not heap:
                del self._heaps[kind]
            elif best is None or heap[0][0] < best:
                best, found = heap[0][0], kind
        return found

    def _sweep(self) -> None:
        for kind, heap in self._heaps.items():
            kept = [entry for entry in heap if _live(entry)]
            heapify(kept)
            self._heaps[kind] = kept
        self._gone = 0


def _live(entry: Entry) -> bool:
    return entry[2].entry is entry


def _bucket(item: Item) -> int:
    if item.alone:
        return ALONE
    return bucket(item.prepared.size) if item.prepared else 0
