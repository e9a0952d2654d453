"""Labelled texts -> `model.npz` and `model.json` of the scorer `text-linear`.

`python -m scorers.train.text_linear --data DIR --out DIR`; seeded, the same bytes on every run with the same packages.
"""

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from scorers.builtin.text_features import WINDOW, grams, normalised, pair, words
from scorers.builtin.text_linear import LABELS, REFERENCE_PREVALENCE, VERSION
from scorers.train.data import Row, digests, place, rows
from scorers.train.statistics import Bools, Floats, areas

SEED = 20_261_101
MIN_TEXTS = 4  # a feature of fewer training texts is left out
STRENGTH = 2.0  # inverse of the L2 penalty
PLAUSIBLE_SHARE = 0.5  # weight of the plausible "no" rows, as a share of the labelled ones
FOLDS = 5
INT16_MAX = 32_767  # scores change by less than 0.0002 against unrounded weights
EXPERIMENTAL_BELOW = 50  # held-out positives


@dataclass(frozen=True, slots=True)
class Head:
    """One label's fit: weights over the features, the calibration, and what cross-validation said on the way."""

    weights: Floats
    slope: float
    intercept: float
    folded: Floats
    labelled: Bools


def features(text: str) -> Counter[str]:
    """Count the features of a text's first window over its distinct words and word pairs, as scoring does."""
    named = [word for word in map(normalised, words(text)[:WINDOW]) if word]
    counts = Counter(gram for word in dict.fromkeys(named) for gram in grams(word))
    counts.update({pair(*two) for two in pairwise(named)})
    return counts


def vocabulary(counted: Iterable[Counter[str]]) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """Return the features of at least `MIN_TEXTS` texts, sorted, and twice their squared idf, rounded to 1 .. 255."""
    seen: Counter[str] = Counter()
    size = 0
    for counts in counted:
        seen.update(counts.keys())
        size += 1
    names = sorted(name for name, texts in seen.items() if texts >= MIN_TEXTS)
    idf = np.array([math.log((1 + size) / (1 + seen[name])) + 1 for name in names])
    return names, np.clip(np.rint(2 * idf**2), 1, 255).astype(np.uint8)


def matrix(counted: Sequence[Counter[str]], names: Sequence[str], squares: npt.NDArray[np.uint8]) -> Any:
    """Return the texts as sparse rows: idf times count, over the square root of the sum of idf squared times count."""
    index = {name: place for place, name in enumerate(names)}
    found = [sorted((index[name], n) for name, n in counts.items() if name in index) for counts in counted]
    columns = np.array([column for row in found for column, _ in row], np.int32)
    counts = np.array([n for row in found for _, n in row], np.float64)
    starts = np.cumsum([0, *map(len, found)])
    shape = (len(found), len(names))
    length = sp.csr_matrix((counts, columns, starts), shape) @ squares.astype(np.float64)
    values = counts * np.sqrt(squares[columns])
    return sp.diags(1 / np.sqrt(np.maximum(length, 1))) @ sp.csr_matrix((values, columns, starts), shape)


def weights(data: Sequence[Row], label: str) -> tuple[Floats, Bools]:
    """Weigh the rows for one label, and say which are a "yes".

    Within a source, yes and no weigh the same, so that the style of a source is no evidence; a source weighs as the
    square root of its rarer side. The plausible "no" rows together weigh `PLAUSIBLE_SHARE` of all that, so that
    half of what speaks against a label is a judged "no", and half is everyday text.
    """
    sources = np.array([row.source for row in data])
    said = np.array([row.labels.get(label, -1) for row in data])
    weight = np.zeros(len(data))
    for source in sorted(set(sources)):
        sides = [(sources == source) & (said == value) for value in (0, 1)]
        rarer = min(int(side.sum()) for side in sides)
        for side in sides:
            weight[side] = math.sqrt(rarer) / max(int(side.sum()), 1)
    unasked = np.array([label in row.plausible for row in data]) & (said < 0)
    weight[unasked] = PLAUSIBLE_SHARE * weight.sum() / max(int(unasked.sum()), 1)
    return weight, said == 1


