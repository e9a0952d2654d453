"""Hashes against hashes, every pair by XOR and a count of bits in NumPy: what any index must answer, too.

It stands in where `faiss` is not installed, and is what the tests and the benchmark compare the index with.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BruteForce:
    """The known hashes, n x bytes, kept as one array for each 64 bits of them."""

    def __init__(self, known: "NDArray[np.uint8]") -> None:
        self._columns = [column.copy() for column in _words(known).T]

    def within(self, asked: "NDArray[np.uint8]", max_distance: int, threads: int = 1) -> Iterator[tuple[Any, Any]]:
        """Yield for each asked hash the rows within `max_distance`, and their distances; by one thread only."""
        import numpy as np  # noqa: PLC0415  (belongs to an extra)

        del threads
        for hash_ in _words(asked):
            distances = np.zeros(len(self._columns[0]), np.uint16)
            for column, word in zip(self._columns, hash_, strict=True):
                distances += np.bitwise_count(column ^ word)
            (rows,) = np.nonzero(distances <= max_distance)
            yield rows, distances[rows]


def _words(hashes: Any) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(hashes).view(np.uint64)
