"""What a decision costs, and what loading a pack costs: ratios of CPU time, every side measured in the same run.

    python benchmarks/decide.py [--rounds N] [--records N] [--compare N] [--no-peers] [--no-load]

Each round runs every side once, in turn, over the same records; a figure is the median over the rounds of the ratio to the
hand-written function of the same round. First all sides must agree on the records.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import handwritten, load
from benchmarks.peers.questions import questions, values
from benchmarks.traffic import outage, traffic
from engine.load import load_pack
from engine.record import Record
from engine.reference import decide as decide_by_reference
from engine.rendering import Decision
from engine.scalar import Scalar
from policy_dsl.program import Program
from policy_dsl.stored import digest, to_json

PACK = Path(__file__).parent.parent / "policies"
PEERS = ("jsonlogic", "zen", "cel_cpp", "cel_rust", "cedar", "rules", "celpython")
SLOW = {"rules": 50, "celpython": 5}  # so many records suffice

Case = tuple[Record, str]
Side = Callable[[], object]


def main() -> None:
    args = _arguments()
    program = load_pack(PACK).compiled.program
    assert program is not None
    scalar = Scalar(program)
    cases = traffic(program, args.records)
    _agree(scalar, cases)
    print(
        f"{len(cases)} records of made-up traffic, {_share(scalar, cases):.0%} of which set off some clause; {args.rounds} rounds"
    )
    _report("evaluator and hand-written function", _sides(program, scalar, cases), args.rounds)
    _report("regions one by one", _regions(scalar, cases), args.rounds)
    _report("the text scorer is down", _outage(program, scalar, cases), args.rounds)
    if args.compare:
        _byte_for_byte(program, scalar, args.compare)
    if not args.no_peers:
        _peers(program, scalar, args.rounds)
    if not args.no_load:
        load.main([])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument(
        "--compare", type=int, default=0, metavar="N", help="compare N records with the reference, byte for byte"
    )
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-load", action="store_true")
    return parser.parse_args()


# -- sides -----------------------------------------------------------------------------------------------------------


def _sides(program: Program, scalar: Scalar, cases: Sequence[Case]) -> dict[str, Side]:
    few = cases[:100]
    return {
        "hand-written": _by_hand(cases),
        "scalar": _raw(scalar, cases),
        "scalar, through a Record": lambda: [scalar.decide(record, region) for record, region in cases],
        "scalar, the way of gaps": lambda: [scalar.decide_with_gaps(record, region) for record, region in cases],
        **{
            f"scalar, rendered, trace {trace}": _rendered(program, scalar, cases if trace != "full" else few, trace)
            for trace in ("none", "fired", "full")
        },
        "reference": lambda: [decide_by_reference(program, record, region) for record, region in few],
    }


def _by_hand(cases: Sequence[Case]) -> Side:
    plain = [(record.scores, record.facts, region, record.modalities) for record, region in cases]
    return lambda: [handwritten.decide(*case) for case in plain]


def _raw(scalar: Scalar, cases: Sequence[Case]) -> Side:
    plain = [(record.scores, record.facts, region, record.at, record.modalities) for record, region in cases]
    return lambda: [scalar.decide_raw(*case) for case in plain]


def _rendered(program: Program, scalar: Scalar, cases: Sequence[Case], trace: Any) -> Side:
    name = digest(to_json(program))

    def run() -> object:
        return [
            Decision("id", scalar.decide(record, region), program, name, record, evaluate=scalar.decide).to_dict(trace)
            for record, region in cases
        ]

    return run


def _regions(scalar: Scalar, cases: Sequence[Case]) -> dict[str, Side]:
    found: dict[str, Side] = {}
    for region in ("US", "DE"):
        for modalities in (frozenset({"text"}), frozenset({"text", "image"})):
            some = [(record, region) for record, _ in cases if record.modalities == modalities]
            label = f"{region}, {' and '.join(sorted(modalities))}"
            found |= {f"hand-written: {label}": _by_hand(some), f"scalar: {label}": _raw(scalar, some)}
    return found


def _outage(program: Program, scalar: Scalar, cases: Sequence[Case]) -> dict[str, Side]:
    down = outage(cases, "text.")
    few = down[:100]
    return {
        "hand-written (complete records)": _by_hand(cases),
        "scalar": _raw(scalar, down),
        "reference": lambda: [decide_by_reference(program, record, region) for record, region in few],
    }


# -- measuring -------------------------------------------------------------------------------------------------------


def _report(title: str, sides: dict[str, Side], rounds: int) -> None:
    """CPU time a record in microseconds, and the ratio to the first side; a side over fewer records counts them itself."""
    counts = {name: len(side()) for name, side in sides.items()}  # type: ignore[arg-type]
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            if counts[name] >= 500 or len(times[name]) < 3:
                times[name].append(_cpu(side) / counts[name] * 1e6)
    print(f"\n{title}\n{'':<42}{'us':>10}{'ratio':>9}")
    base: list[float] = []
    for name, found in times.items():
        base = found if not base or name.startswith("hand-written") else base
        ratio = statistics.median(a / b for a, b in zip(found, base, strict=False))
        print(f"{name:<42}{statistics.median(found):>10.2f}{ratio:>9.2f}")


def _cpu(side: Side) -> float:
    start = time.process_time()
    side()
    return time.process_time() - start


# -- agreeing --------------------------------------------------------------------------------------------------------


def _agree(scalar: Scalar, cases: Sequence[Case]) -> None:
    for record, region in cases:
        found = scalar.decide(record, region)
        routes = [(routed.route, routed.queue, routed.priority) for routed in found.routes]
        wanted = handwritten.decide(record.scores, record.facts, region, record.modalities)
        if (found.enforcement, routes, list(found.fired)) != wanted:
            raise SystemExit(f"the hand-written function disagrees in {region} on {record}")


def _share(scalar: Scalar, cases: Sequence[Case]) -> float:
    return sum(bool(scalar.decide(record, region).fired) for record, region in cases) / len(cases)


def _byte_for_byte(program: Program, scalar: Scalar, count: int) -> None:
    """Canonical JSON of the outcomes; every third record while a scorer is down."""
    cases = traffic(program, count, seed=2, found=0.05)
    cases = [*cases[: 2 * count // 3], *outage(cases[2 * count // 3 :], "text.")]
    for done, (record, region) in enumerate(cases):
        if canonical(scalar.decide(record, region)) != canonical(decide_by_reference(program, record, region)):
            raise SystemExit(f"record {done} in {region} differs: {record}")
    print(f"\n{count} records compared with the reference: equal byte for byte")


def canonical(outcome: Any) -> bytes:
    found = {name: value for name, value in asdict(outcome).items() if name != "verdicts"}
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


# -- peers -----------------------------------------------------------------------------------------------------------


def _peers(program: Program, scalar: Scalar, rounds: int) -> None:
    """Conditions alone, on records prepared beforehand, against whole decisions; records in which nothing is absent."""
    asked = questions(program, "DE")
    cases = [(record, "DE") for record, _ in traffic(program, 6_000, seed=3) if len(record.modalities or ()) == 3][
        :1_000
    ]
    prepared = [values(program, record) for record, _ in cases]
    sides = {"hand-written: the decision": _by_hand(cases), "scalar: the decision": _raw(scalar, cases)}
    answers: list[Any] | None = None
    for name in PEERS:
        side, found = _peer(name, asked, prepared)
        if side is None:
            print(f"\n{name}: not installed (`pip install --group bench`)")
            continue
        answers = answers or found
        if found != answers[: len(found)]:
            raise SystemExit(f"{name} disagrees")
        sides[f"{name}: {len(asked)} conditions"] = side
    _report(f"other engines, on records in which nothing is absent, all {len(asked)} conditions in DE", sides, rounds)


def _peer(name: str, asked: Any, prepared: Sequence[dict[str, Any]]) -> tuple[Side | None, list[Any]]:
    try:
        module = importlib.import_module(f"benchmarks.peers.{name}")
    except ImportError:
        return None, []
    peer = module.Peer(asked)
    records = [peer.prepare(item) for item in prepared[: SLOW.get(name)]]
    print(f"{module.DISTRIBUTION} {_version(module.DISTRIBUTION)}")
    return lambda: [peer.answer(item) for item in records], [list(peer.answer(item)) for item in records]


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "?"


if __name__ == "__main__":
    main()
