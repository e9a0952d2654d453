"""What replaying a scored log costs, beside merely decoding it, and beside Polars and DuckDB with the policies written by hand.

    python -m benchmarks.replay [--rows 1000000 10000000] [--rounds 7] [--threads 1] [--group 131072] [--folder DIR]

The logs are made up (`benchmarks/replay_log.py`), once, and kept in `--folder`. The floor reads the columns that the replay
reads, row group by row group, with as many threads and `pre_buffer=False`, and throws them away. Each contender has a process of
its own; each round runs every one, in turn; figures are medians over the rounds, after one run that does not count (it compiles).
The ratio is that of CPU time to the floor's in the same round. First all contenders must agree with the evaluator of single
records on a small log of another seed, then with each other on every log, to the last count.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.replay_sides import Counts, Setting, Turn, serve

OURS = (1, 2, 8)
PEERS = ("polars", "duckdb")
PACKAGES = ("pyarrow", "numba", "polars", "duckdb")


def main(arguments: Sequence[str] | None = None) -> None:
    args = _arguments(arguments)
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    print(f"{args.threads} thread(s), {args.rounds} rounds, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    sample = log_file(args.folder, args.sample, seed=2, group=args.group)
    rows = agree([Setting(name, (str(sample),), 2, args.threads) for name in ("scalar", "ours", *PEERS)])
    print(f"{rows:,} rows compared with the evaluator of single records: all contenders equal")
    for count in args.rows:
        path = log_file(args.folder, count, seed=1, group=args.group)
        print(f"\n{count:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
        _report(count, compare(path, args.rounds, args.threads))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of each contender")
    parser.add_argument("--group", type=int, default=131_072, help="rows a row group")
    parser.add_argument("--sample", type=int, default=20_000, help="rows compared with the evaluator of single records")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "limen-replay")
    return parser.parse_args(arguments)


# -- logs ------------------------------------------------------------------------------------------------------------


def log_file(folder: Path, rows: int, seed: int, group: int) -> Path:
    """Made where it is not there yet, by a process of its own; named after what made it."""
    maker = Path(__file__).with_name("replay_log.py").read_bytes()
    path = folder / f"{rows}-{group}-{seed}-{hashlib.sha256(maker).hexdigest()[:8]}.parquet"
    if not path.exists():
        print(f"making {path}", file=sys.stderr)
        process = multiprocessing.get_context("spawn").Process(target=_write, args=(path, rows, seed, group))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{path} could not be made")
    return path


def _write(path: Path, rows: int, seed: int, group: int) -> None:
    from benchmarks.replay_log import write_log  # noqa: PLC0415

    write_log(path, rows, seed, group)


# -- contenders --------------------------------------------------------------------------------------------------------


@contextmanager
def _process(setting: Setting) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(setting, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
        ours.send(None)
        process.join(10)
    finally:
        process.kill()


def _asked(pipe: Connection, order: str) -> Any:
    pipe.send(order)
    try:
        found = pipe.recv()
    except EOFError:
        raise SystemExit("a contender died") from None
    if isinstance(found, Exception):
        raise SystemExit(f"a contender failed: {type(found).__name__}: {found}") from found
    return found


def counts(setting: Setting) -> Counts:
    """What one contender counts, in a process of its own."""
    with _process(setting) as pipe:
        _asked(pipe, "run")
        found: Counts = _asked(pipe, "counts")
        return found


def agree(settings: Sequence[Setting], count: Callable[[Setting], Counts] = counts) -> int:
    """How many rows the contenders count alike. Raises SystemExit where one counts otherwise."""
    first, *others = settings
    wanted = count(first)
    for other in others:
        found = count(other)
        for key in {*wanted, *found}:
            a, b = wanted.get(key, (0, 0, 0.0)), found.get(key, (0, 0, 0.0))
            if a[:2] != b[:2] or abs(a[2] - b[2]) > 1e-6 * max(abs(a[2]), 1):
                raise SystemExit(f"`{other.name}` counts {b} where `{first.name}` counts {a}: {key}")
    return sum(rows for rows, _, _ in wanted.values())


def compare(path: Path, rounds: int, threads: int) -> dict[str, list[Turn]]:
    """The turns of each contender, without the first. Raises SystemExit where two count otherwise."""
    settings = {
        "decoding alone": Setting("floor", (str(path),), 2, threads),
        **{
            f"limen, {count} variant{'s'[: count > 1]}": Setting("ours", (str(path),), count, threads) for count in OURS
        },
        **{f"{name}, 2 variants by hand": Setting(name, (str(path),), 2, threads) for name in PEERS},
    }
    found: dict[str, list[Turn]] = {name: [] for name in settings}
    with _processes(settings) as pipes:
        for _ in range(rounds + 1):
            for name, pipe in pipes.items():
                found[name].append(_asked(pipe, "run"))
    for name, turns in found.items():
        if len({turn.digest for turn in turns}) > 1:
            raise SystemExit(f"`{name}` counts otherwise each time")
    if len({found[name][0].digest for name, setting in settings.items() if _is_pair(setting)}) > 1:
        raise SystemExit("the contenders count otherwise")
    return found


def _is_pair(setting: Setting) -> bool:
    return setting.name != "floor" and setting.variants == 2


@contextmanager
def _processes(settings: dict[str, Setting]) -> Iterator[dict[str, Connection]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(_process(setting)) for name, setting in settings.items()}


def _report(rows: int, found: dict[str, list[Turn]]) -> None:
    floor = next(iter(found.values()))
    print(f"{'':<30}{'CPU s':>9}{'ratio':>8}{'rows/s':>13}{'peak MB':>9}{'first, s':>10}")
    for name, (first, *turns) in found.items():
        ratio = statistics.median(turn.cpu / base.cpu for turn, base in zip(turns, floor[1:], strict=True))
        cpu, wall = (statistics.median(getattr(turn, kind) for turn in turns) for kind in ("cpu", "wall"))
        print(f"{name:<30}{cpu:>9.2f}{ratio:>8.2f}{rows / wall:>13,.0f}{turns[-1].peak:>9.0f}{first.wall:>10.1f}")
    print("results equal to the last count")


if __name__ == "__main__":
    main()
