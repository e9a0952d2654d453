"""Items -> results of one function of a scorer, called batch by batch by a worker thread of its own.

One worker calls. Where a call hangs, another takes its place; four that hang are enough, and nobody asks any more until
one of them ends.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from scorers.batching.counts import Counts
from scorers.batching.item import Item
from scorers.batching.line import Line
from scorers.batching.watch import Watch
from scorers.deadline import within
from scorers.scorer import Missing
from scorers.values import told

HANGING_CALLS = 4
IDLE = 1.0
TICK = 0.01
PATIENCE = 8
NEVER = float("inf")

Results: TypeAlias = list[tuple[Item, Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How a scorer is called: `size` contents a call at most, `wait` and `timeout` in seconds."""

    size: int
    wait: float
    timeout: float


class FailedError(Exception):
    """What a call gave cannot be used."""


class _Worker:
    """A thread, and the call that it is in. `relieved`: another works in its place, and it ends after this call."""

    __slots__ = ("due", "hanging", "items", "limit", "relieved", "since")

    def __init__(self) -> None:
        self.items: Sequence[Item] = ()
        self.since = self.due = NEVER
        self.limit = 0.0
        self.relieved = self.hanging = False


class Stage:
    """A line of items, and who works it off. `done` gets each batch's results, or `Missing`, outside of every lock."""

    def __init__(
        self,
        name: str,
        call: Callable[[Sequence[Item]], Sequence[Any]],
        done: Callable[[Results], None],
        limits: Limits,
        watch: Watch,
        counts: Counts,
        *,
        gate: Callable[[], bool] = lambda: True,
        counted: bool = True,
    ) -> None:
        """`call` raises FailedError for results that cannot be used; `gate` says whether the next batch may be taken; `counted`
        whether its calls are those of the model.
        """
        self._name, self._call, self._done, self._limits, self._watch = (name, call, done, limits, watch)
        self._counts, self._gate, self._counted = counts, gate, counted
        self._changed = threading.Condition()
        self._line = Line()
        self._workers: list[_Worker] = []
        self._armed = NEVER
        self._usual = 0.0  # how long the slower calls take
        self._begin = 0.0  # when the next batch may be taken though it is not full
        self.taken: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._line)

    @property
    def kinds(self) -> int:
        """Return how many sizes wait."""
        return self._line.kinds

    def push(self, items: Iterable[Item]) -> None:
        with self._changed:
            refused = self._stuck
            if not refused:
                self._enter(items)
        if refused:
            self._done([(item, _hanging()) for item in items])

    def wake(self) -> None:
        """Look at the gate again."""
        with self._changed:
            self._changed.notify_all()

    def drop(self, items: Iterable[Item]) -> None:
        """Forget those that wait here: their caller has gone."""
        with self._changed:
            self._line.drop(items)
        self.taken()

    @property
    def _stuck(self) -> bool:
        return len(self._workers) >= HANGING_CALLS and sum(w.hanging for w in self._workers) >= HANGING_CALLS

    def _enter(self, items: Iterable[Item]) -> None:
        now = time.monotonic()
        if not len(self._line):
            self._begin = now + self._limits.wait
        for item in items:
            self._line.push(item)
            self._arm(min(item.expires, self._worried(item, now)))
        self._staff()
        self._changed.notify()

    def _staff(self) -> None:
        """See that somebody works, where anything waits and not too many calls hang."""
        able = any(not worker.relieved for worker in self._workers)
        if len(self._line) and not able and len(self._workers) < HANGING_CALLS:
            worker = _Worker()
            thread = threading.Thread(target=self._work, args=(worker,), name=f"limen-{self._name}", daemon=True)
            with suppress(RuntimeError):  # the system has no more threads: `_look` tries again
                thread.start()
                self._workers.append(worker)

    def _work(self, worker: _Worker) -> None:
        try:
            while batch := self._next(worker):
                self.taken()
                results = self._results(worker, batch)
                if not self._returned(worker, results):
                    return
                self._done(results)
        finally:
            with self._changed:
                self._leave(worker)

    def _next(self, worker: _Worker) -> list[Item]:
        """Wait for a batch and take it; nothing where this worker shall end."""
        with self._changed:
            while True:
                if worker.relieved:
                    return []
                now = time.monotonic()
                ready = len(self._line) and self._gate()
                left = self._begin - now if ready and not self._line.full(self._limits.size) else 0.0
                if ready and left <= 0:
                    if batch := self._take(worker, now):
                        return batch
                elif not self._changed.wait(left or IDLE) and not len(self._line):
                    self._leave(worker)  # at once: what comes now finds nobody, and calls another
                    return []

    def _leave(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            self._staff()

    def _take(self, worker: _Worker, now: float) -> list[Item]:
        batch = self._line.take(self._limits.size, lambda item: now < self._patient_until(item))
        if late := [item for item in batch if item.expires <= now]:
            self._expire(late)
            batch = [item for item in batch if item.expires > now]
        if batch:
            limit = min(self._limits.timeout, batch[0].expires - now) if batch[0].alone else self._limits.timeout
            worker.items, worker.since, worker.due, worker.limit = (batch, now, now + limit, limit)
            if self._counted:
                self._counts.call(len(batch))
            self._arm(min(worker.due, *(self._worried(item, now) for item in batch)))
        return batch

    def _patient_until(self, item: Item) -> float:
        """Return until when an item lets fuller batches pass: for a quarter of its time, and for a few calls at most."""
        return item.asked + min((item.expires - item.asked) / 4, PATIENCE * self._usual)

    def _results(self, worker: _Worker, batch: Sequence[Item]) -> Results:
        latest = max(item.deadline for item in batch) - time.monotonic()  # nobody's short deadline cuts another off
        try:
            with within(min(worker.limit, latest)):
                return list(zip(batch, self._call(batch), strict=True))
        except BaseException as error:  # noqa: BLE001  (a scorer's `exit()` must not end the worker)
            reason = str(error) if isinstance(error, FailedError) else f"failed: {told(error)}"
        self._counts.failures += 1
        if len(batch) == 1:
            return [(batch[0], Missing(reason))]
        self._again(worker, batch)
        return []

    def _again(self, worker: _Worker, batch: Sequence[Item]) -> None:
        """Ask again for each content alone, in all within one more timeout, so that a bad one harms no other."""
        end = time.monotonic() + self._limits.timeout
        with self._changed:
            waited_for = [item for item in batch if not (item.gone or worker.hanging)]
            for item in waited_for:
                item.alone, item.failed, item.expires = True, True, end
            self._enter(waited_for)

    def _returned(self, worker: _Worker, results: Results) -> bool:
        """The call has ended; False where it was given up, so that its results are nobody's."""
        with self._changed:
            if not worker.hanging:
                self._usual = max(time.monotonic() - worker.since, 0.9 * self._usual)
            self._line.drop(item for item, _ in results)  # who was shared out meanwhile has an answer now
            worker.items, worker.since, worker.due = (), NEVER, NEVER
            return not worker.hanging

    def _expire(self, items: Sequence[Item]) -> None:
        self._line.drop(items)
        self._counts.expired += len(items)
        self._later([(item, Missing(self._late(item))) for item in items])

    def _later(self, results: Results) -> None:
        """Give results out, though this thread holds the lock now."""

        def given() -> None:
            self._done(results)
            self.taken()

        if results:
            self._watch.at(0.0, given)

    def _arm(self, when: float) -> None:
        """See that `_look` is called then, if not before."""
        if when < self._armed:
            self._armed = when
            self._watch.at(when, lambda: self._look(when))

    def _look(self, when: float) -> None:
        """Give up calls that hang, drop what has waited too long, and call a second worker where the first is held up."""
        with self._changed:
            if when != self._armed:  # a sooner look has taken its place: were each to arm the next, they would add up
                return
            now = time.monotonic()
            self._armed = NEVER
            for worker in [worker for worker in self._workers if worker.due <= now]:
                self._give_up(worker)
            self._expire([item for item in self._line if item.expires <= now])
            if self._stuck:
                self._refuse(list(self._line))
            self._relieve(now)
            self._staff()
            self._arm(max(now + TICK, self._next_look()))
        self.taken()

    def _give_up(self, worker: _Worker) -> None:
        worker.hanging = worker.relieved = True
        worker.due = NEVER
        self._counts.hung += 1
        self._line.drop(worker.items)
        self._later([(item, Missing(f"no answer within {self._limits.timeout:.3g} s")) for item in worker.items])

    def _late(self, item: Item) -> str:
        if item.failed:
            return "the batch failed, and there was no time left to ask for this content alone"
        if item.alone:
            return f"no answer within {self._limits.timeout:.3g} s"
        return f"overloaded: not asked within {item.expires - item.asked:.3g} s"

    def _refuse(self, items: Sequence[Item]) -> None:
        self._line.drop(items)
        self._later([(item, _hanging()) for item in items])

    def _relieve(self, now: float) -> None:
        """A call that takes up half of the time of one who waits for it, or behind it, is taken for one that hangs.

        Those who share it are asked about once more, each alone; what comes first counts.
        """
        since = self._busy_since()
        behind = any(self._worried(item, since) <= now for item in self._line)
        for worker in [worker for worker in self._workers if not worker.relieved and since < NEVER]:
            within = any(self._worried(item, worker.since) <= now for item in worker.items)
            if behind or (within and len(worker.items) > 1):
                worker.relieved = True
                self._share_out(worker.items)

    def _share_out(self, items: Sequence[Item]) -> None:
        for item in items if len(items) > 1 else ():
            if not item.gone:
                item.alone = True
                self._line.push(item)

    def _worried(self, item: Item, since: float) -> float:
        """Return when half of the time will have passed that an item has after `since`; no sooner than a call may take."""
        start = max(item.asked, since)
        return max(start + (item.expires - start) / 2, start + 2 * self._usual)

    def _busy_since(self) -> float:
        """Return since when nobody has been free to take a batch; NEVER where somebody is, or nobody more can come."""
        if len(self._workers) >= HANGING_CALLS:
            return NEVER
        return max((worker.since for worker in self._workers), default=NEVER)

    def _next_look(self) -> float:
        since = self._busy_since()
        times = [worker.due for worker in self._workers]
        times += [min(item.expires, self._worried(item, since)) for item in self._line]
        for worker in self._workers:
            if not worker.relieved and since < NEVER and len(worker.items) > 1:
                times += [self._worried(item, worker.since) for item in worker.items]
        return min(times, default=NEVER)


def _hanging() -> Missing:
    return Missing(f"not asked: {HANGING_CALLS} earlier calls still hang")
