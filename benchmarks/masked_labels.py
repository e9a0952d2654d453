"""What selective labels do to figures: labels of a real log are masked by a known chance, and each way of reading the rest is told.

    LIMEN_DATA=FOLDER python -m benchmarks.masked_labels [--seed 0]

`scored_log_davidson.parquet` has a label on every row, so the truth is known. Reviewers are sent what scores high: 80 % of the rows from .6
on, 30 % from .3 on, 5 % below. Then the same without the lowest part, at which nobody looks. The policy is the shipped pack's `hate`, with
`reduce and review` at .95 (A) and at .6 (B). Prints the tables of docs/explanation/labels.md.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.engine import Engine
from simulator.columns import ColumnMap
from simulator.cube import Cube
from simulator.log import open_log
from simulator.replay import replay
from simulator.result import ALL, Bounds, Refused
from simulator.sections.quality import quality
from simulator.settings import apply_settings

ROOT = Path(__file__).parents[1]
CHANCES = ((0.6, 0.8), (0.3, 0.3), (0.0, 0.05))
METRICS = ("precision", "recall", "false_positive_rate")
NAMES = {"ipw": "IPW", "snipw": "self-normalised", "dr": "doubly robust", "bounds": "bounds", "all": "all labels"}


def masked(table, chance, rng):
    """The label only where a reviewer looked."""
    seen = rng.random(len(chance)) < chance
    label = pa.array(table["label_class_name"].to_pylist(), mask=~seen)
    table = table.set_column(table.schema.get_field_index("label_class_name"), "label_class_name", label)
    return table.append_column("review.propensity", pa.array(chance, mask=~seen))


def chances(scores, lowest):
    chance = np.zeros(len(scores))
    for least, share in reversed(CHANCES):
        chance[scores >= least] = share if least else lowest
    return chance


def cube(table, programs, columns):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        pq.write_table(table, path)
        return replay(open_log([str(path)], columns), programs).cube


def reviewed_only(found: Cube) -> Cube:
    """What one gets who takes the labelled rows for all."""
    return found.select(found.of("label.hate") != 0)


def told(figure):
    if isinstance(figure, Refused):
        return "refused"
    if isinstance(figure, Bounds):
        return f"not identified, {figure.low:.3f} to {figure.high:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def rows(found, programs, name=None):
    figures = [one for one in quality(found, programs).quality if one.slice == ALL and one.metric in METRICS]
    for basis in dict.fromkeys(one.basis for one in figures):
        by_metric = {one.metric: one.figure for one in figures if one.basis == basis}
        cells = [told(by_metric[metric].a) if metric in by_metric else "" for metric in METRICS]
        last = told(by_metric["precision"].difference) if "precision" in by_metric else ""
        yield f"| {name or NAMES[basis]} | {' | '.join(cells)} | {last} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if "LIMEN_DATA" not in os.environ:
        return "LIMEN_DATA is not set: it names the folder of scored_log_davidson.parquet"
    table = pq.read_table(Path(os.environ["LIMEN_DATA"]) / "scored_log_davidson.parquet")
    columns = ColumnMap.from_file(ROOT / "simulator" / "maps" / "davidson.yaml")
    reviewed = columns.with_pairs(["review.propensity=review.propensity"])
    a = Engine.load(ROOT / "policies").program
    programs = (a, apply_settings(a, ["hate.text.hate.reduce and review=0.6"]))
    scores = table["hate"].to_numpy()
    head = "| from | precision of A | recall of A | false-positive rate of A | precision, B - A |\n| --- | --- | --- | --- | --- |"
    for lowest in (CHANCES[-1][1], 0.0):
        rng = np.random.default_rng(options.seed)
        chance = chances(scores, lowest)
        some = cube(masked(table, np.where(chance > 0, chance, 1e-9), rng), programs, reviewed)
        print(f"\nreviewed: {int(some.sums['rows'][some.of('label.hate') != 0].sum())} of {some.rows}\n\n{head}")
        print(*rows(cube(table, programs, columns), programs), sep="\n")
        print(*rows(reviewed_only(some), programs, "the reviewed rows alone"), sep="\n")
        print(*rows(some, programs), sep="\n")
        print(
            *rows(
                cube(
                    masked(table, chance, np.random.default_rng(options.seed)).drop(["review.propensity"]),
                    programs,
                    columns,
                ),
                programs,
                "without the chances",
            ),
            sep="\n",
        )
    return None


if __name__ == "__main__":
    sys.exit(main())
