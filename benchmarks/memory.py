"""Whether memory stays flat: a hundred thousand posts moderated by the shipped pack, with batching and the cache.

    python -m benchmarks.memory [--items 100000] [--pack policies] [--callers 64]

Each post is made up and new, but for a fifth, which repeat one of the last thousand. The resident set is sampled every ten
thousand posts; the growth is the slope of the line of least squares through the samples after the warm-up, in which the
cache of scores and the words that models remember fill up to their bounds.
"""

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from collections import deque
from pathlib import Path

from benchmarks.words import made_up
from engine.engine import Engine
from scorers.content import Content

WARM = 0.3
CHUNK = 1000


def resident():
    """The resident set in MB; its peak, where the system does not tell the size of now."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return pages * resource.getpagesize() / 2**20


def posts(number, chance):
    """Yield posts in chunks of a thousand, so that they are not what fills memory."""
    last = deque([""], maxlen=1000)
    for _ in range(0, number, CHUNK):
        for text in made_up(chance, min(CHUNK, number)):
            post = chance.choice(last) if chance.random() < 0.2 else text
            last.append(post)
            yield post


async def moderated(engine, texts, callers):
    """Decide about each text; `callers` of them are on at the same time."""

    async def caller():
        for text in texts:  # one generator for all: a caller takes the next post when it has decided about one
            decision = await engine.moderate(Content(text=text), region="DE")
            assert decision.status, "a decision has a status"

    await asyncio.gather(*(caller() for _ in range(callers)))


def slope(samples):
    """The least-squares growth in MB for ten thousand posts."""
    count = len(samples)
    mean_x, mean_y = (sum(column) / count for column in zip(*samples, strict=True))
    return (
        10_000
        * sum((x - mean_x) * (y - mean_y) for x, y in samples)
        / (sum((x - mean_x) ** 2 for x, _ in samples) or 1.0)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--pack", type=Path, default=Path("policies"))
    parser.add_argument("--callers", type=int, default=64)
    arguments = parser.parse_args()
    engine, chance = Engine.load(arguments.pack), random.Random(5)
    step, begin, samples = arguments.items // 10, time.perf_counter(), []
    for done in range(step, arguments.items + 1, step):
        asyncio.run(moderated(engine, posts(step, chance), arguments.callers))
        gc.collect()
        samples.append((done, resident()))
        print(f"{done:>8} posts {samples[-1][1]:8.1f} MB {time.perf_counter() - begin:8.0f} s", flush=True)
    after = [sample for sample in samples if sample[0] > WARM * arguments.items]
    print(f"growth after the first {WARM:.0%}: {slope(after):+.2f} MB for 10,000 posts")
    for name, counts in engine.statistics().items():
        print(
            f"{name}: asked {counts.asked}, from the cache {counts.hits + counts.joined}, batches of {counts.batch:.1f}"
        )


if __name__ == "__main__":
    main()
