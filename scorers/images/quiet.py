"""What Pillow warns about while it reads strangers' files is kept from whoever runs Limen."""

import threading
import warnings
from contextlib import AbstractContextManager
from types import TracebackType


class Quiet(AbstractContextManager[None]):
    """While at least one thread is inside, warnings from Pillow's own modules are dropped; all others are shown.

    `warnings.catch_warnings` swaps a list that all threads share: two that overlap can leave the wrong one behind.
    Therefore the first that enters swaps it, and the last that leaves swaps it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(kind, error, trace)


QUIET = Quiet()
"""One for the process, as the filters are: it holds nothing but how many threads are inside."""
