"""Hostile inputs for every target: `python -m tests.fuzz.run --inputs 200000`. A failing one is shrunk and kept."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.targets import TARGETS, Target

SECONDS = 20
KEPT = Path(".hypothesis") / "fuzz"


class TooSlowError(Exception):
    """An input that takes a target longer than SECONDS."""


@dataclass(frozen=True, slots=True)
class Failure:
    target: str
    seed: int
    text: str
    trace: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    targets = [target for target in TARGETS if options.target in (None, target.name)]
    signal.signal(signal.SIGALRM, _too_slow)
    began, failures, slowest = time.monotonic(), 0, (0.0, "")
    for count, (target, seed) in enumerate(_plan(targets, options.inputs, options.seed), start=1):
        at = time.monotonic()
        failure = run_one(target, seed)
        slowest = max(slowest, (time.monotonic() - at, f"{target.name} {seed}"))
        if failure:
            failures += 1
            _tell(failure, _keep(failure, options.keep))
        _progress(count, options.inputs, failures, began)
        if failures >= options.stop:
            break
    print(
        f"\n{count} inputs, {failures} failed, {time.monotonic() - began:.0f} s; the slowest took {slowest[0]:.2f} s ({slowest[1]})"
    )
    return 1 if failures else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, help="how many, over all targets")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; input n of a target has seed + n")
    parser.add_argument("--target", choices=[target.name for target in TARGETS], help="only this one")
    parser.add_argument("--stop", type=int, default=5, help="stop after so many failures")
    parser.add_argument("--keep", type=Path, default=KEPT, help="the folder for failing inputs")
    return parser.parse_args(arguments)


def _plan(targets: Sequence[Target], inputs: int, seed: int) -> Iterator[tuple[Target, int]]:
    """Each target as often as its share, evenly mixed."""
    cycle = [target for target in targets for _ in range(target.share)]
    for count in range(inputs):
        yield cycle[count % len(cycle)], seed + count


def run_one(target: Target, seed: int) -> Failure | None:
    """Makes one input and checks it; a fault is shrunk."""
    text = target.make(Random(seed))
    fault = _fault(target.check, text)
    if fault is None:
        return None
    small = shrink(text, lambda smaller: type(_fault(target.check, smaller)) is type(fault))
    shown = _fault(target.check, small) or fault
    return Failure(target.name, seed, small, "".join(traceback.format_exception(shown)[-12:]))


def _fault(check: Callable[[str], None], text: str) -> Exception | None:
    signal.alarm(SECONDS)
    try:
        check(text)
    except Exception as fault:  # noqa: BLE001 - any exception is what is looked for
        return fault
    finally:
        signal.alarm(0)
    return None


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def shrink(text: str, fails: Callable[[str], bool], most: int = 2000) -> str:
    """A shorter text that still fails: pieces are left out, ever smaller ones, while that helps."""
    size, tries = max(1, len(text) // 2), 0
    while tries < most:
        start, shorter = 0, False
        while start < len(text) and tries < most:
            candidate = text[:start] + text[start + size :]
            tries += 1
            if fails(candidate):
                text, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2) if not shorter or size > 1 else 1
    return text


def _keep(failure: Failure, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failure.target}-{failure.seed}.limen"
    path.write_text(failure.text, encoding="utf-8", errors="surrogatepass", newline="")
    return path


def _tell(failure: Failure, path: Path) -> None:
    print(
        f"\n{failure.target} fails on {failure.text!r} (seed {failure.seed}, kept as {path})\n{failure.trace}",
        flush=True,
    )


def _progress(count: int, inputs: int, failures: int, began: float) -> None:
    """A line that is written over on a terminal, and one for each tenth elsewhere."""
    if sys.stdout.isatty() and count % 50 == 0:
        rate = count / (time.monotonic() - began)
        print(f"\r{count}/{inputs} inputs, {failures} failed, {rate:.0f} a second ", end="", flush=True)
    elif not sys.stdout.isatty() and count % max(1, inputs // 10) == 0:
        print(f"{count}/{inputs} inputs, {failures} failed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
