"""A scorer's `load`, called once for all who need it, from any thread and event loop."""

import threading
import time
from concurrent.futures import Future
from typing import Any

from scorers.registry import Configured
from scorers.threads import settled, started
from scorers.values import told


class Loads:
    """Remembers what is loaded. A load that failed is tried again by the next who asks."""

    def __init__(self, timeout: float) -> None:
        """`timeout` is how long, in seconds, a caller waits for a load; the load itself goes on."""
        self._timeout = timeout
        self._lock = threading.Lock()
        self._loads: dict[str, Future[Any]] = {}

    async def failure(self, scorer: Configured, deadline: float | None) -> str | None:
        """Load the scorer if it is not; return why it is not loaded, by `deadline` (of `time.monotonic`) at the latest."""
        known = self._loads.get(scorer.name)
        if known is not None and known.done() and known.exception() is None:
            return None
        load = self._begun(scorer)
        if load.done():
            return _told(load)
        left = self._timeout if deadline is None else min(self._timeout, max(0.0, deadline - time.monotonic()))
        return _told(load) if await settled(load, left) else f"not loaded within {left:.3g} s"

    def _begun(self, scorer: Configured) -> Future[Any]:
        with self._lock:
            load = self._loads.get(scorer.name)
            if load is None or (load.done() and load.exception() is not None):
                load = self._loads[scorer.name] = started(scorer.scorer.load)
            return load


def _told(load: Future[Any]) -> str | None:
    error = load.exception()
    return None if error is None else f"not loaded: {told(error)}"
