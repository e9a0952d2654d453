"""A scored log, A and B -> the whole result of a simulation: one pass over the log, then tables from its counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.decision import Outcome
from policy_dsl import program as p
from policy_dsl.program import Program
from simulator import bootstrap
from simulator.arrivals import UNDATED, Arrivals
from simulator.drift import DriftCounter
from simulator.log import Log
from simulator.replay import Counter, Replay, replay
from simulator.result import Pack, Result, Run
from simulator.sections.acting import Acting
from simulator.sections.changes import changes
from simulator.sections.counts import Counting
from simulator.sections.curves import changed_curves
from simulator.sections.data import DataSection, data
from simulator.sections.examples import examples, worst_slice
from simulator.sections.fairness import fairness
from simulator.sections.gaps import UNUSABLE, gaps
from simulator.sections.load import review_load
from simulator.sections.quality import quality
from simulator.sections.queues import Settings
from simulator.staffing import Staffing

DRIFT_STRIDE = 4  # of a long log, a quarter tells as well how its scores move
LONG = 2_000_000  # rows


@dataclass(frozen=True)
class Question:
    """What is asked: `programs` are A and B. `acts` names the enforcement from which on a decision counts as positive; None: any
    above the weakest; with `reviewed`, so does one that calls a reviewer. `scale` says for how many rows of the traffic a row of
    the log stands. `replicates` 0: authors are not drawn anew.
    """

    programs: tuple[Program, Program]
    packs: tuple[Pack, Pack]
    command: str
    limen: str
    cohorts: tuple[str, ...] = ()
    acts: str | None = None
    reviewed: bool = False
    beta: float = 1.0
    level: float = 0.95
    seed: int = 0
    scale: float = 1.0
    staffing: Staffing | None = None
    replicates: int = bootstrap.REPLICATES


class Replaying(Protocol):
    """`simulator.replay.replay`, or another way to the same counts."""

    def __call__(
        self,
        log: Log,
        programs: Sequence[Program],
        cohorts: Sequence[str],
        counters: Sequence[Any],
        tell: Callable[[int], None],
    ) -> Replay: ...


def compare(
    log: Log, question: Question, tell: Callable[[int], None] = lambda _: None, run: Replaying = replay
) -> Result:
    """Reads the log once, and again for examples and curves. Raises LogError, ColumnError and ColumnarError."""
    load, drift, authors = LoadCounter(), _drift(log, question), _authors(log, question)
    counters: list[Counter] = [counter for counter in (load, drift, authors) if counter is not None]
    found = run(log, question.programs, question.cohorts, counters, tell)
    told = result(log, question, found, load, drift, authors)
    a, b = question.programs
    worst = worst_slice(told.changed, told.quality, told.no_signal)
    return replace(told, curves=changed_curves(log, a, b), examples=examples(log, a, b, worst, question.seed))


def result(
    log: Log,
    question: Question,
    found: Replay,
    load: LoadCounter,
    drift: DriftOnTheWay | None,
    authors: AuthorCounter | None,
) -> Result:
    """The tables of counts; `compare` adds what wants to see rows again."""
    told = data(log.account, drift.counter.result() if drift else None)
    drawn = authors.drawn(len(found.cube.outcomes)) if authors else None
    counted = Counting(found.cube, question.programs, question.level, drawn).section()
    unreplayed, assumed = gaps(found.cube, question.programs)
    reviews = review_load(
        load.arrivals, question.programs, question.staffing, Settings(question.scale, question.seed, question.level)
    )
    acting = Acting(question.acts, routes=question.reviewed, beta=question.beta, level=question.level)
    judged = quality(found.cube, question.programs, acting)
    return Result(
        _run(question, told, found.cube.rows, sum(one.b for one in unreplayed if one.cause == UNUSABLE)),
        counted.enforcements,
        changes=changes(*question.programs),
        changed=counted.changed,
        counts=counted.counts,
        transitions=counted.transitions,
        labels=judged.labels,
        quality=judged.quality,
        views=judged.views,
        fairness=fairness(found.cube, question.programs, acting),
        load=reviews.load,
        staffing=reviews.staffing,
        unreplayed=unreplayed,
        drift=told.drift,
        columns=told.columns,
        ignored=told.ignored,
        skipped=told.skipped,
        assumptions=(*assumed, *counted.assumptions, *told.assumptions, *judged.assumptions, *reviews.assumptions),
        caveats=told.caveats,
        no_signal=told.no_signal,
    )


def _run(question: Question, told: DataSection, rows: int, unusable: int) -> Run:
    return Run(
        question.command,
        question.limen,
        question.seed,
        *question.packs,
        told.files,
        rows,
        rows - unusable,
        told.since,
        told.until,
        question.level,
    )


# -- what is counted on the way --------------------------------------------------------------------------------------


@dataclass
class LoadCounter:
    """Items for review by hour."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    columns: Collection[str] = ("at",)

    def add(self, batch: pa.RecordBatch, ids: npt.NDArray[np.int32], outcomes: Sequence[tuple[Outcome, ...]]) -> None:
        times = np.full(batch.num_rows, UNDATED)
        if "at" in batch.schema.names:
            times = batch.column("at").cast(pa.int64()).fill_null(UNDATED).to_numpy()
        self.arrivals.add(times, ids, outcomes)

    def begin(self, part: int) -> None:
        """Nothing of it depends on the part."""

    def merge(self, other: LoadCounter, ids: npt.NDArray[np.int32]) -> None:  # noqa: ARG002 - its counts name no outcomes
        self.arrivals.merge(other.arrivals)


