"""Times and functions -> the functions called at their times, by a daemon thread that ends when there is nothing to do."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

IDLE = 1.0
log = logging.getLogger(__name__)


class Watch:
    """Calls what must not wait for a worker: a worker may hang. What it calls is quick and raises nothing."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._running = False

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call this soon after `when`, on the clock of `time.monotonic`."""
        with self._changed:
            heappush(self._due, (when, next(self._order), call))
            if not self._running:
                with suppress(RuntimeError):  # the system has no more threads: the next call tries again
                    threading.Thread(target=self._watch, name="watch-limen", daemon=True).start()
                    self._running = True
            elif self._due[0][0] >= when:
                self._changed.notify()

    def _watch(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:
                log.exception("a watched call failed")  # the others are called none the less

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next time and return what is to be called; None after a while without any."""
        with self._changed:
            while True:
                left = self._due[0][0] - time.monotonic() if self._due else IDLE
                if self._due and left <= 0:
                    return heappop(self._due)[2]
                if not self._changed.wait(left) and not self._due:
                    self._running = False
                    return None
