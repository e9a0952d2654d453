"""Configured scorers and contents -> for each content the values, or for each output the reason why there is none.

Nothing that a scorer does reaches the caller as an exception: a failure makes outputs *missing*, never 0.
"""

import asyncio
import inspect
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scorers.batching.batcher import Batcher
from scorers.batching.counts import Counts
from scorers.batching.watch import Watch
from scorers.cache import Asked, ScoreCache
from scorers.content import Content, Modality
from scorers.deadline import remaining
from scorers.direct import Direct, inherited_severity
from scorers.fingerprint import Fingerprint
from scorers.loading import Loads
from scorers.registry import Configured
from scorers.scorer import Missing, Row, Value
from scorers.values import Answer, answer_in

LOAD_TIMEOUT = 120.0
NOTHING = Asked({})


@dataclass(frozen=True, slots=True)
class Scored:
    """What the scorers said about one content.

    `values`: output -> value (a score is a whole number of millionths, as the nearest float). `missing`: output -> why
    it is not there though it should be. `not_applicable`: outputs whose modality the content lacks. `scorers`:
    instance -> `plugin@version`, of those that were asked; `cached`: those of them whose values were known already.
    """

    values: Mapping[str, Value]
    missing: Mapping[str, str]
    not_applicable: frozenset[str]
    scorers: Mapping[str, str]
    cached: frozenset[str] = frozenset()


class Runner:
    """Runs a pack's scorers; holds what outlives a call: what is loaded, the lines before the models, the cache.

    It may be used from several threads and event loops at once: contents of all of them share batches. Plain functions
    run in worker threads, which a timeout abandons but cannot stop: a scorer with four calls still hanging is not asked
    again until one of them ends.
    """

    def __init__(
        self, scorers: Iterable[Configured], *, load_timeout: float = LOAD_TIMEOUT, cache: ScoreCache | None = None
    ) -> None:
        """Take the scorers, cheapest first from here on; `load_timeout` is in seconds; without a `cache` nothing is kept."""
        self.scorers = tuple(sorted(scorers, key=lambda scorer: scorer.plugin.cost))
        self._loads = Loads(load_timeout)
        self._cache = cache
        self._counts = {scorer.name: Counts() for scorer in self.scorers}
        watch = Watch()
        self._askers = {scorer.name: _asker(scorer, watch, self._counts[scorer.name]) for scorer in self.scorers}

    async def load(self, scorer: Configured) -> str | None:
        """Load one of the scorers now, rather than when it is first asked. Return why it cannot be loaded, None where it can."""
        return await self._loads.failure(scorer, None)

    async def run(
        self,
        contents: Sequence[Content],
        only: Collection[str] | None = None,
        *,
        deadline: float | None = None,
        severity: int | None = None,
    ) -> tuple[Scored, ...]:
        """Ask the scorers (those named in `only`, by instance) about each content; one result a content, in order.

        `deadline` is a time of `time.monotonic()`: what is not known by then is missing. `severity` from 0 (most
        severe) to 3: the more severe is asked about first, and then what is due sooner. Where they are not given, they are
        those of the scorer within whose call this happens, if any: of a composite, the parts inherit them.
        Raises nothing but asyncio.CancelledError, when the caller is cancelled; what it waited for is then dropped.
        """
        asked = [scorer for scorer in self.scorers if only is None or scorer.name in only]
        deadline = _sooner(deadline, remaining())
        severity = inherited_severity() if severity is None else severity
        prints = [Fingerprint(content) for content in contents]
        busy = [scorer for scorer in asked if any(_judges(scorer, one.present) for one in prints)]
        calls = [self._column(scorer, prints, deadline, severity) for scorer in busy]
        columns = await asyncio.gather(*calls) if len(calls) > 1 else [await call for call in calls]
        return tuple(_scored(one, asked, busy, [column[i] for column in columns]) for i, one in enumerate(prints))

    def statistics(self) -> Mapping[str, Counts]:
        """Return, for each scorer, what it was asked and what came of it, since this runner was made."""
        return {name: replace(counts) for name, counts in self._counts.items()}

    async def _column(
        self, scorer: Configured, prints: Sequence[Fingerprint], deadline: float | None, severity: int
    ) -> list[Asked]:
        """Return an answer a content; it is empty where the scorer judges nothing of the content."""
        column = [NOTHING] * len(prints)
        judged = [i for i, one in enumerate(prints) if _judges(scorer, one.present)]
        counts = self._counts[scorer.name]
        counts.asked += len(judged)

        async def ask(wanted: Sequence[Fingerprint]) -> Sequence[Answer]:
            return await self._answers(scorer, wanted, deadline, severity)

        wanted = [prints[i] for i in judged]
        if self._cache is None:
            found = [Asked(answer) for answer in await ask(wanted)]
        else:
            found = await self._cache.answers(scorer, wanted, ask, counts, deadline, severity)
        for index, answer in zip(judged, found, strict=True):
            column[index] = answer
        counts.missing += sum(any(isinstance(v, Missing) for v in one.answer.values()) for one in found)
        return column

    async def _answers(
        self, scorer: Configured, wanted: Sequence[Fingerprint], deadline: float | None, severity: int
    ) -> Sequence[Answer]:
        failure = (
            "not asked: the deadline has passed" if deadline is not None and deadline <= time.monotonic() else None
        )
        failure = failure or await self._loads.failure(scorer, deadline)
        rows: Sequence[Row] = [Missing(failure)] * len(wanted) if failure else ()
        rows = rows or await self._askers[scorer.name].ask([one.content for one in wanted], deadline, severity)
        outputs = scorer.outputs
        return [answer_in(row, one.content, outputs, one.present) for one, row in zip(wanted, rows, strict=True)]


def _sooner(deadline: float | None, seconds: float) -> float | None:
    if seconds == float("inf"):
        return deadline
    return min(time.monotonic() + seconds, float("inf") if deadline is None else deadline)


def _asker(scorer: Configured, watch: Watch, counts: Counts) -> Direct | Batcher:
    if inspect.iscoroutinefunction(scorer.scorer.score):
        return Direct(scorer, counts)
    return Batcher(scorer, watch, counts)


def _judges(scorer: Configured, present: Collection[Modality]) -> bool:
    return any(output.modality is None or output.modality in present for output in scorer.outputs.values())


def _scored(of: Fingerprint, asked: Sequence[Configured], busy: Sequence[Configured], found: Sequence[Asked]) -> Scored:
    values: dict[str, Value] = {}
    missing: dict[str, str] = {}
    absent: set[str] = set()
    present = of.present
    for scorer in asked:
        absent.update(n for n, o in scorer.outputs.items() if o.modality is not None and o.modality not in present)
    for one in found:
        for name, value in one.answer.items():
            if isinstance(value, Missing):
                missing[name] = value.reason
            else:
                values[name] = value
    scorers = {scorer.name: scorer.plugin.identity for scorer in asked}
    cached = frozenset(scorer.name for scorer, one in zip(busy, found, strict=True) if one.cached)
    return Scored(values, missing, frozenset(absent), scorers, cached)
