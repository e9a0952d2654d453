"""A scored log and a pack's experiments -> what happened in each arm, and whether that may be believed.

Arms are those of ruling R17, a hash of the unit, or those that a column of the log tells. Each row is decided as its arm decides
(the policy with that variant's thresholds), and only rows on which the policy speaks count. All intervals and p-values hold at every
look (`sequential.py`): who looks every day and stops when it pleases is as safe as who looks once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from engine.columnar import Columnar
from engine.decision import Outcome, Verdict
from engine.judge import arm_of
from policy_dsl.program import MICRO, Experiment, Policy, Program
from simulator.arms import forced
from simulator.log import Log
from simulator.result import Figure
from simulator.sequential import sample_ratio_p, sequential_sample_ratio_p
from simulator.trial import Guardrail, Judged, difference, judge, mean_of
from simulator.units import NO_UNIT, Rates, Sums, Units, arm_codes

CONTROL = "control"
MISMATCH = 0.001  # a p-value below it, at whatever look, says that the arms are not as planned
LABELLED = ("precision", "recall", "false_positive_rate")


class ExperimentError(ValueError):
    """What the log or the pack lacks for it; one line."""


@dataclass(frozen=True, slots=True)
class ArmFound:
    """`share` of the units is planned, in [0, 1]."""

    name: str
    share: float
    units: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure by arm: the mean over the units of the share of their rows, `rates` the counts behind it, and variants less control.

    `name` is `enforcement.X` or `route.X` of the decision, `verdict.X` of the policy's own, or `precision`, `recall`,
    `false_positive_rate` of its enforcing at all, over labelled rows.
    """

    name: str
    arms: tuple[Figure, ...]
    differences: tuple[Figure, ...]
    rates: tuple[Rates, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment. The first arm is the control; `differences` and `judged` are of the others.

    `rows` count; `elsewhere` are those on which the policy does not speak, `no_unit` those without a unit, `strange` those whose
    logged arm the experiment does not know. `crossed` units were in several arms and are left out, `reassigned` were logged in another
    arm than their hash gives. Of the `rows`, `unlabelled` have no label of the policy, where the log has any: precision and its like say
    nothing of them. `p_once` is that of one look at the sizes of the arms, `p_always` that of all.
    """

    policy: str
    experiment: str
    unit: str
    assigned: Literal["hash", "log"]
    arms: tuple[ArmFound, ...]
    rows: int
    elsewhere: int
    no_unit: int
    strange: int
    crossed: int
    reassigned: int
    unlabelled: int
    p_once: float
    p_always: float
    measures: tuple[Measured, ...]
    judged: tuple[Judged, ...]

    @property
    def mismatch(self) -> bool:
        return self.p_always < MISMATCH

    @property
    def stop(self) -> bool:
        """Whether going on is against the evidence."""
        return self.mismatch or any(one.says == "broken" for one in self.judged)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An experiment of the pack, and the log's column of its arms (None: the hash)."""

    policy: Policy
    experiment: Experiment
    column: str | None = None

    @property
    def name(self) -> str:
        return f"{self.policy.name}/{self.experiment.name}"


def run(
    log: Log,
    program: Program,
    chosen: Sequence[Chosen],
    guardrails: Sequence[Guardrail] = (),
    level: float = 0.95,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[Found, ...]:
    """One pass over the log for all of them; `tell` hears how many rows were read. Raises ExperimentError, GuardrailError,
    LogError, ColumnarError.
    """
    held = frozenset(log.schema.names)
    trials = [_Trial(program, one, held) for one in chosen]
    for batch in log.batches(frozenset[str]().union(*(trial.columns for trial in trials))):
        for trial in trials:
            trial.add(batch)
        tell(batch.num_rows)
    return tuple(trial.found(guardrails, level) for trial in trials)


class _Trial:
    """What one experiment collects."""

    def __init__(self, program: Program, chosen: Chosen, held: Collection[str]) -> None:
        self.program, self.chosen = program, chosen
        self.policy, self.experiment = chosen.policy, chosen.experiment
        self.names = [CONTROL, *(arm.name for arm in self.experiment.arms)]
        self.label = f"label.{self.policy.name}" if f"label.{self.policy.name}" in held else None
        self._require(held)
        self.columnar = Columnar(forced(program, self.policy.name, self.experiment.name), detail="counts")
        self.units = Units(self._arm)
        self.sums = Sums(len(self.measures))
        self.rows = self.elsewhere = self.no_unit = self.strange = self.unlabelled = 0
        self._hits = np.zeros((len(self.names), len(self.decided), 0), bool)
        self._acts = self._speaks = np.zeros((len(self.names), 0), bool)

    def _require(self, held: Collection[str]) -> None:
        for column, what in ((self.experiment.unit, "the unit"), (self.chosen.column, "the arm")):
            if column is not None and column not in held:
                raise ExperimentError(
                    f"the log has no column `{column}`, {what} of the experiment `{self.chosen.name}`: map the one that holds it"
                )

    @property
    def columns(self) -> frozenset[str]:
        own = (self.experiment.unit, self.chosen.column, self.label)
        return self.columnar.columns | {name for name in own if name is not None}

    @cached_property
    def decided(self) -> tuple[str, ...]:
        """Measures of the decision and of the policy's verdict."""
        strong = [one.name for one in self.program.enforcements[1:]]
        routes = [f"route.{one.name}" for one in self.program.routes]
        return (*(f"enforcement.{name}" for name in strong), *routes, *(f"verdict.{name}" for name in strong))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        return (*self.decided, *(LABELLED if self.label else ()))

    def _arm(self, unit: Any) -> int:
        spec = next((one for one in self.program.inputs if one.name == self.experiment.unit), None)
        value = int(unit) if spec is not None and spec.kind == "int" else unit
        name = arm_of(self.experiment, value)
        return 0 if name is None else self.names.index(name)

    def add(self, batch: pa.RecordBatch) -> None:
        ids = self.columnar.outcome_ids(batch)
        self._learn(self.columnar.outcomes)
        column = self.chosen.column
        logged = None if column is None else arm_codes(batch.column(column), self.names)
        numbers = self.units_of(batch, ids, logged)
        rows = np.flatnonzero(numbers >= 0)
        self.rows += len(rows)
        numbers, ids = numbers[rows], ids[rows]
        arms = self.units.first_arms[numbers] if logged is None else logged[rows]
        for k in range(len(self.decided)):
            self.sums.add(k, numbers, self._hits[arms, k, ids])
        if self.label:
            self._labels(batch.column(self.label).take(pa.array(rows)), numbers, self._acts[arms, ids])

    def units_of(self, batch: pa.RecordBatch, ids: np.ndarray, logged: np.ndarray | None) -> np.ndarray:
        """The unit of each row that counts, else -1; the others are counted by their reasons."""
        units = batch.column(self.experiment.unit)
        speaks = self._speaks[0, ids]
        self.elsewhere += int((~speaks).sum())
        nobody = np.asarray(units.is_null()) & speaks
        self.no_unit += int(nobody.sum())
        counts = speaks & ~nobody
        if logged is not None:
            self.strange += int(((logged < 0) & counts).sum())
            counts &= logged >= 0
        kept = np.flatnonzero(counts)
        found = np.full(len(ids), NO_UNIT)
        found[kept] = self.units.numbers(units.take(pa.array(kept)), None if logged is None else logged[kept])
        return found

    def _labels(self, labels: pa.Array, numbers: np.ndarray, acts: np.ndarray) -> None:
        told = ~np.asarray(labels.is_null())
        self.unlabelled += int((~told).sum())
        truth = np.asarray(labels.fill_null(False))
        first = len(self.decided)
        for k, (of, hits) in enumerate(((told & acts, truth), (told & truth, acts), (told & ~truth, acts))):
            self.sums.add(first + k, numbers[of], hits[of])

    def _learn(self, outcomes: Sequence[tuple[Outcome, ...]]) -> None:
        new = range(self._speaks.shape[1], len(outcomes))
        if not new:
            return
        told = [[self._told(outcomes[i][arm]) for i in new] for arm in range(len(self.names))]
        hits = np.array([[hit for hit, _, _ in row] for row in told], bool).transpose(0, 2, 1)
        self._hits = np.concatenate([self._hits, hits], axis=2)
        self._acts = np.concatenate([self._acts, np.array([[acts for _, acts, _ in row] for row in told])], axis=1)
        self._speaks = np.concatenate([self._speaks, np.array([[says for _, _, says in row] for row in told])], axis=1)

    def _told(self, outcome: Outcome) -> tuple[list[bool], bool, bool]:
        """Of an outcome: which measures it is a hit of, whether the policy enforces something, whether it speaks here."""
        mine = next((one for one in outcome.verdicts if one.policy == self.policy.name), None)
        routes = {routed.route for routed in outcome.routes}
        hits = [
            *(outcome.enforcement == rank for rank in range(1, len(self.program.enforcements))),
            *(route.name in routes for route in self.program.routes),
            *((mine or Verdict("")).enforcement == rank for rank in range(1, len(self.program.enforcements))),
        ]
        return hits, mine is not None and mine.enforcement > 0, mine is not None

    def found(self, guardrails: Sequence[Guardrail], level: float) -> Found:
        arms = self.units.arms
        measures = tuple(self._measured(k, name, arms, level) for k, name in enumerate(self.measures))
        shown = tuple(one for one in measures if any(rates.hits for rates in one.rates))
        parts = self._arms(arms)
        sizes = [part.units for part in parts if part.share > 0]
        shares = [part.share for part in parts if part.share > 0]
        by_name: Mapping[str, Sequence[Rates]] = {one.name: one.rates for one in measures}
        return Found(
            self.policy.name,
            self.experiment.name,
            self.experiment.unit,
            "hash" if self.chosen.column is None else "log",
            parts,
            self.rows,
            self.elsewhere,
            self.no_unit,
            self.strange,
            self.units.crossed,
            0 if self.chosen.column is None else self.units.reassigned(),
            self.unlabelled,
            sample_ratio_p(sizes, shares) if len(shares) > 1 else 1.0,
            sequential_sample_ratio_p(sizes, shares) if len(shares) > 1 else 1.0,
            shown,
            tuple(judge(guardrails, by_name, self.names, level, self.chosen.name)),
        )

    def _arms(self, arms: np.ndarray) -> tuple[ArmFound, ...]:
        shares = [(arm.high - arm.low) / MICRO for arm in self.experiment.arms]
        sizes = [int((arms == number).sum()) for number in range(len(self.names))]
        rest = max(0.0, round(1 - sum(shares), 6))
        return tuple(ArmFound(*one) for one in zip(self.names, (rest, *shares), sizes, strict=True))

    def _measured(self, number: int, name: str, arms: np.ndarray, level: float) -> Measured:
        control, *variants = rates = self.sums.rates(number, arms, len(self.names))
        return Measured(
            name,
            tuple(mean_of(one, level) for one in rates),
            tuple(difference(control, one, level) for one in variants),
            tuple(rates),
        )


def experiments_of(program: Program) -> Iterator[Chosen]:
    """All that the pack has."""
    for policy in program.policies:
        for experiment in policy.experiments:
            yield Chosen(policy, experiment)
