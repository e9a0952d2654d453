"""What every threshold at once costs, against decoding the log alone and against one scan per threshold.

    python -m benchmarks.sweep [--rows 1000000] [--file LOG.parquet] [--runs 3] [--scans 3]

CPU seconds of this process (user + system), medians of interleaved runs. The log is made by `benchmarks.replay_log` where no file
is given. The sweep's counts are compared with those of the scans: they must be equal to the last row.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.replay_log import write_log
from engine.load import load_pack
from policy_dsl.program import MICRO, Program
from simulator.curves import steps
from simulator.log import Log, open_log
from simulator.replay import replay
from simulator.settings import Target, resolve, with_threshold
from simulator.stepping import plan
from simulator.sweep import Sweep, sweep

PACK = Path(__file__).parents[1] / "policies"
RUNGS = (("hate", "text.hate", "review"), ("nudity", "nudity.risk", "remove"))


@dataclass
class Timed:
    name: str
    run: Callable[[], object]
    seconds: list[float]

    def once(self) -> object:
        start = time.process_time()
        found = self.run()
        self.seconds.append(time.process_time() - start)
        return found

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.file or Path(folder) / "log.parquet"
        if asked.file is None:
            write_log(path, asked.rows)
        program = load_pack(PACK).compiled.program
        assert program is not None
        log = open_log([str(path)], inputs=program.inputs, regions=program.regions)
        for policy, score, action in RUNGS:
            _measure(log, program, resolve(program, policy, score, action, None)[0], asked)


def _measure(log: Log, program: Program, target: Target, asked: argparse.Namespace) -> None:
    planned = plan(program, target)
    columns = frozenset(sweep_columns(log, program, target))
    levels = np.linspace(MICRO // 10, MICRO * 9 // 10, asked.scans).astype(int).tolist()
    decode = Timed("reading the log's columns alone", lambda: sum(b.num_rows for b in log.batches(columns)), [])
    alone = Timed("every threshold, all rows", lambda: sweep(log, planned, ()), [])
    sliced = Timed("every threshold, by region and by language", lambda: sweep(log, planned), [])
    scans = [Timed("one scan per threshold, each", _scan(log, program, target, level), []) for level in levels]
    for _ in range(asked.runs):
        rows = decode.once()
        found = alone.once()
        sliced.once()
    assert isinstance(found, Sweep)
    counts = steps(found)
    for timed, level in zip(scans, levels, strict=True):
        timed.once()
        other = steps(sweep(log, plan(with_threshold(program, target, level), target), ()))
        assert other.present.rows[:, 0].tolist() == counts.hits.rows[:, counts.at(level)].tolist(), (target, level)
    scan = statistics.median(timed.median for timed in scans)
    distinct = counts.thresholds.size - 1
    print(
        f"\n{target}: {rows} rows, {distinct} thresholds at which something changes; counts equal at {len(levels)} of them"
    )
    for timed in (decode, alone, sliced):
        print(f"  {timed.name:45} {timed.median:9.2f} CPU s  {timed.median / decode.median:8.2f} x reading")
    print(f"  {'one scan per threshold, each':45} {scan:9.2f} CPU s  {scan / decode.median:8.2f} x reading")
    print(
        f"  so {distinct} thresholds by scans cost {distinct * scan / alone.median:.0f} times the sweep; 100 of them {100 * scan / alone.median:.0f} times"
    )


def _scan(log: Log, program: Program, target: Target, level: int) -> Callable[[], object]:
    """The pack with this threshold alone, replayed and counted."""
    changed = with_threshold(program, target, level)
    return lambda: replay(log, [changed])


def sweep_columns(log: Log, program: Program, target: Target) -> set[str]:
    """What the sweep reads of the log."""
    from simulator.scored import Scored  # noqa: PLC0415 - compiles the pack

    known = Scored(plan(program, target).programs, "counts").columns
    return {*known, "region", "at", f"label.{target.policy}", "review.propensity"} & set(log.schema.names)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scans", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
