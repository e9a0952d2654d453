"""How fast near hashes are found among many, as ratios to the brute-force twin (NumPy) in the same run, interleaved.

    python benchmarks/hash_index.py [--size 1000000] [--bits 256] [--rounds 5] [--threads 1] [--multihash] [--device cpu]

Known hashes are random; of the hashes looked up half are planted, known ones with up to `max_distance` + 4 bits flipped, and
half are random. Every answer of the index is compared with the twin's, those of the first 16 hashes; the exit status is 1
where one differs. Reported is the best of the rounds. `--multihash` also times faiss' hash tables on the same hashes, with as
many flips as exact answers need (`max_distance` < tables x (flips + 1)).

Needs `limen[hash]`. `--device cuda` runs on the CPU and says so: `faiss-cpu` has no index on a GPU, and those of `faiss-gpu`
for binary hashes answer the k nearest only, not all within a distance.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import faiss
import numpy as np

from scorers.hashes import Entry, HashIndex
from scorers.hashes.brute import BruteForce

MAX_DISTANCE = {256: 31, 64: 8}
TABLES = {256: (16, 16), 64: (3, 20)}  # how many, of how many bits
BATCHES = (1, 16, 256)
TWIN_HASHES = 16  # the twin takes the same time for each
Way: TypeAlias = Callable[[list[bytes]], Any]


def resident() -> float:
    """Return the memory of this process in MiB, 0 where the system does not tell it in /proc."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    return call(), time.perf_counter() - begin


def looked_up(chance: np.random.Generator, known: Any, bits: int, most: int) -> list[bytes]:
    """Return hashes to look up, in turns a planted and a random one."""
    asked = chance.integers(0, 256, (max(BATCHES), bits // 8), dtype=np.uint8)
    for row in range(0, len(asked), 2):
        asked[row] = known[chance.integers(len(known))]
        for bit in chance.choice(bits, chance.integers(0, most + 5), replace=False):
            asked[row, bit // 8] ^= 1 << (bit % 8)
    return [row.tobytes() for row in asked]


def array_of(hashes: list[bytes]) -> Any:
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1)


def main() -> int:
    options = arguments()
    bits, most = options.bits, MAX_DISTANCE[options.bits]
    if options.device == "cuda":
        print("--device cuda: not offered, see the head of this file; this runs on the CPU\n")
    chance = np.random.default_rng(options.seed)
    known = chance.integers(0, 256, (options.size, bits // 8), dtype=np.uint8)
    asked = looked_up(chance, known, bits, most)
    print(
        f"{options.size:,} hashes of {bits} bits, within {most}, {options.threads} thread(s), best of {options.rounds}"
    )
    index = built(known, bits)

    def search(hashes: list[bytes]) -> Any:
        return index.search(hashes, most, limit=1, threads=options.threads)

    ways: dict[str, Way] = {"index": search}
    if options.multihash:
        ways["multihash"] = multihash(known, bits, most, options.threads)
    twin = BruteForce(known)

    def brute(hashes: list[bytes]) -> Any:
        return list(twin.within(array_of(hashes), most))

    report(raced(ways | {"twin": brute}, asked, options.rounds))
    wrong = differing(search(asked[:TWIN_HASHES]), brute(asked[:TWIN_HASHES]))
    matched = [bool(found) for found in search(asked)]
    print(f"\nanswers that differ from the twin's: {wrong} of {TWIN_HASHES}")
    print(
        f"matched: {sum(matched[::2])} of {len(matched[::2])} planted, {sum(matched[1::2])} of {len(matched[1::2])} random"
    )
    return 1 if wrong else 0


def built(known: Any, bits: int) -> HashIndex:
    before = resident()
    entries = (Entry(row.tobytes(), f"{number:08}", "known") for number, row in enumerate(known))
    index, seconds = timed(lambda: HashIndex.build(entries, bits))
    memory = resident() - before
    _, scan = timed(lambda: faiss.IndexBinaryFlat(bits).add(known))
    print(f"index: built in {seconds:.2f} s, {memory:.0f} MiB, with ids and lists")
    print(f"  of which the hashes, scanned: {scan:.3f} s, {known.nbytes / 2**20:.0f} MiB")
    return index


def multihash(known: Any, bits: int, most: int, threads: int) -> Way:
    tables, width = TABLES[bits]
    before = resident()
    index = faiss.IndexBinaryMultiHash(bits, tables, width)
    _, seconds = timed(lambda: index.add(known))
    index.nflip = most // tables
    memory = resident() - before
    print(
        f"multihash, {tables} tables of {width} bits, {index.nflip} flip(s): built in {seconds:.1f} s, {memory:.0f} MiB"
    )
    faiss.omp_set_num_threads(threads)
    return lambda hashes: index.range_search(array_of(hashes), most + 1)


def raced(ways: dict[str, Way], asked: list[bytes], rounds: int) -> dict[tuple[str, int], float]:
    """Return the seconds a hash of each way and batch, the best of the rounds; in each round every one has its turn."""
    best: dict[tuple[str, int], float] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            for batch in [TWIN_HASHES] if name == "twin" else BATCHES:
                seconds = a_hash(way, asked, batch)
                best[name, batch] = min(seconds, best.get((name, batch), seconds))
    return best


def a_hash(way: Way, asked: list[bytes], batch: int) -> float:
    """Return the seconds a hash, over one batch or over as many as make up 64 hashes."""
    batches = [asked[start : start + batch] for start in range(0, max(1, 64 // batch) * batch, batch)]
    _, seconds = timed(lambda: [way(hashes) for hashes in batches])
    return seconds / (len(batches) * batch)


def report(best: dict[tuple[str, int], float]) -> None:
    print(f"\n{'':10} {'batch':>6} {'ms a hash':>10} {'ms a batch':>11} {'twin / it':>10}")
    twin = best["twin", TWIN_HASHES]
    for (name, batch), seconds in sorted(best.items()):
        print(f"{name:10} {batch:6} {1000 * seconds:10.3f} {1000 * seconds * batch:11.2f} {twin / seconds:10.1f}")


def differing(found: Any, by_twin: Any) -> int:
    """Count the hashes whose nearest is at another distance than the twin says."""
    nearest = [[match.distance for match in matches] for matches in found]
    return sum(one != sorted(distances.tolist())[:1] for one, (_, distances) in zip(nearest, by_twin, strict=True))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--bits", type=int, choices=sorted(MAX_DISTANCE), default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--multihash", action="store_true")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
