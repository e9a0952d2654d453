"""The contenders of `benchmarks/replay.py`: each replays a log and gives counts by region, language, labels and outcomes.

A contender lives in a process of its own, so that what it holds at most can be told, and waits there for its turn. CPU time is
that of the process with all its threads and children.
"""

from __future__ import annotations

import hashlib
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TypeAlias

PACK = Path(__file__).parent.parent / "policies"
LABELS = 4

Key: TypeAlias = tuple[Any, ...]
"""Region, language, four labels, and for each variant (enforcement, routes)."""
Counts: TypeAlias = dict[Key, tuple[int, int, float]]
"""Rows, views, and the sum of 1 / propensity."""


class Side(Protocol):
    def run(self) -> object: ...

    def counts(self, found: Any) -> Counts:
        """What `run` gave, in the form that all share."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """`name`: floor, ours, polars, duckdb or scalar; `variants` of the shipped pack at once."""

    name: str
    paths: tuple[str, ...]
    variants: int = 2
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """One run. Seconds, and the most megabytes that the process has held so far; `digest` of the counts."""

    cpu: float
    wall: float
    peak: float
    digest: str


def serve(setting: Setting, pipe: Connection) -> None:
    """The process of one contender: a run for each message, until None comes; `counts` asks for the last run's counts."""
    os.environ["POLARS_MAX_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(setting.threads)
    try:
        side, found = make(setting), None
        for order in iter(pipe.recv, None):
            if order == "run":
                turn, found = _turn(side)
                pipe.send(turn)
            else:
                pipe.send(side.counts(found))
    except Exception as error:  # noqa: BLE001 - told by the process that asked
        pipe.send(error)


def make(setting: Setting) -> Side:
    sides: dict[str, Callable[[Setting], Side]] = {
        "floor": _Floor,
        "ours": _Ours,
        "polars": _Polars,
        "duckdb": _DuckDB,
        "scalar": _Scalar,
    }
    return sides[setting.name](setting)


def _turn(side: Side) -> tuple[Turn, Any]:
    cpu, wall = _cpu(), time.perf_counter()
    found = side.run()
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    peak = _peak()
    return Turn(cpu, wall, peak, digest(side.counts(found))), found


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak() -> float:
    """The most that was resident, in megabytes: where the system tells, without what the parent held before."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def digest(counts: Counts) -> str:
    """Of rows and views: sums of doubles depend on their order."""
    lines = sorted(repr((key, rows, views)) for key, (rows, views, _) in counts.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def summed(items: Iterable[tuple[Key, int, int, float]]) -> Counts:
    """One entry a key, in no order."""
    rows: Counter[Key] = Counter()
    views: Counter[Key] = Counter()
    weight: dict[Key, float] = {}
    for key, count, seen, weighed in items:
        rows[key] += count
        views[key] += seen
        weight[key] = weight.get(key, 0.0) + weighed
    return {key: (rows[key], views[key], weight[key]) for key in rows}


# -- contenders ------------------------------------------------------------------------------------------------------


class _Floor:
    """Only decodes: the columns that a replay asks for, row group by row group."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self._columns = setting, _Ours(setting).columns()

    def run(self) -> object:
        import pyarrow.parquet as pq  # noqa: PLC0415

        rows = 0
        for path in self._setting.paths:
            file = pq.ParquetFile(path, pre_buffer=False)
            for group in range(file.num_row_groups):
                rows += file.read_row_group(group, self._columns, use_threads=self._setting.threads > 1).num_rows
        return rows

    def counts(self, found: Any) -> Counts:
        return {(): (found, 0, 0.0)}


class _Ours:
    """`simulator.replay`."""

    def __init__(self, setting: Setting) -> None:
        import pyarrow as pa  # noqa: PLC0415

        pa.set_cpu_count(setting.threads)
        self._setting, self._programs = setting, _programs(setting)

    def run(self) -> object:
        return self._replay(self._log())

    def columns(self) -> list[str]:
        """What a replay asks the log for."""
        log = _Asked(self._log())
        self._replay(log)
        return sorted(log.columns)

    def _log(self) -> Any:
        from simulator.log import open_log  # noqa: PLC0415

        program = self._programs[0]
        return open_log(self._setting.paths, inputs=program.inputs, regions=program.regions)

    def _replay(self, log: Any) -> Any:
        from simulator.replay import replay  # noqa: PLC0415

        return replay(log, self._programs)

    def counts(self, found: Any) -> Counts:
        cube = found.cube
        outcomes = [tuple(map(outcome_key, each)) for each in cube.outcomes]
        places = [cube.dimensions.index(name) for name in ("region", "language", *_labels(), "outcome")]
        values = [cube.values[cube.dimensions[place]] for place in places]
        sums = (cube.sums["rows"].tolist(), cube.sums["views"].tolist(), cube.sums["weight"].tolist())

        def items() -> Iterable[tuple[Key, int, int, float]]:
            for codes, rows, views, weight in zip(cube.codes[:, places].tolist(), *sums, strict=True):
                *where, outcome = (named[code] for named, code in zip(values, codes, strict=True))
                yield (*where, *outcomes[outcome]), rows, views, weight

        return summed(items())


class _Asked:
    """A log that notes which columns it is asked for, and gives none."""

    def __init__(self, log: Any) -> None:
        self._log, self.columns = log, frozenset[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def batches(self, columns: Iterable[str], *_: Any, **__: Any) -> Iterator[Any]:
        self.columns |= set(columns) & set(self._log.schema.names)
        return iter(())


class _Polars:
    def __init__(self, setting: Setting) -> None:
        from benchmarks.replay_polars import Side  # noqa: PLC0415

        self._side = Side(setting.paths, _thresholds(setting))

    def run(self) -> object:
        return self._side.run()

    def counts(self, found: Any) -> Counts:
        return _by_bits(found)


class _DuckDB(_Polars):
    def __init__(self, setting: Setting) -> None:
        from benchmarks.replay_duckdb import Side  # noqa: PLC0415

        self._side = Side(setting.paths, _thresholds(setting), setting.threads)  # type: ignore[assignment]


class _Scalar:
    """The evaluator of single records: slow, and what all others must equal."""

    def __init__(self, setting: Setting) -> None:
        from engine.scalar import Scalar  # noqa: PLC0415

        self._setting, programs = setting, _programs(setting)
        self._inputs, self._scalars = programs[0].inputs, [Scalar(program) for program in programs]

    def run(self) -> object:
        import pyarrow.parquet as pq  # noqa: PLC0415

        return summed(self._row(row) for path in self._setting.paths for row in pq.read_table(path).to_pylist())

    def counts(self, found: Any) -> Counts:
        return found  # type: ignore[no-any-return]

    def _row(self, row: dict[str, Any]) -> tuple[Key, int, int, float]:
        record, region = self._record(row), row["region"]
        outcomes = (outcome_key(scalar.decide(record, region)) for scalar in self._scalars)
        labels = (row[name] for name in _labels())
        return (region, row["language"], *labels, *outcomes), 1, row["views"], 1 / row["review.propensity"]

    def _record(self, row: dict[str, Any]) -> Any:
        """What is NULL is absent."""
        from engine.record import Record  # noqa: PLC0415

        there = [(spec, row[spec.name]) for spec in self._inputs if row.get(spec.name) is not None]
        values = {spec.name: value / 1_000_000 if spec.kind == "score" else value for spec, value in there}
        facts = {spec.name: values.pop(spec.name) for spec, _ in there if spec.is_fact}
        return Record(values, facts, None, frozenset(row["modalities"]))


def outcome_key(outcome: Any) -> tuple[int | None, tuple[tuple[str, str, int], ...]]:
    return outcome.enforcement, tuple((item.route, item.queue, item.priority) for item in outcome.routes)


def _by_bits(found: Sequence[tuple[Any, ...]]) -> Counts:
    """Rows of a hand-written equivalent: combinations of bits that come to the same routes become one."""
    from benchmarks.replay_rules import routes  # noqa: PLC0415

    first = 2 + LABELS

    def items() -> Iterable[tuple[Key, int, int, float]]:
        for row in found:
            *bits, rows, views, weight = row[first:]
            outcomes = [(bits[i], routes(bits[i + 1])) for i in range(0, len(bits), 2)]
            yield (*row[:first], *outcomes), rows, views, weight

    return summed(items())


def _labels() -> Sequence[str]:
    from benchmarks.replay_rules import LABELS as NAMES  # noqa: PLC0415

    return NAMES


def _programs(setting: Setting) -> Any:
    from benchmarks.replay_rules import variants  # noqa: PLC0415
    from engine.load import load_pack  # noqa: PLC0415

    program = load_pack(PACK).compiled.program
    assert program is not None
    return variants(program, setting.variants)


def _thresholds(setting: Setting) -> Any:
    from benchmarks.replay_rules import thresholds  # noqa: PLC0415

    return [thresholds(program) for program in _programs(setting)]
