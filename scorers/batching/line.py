"""Waiting items -> the next batch: the most urgent item, and the next most urgent ones of about its size."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from scorers.batching.item import Item

# A batch is padded to its longest member. Steps of about a half more keep the padding below a third of the work, on
# average below a sixth, and leave enough items of one size to fill batches.
SIZES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
ALONE = -1

Entry = tuple[tuple[int, float, int], Item]


class Line:
    """The waiting items, in a heap for each size. Not thread-safe: its stage holds a lock.

    Items that were dropped stay in their heap until they surface or are more than those that wait.
    """

    def __init__(self) -> None:
        self._heaps: dict[int, list[Entry]] = {}
        self._waiting = 0
        self._gone = 0

    def __len__(self) -> int:
        return self._waiting

    def __iter__(self) -> Iterator[Item]:
        return (item for heap in self._heaps.values() for _, item in heap if item.line is self)

    def push(self, item: Item) -> None:
        item.line = self
        heappush(self._heaps.setdefault(_bucket(item), []), (item.urgency, item))
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
            _, item = heappop(heap)
            if item.line is self:
                item.line = None
                taken.append(item)
            else:
                self._gone -= 1
        self._waiting -= len(taken)
        return taken

    def drop(self, items: Iterable[Item]) -> None:
        """Let go those of the items that wait here."""
        for item in items:
            if item.line is self:
                item.line = None
                self._waiting -= 1
                self._gone += 1
        if self._gone > max(64, self._waiting):
            self._sweep()

    def _first(self) -> int | None:
        """Return the bucket of the most urgent item."""
        best, found = None, None
        for bucket in list(self._heaps):
            heap = self._heaps[bucket]
            while heap and heap[0][1].line is not self:
                heappop(heap)
                self._gone -= 1
            if not heap:
                del self._heaps[bucket]
            elif best is None or heap[0][0] < best:
                best, found = heap[0][0], bucket
        return found

    def _sweep(self) -> None:
        for bucket, heap in self._heaps.items():
            kept = [entry for entry in heap if entry[1].line is self]
            heapify(kept)
            self._heaps[bucket] = kept
        self._gone = 0


def _bucket(item: Item) -> int:
    if item.alone:
        return ALONE
    return bisect_left(SIZES, item.prepared.size) if item.prepared else 0
