"""A configured scorer and contents -> how long its calls take and how many contents it judges, by batch size."""

from __future__ import annotations

import asyncio
import inspect
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from scorers.content import Content
from scorers.registry import Configured
from scorers.scorer import Missing, Row, StagedScorer
from scorers.values import answer_in

LEAST_CALLS = 5


@dataclass(frozen=True, slots=True)
class Timing:
    """Calls with `batch` contents each: milliseconds of a call, contents a second, and how much of the time preparing took.

    `preparing` is a share in [0, 1], None for a scorer in one stage.
    """

    batch: int
    calls: int
    p50_ms: float
    p99_ms: float
    throughput: float
    preparing: float | None


class NothingToMeasureError(ValueError):
    """No content that the scorer judges, or none about which it says anything."""


def judged(scorer: Configured, contents: Iterable[Content]) -> list[Content]:
    """Return the contents of which the scorer judges something. Raises NothingToMeasureError where there are none."""
    found = [one for one in contents if any(output.applies_to(one) for output in scorer.outputs.values())]
    if not found:
        raise NothingToMeasureError("there is no content that the scorer judges: give some with `--input`")
    return found


def measured(scorer: Configured, contents: Sequence[Content], sizes: Sequence[int], seconds: float) -> list[Timing]:
    """Call the loaded scorer for about `seconds` with batches of each size. Raises NothingToMeasureError, and what it raises."""
    with asyncio.Runner() as loop:
        _refuse_silence(scorer, contents, _score(scorer, contents[: max(sizes)], loop)[0])
        return [_timing(scorer, contents, size, seconds, loop) for size in sizes]


def _refuse_silence(scorer: Configured, contents: Sequence[Content], rows: Sequence[Row]) -> None:
    """A scorer that cannot do its work is quick: such a speed would mislead."""
    answers = [answer_in(row, content, scorer.outputs) for row, content in zip(rows, contents, strict=False)]
    reasons = [value.reason for answer in answers for value in answer.values() if isinstance(value, Missing)]
    if len(reasons) == sum(map(len, answers)):
        raise NothingToMeasureError(f"the scorer gives no value: {reasons[0] if reasons else 'no row'}")


def _timing(scorer: Configured, contents: Sequence[Content], size: int, seconds: float, loop: asyncio.Runner) -> Timing:
    supply = cycle(contents)
    _score(scorer, list(islice(supply, size)), loop)  # what is slow the first time is not measured
    times: list[float] = []
    preparing = 0.0
    while len(times) < LEAST_CALLS or sum(times) < seconds:
        batch = list(islice(supply, size))
        begin = time.perf_counter()
        _, prepared = _score(scorer, batch, loop)
        times.append(time.perf_counter() - begin)
        preparing += prepared
    total = sum(times)
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    share = preparing / total if isinstance(scorer.scorer, StagedScorer) else None
    return Timing(size, len(times), 1000 * cuts[49], 1000 * cuts[98], size * len(times) / total, share)


def _score(scorer: Configured, batch: Sequence[Content], loop: asyncio.Runner) -> tuple[Sequence[Row], float]:
    """Return the rows, and the seconds that preparing took, where that is a stage of its own."""
    made = scorer.scorer
    if not isinstance(made, StagedScorer):
        given: Any = made.score(batch)
        return (loop.run(given) if inspect.iscoroutine(given) else given), 0.0
    begin = time.perf_counter()
    prepared = made.prepare(batch)
    took = time.perf_counter() - begin
    ready = [one for one in prepared if not isinstance(one, Missing)]
    rows = iter(made.infer(ready) if ready else ())
    return [one if isinstance(one, Missing) else next(rows) for one in prepared], took


def plot(timings: Sequence[Timing], title: str, path: Path) -> None:
    """Draw throughput and latency by batch size. Raises ImportError without matplotlib, OSError, ValueError for a format."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - only who draws waits for it
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    sizes = [timing.batch for timing in timings]
    left.plot(sizes, [timing.throughput for timing in timings], marker="o")
    left.set(ylabel="contents a second", ylim=(0, None))
    for name in ("p50_ms", "p99_ms"):
        right.plot(sizes, [getattr(timing, name) for timing in timings], marker="o", label=name.removesuffix("_ms"))
    right.set(ylabel="ms a call", ylim=(0, None))
    right.legend()
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set_xlabel("contents in a call")
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    figure.savefig(path, dpi=150)
