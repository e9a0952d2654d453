"""Configured scorers and contents -> for each content the values, or for each output the reason why there is none.

Nothing that a scorer does reaches the caller as an exception: a failure makes outputs *missing*, never 0.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scorers.content import Content
from scorers.deadline import within
from scorers.registry import Configured
from scorers.scorer import Missing, Row, Value
from scorers.threads import in_thread
from scorers.values import told, value_in

HANGING_CALLS = 4
LOAD_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Scored:
    """What the scorers said about one content.

    `values`: output -> value (a score is a whole number of millionths, as the nearest float). `missing`: output -> why
    it is not there though it should be. `not_applicable`: outputs whose modality the content lacks. `scorers`:
    instance -> `plugin@version`, of those that were asked.
    """

    values: Mapping[str, Value]
    missing: Mapping[str, str]
    not_applicable: frozenset[str]
    scorers: Mapping[str, str]


class Runner:
    """Runs a pack's scorers; holds what outlives a call: which are loaded, and which calls hang.

    Use it from one event loop at a time. Plain functions run in daemon threads, which a timeout abandons but cannot
    stop: a scorer with four calls still hanging is not asked again until one of them ends.
    """

    def __init__(self, scorers: Iterable[Configured], *, load_timeout: float = LOAD_TIMEOUT) -> None:
        """Take the scorers, cheapest first from here on; `load_timeout` is in seconds."""
        self.scorers = tuple(sorted(scorers, key=lambda scorer: scorer.plugin.cost))
        self._load_timeout = load_timeout
        self._loads: dict[str, asyncio.Future[Any]] = {}
        self._hanging: dict[str, list[threading.Thread]] = {}

    async def run(self, contents: Sequence[Content], only: Collection[str] | None = None) -> tuple[Scored, ...]:
        """Ask the scorers (those named in `only`, by instance) about each content; one result a content, in order.

        Raises nothing but asyncio.CancelledError, when the caller is cancelled.
        """
        asked = [scorer for scorer in self.scorers if only is None or scorer.name in only]
        columns = await asyncio.gather(*(self._ask(scorer, contents) for scorer in asked))
        return tuple(
            _scored(content, asked, [column[index] for column in columns]) for index, content in enumerate(contents)
        )

    async def _ask(self, scorer: Configured, contents: Sequence[Content]) -> list[Row]:
        """Return a row a content; it is empty where the scorer judges nothing of the content."""
        rows: list[Row] = [{} for _ in contents]
        judged = [i for i, content in enumerate(contents) if _judges(scorer, content)]
        size = scorer.batch or max(1, len(judged))
        for start in range(0, len(judged), size):
            chunk = judged[start : start + size]
            for index, row in zip(chunk, await self._rows(scorer, [contents[i] for i in chunk]), strict=True):
                rows[index] = row
        return rows

    async def _rows(self, scorer: Configured, batch: Sequence[Content]) -> Sequence[Row]:
        try:
            await self._loaded(scorer)
            return await self._call(scorer, batch, scorer.timeout)
        except _FailedError as failure:
            if failure.final or len(batch) == 1:
                return [Missing(str(failure))] * len(batch)
        return await self._one_by_one(scorer, batch)

    async def _one_by_one(self, scorer: Configured, batch: Sequence[Content]) -> list[Row]:
        """Ask again for each content alone, in all within one more timeout, so that a bad one harms no other."""
        clock = asyncio.get_running_loop().time
        end = clock() + scorer.timeout
        rows: list[Row] = []
        for content in batch:
            try:
                rows.extend(await self._call(scorer, [content], end - clock()))
            except _FailedError as failure:
                rows.append(Missing(str(failure)))
        return rows

    async def _loaded(self, scorer: Configured) -> None:
        """Load once for all who ask; a load that failed is tried again by the next call. Raises _FailedError."""
        load = self._loads.get(scorer.name)
        if load is None or _failed(load) or (not load.done() and load.get_loop() is not asyncio.get_running_loop()):
            _, load = in_thread(scorer.scorer.load)
            self._loads[scorer.name] = load
        if not load.done():
            await asyncio.wait({load}, timeout=self._load_timeout)
        if not load.done():
            raise _FailedError(f"not loaded within {self._load_timeout:g} s", final=True)
        if error := load.exception():
            raise _FailedError(f"not loaded: {told(error)}", final=True)

    async def _call(self, scorer: Configured, batch: Sequence[Content], limit: float) -> Sequence[Row]:
        """Call the scorer once. Raises _FailedError, and CancelledError when the caller is cancelled."""
        if limit <= 0:
            raise _FailedError("the batch failed, and there was no time left to ask for this content alone")
        with within(limit):  # so that a remote scorer can answer for what it has before it is cut off
            answer, thread = self._started(scorer, batch)
        try:
            await asyncio.wait({answer}, timeout=limit)
        finally:
            late = not answer.done()
            if late:
                answer.cancel()
                self._hanging[scorer.name] += [thread] if thread else []
        if late:
            raise _FailedError(f"no answer within {limit:.3g} s", final=True)
        error = asyncio.CancelledError() if answer.cancelled() else answer.exception()
        if error is not None:
            raise _FailedError(f"failed: {told(error)}")
        return _sized(answer.result(), len(batch))

    def _started(
        self, scorer: Configured, batch: Sequence[Content]
    ) -> tuple[asyncio.Future[Any], threading.Thread | None]:
        hanging = [thread for thread in self._hanging.get(scorer.name, ()) if thread.is_alive()]
        self._hanging[scorer.name] = hanging
        if len(hanging) >= HANGING_CALLS:
            raise _FailedError(f"not asked: {len(hanging)} earlier calls still hang", final=True)
        score = scorer.scorer.score
        if not inspect.iscoroutinefunction(score):
            thread, answer = in_thread(score, batch)
            return answer, thread
        task = asyncio.ensure_future(_awaited(score, batch))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio complains of late ones
        return task, None


class _FailedError(Exception):
    """One call failed; `final`: asking again for each content alone would not help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


async def _awaited(score: Callable[[Sequence[Content]], Any], batch: Sequence[Content]) -> Any:
    try:
        return await score(batch)
    except SystemExit as error:  # it would end the event loop
        raise RuntimeError(f"SystemExit: {error}") from error


def _failed(load: asyncio.Future[Any]) -> bool:
    return load.done() and (load.cancelled() or load.exception() is not None)


def _judges(scorer: Configured, content: Content) -> bool:
    return any(output.applies_to(content) for output in scorer.outputs.values())


def _sized(given: Any, expected: int) -> Sequence[Row]:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise _FailedError(f"the scorer gave {type(given).__name__}, expected a list with a row for each content")
    if len(given) != expected:
        raise _FailedError(f"the scorer gave {len(given)} rows for {expected} contents")
    return given


def _scored(content: Content, asked: Sequence[Configured], rows: Sequence[Row]) -> Scored:
    values: dict[str, Value] = {}
    missing: dict[str, str] = {}
    absent: set[str] = set()
    for scorer, row in zip(asked, rows, strict=True):
        for name, output in scorer.outputs.items():
            if not output.applies_to(content):
                absent.add(name)
            elif isinstance(value := value_in(row, name, output), Missing):
                missing[name] = value.reason
            else:
                values[name] = value
    return Scored(values, missing, frozenset(absent), {scorer.name: scorer.plugin.identity for scorer in asked})
