"""A scored log in Spark x programs -> the cube of `simulator.replay`, by the same kernel, partition by partition (PySpark's mapInArrow).

Each partition is replayed where it lies and gives back its cells, which add up; rows never leave the cluster. The workers' Python
needs Limen with the extra `simulate`, of the same version as here.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columnar import Columnar
from engine.decision import Outcome
from policy_dsl.program import Input, Program
from simulator.account import Account, FileAccount, FileTally
from simulator.columns import ColumnMap
from simulator.cube import Cube, empty
from simulator.log import Log
from simulator.reading.kinds import OF_INPUT
from simulator.reading.plans import Part, check_constant, plans_of
from simulator.reading.tables import Columns, flat_schema, leaves, pull
from simulator.replay import Cells, Counter, Replay, replay

PYTHON = "PYSPARK_PYTHON"
RESULT = "found binary"


class SparkError(Exception):
    """Why Spark cannot replay a log; one line."""


class Mergeable(Counter, Protocol):
    """A counter whose counts of other rows add up."""

    def begin(self, part: int) -> None:
        """Before the rows of a part of the log, whose number no other part has."""

    def merge(self, other: Any, ids: npt.NDArray[np.int32]) -> None:
        """Adds what another one counted; `ids` gives for its outcome ids those of this one's replay."""


@dataclass(frozen=True)
class FrameReplay:
    """What is asked of a frame: a column map and the packs' inputs say which column is what, as in `simulator.log.open_log`."""

    programs: tuple[Program, ...]
    cohorts: tuple[str, ...] = ()
    columns: ColumnMap = field(default_factory=ColumnMap)
    regions: frozenset[str] | None = None

    @property
    def inputs(self) -> dict[str, Input]:
        return {spec.name: spec for program in reversed(self.programs) for spec in reversed(program.inputs)}

    def part(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch] = ()) -> Part:
        source = BatchSource(schema, flat_schema(schema), batches)
        return Part(source, plans_of(source, self.columns, self.inputs))

    def log(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch] = ()) -> Log:
        """The batches as a log. Raises LogError, ColumnError."""
        part, known = self.part(schema, batches), self.inputs
        assumed = self.columns.assumptions(name for name in known if name not in part.plans)
        kinds = {name: (OF_INPUT[known[name].kind], value) for name, value in assumed.items()}
        for name, (kind, value) in kinds.items():
            check_constant(name, kind, value)
        return Log((part,), (), self.columns, kinds, self.regions)

    def asked(self, schema: pa.Schema, counters: Sequence[Counter]) -> list[str]:
        """The frame's columns that are read; the first where none is, for how many rows there are has to come from somewhere."""
        cells = Cells.of(self.log(schema).schema, self.programs, self.cohorts)
        names = Columnar(self.programs, "counts").columns | cells.columns
        names |= {name for counter in counters for name in counter.columns}
        where = leaves(schema)
        sources = (plan.column.source for name, plan in self.part(schema).plans.items() if name in names)
        return sorted({where[source][0][0] for source in sources if source is not None}) or schema.names[:1]


@dataclass(frozen=True)
class Found:
    """What a partition gives back."""

    cube: Cube
    account: Account
    counters: tuple[Any, ...]


