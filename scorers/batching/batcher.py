"""Contents of many callers, from any thread and event loop -> rows of one scorer, asked in batches that they share."""

import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from scorers.batching.counts import Counts
from scorers.batching.item import Item, Ticket, deliver
from scorers.batching.stage import NEVER, FailedError, Limits, Results, Stage
from scorers.batching.watch import Watch
from scorers.content import Content
from scorers.registry import Configured
from scorers.scorer import Cost, Missing, Prepared, Row, StagedScorer

SIZE = 32
WAIT = 0.001
AHEAD = 2


class Batcher:
    """One model's line. A scorer in two stages has two workers: one prepares while the other infers."""

    def __init__(self, scorer: Configured, watch: Watch, counts: Counts) -> None:
        self._name, self._timeout, self._capacity = (scorer.name, scorer.timeout, scorer.queue)
        self._counts = counts
        self._order = count()
        made, limits = scorer.scorer, _limits(scorer)
        if isinstance(made, StagedScorer):
            self._infer = Stage(self._name, _infer(made), self._inferred, limits, watch, counts)
            ready = Limits(limits.size, 0.0, limits.timeout)
            self._first = Stage(
                self._name, _prepare(made), self._prepared, ready, watch, counts, gate=self._open, counted=False
            )
            self._infer.taken = self._first.wake
        else:
            self._infer = self._first = Stage(self._name, _score(made), self._inferred, limits, watch, counts)
        self._ahead = AHEAD * limits.size

    def __len__(self) -> int:
        """Return how many contents wait."""
        return len(self._first) + (len(self._infer) if self._infer is not self._first else 0)

    async def ask(self, contents: Sequence[Content], deadline: float | None, severity: int) -> Sequence[Row]:
        """Return a row a content, in order; what has no answer by `deadline` (of `time.monotonic`) is missing."""
        if len(self) >= self._capacity:
            self._counts.overloaded += len(contents)
            return [Missing(f"overloaded: {len(self)} contents wait for `{self._name}`")] * len(contents)
        now = time.monotonic()
        until = NEVER if deadline is None else deadline
        expires = min(until, now + self._timeout)
        ticket = Ticket(len(contents))
        items = [
            Item(content, ticket, place, next(self._order), now, expires, severity, until)
            for place, content in enumerate(contents)
        ]
        self._first.push(items)
        alarm = None if deadline is None else ticket.loop.call_later(deadline - now, ticket.give_up)
        try:
            await ticket.done
        finally:
            if alarm:
                alarm.cancel()
            if ticket.open:
                self._withdraw(items)
        return ticket.rows(f"no answer by the deadline, {time.monotonic() - now:.3g} s after it was asked")

    def _withdraw(self, items: Sequence[Item]) -> None:
        """The caller has gone: what waits is dropped, what is being asked about is ignored."""
        for item in items:
            item.gone = True
        for stage in {self._first, self._infer}:
            stage.drop(items)

    def _open(self) -> bool:
        """Say whether more may be prepared: enough is ready to fill a few batches of each size; the rest takes memory."""
        return len(self._infer) < self._ahead * max(1, self._infer.kinds)

    def _prepared(self, results: Results) -> None:
        ready = []
        for item, prepared in results:
            if isinstance(prepared, Prepared) and item.prepared is None:
                item.prepared, item.alone = prepared, False
                ready.append(item)
        self._infer.push([item for item in ready if not item.gone])
        deliver((item, prepared) for item, prepared in results if not isinstance(prepared, Prepared))

    def _inferred(self, results: Results) -> None:
        deliver(results)


def _limits(scorer: Configured) -> Limits:
    wait = scorer.wait if scorer.wait is not None else (WAIT if scorer.plugin.cost >= Cost.CPU else 0.0)
    return Limits(scorer.batch or SIZE, wait, scorer.timeout)


def _score(scorer: Any) -> Any:
    return lambda batch: rows_of(scorer.score([item.content for item in batch]), len(batch))


def _infer(scorer: StagedScorer) -> Any:
    return lambda batch: rows_of(scorer.infer([item.prepared for item in batch]), len(batch))


def _prepare(scorer: StagedScorer) -> Any:
    def prepare(batch: Sequence[Item]) -> Sequence[Any]:
        given = rows_of(scorer.prepare([item.content for item in batch]), len(batch))
        return [one if isinstance(one, Prepared | Missing) else _neither(one) for one in given]

    return prepare


def _neither(given: Any) -> Missing:
    return Missing(f"the scorer prepared {type(given).__name__}, expected `Prepared` or `Missing`")


def rows_of(given: Any, expected: int) -> Sequence[Any]:
    """Return what a scorer gave where it is a row for each content. Raises FailedError."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise FailedError(f"the scorer gave {type(given).__name__}, expected a list with a row for each content")
    if len(given) != expected:
        raise FailedError(f"the scorer gave {len(given)} rows for {expected} contents")
    return given
