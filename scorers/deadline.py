"""How long the caller waits -> how long whoever works for it may take: a deadline that is passed down with the call.

The runner sets it around each call of a scorer; tasks and threads started there inherit it (`contextvars`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ENDS: ContextVar[float] = ContextVar("limen_deadline")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what is started in this block know that its result is wanted within `seconds`; an earlier deadline stays."""
    ends = min(time.monotonic() + seconds, _ENDS.get(float("inf")))
    token = _ENDS.set(ends)
    try:
        yield
    finally:
        _ENDS.reset(token)


def remaining(otherwise: float = float("inf")) -> float:
    """Return the seconds until the deadline (0 when it has passed), or `otherwise` where nobody set one."""
    ends = _ENDS.get(None)
    return otherwise if ends is None else max(0.0, ends - time.monotonic())
