"""Attempts that fail -> no attempt for a while: a circuit breaker (closed, open, half-open) for one endpoint."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scorers.remote.errors import RemoteError
from scorers.remote.settings import BreakerSettings


class Breaker:
    """Opens when `failures` of the last `2 * failures` attempts failed within the window, so that a service which fails
    now and then stays in use; after the cooldown one attempt at a time tries it, and its success closes the breaker.

    Safe to share between threads and event loops. `clock` gives seconds.
    """

    def __init__(self, settings: BreakerSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, bool]] = deque(maxlen=2 * settings.failures)
        self._opened: float | None = None
        self._probing = False
        self._reason = ""

    @property
    def state(self) -> str:
        """`closed`, `open`, or `half-open`: the next attempt, or one under way, decides."""
        with self._lock:
            if self._opened is None:
                return "closed"
            return "open" if self._left() > 0 else "half-open"

    def refuse_if_open(self) -> None:
        """Raise RemoteError at once where an attempt would be refused."""
        with self._lock:
            self._refuse()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Watch one attempt: a RemoteError that is `faulty` counts against the endpoint, another exception not at all.

        Raises RemoteError where the breaker is open.
        """
        probe = self._admitted()
        try:
            yield
        except RemoteError as error:
            self._record(probe=probe, failure=str(error) if error.faulty else None)
            raise
        except BaseException:  # the caller has gone: nothing was learnt
            self._released(probe=probe)
            raise
        self._record(probe=probe, failure=None)

    def _left(self) -> float:
        return 0.0 if self._opened is None else self._opened + self._settings.cooldown_s - self._clock()

    def _refuse(self) -> None:
        left = self._left()
        if self._opened is not None and (self._probing or left > 0):
            when = f"it is tried again in {left:.0f} s" if left > 0 else "an attempt to reach it is under way"
            raise RemoteError(f"not asked, for the service keeps failing ({self._reason}); {when}")

    def _admitted(self) -> bool:
        with self._lock:
            self._refuse()
            self._probing = self._opened is not None
            return self._probing

    def _released(self, *, probe: bool) -> None:
        with self._lock:
            self._probing = self._probing and not probe

    def _record(self, *, probe: bool, failure: str | None) -> None:
        with self._lock:
            if self._opened is not None and not probe:
                return  # it set out before the breaker opened
            now = self._clock()
            self._recent.append((now, failure is not None))
            if probe:
                self._probing = False
            if failure is None and probe:
                self._opened = None
                self._recent.clear()
            elif failure is not None and (probe or self._enough(now)):
                self._opened, self._reason = now, failure

    def _enough(self, now: float) -> bool:
        since = now - self._settings.window_s
        return sum(failed and at >= since for at, failed in self._recent) >= self._settings.failures
