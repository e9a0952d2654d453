"""A rung and a scored log -> what every row does at every threshold, in one pass: the additive counts behind all curves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.decision import Outcome, Verdict
from simulator.scored import MISSING, NOT_APPLICABLE, Scored
from simulator.stepping import Kind, Plan, adjusted_by, measured, reaches
from simulator.tallies import NEGATIVE, UNLABELLED, Floats, Ints, Rows, Table, Tally

PROPENSITY = "review.propensity"
ROWS, ELSEWHERE, UNDECIDED, LACKING, ADJUSTING = range(5)
"""What becomes of a row; in the order of `Account`."""


class BatchLog(Protocol):
    """What a sweep asks of `simulator.log.Log`."""

    def batches(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Rows that no curve holds, and why. `elsewhere`: the policy, or the swept region, does not reach them. `undecided`: no
    decision at all (an unknown region). `missing`: the score is not known well enough to compare it with a threshold.
    `adjusting`: whether an adjustment of the thresholds holds is not known. `rows`: those that the curves hold.
    """

    rows: int = 0
    elsewhere: int = 0
    undecided: int = 0
    missing: int = 0
    adjusting: int = 0

    def plus(self, other: Account) -> Account:
        return Account(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Sweep:
    """A rung at every threshold. `margins`: `all`, and those that were asked for. `kinds`: the step functions that occur.
    `others_reviewed` of the rows that no curve holds have a route at present. `lightest` is the smallest propensity, None without
    any. `since`, `until`: the first and last `at`, in microseconds since 1970 UTC, None without times.
    """

    plan: Plan
    kinds: tuple[Kind, ...]
    margins: Mapping[str, Table]
    account: Account
    labelled: bool
    propensities: bool
    others_reviewed: int = 0
    lightest: float | None = None
    since: int | None = None
    until: int | None = None

    @property
    def days(self) -> float | None:
        """The span of the log's times; None without times or where they are all one."""
        if self.since is None or self.until is None or self.until == self.since:
            return None
        return (self.until - self.since) / 86_400e6

    def merge(self, other: Sweep) -> Sweep:
        """Of two parts of a log, swept by one plan."""
        kinds = tuple(dict.fromkeys((*self.kinds, *other.kinds)))
        times = [time for part in (self, other) for time in (part.since, part.until) if time is not None]
        return replace(
            self,
            kinds=kinds,
            margins={name: _merged(name, kinds, (self, other)) for name in self.margins},
            account=self.account.plus(other.account),
            labelled=self.labelled or other.labelled,
            propensities=self.propensities or other.propensities,
            others_reviewed=self.others_reviewed + other.others_reviewed,
            lightest=min((x for x in (self.lightest, other.lightest) if x is not None), default=None),
            since=min(times, default=None),
            until=max(times, default=None),
        )


def _merged(margin: str, kinds: Sequence[Kind], parts: Iterable[Sweep]) -> Table:
    tally = Tally()
    for part in parts:
        tally.merge(part.margins[margin], np.array([kinds.index(kind) for kind in part.kinds], np.int64))
    return tally.table()


def sweep(
    log: BatchLog,
    plan: Plan,
    margins: Sequence[str] = ("region", "language"),
    told: Callable[[int], object] = int,
) -> Sweep:
    """One pass over the log. Raises ColumnarError for a pack that columns cannot decide. `margins` are columns of texts, each a margin of its own; `told` hears the rows of each batch."""
    return sweep_all(log, [plan], margins, told)[0]


def sweep_all(
    log: BatchLog,
    plans: Sequence[Plan],
    margins: Sequence[str] = ("region", "language"),
    told: Callable[[int], object] = int,
) -> tuple[Sweep, ...]:
    """Several rungs in one pass, each with everything else as it is."""
    runs = [_Run(plan, margins) for plan in plans]
    columns = frozenset().union(*(run.columns for run in runs))
    for batch in log.batches(columns):
        for run in runs:
            run.add(batch)
        told(batch.num_rows)
    return tuple(run.sweep() for run in runs)


class _Run:
    """A sweep in the making: what is known of each outcome id, and the tallies."""

    def __init__(self, plan: Plan, margins: Sequence[str]) -> None:
        self.plan, self.evaluator = plan, Scored(plan.programs, "counts")
        self.tallies = {"all": Tally(), **{name: Tally() for name in margins}}
        self.label = f"label.{plan.target.policy}"
        self.kinds: dict[Kind, int] = {}
        self.known = np.zeros(
            (0, 4), np.int64
        )  # by outcome id: state, kind, shift of the thresholds, reviewed at present
        self.account = Account()
        self.labelled = False
        self.others_reviewed = 0
        self.heaviest = 0.0
        self.times: list[int] = []

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.evaluator.columns).union(
            {"region", "at", self.label, PROPENSITY}, self.tallies.keys() - {"all"}
        )

    def add(self, batch: pa.RecordBatch) -> None:
        target = self.plan.target
        ids, scores = self.evaluator.rows(batch, target.policy, target.score)
        self._learn()
        state, kind, shift, reviewed = self.known[ids].T
        state = np.where((state == ROWS) & (scores == MISSING), LACKING, state)
        if target.region is not None:
            state = np.where(_within(batch, self.plan.regions), state, ELSEWHERE)
        self.account = self.account.plus(Account(*np.bincount(state, minlength=5).tolist()))
        at = np.where(scores == NOT_APPLICABLE, -1, reaches(scores, shift))
        at[~self._moving[kind]] = -1  # the same at every threshold
        held = np.flatnonzero(state == ROWS)
        self.others_reviewed += int(reviewed[state != ROWS].sum())
        weight = self._weights(batch)
        rows = Rows(kind[held], self._labels(batch)[held], at[held], None if weight is None else weight[held])
        for name, tally in self.tallies.items():
            column = _column(batch, name)
            tally.add(rows, column.take(pa.array(held)) if column is not None else None)
        self._time(batch)

    def sweep(self) -> Sweep:
        return Sweep(
            plan=self.plan,
            kinds=tuple(self.kinds),
            margins={name: tally.table() for name, tally in self.tallies.items()},
            account=self.account,
            labelled=self.labelled,
            propensities=self.heaviest > 0,
            others_reviewed=self.others_reviewed,
            lightest=1 / self.heaviest if self.heaviest else None,
            since=min(self.times, default=None),
            until=max(self.times, default=None),
        )

    def _learn(self) -> None:
        """The outcomes that this batch brought."""
        new = [self._entry(outcomes) for outcomes in self.evaluator.outcomes[len(self.known) :]]
        if new:
            self.known = np.concatenate([self.known, np.array(new, np.int64)])

    @property
    def _moving(self) -> NDArray[np.bool_]:
        """By kind: whether the threshold matters to it."""
        end = self.plan.present
        return np.array([any(now != kind[0] for now in kind[1:end]) for kind in self.kinds], np.bool_)

    def _entry(self, outcomes: tuple[Outcome, ...]) -> tuple[int, int, int, bool]:
        plan = self.plan
        verdicts = [_verdict(outcome, plan.target.policy) for outcome in outcomes]
        found = [verdict for verdict in verdicts if verdict is not None]
        kind: Kind
        if len(found) < len(verdicts):
            kind, state, shift = (), ELSEWHERE if outcomes[0].verdicts else UNDECIDED, 0
        else:
            seen = zip(outcomes[: plan.present + 1], found, strict=False)
            kind = tuple(measured(plan, outcome, verdict, outcomes[plan.present]) for outcome, verdict in seen)
            moved = adjusted_by(plan, found[-1])
            state, shift = (ROWS, moved) if moved is not None else (ADJUSTING, 0)
        return state, self.kinds.setdefault(kind, len(self.kinds)), shift, bool(outcomes[plan.present].routes)

    def _labels(self, batch: pa.RecordBatch) -> Ints:
        column = _column(batch, self.label)
        if column is None:
            return np.full(batch.num_rows, UNLABELLED, np.int64)
        coded = pc.add(column.cast(pa.int8()), NEGATIVE).fill_null(UNLABELLED)
        labels: Ints = coded.to_numpy(zero_copy_only=False).astype(np.int64)
        self.labelled = self.labelled or bool((labels != UNLABELLED).any())
        return labels

    def _weights(self, batch: pa.RecordBatch) -> Floats | None:
        column = _column(batch, PROPENSITY)
        if column is None or column.null_count == batch.num_rows:
            return None
        chance: Floats = column.fill_null(np.inf).to_numpy(zero_copy_only=False).astype(np.float64)
        weight = 1.0 / chance  # 0 where there is none
        self.heaviest = max(self.heaviest, float(weight.max()))
        return weight

    def _time(self, batch: pa.RecordBatch) -> None:
        column = _column(batch, "at")
        if column is None or column.null_count == batch.num_rows:
            return
        ends = pc.min_max(column.cast(pa.int64()))
        times = [*self.times, ends["min"].as_py(), ends["max"].as_py()]
        self.times = [min(times), max(times)]


def _verdict(outcome: Outcome, policy: str) -> Verdict | None:
    return next((verdict for verdict in outcome.verdicts if verdict.policy == policy), None)


def _within(batch: pa.RecordBatch, regions: Collection[str]) -> NDArray[np.bool_]:
    column = _column(batch, "region")
    if column is None:
        return np.zeros(batch.num_rows, np.bool_)
    found = pc.is_in(column.cast(pa.string()), pa.array(sorted(regions), pa.string()))
    return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False))


def _column(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    return batch.column(name) if name in batch.schema.names else None
