"""Contents -> rows of a scorer that is a coroutine: it runs on the caller's event loop, and waits side by side with others.

Nothing is shared between callers: what it waits for (another service, scorers within it) shares by itself.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from scorers.batching.batcher import rows_of
from scorers.batching.counts import Counts
from scorers.batching.stage import FailedError
from scorers.content import Content
from scorers.deadline import within
from scorers.registry import Configured
from scorers.scorer import Missing, Row
from scorers.values import told

LEAST_SEVERE = 3
_SEVERITY: ContextVar[int] = ContextVar("limen_severity", default=LEAST_SEVERE)


def inherited_severity() -> int:
    """Return the severity of the call within which this one happens; the least where there is none."""
    return _SEVERITY.get()


class Direct:
    """Asks at most `batch` contents a call, one call after the other."""

    def __init__(self, scorer: Configured, counts: Counts) -> None:
        self._scorer, self._counts = scorer, counts

    async def ask(self, contents: Sequence[Content], deadline: float | None, severity: int) -> Sequence[Row]:
        """Return a row a content, in order; what has no answer by `deadline` (of `time.monotonic`) is missing."""
        size = self._scorer.batch or len(contents)
        rows: list[Row] = []
        token = _SEVERITY.set(severity)
        try:
            for start in range(0, len(contents), size):
                rows += await self._rows(contents[start : start + size], deadline)
        finally:
            _SEVERITY.reset(token)
        return rows

    async def _rows(self, batch: Sequence[Content], deadline: float | None) -> Sequence[Row]:
        try:
            return await self._call(batch, self._left(deadline))
        except _LateError as late:
            return [Missing(str(late))] * len(batch)
        except FailedError as failure:
            if len(batch) == 1:
                return [Missing(str(failure))]
        return await self._one_by_one(batch, time.monotonic() + self._left(deadline))

    async def _one_by_one(self, batch: Sequence[Content], end: float) -> list[Row]:
        """Ask again for each content alone, in all within one more timeout, so that a bad one harms no other."""
        rows: list[Row] = []
        for content in batch:
            try:
                rows.extend(await self._call([content], end - time.monotonic()))
            except (FailedError, _LateError) as failure:
                rows.append(Missing(str(failure)))
        return rows

    def _left(self, deadline: float | None) -> float:
        timeout = self._scorer.timeout
        return timeout if deadline is None else min(timeout, deadline - time.monotonic())

    async def _call(self, batch: Sequence[Content], limit: float) -> Sequence[Row]:
        """Call the scorer once. Raises _LateError, FailedError, and CancelledError when the caller is cancelled."""
        if limit <= 0:
            raise _LateError("not asked: there was no time left")
        self._counts.call(len(batch))
        with within(limit):  # so that a remote scorer can answer for what it has before it is cut off
            task = asyncio.ensure_future(_awaited(self._scorer.scorer.score, batch))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains of late ones
        try:
            await asyncio.wait({task}, timeout=limit)
        finally:
            late = not task.done()
            if late:
                task.cancel()
        if late:
            self._counts.hung += 1
            raise _LateError(f"no answer within {limit:.3g} s")
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._counts.failures += 1
            raise FailedError(f"failed: {told(error)}")
        return rows_of(task.result(), len(batch))


class _LateError(Exception):
    """No answer in time: asking again would not help."""


async def _awaited(score: Callable[[Sequence[Content]], Any], batch: Sequence[Content]) -> Any:
    try:
        return await score(batch)
    except SystemExit as error:  # it would end the event loop
        raise RuntimeError(f"SystemExit: {error}") from error
