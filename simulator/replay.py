"""A scored log x programs -> one additive cube of what they would have decided, in one pass; memory does not grow with the log."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.columnar import Columnar, ColumnarError
from engine.columnar.axes import ValueAxis
from engine.columnar.frame import Discrete, TableFrame
from engine.columnar.kernel import added, counted, weighed
from engine.columnar.table import Axis, Pair
from engine.decision import Outcome
from policy_dsl.program import Program
from simulator.cube import LABELS, LANGUAGE, OUTCOME, REGION, SUMS, Cube

MOST_GROUPS = 1_000  # values of a cohort column; of more, nothing could be told group by group
VIEWS, PROPENSITY = "views", "review.propensity"


class Counter(Protocol):
    """Something else that is counted on the way, batch by batch."""

    columns: Collection[str]

    def add(
        self, batch: pa.RecordBatch, ids: npt.NDArray[np.int32], outcomes: Sequence[tuple[Outcome, ...]]
    ) -> None: ...


@dataclass(frozen=True)
class Cells:
    """Which dimensions a cube has, and the columns that they are read from."""

    cohorts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    sums: frozenset[str] = frozenset({VIEWS, PROPENSITY})

    @staticmethod
    def of(schema: pa.Schema, programs: Sequence[Program], cohorts: Iterable[str] = ()) -> Cells:
        """Region, language and the labels of the programs' policies where the log has them, and the cohort columns.

        Raises ColumnarError for a cohort column that the log lacks, and for one whose values are no groups.
        """
        names = set(schema.names)
        asked = [name for name in dict.fromkeys(cohorts) if name not in (REGION, LANGUAGE)]
        for name in asked:
            if name not in names:
                raise ColumnarError(
                    f"the log has no column `{name}` to group by: one of texts, numbers or truth values"
                )
            if name.startswith("label.") or pa.types.is_nested(schema.field(name).type):
                raise ColumnarError(
                    f"`{name}` is no column to group by, expected one of texts, numbers or truth values"
                )
        policies = sorted({policy.name for program in programs for policy in program.policies})
        standing = [name for name in (REGION, LANGUAGE) if name in names]
        labels = tuple(f"label.{name}" for name in policies if f"label.{name}" in names)
        return Cells((*standing, *asked), labels, frozenset({VIEWS, PROPENSITY} & names))

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (OUTCOME, *self.cohorts, *self.labels)

    @property
    def columns(self) -> frozenset[str]:
        return frozenset({*self.cohorts, *self.labels, *self.sums})


class Tally:
    """A cube that grows: frames in, sums by cell."""

    def __init__(self, columnar: Columnar, cells: Cells) -> None:
        self._columnar, self._cells = columnar, cells
        self._groups = {name: _group_axis(name) for name in cells.cohorts}
        axes: list[Axis] = [columnar.table, *self._groups.values(), *map(_label_axis, cells.labels)]
        self._table = Pair(axes)
        self._sums = {name: np.zeros(64, kind) for name, kind in SUMS.items()}

    def add(self, frame: TableFrame) -> npt.NDArray[np.int32]:
        """Counts the rows; returns their outcome ids."""
        ids = self._table.cells(frame)
        self._grow(self._table.size)
        counted(ids, self._sums["rows"])
        views = frame.plain(VIEWS, np.int64) if VIEWS in self._cells.sums else None
        if views is not None:
            added(ids, views, self._sums["views"], self._sums["views2"])
        chance = frame.plain(PROPENSITY, np.float64) if PROPENSITY in self._cells.sums else None
        if chance is not None:
            sums = [self._sums[name] for name in ("weighted", "weight", "weight2", "weight_views", "weight2_views2")]
            weighed(ids, chance, np.zeros(0, np.int64) if views is None else views, *sums)
        return self._columnar.ids(frame)

    def _grow(self, size: int) -> None:
        if size > self._sums["rows"].size:
            more = max(size, 2 * self._sums["rows"].size) - self._sums["rows"].size
            self._sums = {name: np.append(sums, np.zeros(more, sums.dtype)) for name, sums in self._sums.items()}

    def cube(self) -> Cube:
        values: dict[str, tuple[Any, ...]] = {OUTCOME: tuple(range(len(self._columnar.outcomes)))}
        values |= {name: tuple(axis.classes) for name, axis in self._groups.items()}
        values |= dict.fromkeys(self._cells.labels, LABELS)
        codes = np.array(self._table.values, np.int32).reshape(-1, len(self._cells.dimensions))
        sums = {name: found[: len(codes)].copy() for name, found in self._sums.items()}
        return Cube(self._cells.dimensions, values, codes, sums, tuple(self._columnar.outcomes))


def _group_axis(name: str) -> ValueAxis:
    def column(frame: Any) -> Discrete:
        found: Discrete = frame.values(name)
        if len(found.values) > MOST_GROUPS:
            raise ColumnarError(
                f"the column `{name}` has more than {MOST_GROUPS} values: group by one with few, such as a country or an age band"
            )
        return found

    return ValueAxis(column, lambda value: value)


def _label_axis(name: str) -> ValueAxis:
    """0, 1, 2 as in `LABELS`."""
    axis = ValueAxis(lambda frame: frame.values(name), lambda value: value if isinstance(value, bool) else None)
    axis.seed(LABELS)
    return axis


@dataclass(frozen=True)
class Replay:
    """`cube.outcomes` gives for each outcome id one Outcome per program."""

    programs: tuple[Program, ...]
    cube: Cube
    counters: tuple[Any, ...] = field(default=())


class Log(Protocol):
    """`simulator.log.Log`, or anything that gives batches of a scored log."""

    schema: pa.Schema

    def batches(self, columns: Collection[str]) -> Iterable[pa.RecordBatch]: ...


@contextmanager
def settled() -> Iterator[None]:
    """What stands already is no garbage: the collector need not go through it again each time that the tables have grown."""
    if gc.get_freeze_count():  # somebody else sees to it
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def replay(
    log: Log,
    programs: Sequence[Program],
    cohorts: Iterable[str] = (),
    counters: Sequence[Counter] = (),
    tell: Callable[[int], None] = lambda _: None,
) -> Replay:
    """Decides every row by every program and counts. `tell` hears of each batch's rows.

    Raises ColumnarError, and what `log.batches` raises.
    """
    columnar = Columnar(programs, "counts")
    cells = Cells.of(log.schema, programs, cohorts)
    tally = Tally(columnar, cells)
    asked = columnar.columns | cells.columns | {name for counter in counters for name in counter.columns}
    with settled():
        for batch in log.batches(asked & set(log.schema.names)):
            ids = [tally.add(frame) for frame in columnar.frames(batch)]
            for counter in counters if ids else ():
                counter.add(batch, np.concatenate(ids), columnar.outcomes)
            tell(batch.num_rows)
    return Replay(tuple(programs), tally.cube(), tuple(counters))
