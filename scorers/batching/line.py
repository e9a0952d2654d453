"""Waiting items -> the next batch: the most urgent item, and the next most urgent ones that are padded to its length."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from scorers.batching.item import Entry, Item
from scorers.onnx.lengths import bucket

ALONE = -1


class Line:
    """The waiting items, in a heap for each size. Not thread-safe: its stage holds a lock.

    Entries of items that were dropped stay in their heap until they surface or are more than those that wait. An item may
    wait in the lines of two stages: where its preparation was asked for twice, and only the first has ended.
    """

    def __init__(self) -> None:
        self._heaps: dict[int, list[Entry]] = {}
        self._entries: dict[Item, Entry] = {}
        self._gone = 0
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._entries)

    def push(self, item: Item) -> None:
        """Let an item wait here; one that does so already stays where it is."""
        if item in self._entries:
            return
        entry = self._entries[item] = (item.urgency, next(self._numbers), item)
        heappush(self._heaps.setdefault(_bucket(item), []), entry)

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
            if self._live(entry):
                del self._entries[entry[2]]
                taken.append(entry[2])
            else:
                self._gone -= 1
        return taken

    def drop(self, items: Iterable[Item]) -> None:
        """Let go those of the items that wait here."""
        for item in items:
            if self._entries.pop(item, None):
                self._gone += 1
        if self._gone > max(64, len(self._entries)):
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
            while heap and not self._live(heap[0]):
                heappop(heap)
                self._gone -= 1
            if not heap:
                del self._heaps[kind]
            elif best is None or heap[0][0] < best:
                best, found = heap[0][0], kind
        return found

    def _sweep(self) -> None:
        for kind, heap in self._heaps.items():
            kept = [entry for entry in heap if self._live(entry)]
            heapify(kept)
            self._heaps[kind] = kept
        self._gone = 0

    def _live(self, entry: Entry) -> bool:
        return self._entries.get(entry[2]) is entry


def _bucket(item: Item) -> int:
    if item.alone:
        return ALONE
    return bucket(item.prepared.size) if item.prepared else 0
