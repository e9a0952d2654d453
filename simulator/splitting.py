"""A log -> a part of its rows, drawn by a hash of the author, else the id, else the row's number: an author is in one part only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from simulator.bootstrap import author_hashes
from simulator.bootstrap_kernel import mix

AUTHOR, ID = "author.id", "id"
SPLIT = 0x53504C4954  # nothing else that hashes authors uses this salt


class BatchLog(Protocol):
    """Anything that gives batches of a scored log, such as `simulator.log.Log`."""

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """The rows whose hash, as a share of all hashes, lies in [low, high). Another seed draws others."""

    log: BatchLog
    low: float
    high: float
    seed: int = 0

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in self.log.batches({*columns, AUTHOR, ID}):
            yield batch.filter(pa.array(self._mine(batch, first)))
            first += batch.num_rows

    def _mine(self, batch: pa.RecordBatch, first: int) -> np.ndarray:
        names = batch.schema.names
        author, own = (batch.column(name) if name in names else None for name in (AUTHOR, ID))
        hashes = author_hashes(author, own, batch.num_rows, first).copy()
        mix(hashes, np.uint64(SPLIT + self.seed))
        share = (hashes >> np.uint64(11)).astype(np.float64) / 2.0**53
        found: np.ndarray = (share >= self.low) & (share < self.high)
        return found


def halves(log: BatchLog, share: float, seed: int) -> tuple[Part, Part]:
    """`share` of the rows, and the rest."""
    return Part(log, 0.0, share, seed), Part(log, share, 1.0, seed)
