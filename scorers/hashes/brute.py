"""Hashes against hashes, every pair by XOR and a count of bits in NumPy: what any index must answer, too.

It stands in where `faiss` is not installed, and is what the tests and the benchmark compare the index with.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BruteForce:
    """The known hashes, n x bytes."""

    def __init__(self, known: "NDArray[np.uint8]") -> None:
        self._known = _words(known)

    def within(self, asked: "NDArray[np.uint8]", max_distance: int, threads: int = 1) -> Iterator[tuple[Any, Any]]:
        """Yield for each asked hash the rows within `max_distance`, and their distances; by one thread only."""
        del threads
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        for hash_ in _words(asked):
            distances = np.bitwise_count(self._known ^ hash_).sum(axis=1, dtype=np.int64)
            (rows,) = np.nonzero(distances <= max_distance)
            yield rows, distances[rows]


def _words(hashes: Any) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(hashes).view(np.uint64)