@dataclass
class DriftOnTheWay:
    """How the scores move within the log."""

    counter: DriftCounter
    columns: Collection[str]

    def add(self, batch: pa.RecordBatch, ids: npt.NDArray[np.int32], outcomes: Sequence[Any]) -> None:  # noqa: ARG002 - a Counter
        self.counter.add(batch)

    def begin(self, part: int) -> None:
        """Nothing of it depends on the part."""

    def merge(self, other: DriftOnTheWay, ids: npt.NDArray[np.int32]) -> None:  # noqa: ARG002 - its counts name no outcomes
        self.counter = self.counter.merge(other.counter)


@dataclass
class AuthorCounter:
    """Rows by outcome under authors drawn anew."""

    replicates: int
    seed: int
    columns: Collection[str] = ("author.id",)
    rows: int = 0
    sums: npt.NDArray[np.int64] | None = None

    def add(self, batch: pa.RecordBatch, ids: npt.NDArray[np.int32], outcomes: Sequence[tuple[Outcome, ...]]) -> None:
        hashes = bootstrap.author_hashes(batch.column("author.id"), None, batch.num_rows, self.rows)
        found = bootstrap.accumulate(hashes, ids, self.replicates, len(outcomes), seed=self.seed)
        self.sums = found if self.sums is None else found + _wide(self.sums, len(outcomes))
        self.rows += batch.num_rows

    def begin(self, part: int) -> None:
        """Rows without an author are drawn each by its number."""
        self.rows = part << 40

    def merge(self, other: AuthorCounter, ids: npt.NDArray[np.int32]) -> None:
        """Adds rows of another part of the log; `ids` are this one's outcome ids for the other's."""
        if other.sums is None:
            return
        size = max(int(ids.max(initial=-1)) + 1, 0 if self.sums is None else self.sums.shape[1])
        sums = np.zeros((self.replicates, size), np.int64)
        sums[:, ids[: other.sums.shape[1]]] = other.sums
        self.sums = sums if self.sums is None else sums + _wide(self.sums, size)

    def drawn(self, size: int) -> npt.NDArray[np.int64] | None:
        return None if self.sums is None else _wide(self.sums, size)


def _wide(sums: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    return np.pad(sums, ((0, 0), (0, size - sums.shape[1])))


def _drift(log: Log, question: Question) -> DriftOnTheWay | None:
    held = set(log.schema.names)
    scores = {spec.name for program in question.programs for spec in program.inputs if spec.kind == "score"}
    names = sorted(scores & held)
    if not names:
        return None
    stride = DRIFT_STRIDE if log.rows is not None and log.rows > LONG else 1
    return DriftOnTheWay(DriftCounter(names, stride), [*names, "at"])


def _authors(log: Log, question: Question) -> AuthorCounter | None:
    if "author.id" not in log.schema.names or not question.replicates:
        return None
    return AuthorCounter(question.replicates, question.seed)


def queues(program: Program) -> frozenset[str]:
    """Every review queue that a clause or a route names."""
    uses = [use for policy in program.policies for variant in policy.variants for use in _uses(variant)]
    uses += [use for item in program.consequences for use in item.proposal.routes]
    return frozenset(use.queue for use in uses) | {route.queue for route in program.routes}


def _uses(variant: p.Variant) -> list[p.RouteUse]:
    proposals = [rung.proposal for ladder in variant.ladders for rung in ladder.rungs]
    proposals += [rule.proposal for rule in variant.rules]
    defaults = (*(default for item in variant.on_missing for default in item.defaults), *variant.on_error)
    proposals += [default.proposal for default in defaults]
    return [*(use for proposal in proposals for use in proposal.routes), *(u for g in variant.grants for u in g.routes)]
