"""Waiting items -> the next batch: the most urgent item, and the next most urgent ones of about its size."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from scorers.batching.item import Entry, Item

# A batch is padded to its longest member. Steps of about a half more keep the padding below a third of the work, on
# average below a sixth, and leave enough items of one size to fill batches.
SIZES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
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

    def full(self, size: int) -> bool:
        """Say whether the batch that would be taken next has `size` items already."""
        bucket = self._first()
        return bucket is not None and (bucket == ALONE or len(self._heaps[bucket]) >= size)

    def take(self, size: int) -> list[Item]:
        """Return at most `size` items, and remove them; none where nothing waits."""
        bucket = self._first()
        if bucket is None:
            return []
        heap, taken = self._heaps[bucket], list[Item]()
        while heap and len(taken) < (1 if bucket == ALONE else size):
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

    def _first(self) -> int | None:
        """Return the bucket of the most urgent item."""
        best, found = None, None
        for bucket in list(self._heaps):
            heap = self._heaps[bucket]
            while heap and not _live(heap[0]):
                heappop(heap)
                self._gone -= 1
            if not heap:
                del self._heaps[bucket]
            elif best is None or heap[0][0] < best:
                best, found = heap[0][0], bucket
        return found

    def _sweep(self) -> None:
        for bucket, heap in self._heaps.items():
            kept = [entry for entry in heap if _live(entry)]
            heapify(kept)
            self._heaps[bucket] = kept
        self._gone = 0


def _live(entry: Entry) -> bool:
    return entry[2].entry is entry


def _bucket(item: Item) -> int:
    if item.alone:
        return ALONE
    return bisect_left(SIZES, item.prepared.size) if item.prepared else 0
