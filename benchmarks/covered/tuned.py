"""Thresholds that `limen tune` chose from a labelled log: how often what it guarantees does not hold.

A row with the score s, spread evenly over [0, 1], is a violation with a chance of s: every metric of a threshold is known.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.covered.rows import AT_MOST, Row, between, broken
from engine.load import load_pack
from policy_dsl.program import MICRO
from simulator.requirements import parse_metric, parse_requirement
from simulator.settings import resolve
from simulator.tune import Tuning

DELTA = 0.05
MANIFEST = """
pack: simulated
language: 1
enforcements: {allow: {}, remove: {}}
routes: {review: {queue: general}}
severities: {P1: {}}
inputs: {text.a: {type: score, modality: text}}
"""
ONE = "policy p {\n  severity P1\n  thresholds on text.a { remove >= 0.8 }\n}\n"
TWO = ONE.replace("remove >= 0.8", "remove >= 0.9 review >= 0.5")
# of the rows from t on: precision, false-positive rate, missed violations
TRUTH = {"precision": lambda t: (1 + t) / 2, "fpr": lambda t: (1 - t) ** 2, "expected_miss_rate": lambda t: t**2}


@dataclass(frozen=True)
class Drawn:
    """A log in memory."""

    parts: Sequence[pa.RecordBatch]

    def batches(self, columns):
        for part in self.parts:
            yield part.select([name for name in part.schema.names if name in columns])


def log(rng, rows, reviewed=None):
    scores = rng.integers(0, MICRO + 1, rows)
    violates = rng.random(rows) < scores / MICRO
    columns = {
        "id": pa.array([str(i) for i in range(rows)]),
        "region": pa.array(["DE"] * rows).dictionary_encode(),
        "at": pa.array(np.linspace(0, 10 * 86_400e6, rows).astype(np.int64), pa.timestamp("us", "UTC")),
        "text.a": pa.array(scores.astype(np.int32)),
        "label.p": pa.array(violates, mask=None if reviewed is None else rng.random(rows) >= reviewed),
    }
    if reviewed is not None:
        columns["review.propensity"] = pa.array(np.full(rows, reviewed))
    return Drawn([pa.RecordBatch.from_pydict(columns)])


def program_of(text):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "limen.yaml").write_text(MANIFEST, "utf-8")
        Path(folder, "p.limen").write_text(text, "utf-8")
        return load_pack(Path(folder)).compiled.program


def tuned(drawn, program, seed, require, objective):
    """The thresholds that were chosen, or None."""
    targets = resolve(program, "p", None, None, None)
    rungs = [target.action for target in targets]
    asked = [parse_requirement(one, rungs) for one in require]
    found = Tuning(drawn, program, targets, asked, parse_metric(objective, rungs), DELTA, seed).run().chosen
    return found and [1.0 if one.threshold is None else one.threshold / MICRO for one in found.settings]


def of_one_rung(rng, logs):
    program = program_of(ONE)
    cases = (("precision", ">=", 0.85, None), ("precision", ">=", 0.85, 0.4), ("fpr", "<=", 0.1, None))
    for metric, sign, bound, reviewed in cases:
        sizes = between(rng, 1000, 6000, logs).astype(int)
        chosen = [
            tuned(log(rng, n, reviewed), program, seed, [f"{metric}{sign}{bound}"], "recall")
            for seed, n in enumerate(sizes)
        ]
        known = np.array([TRUTH[metric](one[0]) if one else bound for one in chosen])
        slack = known - bound if sign == ">=" else bound - known
        what = f"tune, {metric}{sign}{bound:g}" + (" of labels with a propensity" if reviewed else "")
        given = float(slack[[one is not None for one in chosen]].mean())
        yield Row(what, AT_MOST, float(np.mean(slack < 0)), logs, DELTA, given, refused=chosen.count(None))


def of_missed(rng, logs):
    program, bound = program_of(ONE), 0.15
    require = [f"expected_miss_rate<={bound}"]
    chosen = [
        tuned(log(rng, int(n)), program, seed, require, "precision")
        for seed, n in enumerate(between(rng, 1000, 6000, logs))
    ]
    missed = np.array([TRUTH["expected_miss_rate"](one[0]) if one else 0.0 for one in chosen])
    error, mean = float(missed.std() / np.sqrt(logs)), float(missed.mean())
    yield Row(f"tune, {require[0]}", AT_MOST, mean, logs, bound, bound - mean, error, chosen.count(None))


def of_two_rungs(rng, logs):
    """A tenth of the logs: each takes a third of a second. Rows arrive over ten days."""
    program, logs = program_of(TWO), logs // 10
    broke = []
    for seed in range(logs):
        rows = int(between(rng, 2000, 8000, ()))
        most = round(rows / 10 * 0.3)
        require = ["precision(remove)>=0.9", f"reviews_per_day<={most}"]
        found = tuned(log(rng, rows), program, seed, require, "recall(review)")
        remove, review = found or (1.0, 1.0)
        broke.append(TRUTH["precision"](remove) < 0.9 or (remove - review) * rows / 10 > most)
    yield broken("tune, two rungs: precision(remove)>=0.9 and reviews_per_day of 30 % of the rows", broke, DELTA)


SCENARIOS = (of_one_rung, of_missed, of_two_rungs)
