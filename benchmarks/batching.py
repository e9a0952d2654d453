"""What batching across requests costs and gives, beside loops over the same session; tokenising included on both sides.

    python -m benchmarks.batching [--model minilm|minilm-random|xlmr-large-random|FOLDER] [--device auto|cpu|cuda]

At saturation: the throughput of many callers, each of whom asks about one text, as a share of the best loop of a fixed size (the
same scorer object, `infer(prepare(chunk))`, every size tried in every round). At a tenth of saturation, arrivals by chance: how
long one waits, beside direct calls made in between. Wall times, with processor time beside them: on a machine that others use
too, the ratios of processor time are the steadier ones; overlap shows in wall times only.

`minilm` is the shipped int8 encoder (`text-minilm`); its arithmetic runs one row at a time, so batches give it nothing. The `-random`
ones are encoders of that size with random weights (`benchmarks/encoders.py`, needs `pip install --group bench`), and FOLDER is any folder
that `text-onnx` takes.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.words import made_up
from scorers.content import Content
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Prepared

SIZES = (1, 2, 4, 8, 16, 32, 64)


def texts(number):
    """Tweets, where there are any; made-up posts of 2 to 24 words, most of them short, otherwise."""
    if folder := os.environ.get("LIMEN_DATA"):
        import pyarrow.parquet as pq  # noqa: PLC0415

        column = pq.read_table(Path(folder) / "text" / "davidson.parquet", columns=["tweet"])["tweet"]
        return [str(tweet) for tweet in column.to_pylist()[:number]]
    return made_up(random.Random(7), number, shortest=2, longest=24)


def scorer_of(model, device, threads, precision, scratch):
    patient = {"timeout_ms": 600_000, "queue": 100_000}  # a slow machine is not what is measured
    common = {"device": device, "threads": threads, "cache": False, **patient}
    if model == "minilm":
        entry, folder = {"use": "text-minilm", **common}, Path()
    else:
        folder = Path(model)
        if model.endswith("-random"):
            from benchmarks.encoders import write  # noqa: PLC0415  (needs `onnx`)

            folder = scratch / "model"
            write(model.removesuffix("-random"), folder, precision)
        entry = {"use": "text-onnx", "model": folder.name, "precision": precision, **common}
    setup = Registry.installed().configure({"it": entry}, folder.parent)
    if setup.problems:
        raise SystemExit("; ".join(problem.message for problem in setup.problems))
    return setup.scorers[0]


def clocked(run):
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def loop(scorer, contents, size):
    for start in range(0, len(contents), size):
        prepared = scorer.prepare(contents[start : start + size])
        scorer.infer([one for one in prepared if isinstance(one, Prepared)])


def saturated(runner, contents, callers):
    """Run many callers, each of whom asks about one content after the other."""

    async def caller(mine):
        for content in mine:
            (scored,) = await runner.run([content])
            assert not scored.missing, scored.missing

    async def all_of_them():
        await asyncio.gather(*(caller(contents[number::callers]) for number in range(callers)))

    asyncio.run(all_of_them())


def saturation(configured, contents, arguments):
    """Print the throughput of each loop and of the runner, and return the runner's, in contents a second of wall time."""
    runner = Runner([replace(configured, batch=arguments.batch)])
    runs = {size: lambda size=size: loop(configured.scorer, contents, size) for size in arguments.sizes}
    runs["callers"] = lambda: saturated(runner, contents, arguments.callers)
    times = {name: [] for name in runs}
    loop(configured.scorer, contents[:64], 16)
    saturated(runner, contents[:64], 16)
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            times[name].append(clocked(run))
    rate = {
        name: [len(contents) / statistics.median(column) for column in zip(*seen, strict=True)]
        for name, seen in times.items()
    }
    print(f"{'':>18} {'texts/s':>9} {'texts/s of processor time':>26}")
    for name, (wall, cpu) in rate.items():
        label = f"{arguments.callers} callers" if name == "callers" else f"loop of {name}"
        print(f"{label:>18} {wall:9.0f} {cpu:26.0f}")
    for place, kind in enumerate(("wall", "processor")):
        best = max(arguments.sizes, key=lambda size: rate[size][place])
        ratios = [times[best][n][place] / times["callers"][n][place] for n in range(arguments.rounds)]
        told = f"{statistics.median(ratios):.0%} (rounds {min(ratios):.0%} to {max(ratios):.0%})"
        print(f"callers / best loop (of {best}), {kind} time: {told}; target: at least 95 %")
    counts = runner.statistics()["it"]
    print(f"contents in a call of the model: {counts.batch:.1f} on average, {arguments.batch} at most")
    return rate["callers"][0]


def quiet(configured, contents, arguments, rate):
    """Print latencies at a tenth of saturation; every other content is asked about directly, in a thread, when it comes."""
    runner = Runner([replace(configured, batch=arguments.batch)])
    chance = random.Random(11)
    seen = {"direct": [], "runner": []}

    async def one(kind, content):
        begin = time.perf_counter()
        if kind == "runner":
            await runner.run([content])
        else:
            await asyncio.to_thread(configured.scorer.score, [content])
        seen[kind].append(1000 * (time.perf_counter() - begin))

    async def arrivals():
        await runner.run(contents[:1])
        tasks = []
        for number, content in enumerate(contents):
            await asyncio.sleep(chance.expovariate(rate / 10))
            tasks.append(asyncio.create_task(one(("runner", "direct")[number % 2], content)))
        await asyncio.gather(*tasks)

    asyncio.run(arrivals())
    (d50, d99), (r50, r99) = (_percentiles(seen[kind]) for kind in ("direct", "runner"))
    print(f"at {rate / 10:.0f} texts/s, ms: direct p50 {d50:.1f} p99 {d99:.1f}, runner p50 {r50:.1f} p99 {r99:.1f}")
    print(f"p50 {r50 - d50:+.1f} ms, p99 {r99 - d99:+.1f} ms; target: at most 2 ms + one batch ({d50:.1f} ms)")


def _percentiles(values):
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="minilm-random")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("fp32", "fp16"), default="fp32")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32, help="the runner's setting `batch`")
    parser.add_argument("--callers", type=int, default=128)
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    arguments = parser.parse_args()
    if arguments.model == "xlmr-large-random" and arguments.device == "cpu":
        print("an encoder of this size takes about a second a text on a CPU: give --texts 20 --rounds 1")
    with tempfile.TemporaryDirectory() as scratch:
        configured = scorer_of(arguments.model, arguments.device, arguments.threads, arguments.precision, Path(scratch))
        configured.scorer.load()
        print(f"{arguments.model} on {configured.scorer.device}, {arguments.texts} texts, {arguments.rounds} rounds")
        contents = [Content(text=text) for text in texts(arguments.texts)]
        rate = saturation(configured, contents, arguments)
        quiet(configured, contents, arguments, rate)


if __name__ == "__main__":
    main()
