"""Connections of one event loop -> closed when it shuts down, or when nobody has used them for a while.

`asyncio.run` and servers end with `loop.shutdown_asyncgens()`, which closes every asynchronous generator that is still
waiting: `_kept` is one, and closes the connections. A timer of the loop looks for idleness; it also keeps all this
alive where the client is dropped before the loop ends, so that nothing is left to the garbage collector.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager

from scorers.remote.transport import PinnedTransport

IDLE_SECONDS = 15.0


class Connections:
    """What a client has in one event loop: its connections, and its places for requests."""

    def __init__(self, transport: PinnedTransport, concurrency: int, forget: Callable[[], None]) -> None:
        """`forget` is called before the connections are closed for idleness. Call it in the event loop."""
        self.transport = transport
        self.places = asyncio.Semaphore(concurrency)
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._users = 0
        self._used = self._loop.time()
        self._keeper = _kept(transport)
        self._started = self._keeper.__anext__()  # from here on, the loop's shutdown closes it
        self._timer = self._loop.call_later(IDLE_SECONDS, self._look)
        self._closing: asyncio.Task[None] | None = None

    @contextmanager
    def used(self) -> Iterator[None]:
        """Hold the connections open."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._used = self._loop.time()

    async def start(self) -> None:
        """Call it once, before anything else."""
        await self._started

    async def aclose(self) -> None:
        self._timer.cancel()
        await self._keeper.aclose()

    def _look(self) -> None:
        left = self._used + IDLE_SECONDS - self._loop.time()
        if self._users or left > 0:
            self._timer = self._loop.call_later(max(left, IDLE_SECONDS / 10), self._look)
            return
        self._forget()
        self._closing = self._loop.create_task(self.aclose())


async def _kept(transport: PinnedTransport) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await transport.aclose()