@dataclass(frozen=True)
class PartitionReplay:
    """What each worker runs. `names` are the columns' own: mapInArrow takes none with a dot."""

    asked: FrameReplay
    names: tuple[str, ...]
    counters: tuple[Mergeable, ...] = ()

    def __call__(self, numbered: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        batches = (batch.rename_columns(list(self.names)) for batch in numbered)
        first = next(batches, None)
        if first is None:
            return
        log = self.asked.log(first.schema, _chained(first, batches))
        counters = pickle.loads(pickle.dumps(self.counters))  # noqa: S301 - own ones, fresh for each partition
        for counter in counters:
            counter.begin(_partition())
        replayed = replay(log, self.asked.programs, self.asked.cohorts, counters)
        found = pickle.dumps(Found(alike(replayed.cube), log.account, replayed.counters))
        yield pa.RecordBatch.from_pydict({"found": pa.array([found], pa.binary())})


def _partition() -> int:
    from pyspark import TaskContext  # noqa: PLC0415 - Spark is an extra

    context = TaskContext.get()
    return 0 if context is None else int(context.partitionId())


def replay_frame(frame: Any, asked: FrameReplay, counters: Sequence[Mergeable] = ()) -> tuple[Replay, Account]:
    """Replays a Spark DataFrame; what `simulator.replay.replay` gives for the same rows, to the last count.

    Only the columns that are needed leave the storage. Raises SparkError where the workers' Python is not named, LogError and
    ColumnError where the frame's columns do not fit, ColumnarError where a program cannot be replayed.
    """
    check_python()
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415 - Spark is an extra

    schema = to_arrow_schema(frame.schema, timezone="UTC")
    names = tuple(asked.asked(schema, counters))
    narrow = frame.select(*(frame[f"`{name}`"].alias(f"column_{number}") for number, name in enumerate(names)))
    rows = narrow.mapInArrow(PartitionReplay(asked, names, tuple(counters)), RESULT).collect()
    parts = [pickle.loads(row["found"]) for row in rows]  # noqa: S301 - own workers wrote it
    return merged(parts, asked, schema, counters)


def merged(
    parts: Sequence[Found], asked: FrameReplay, schema: pa.Schema, counters: Sequence[Mergeable]
) -> tuple[Replay, Account]:
    """One replay of the partitions' ones. Account's files are the partitions that had rows."""
    log = asked.log(schema)
    cube = empty(Cells.of(log.schema, asked.programs, asked.cohorts).dimensions)
    account = Account()
    for part in parts:
        cube, account = cube.merge(part.cube), account.merge(part.account)
    numbers = {outcome: number for number, outcome in enumerate(cube.outcomes)}
    for part in parts:
        ids = np.array([numbers[outcome] for outcome in part.cube.outcomes], np.int32)
        for mine, theirs in zip(counters, part.counters, strict=True):
            mine.merge(theirs, ids)
    return Replay(asked.programs, cube, tuple(counters)), replace(account, ignored=log.account.ignored)


def alike(cube: Cube) -> Cube:
    """With outcomes that are equal wherever they are counted as one: of the clauses and errors that gave them, which a replay
    takes from whichever row it sees first, nothing is left but whether there were errors.
    """
    return replace(cube, outcomes=tuple(tuple(map(_counted, outcome)) for outcome in cube.outcomes))


def _counted(outcome: Outcome) -> Outcome:
    verdicts = (
        replace(verdict, clause=None, clauses=(), exceptions=(), errors=("an error",) if verdict.errors else ())
        for verdict in outcome.verdicts
    )
    return replace(outcome, verdicts=tuple(verdicts), fired=())


def check_python() -> None:
    """Raises SparkError where the workers' Python is not named: Spark would take the first `python3` of each machine."""
    if not os.environ.get(PYTHON):
        raise SparkError(
            f"`{PYTHON}` is not set: name the Python of the workers, which has Limen with its extra `simulate`, such as"
            f" `{PYTHON}=/opt/limen/bin/python`"
        )


def read_parquet(session: Callable[[], Any], log: Log) -> Any:
    """The frame of a log's files. Raises SparkError for a log that is not of Parquet files alone."""
    other = next((source for source in log.sources if source.format != "parquet"), None)
    if other is not None or log.refused:
        path = other.path if other is not None else log.refused[0].path
        raise SparkError(
            f"`{path}` is no Parquet file that can be read, and Spark replays Parquet alone: leave out `--engine spark`"
        )
    return session().read.option("mergeSchema", "true").parquet(*(spark_path(source.path) for source in log.sources))


def spark_path(path: str) -> str:
    """A path as Spark takes it: one without a scheme is of this machine, whatever Spark's default is."""
    return path if "://" in path else Path(path).resolve().as_uri()


@dataclass
class BatchSource:
    """Batches that come one after the other, as a file of a log (`simulator.reading.sources.Source`)."""

    arrow: pa.Schema
    schema: pa.Schema
    given: Iterable[pa.RecordBatch]
    path: str = "a partition of Spark"
    format: str = "spark"
    bytes: int | None = None
    rows: int | None = None
    parse: bool = False

    def batches(
        self,
        names: Collection[str],
        texts: Collection[str],  # noqa: ARG002 - Spark says how they are encoded
        size: int,
        tally: FileTally,  # noqa: ARG002 - no row is left out
        *,
        threads: bool,  # noqa: ARG002
    ) -> Iterator[Columns]:
        where = {name: leaves(self.arrow)[name][0] for name in names}
        for batch in _gathered(self.given, size):
            yield batch.num_rows, {name: pull(batch, path) for name, path in where.items()}


def _gathered(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Spark's batches are small: several as one, of at most `size` rows where one of them is not larger itself."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and sum(one.num_rows for one in held) + batch.num_rows > size:
            yield pa.concat_batches(held)
            held = []
        held.append(batch)
    if held:
        yield pa.concat_batches(held)


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def session(name: str = "limen simulate") -> Any:
    """The Spark that is there, or that the environment configures (`spark-submit`, `SPARK_REMOTE`, `SPARK_CONF_DIR`)."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - Spark is an extra

    return SparkSession.getActiveSession() or SparkSession.builder.appName(name).getOrCreate()


class OnSpark(Log):
    """A log whose rows Spark replays. What looks at some rows again (examples, curves) reads the files from here."""

    def __init__(self, frame: Any, log: Log, asked: FrameReplay) -> None:
        self.__dict__.update(log.__dict__)
        self._frame, self._asked, self._seen = frame, asked, log.account

    @property
    def account(self) -> Account:
        """Of what Spark has read, by the files' names."""
        return self._seen

    def run(
        self,
        log: Log,
        programs: Sequence[Program],  # noqa: ARG002 - those asked for
        cohorts: Sequence[str],  # noqa: ARG002
        counters: Sequence[Mergeable],
        tell: Callable[[int], None],
    ) -> Replay:
        """In place of `simulator.replay.replay`."""
        found, account = replay_frame(self._frame, self._asked, counters)
        files = tuple(
            FileAccount(source.path, source.format, source.bytes, source.rows, source.rows or 0)
            for source in log.sources
        )
        self._seen = replace(account, files=files)
        tell(account.rows)
        return found
