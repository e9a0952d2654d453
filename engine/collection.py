"""Loading without garbage collection: a pack is a million small objects, all of which stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Cyclic collection rests meanwhile (a third of the time, else: `benchmarks/decide.py`), and goes on as it was."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