def platt(scores: Floats, yes: Bools, weight: Floats) -> tuple[float, float]:
    """Return slope and intercept of Platt's logistic calibration, at the reference prevalence.

    Targets are smoothed as in Platt (1999), section 2.2: (N+ + 1) / (N+ + 2) and 1 / (N- + 2).
    """
    counts = np.array([(~yes).sum(), yes.sum()])
    target = np.where(yes, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    share = np.where(yes, REFERENCE_PREVALENCE / weight[yes].sum(), (1 - REFERENCE_PREVALENCE) / weight[~yes].sum())
    mass = weight * share * len(yes)
    fit = LogisticRegression(C=1e6, tol=1e-8).fit(
        np.concatenate([scores, scores])[:, None],
        np.repeat([1, 0], len(scores)),
        sample_weight=np.concatenate([mass * target, mass * (1 - target)]),
    )
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def fit(x: Any, data: Sequence[Row], label: str, strength: float = STRENGTH) -> Head:
    """Fit one label and calibrate it on out-of-fold scores; folds keep near-duplicates together.

    `x` holds a row of features for each row of `data`; `strength` is the inverse of the L2 penalty.
    """
    weight, yes = weights(data, label)
    used = weight > 0
    folds = PredefinedSplit(np.array([place(f"fold {row.group}", FOLDS) for row in data])[used])
    mass = weight[used] / weight[used].mean()
    model = LogisticRegression(C=strength, solver="liblinear", tol=1e-3, random_state=SEED)
    outside = cross_val_predict(
        model, x[used], yes[used], cv=folds, method="decision_function", params={"sample_weight": mass}
    )
    model.fit(x[used], yes[used], sample_weight=mass)
    slope, intercept = platt(outside, yes[used], weight[used])
    folded = np.full(len(data), np.nan)
    folded[used] = 1 / (1 + np.exp(-(slope * outside + intercept)))
    labelled = np.array([label in row.labels for row in data]) & used
    return Head(model.coef_[0], slope, slope * float(model.intercept_[0]) + intercept, folded, labelled)


def precise_from(scores: Floats, yes: Bools, precision: float = 0.9) -> float | None:
    """Return the lowest score from which `precision` of the rows are a "yes"; None where there is none."""
    reached, _, thresholds = precision_recall_curve(yes, scores)
    enough = thresholds[reached[:-1] >= precision]
    return round(float(enough.min()), 6) if len(enough) else None


def described(head: Head, scale: float, data: Sequence[Row], label: str, held_out: int) -> dict[str, Any]:
    """Return what `model.json` says of one label."""
    yes = np.array([row.labels.get(label) == 1 for row in data])
    kept = head.labelled
    return {
        "slope": head.slope * scale,
        "intercept": head.intercept,
        "experimental": held_out < EXPERIMENTAL_BELOW,
        "training": {"yes": int(yes.sum()), "no": int((kept & ~yes).sum())},
        "out_of_fold_roc_auc": str(areas(head.folded[kept], yes[kept])[0]),
        "precision_90_from": precise_from(head.folded[kept], yes[kept]),
    }


def train(folder: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Return the arrays of `model.npz` and what `model.json` says of them but the digest. Raises OSError."""
    data = rows(folder)
    learnt = [row for row in data if not row.held_out]
    counted = [features(row.text) for row in learnt]
    names, squares = vocabulary(counted)
    x = matrix(counted, names, squares)
    heads = {label: fit(x, learnt, label) for label in LABELS}
    full = np.stack([head.weights * np.sqrt(squares) for head in heads.values()], axis=1)
    scales = np.abs(full).max(axis=0) / INT16_MAX
    held = Counter(label for row in data if row.held_out for label, value in row.labels.items() if value)
    card = {
        "version": VERSION,
        "labels": {
            label: described(head, float(scale), learnt, label, held[label])
            for (label, head), scale in zip(heads.items(), scales, strict=True)
        },
        "reference_prevalence": REFERENCE_PREVALENCE,
        "features": len(names),
        "rows": {"training": len(learnt), "held out": len(data) - len(learnt)},
        "seed": SEED,
        "data": digests(folder),
    }
    arrays = {
        "vocabulary": np.frombuffer("\n".join(names).encode(), np.uint8),
        "rows": np.column_stack([np.rint(full / scales), squares]).astype("<i2"),
    }
    return arrays, card


def write(arrays: dict[str, npt.NDArray[Any]], card: dict[str, Any], out: Path) -> None:
    """Write both files to `out`, which is made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "model.npz"
    np.savez_compressed(path, allow_pickle=False, **arrays)
    card = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **card}
    (out / "model.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, or 2 where the data cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scorers.train.text_linear", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets (`text/*.parquet`)")
    parser.add_argument("--out", type=Path, required=True, help="folder for `model.npz` and `model.json`")
    options = parser.parse_args(arguments)
    try:
        arrays, card = train(options.data)
    except OSError as error:
        sys.stderr.write(f"the labelled sets cannot be read: {error}\n")
        return 2
    write(arrays, card, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
