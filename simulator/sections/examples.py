"""A log, A and B -> rows to look at: at the edge of a threshold that moves, of the highest reach, in the worst slice, and others that
change. One more pass over the log; memory holds a few rows of each kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.decision import Outcome, Verdict
from policy_dsl.program import MICRO, Program
from simulator.report.wording import HIGHER_IS_WORSE
from simulator.result import ALL, Changed, Estimate, Example, Metric, Slice
from simulator.scored import Scored
from simulator.sections.rungs import changed_rungs
from simulator.settings import Target

MOST = 20
QUOTA = {"edge": 8, "reach": 5, "worst slice": 4, "changed": MOST}  # of a stratum; the last fills up
RUNGS = 3  # whose edges are looked at
SMALL = 30  # rows of a slice

Floats = npt.NDArray[np.float64]


class Log(Protocol):
    """`simulator.log.Log`, or anything that gives batches of a scored log."""

    schema: pa.Schema

    def batches(self, columns: Collection[str]) -> Iterable[pa.RecordBatch]: ...


@dataclass(frozen=True, slots=True)
class Edge:
    """A threshold, in millionths, that moves."""

    target: Target
    at: int


class Stratum:
    """The rows of the smallest keys; of equal ones the first of the log."""

    def __init__(self, name: str, edge: Edge | None = None) -> None:
        self.name, self.edge = name, edge
        self.keys = np.empty(0)
        self.numbers = np.empty(0, np.int64)
        self.rows: pa.Table | None = None

    def offer(self, batch: pa.RecordBatch, keys: Floats, first: int) -> None:
        """`keys` by row of the batch, infinite for rows that are none of this stratum; `first` is the number of the first row."""
        best = np.argsort(keys, kind="stable")[:MOST]
        best = best[np.isfinite(keys[best])]
        if not best.size:
            return
        found = pa.Table.from_batches([batch.take(pa.array(best))])
        rows = found if self.rows is None else pa.concat_tables([self.rows, found])
        self.keys, self.numbers = np.append(self.keys, keys[best]), np.append(self.numbers, first + best)
        kept = np.argsort(self.keys, kind="stable")[:MOST]
        self.keys, self.numbers = self.keys[kept], self.numbers[kept]
        self.rows = rows.take(pa.array(kept))


def worst_slice(changed: Iterable[Changed], quality: Iterable[Metric], no_signal: Collection[str] = ()) -> Slice | None:
    """The slice in which B surely is worse than A by most; where none surely is, that of which surely most changes."""
    harms = [(_harm(m), m.slice) for m in quality if m.slice != ALL and m.slice.dimension not in no_signal]
    worst = max(harms, key=lambda one: one[0], default=(0.0, None))
    if worst[0] > 0:
        return worst[1]
    large = [row for row in changed if row.slice != ALL and row.rows >= SMALL and row.slice.dimension not in no_signal]
    moved = [(row.changed.low, row.slice) for row in large if isinstance(row.changed, Estimate) and row.changed.value]
    return max(moved, key=lambda one: one[0], default=(0.0, None))[1]


def _harm(metric: Metric) -> float:
    difference = metric.figure.difference
    if not isinstance(difference, Estimate):
        return 0.0
    return difference.low if metric.metric in HIGHER_IS_WORSE else -difference.high


def examples(
    log: Log, a: Program, b: Program, worst: Slice | None = None, seed: int = 0, told: Callable[[int], object] = int
) -> tuple[Example, ...]:
    """At most `MOST` rows, each once. Raises ColumnarError, and what `log.batches` raises."""
    edges = [
        Edge(target, round(mark.threshold * MICRO)) for target, marks in changed_rungs(a, b)[:RUNGS] for mark in marks
    ]
    strata = [*(Stratum("edge", edge) for edge in edges), Stratum("reach"), Stratum("worst slice"), Stratum("changed")]
    deciding = Scored((a, b), "counts")
    labels = [name for name in log.schema.names if name.startswith("label.")]
    wanted = {"id", "region", "language", "views", *labels, *deciding.columns} | ({worst.dimension} if worst else set())
    first = 0
    for batch in log.batches(wanted & set(log.schema.names)):
        _offer(strata, deciding, batch, worst, seed, first)
        first += batch.num_rows
        told(batch.num_rows)
    return tuple(_described(_chosen(strata), (a, b)))


def _offer(
    strata: Sequence[Stratum], deciding: Scored, batch: pa.RecordBatch, worst: Slice | None, seed: int, first: int
) -> None:
    ids = deciding.outcome_ids(batch)
    differs = np.array([one != other for one, other in deciding.outcomes], bool)[ids]
    chance = _chance(first, batch.num_rows, seed)
    keys = {
        "reach": np.where(differs & (_views(batch) > 0), -_views(batch), np.inf),
        "worst slice": np.where(differs & _within(batch, worst), chance, np.inf),
        "changed": np.where(differs, chance, np.inf),
    }
    for stratum in strata:
        edge = stratum.edge
        stratum.offer(batch, keys[stratum.name] if edge is None else _distance(deciding, batch, edge), first)


def _distance(deciding: Scored, batch: pa.RecordBatch, edge: Edge) -> Floats:
    """How far the score lies from the threshold; what just reaches it comes before what just does not."""
    _, scores = deciding.rows(batch, edge.target.policy, edge.target.score)
    away = scores.astype(np.float64) - edge.at
    return np.where(scores < 0, np.inf, np.where(away >= 0, away, 0.5 - away))


def _views(batch: pa.RecordBatch) -> Floats:
    if "views" not in batch.schema.names:
        return np.zeros(batch.num_rows)
    found: Floats = batch.column("views").fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    return found


def _within(batch: pa.RecordBatch, part: Slice | None) -> npt.NDArray[np.bool_]:
    if part is None or part.dimension not in batch.schema.names:
        return np.zeros(batch.num_rows, bool)
    values = batch.column(part.dimension).to_pylist()  # a slice names what is no text by its text
    return np.array([part.value == (None if value is None else str(value)) for value in values], bool)


def _chance(first: int, rows: int, seed: int) -> Floats:
    """A number in [0, 1) for each row, by its number and the seed (the finalizer of SplitMix64: Steele, Lea and Flood, 2014)."""
    x = np.arange(first, first + rows, dtype=np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % (1 << 64))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Floats = ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / (1 << 53)
    return found


# The rows that are shown


@dataclass(frozen=True, slots=True)
class Picked:
    stratum: str
    edge: Edge | None
    number: int
    row: pa.Table


def _chosen(strata: Sequence[Stratum]) -> list[Picked]:
    """Each row once, each stratum up to its quota; several edges take turns."""
    found: dict[int, Picked] = {}
    for name, quota in QUOTA.items():
        taken = 0
        for picked in _turns([stratum for stratum in strata if stratum.name == name]):
            if taken < quota and len(found) < MOST and picked.number not in found:
                found[picked.number] = picked
                taken += 1
    return list(found.values())


def _turns(strata: Sequence[Stratum]) -> Iterator[Picked]:
    for place in range(MOST):
        for stratum in strata:
            if stratum.rows is not None and place < len(stratum.numbers):
                yield Picked(stratum.name, stratum.edge, int(stratum.numbers[place]), stratum.rows.slice(place, 1))


def _described(chosen: Sequence[Picked], programs: tuple[Program, Program]) -> Iterator[Example]:
    if not chosen:
        return
    deciding = Scored(programs, "full")
    for picked in chosen:
        batch = picked.row.combine_chunks().to_batches()[0]
        outcomes = deciding.outcomes[int(deciding.outcome_ids(batch)[0])]
        yield _example(picked, batch, outcomes, deciding)


def _example(picked: Picked, batch: pa.RecordBatch, outcomes: tuple[Outcome, ...], deciding: Scored) -> Example:
    row: dict[str, Any] = batch.to_pylist()[0]
    side, verdict = _speaking(outcomes, picked.edge)
    policy = verdict.policy if verdict else None
    score, threshold = _decisive(deciding.programs[side], verdict, picked.edge)
    value = None if score is None or policy is None else int(deciding.rows(batch, policy, score)[1][0])
    a, b = (_enforced(outcome, program) for outcome, program in zip(outcomes, deciding.programs, strict=True))
    return Example(
        id=str(row.get("id") if row.get("id") is not None else f"row {picked.number + 1}"),
        stratum=picked.stratum,
        a=a,
        b=b,
        policy=policy,
        clause=verdict.clause if verdict else None,
        score=score,
        value=None if value is None or value < 0 else value / MICRO,
        threshold=None if threshold is None else threshold / MICRO,
        region=row.get("region"),
        language=row.get("language"),
        views=row.get("views"),
        label=row.get(f"label.{policy}"),
    )


def _enforced(outcome: Outcome, program: Program) -> str:
    """With its routes, for a row may change in those alone."""
    if outcome.enforcement is None:
        return str(outcome.status)
    name = program.enforcements[outcome.enforcement].name
    return " and ".join((name, *dict.fromkeys(routed.route for routed in outcome.routes)))


def _speaking(outcomes: tuple[Outcome, ...], edge: Edge | None) -> tuple[int, Verdict | None]:
    """Which side's verdict tells why: that of the edge's policy, else of the first policy that changes; B's, unless it is silent."""
    a, b = ({verdict.policy: verdict for verdict in outcome.verdicts} for outcome in outcomes)
    changed = [name for name in dict.fromkeys((*b, *a)) if _bare(a.get(name)) != _bare(b.get(name))]
    policy = edge.target.policy if edge else changed[0] if changed else None
    if policy is None:
        return 1, None
    silent = policy not in b or not (b[policy].clause or b[policy].clauses)
    return (0, a[policy]) if silent and policy in a else (1, b.get(policy))


def _bare(verdict: Verdict | None) -> Any:
    return verdict and (verdict.enforcement, verdict.routes, verdict.sanctions, verdict.clauses)


def _decisive(program: Program, verdict: Verdict | None, edge: Edge | None) -> tuple[str | None, int | None]:
    """The score and threshold that the row is at the edge of, or that gave the verdict; none where a rule did."""
    if edge is not None:
        return edge.target.score, edge.at
    clauses = () if verdict is None else (verdict.clause, *verdict.clauses)
    for policy in program.policies:
        if verdict is not None and policy.name == verdict.policy:
            cuts = {
                c.clause: (ladder.score, c.threshold)
                for v in policy.variants
                for ladder in v.ladders
                for r in ladder.rungs
                for c in r.cuts
            }
            return next((cuts[clause] for clause in clauses if clause in cuts), (None, None))
    return None, None
