"""Labelled texts -> `heads.json` of the scorer `text-minilm`: a logistic regression for each label on sentence embeddings.

`python -m scorers.train.minilm --data DIR --out DIR [--cache DIR]`; seeded. Embeddings are computed once and kept in `--cache`.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from scorers.builtin.text_linear import LABELS, REFERENCE_PREVALENCE
from scorers.builtin.text_minilm import SHA256, VERSION, Embedder
from scorers.onnx.runtime import ModelUnavailableError
from scorers.train.data import Row, digests, place, rows
from scorers.train.text_linear import SEED, Head, described, fit

STRENGTH = 1.0  # inverse of the L2 penalty, by out-of-fold areas among 0.1, 0.3, 1, 3, 10, 30 and 100
MOST = 5000  # training rows of a set
# The encoder learnt English without emoji: German tweets, and sentences whose point is an emoji, would only teach it noise.
LEFT_OUT = frozenset({"germeval2018_de", "hatemoji_build"})
RARE = frozenset({"hate", "violence", "self_harm", "spam"})
DIGITS = 5
_CHUNK = 512

Embed = Callable[[Sequence[str]], list[list[Any]]]


def sample(data: Sequence[Row], most: int, *, rare_first: bool = True) -> list[Row]:
    """Return at most `most` rows of each source, by hash; up to a quarter rows with a rare "yes", as far as there are such."""

    def order(row: Row) -> int:
        return place(f"sample {row.text}", 2**62)

    kept: set[int] = set()
    for source in dict.fromkeys(row.source for row in data):
        own = sorted((row for row in data if row.source == source), key=order)
        rare = [row for row in own if rare_first and any(row.labels.get(label) for label in RARE)][: most // 4]
        first = {id(row) for row in rare}
        kept |= {id(row) for row in (*rare, *(row for row in own if id(row) not in first))[:most]}
    return [row for row in data if id(row) in kept]


def cached(embed: Embed, cache: Path) -> Embed:
    """Return `embed` with a memory: files in a folder, a new one for every few texts, so that work cut short goes on."""
    known: dict[str, list[Any]] = {}
    for path in sorted(cache.glob(f"minilm-{SHA256[:8]}-{VERSION}-*.npz")):
        with np.load(path) as kept:
            parts = np.split(kept["vectors"], np.cumsum(kept["windows"])[:-1])
            known |= {str(key): list(part) for key, part in zip(kept["keys"], parts, strict=True)}

    def embedded(texts: Sequence[str]) -> list[list[Any]]:
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        lacking = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for chunk in _chunks(list(lacking)):
            found = embed([lacking[key] for key in chunk])
            known.update(zip(chunk, found, strict=True))
            _keep(chunk, found, cache / f"minilm-{SHA256[:8]}-{VERSION}-{chunk[0][:16]}.npz")
        return [known[key] for key in keys]

    return embedded


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]


def _keep(keys: Sequence[str], found: Sequence[Sequence[Any]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = np.array([vector for vectors in found for vector in vectors], np.float64)
    np.savez(path, keys=np.array(keys), windows=np.array([len(vectors) for vectors in found]), vectors=flat)


def headed(head: Head, data: Sequence[Row], label: str, held_out: int) -> dict[str, Any]:
    """Return what `heads.json` says of one label; the calibration's slope is multiplied into the weights."""
    about = described(head, 1.0, data, label, held_out)
    slope, intercept = about.pop("slope"), about.pop("intercept")
    weights = [round(slope * float(weight), DIGITS) for weight in head.weights]
    return {**about, "intercept": round(intercept, DIGITS), "weights": weights}


def train(folder: Path, embed: Embed, most: int) -> dict[str, Any]:
    """Return what `heads.json` holds. Raises OSError where a set cannot be read."""
    data = rows(folder)
    learnt = sample([row for row in data if not row.held_out and row.source not in LEFT_OUT], most)
    vectors = np.array([windows[0] for windows in embed([row.text for row in learnt])])  # the first window, as labelled
    held = Counter(label for row in data if row.held_out for label, value in row.labels.items() if value)
    return {
        "version": VERSION,
        "encoder": SHA256,
        "reference_prevalence": REFERENCE_PREVALENCE,
        "rows": dict(Counter(row.source for row in learnt)),
        "seed": SEED,
        "data": digests(folder),
        "labels": {
            label: headed(fit(vectors, learnt, label, STRENGTH), learnt, label, held[label]) for label in LABELS
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, or 2 where the data cannot be read or the encoder does not run."""
    parser = argparse.ArgumentParser(prog="python -m scorers.train.minilm", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets (`text/*.parquet`)")
    parser.add_argument("--out", type=Path, required=True, help="folder for `heads.json`")
    parser.add_argument("--cache", type=Path, default=Path(gettempdir()) / "limen-minilm", help="folder for embeddings")
    parser.add_argument("--most", type=int, default=MOST, help=f"training rows of a set; {MOST} unless given")
    options = parser.parse_args(arguments)
    try:
        embed = cached(Embedder.open(threads=1).embed, options.cache)
        heads = train(options.data, embed, options.most)
    except (OSError, ModelUnavailableError) as error:
        sys.stderr.write(f"nothing was trained: {error}\n")
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "heads.json").write_text(json.dumps(heads) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
