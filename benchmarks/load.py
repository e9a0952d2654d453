"""What loading a pack costs, in CPU seconds and peak memory; each way in a process of its own, imports left out of the time.

    python benchmarks/load.py [--policies N]

The large pack is generated (`benchmarks/generated.py`): 1,000 policies, six region blocks each, over all 250 regions.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.generated import POLICIES, write_pack
from engine.bundle import make_bundle
from engine.load import load_pack
from engine.loader import Loader
from engine.record import Record
from engine.scalar import Scalar
from policy_dsl.program import Program
from regions.load import load_regions
from scorers.registry import Registry

PACK = Path(__file__).parent.parent / "policies"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policies", type=int, default=POLICIES)
    parser.add_argument("--worker", nargs=2, metavar=("PATH", "CACHE"), help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.worker:
        _work(Path(args.worker[0]), Path(args.worker[1]) if args.worker[1] else None)
        return
    with tempfile.TemporaryDirectory() as folder:
        _all_ways(Path(folder), args.policies)


def _all_ways(folder: Path, policies: int) -> None:
    large, cache, bundle = folder / "pack", folder / "cache", folder / "bundle.json"
    write_pack(large, [code for code in load_regions().codes if code != "GLOBAL"], policies)
    found = load_pack(large)
    assert found.compiled.program is not None
    bundle.write_text(make_bundle(found.compiled.program, found.pack, "0").to_json(), encoding="utf-8")
    print(f"\nloading{'':<35}{'load s':>10}{'peak MB':>10}{'first decision s':>18}{'in another region':>19}")
    _measured("the shipped pack", PACK)
    _measured(f"{policies} policies, cold", large)
    _measured(f"{policies} policies, from a bundle", bundle)
    _measured(f"{policies} policies, filling the cache", large, cache)
    _measured(f"{policies} policies, from the cache", large, cache)


def _measured(label: str, path: Path, cache: Path | None = None) -> None:
    command = [sys.executable, "-m", "benchmarks.load", "--worker", str(path), str(cache or "")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)  # noqa: S603
    seconds, peak, first, second = result.stdout.split()
    print(f"{label:<42}{float(seconds):>10.2f}{float(peak):>10.0f}{float(first):>18.2f}{float(second):>19.2f}")


def _work(path: Path, cache: Path | None) -> None:
    registry = Registry.installed()
    start = time.process_time()
    program = Loader(path, registry, cache).load().program
    loaded = time.process_time() - start
    peak = _peak()
    scalar, record = Scalar(program), _record(program)
    print(loaded, peak, *(_first(scalar, record, region) for region in ("DE", "FR")))


def _peak() -> float:
    """Of this process, in megabytes: `ru_maxrss` would count what the parent held when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _first(scalar: Scalar, record: Record, region: str) -> float:
    start = time.process_time()
    scalar.decide(record, region)
    return time.process_time() - start


def _record(program: Program) -> Record:
    zero = {"score": 0.0, "bool": False, "int": 0}
    given = [spec for spec in program.inputs if spec.default is None and not spec.optional]
    scores = {spec.name: zero[spec.kind] for spec in given if not spec.is_fact}
    return Record(scores, {spec.name: zero[spec.kind] for spec in given if spec.is_fact})


if __name__ == "__main__":
    main()
