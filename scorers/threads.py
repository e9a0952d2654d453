"""A plain function call -> a future, worked by a daemon thread of its own; and how any event loop waits for one.

Not an executor: a call that hangs must neither hold a place that others need nor keep the interpreter from ending.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any


def in_thread(function: Callable[..., Any], *arguments: Any) -> tuple[threading.Thread, asyncio.Future[Any]]:
    """Start `function(*arguments)`. Cancelling the future abandons the call; the thread runs on to its end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(setter: Callable[[Any], None], outcome: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if future.done() else setter(outcome))

    def work() -> None:
        try:
            result = context.run(function, *arguments)
        except BaseException as error:  # noqa: BLE001  (a scorer's `exit()` must not end a thread unseen)
            deliver(future.set_exception, _storable(error))
        else:
            deliver(future.set_result, result)

    thread = threading.Thread(target=work, name=f"limen-{getattr(function, '__qualname__', 'call')}", daemon=True)
    thread.start()
    return thread, future


def _storable(error: BaseException) -> Exception:
    """Return what a future can hold: no StopIteration, and nothing that would end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def started(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Start `function(*arguments)`; its future belongs to no event loop. Who does not want to wait longer leaves it alone."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001  (a scorer's `exit()` must not end a thread unseen)
            future.set_exception(error)

    name = f"limen-{getattr(function, '__qualname__', 'call')}"
    threading.Thread(target=work, name=name, daemon=True).start()
    return future


async def settled(future: Future[Any], limit: float | None) -> bool:
    """Wait, on any event loop, until the future is done; False where it is not within `limit` seconds (None: no end)."""
    if future.done():
        return True
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_done: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if waiter.done() else waiter.set_result(None))

    future.add_done_callback(wake)
    await asyncio.wait({waiter}, timeout=limit)
    return future.done()
