"""How many calls the planner saves on a real scored log, and what the saving costs, printed apart.

    LIMEN_DATA=… python benchmarks/planner.py [--rows 24783] [--seed 0]

The log is `scored_log_davidson.parquet`: 24,783 tweets with the scores of seven models and people's labels (hate, offensive,
neither). Each model stands as a scorer that says what the log says. None of the seven is deep: all are linear models over words
or characters, so the cost classes are those that such scorers would have in a funnel, and only calls are counted.

  (a) intervals alone: a policy for each score, without cascades. Nothing may change, and nothing does (asserted).
  (b) cascades: what the planner saves of a pack with one, again without any change against asking everything for the same pack
      (asserted); and what the cascade itself costs against always asking the deep scorer.
  (c) the band that `limen cascade fit` gives, on rows that it has not seen.

Nothing is chosen for the figures: the ladder (0.5, 0.8, 0.95) and the band (0.2, 0.9) are those of the language's own first
example; 0.5 alone is where a classifier's own answer turns; profanity and toxicity are the two models that judge the same thing,
and the other pairs are printed, too.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import limen
from scorers.content import Content
from simulator.cascade import MICRO, Band, Scores, Share, differs, exact, fit, is_asked, split, wilson

LOG = "scored_log_davidson.parquet"
COSTS = {
    "profanity": limen.Cost.CPU_LIGHT,
    "spam": limen.Cost.CPU,
    "toxicity": limen.Cost.CPU,
    "hate": limen.Cost.GPU,
    "sexual": limen.Cost.GPU,
    "violence": limen.Cost.GPU,
    "self_harm": limen.Cost.GPU,
}
LADDER = (0.5, 0.8, 0.95)
RUNGS = ("review", "reduce and review", "remove")
BAND = Band(200_000, 900_000)
BATCH = 2048
MANIFEST = """
pack: planner
language: 1
enforcements: {allow: {}, reduce: {}, remove: {}}
routes: {review: {queue: general}}
severities: {P2: {}}
scorers:
"""
Table = dict[str, np.ndarray]


class Logged(limen.Scorer):
    """A model of the log: says what it said."""

    def __init__(self, name: str, values: np.ndarray) -> None:
        self.outputs = {f"text.{name}": limen.Score(modality="text")}
        self._name, self._values = f"text.{name}", values

    async def score(self, batch: Sequence[Content]) -> list[dict[str, float]]:
        return [{self._name: int(self._values[int(content.id)]) / MICRO} for content in batch]


def plugin(name: str, values: np.ndarray) -> limen.Plugin:
    scorer = Logged(name, values)
    return limen.Plugin(name.replace("_", "-"), "1", "MIT", COSTS[name], scorer.outputs, lambda *_: scorer)


def engine(folder: Path, rules: str, table: Table) -> limen.Engine:
    names = [name for name in COSTS if f"text.{name}" in rules]
    entries = "".join(f"  {name}: {{use: {name.replace('_', '-')}, cache: false}}\n" for name in names)
    folder.mkdir()
    (folder / "limen.yaml").write_text(MANIFEST + entries, encoding="utf-8")
    (folder / "rules.limen").write_text(rules, encoding="utf-8")
    return limen.Engine.load(folder, scorers=[plugin(name, table[name]) for name in names])


def policy(name: str, score: str, ladder: Sequence[float]) -> str:
    rungs = "  ".join(f"{what} >= {cut}" for cut, what in zip(ladder, RUNGS[: len(ladder)], strict=True))
    return f"policy {name} {{ severity P2 score risk = {score} thresholds on risk {{ {rungs} }} }}\n"


def decided(loaded: limen.Engine, rows: int, mode: Any) -> tuple[list[Any], list[frozenset[str]]]:
    """What ruling R4 names of every decision, and which scorers were asked for it."""
    asked: list[frozenset[str]] = []
    found: list[Any] = []

    async def run() -> None:
        numbers = iter(range(rows))
        while batch := list(islice(numbers, BATCH)):
            contents = [(Content(id=str(number), text="x"), "US", None) for number in batch]
            for (decision,) in await loaded.moderate_all(contents, mode=mode):
                outcome = decision.outcome
                found.append((outcome.enforcement, outcome.routes, outcome.sanctions, outcome.effects, outcome.status))
                asked.append(frozenset(decision.scorers))

    asyncio.run(run())
    return found, asked


def same(loaded: limen.Engine, rows: int) -> list[frozenset[str]]:
    """Which scorers were asked for each row; asking everything decides all rows alike."""
    every, _ = decided(loaded, rows, "complete")
    few, asked = decided(loaded, rows, "decisive")
    changed = sum(a != b for a, b in zip(every, few, strict=True))
    assert changed == 0, f"{changed} decisions differ"
    return asked


def saved(asked: Sequence[frozenset[str]], names: Sequence[str], abusive: np.ndarray) -> None:
    counts = Counter(name for row in asked for name in row)
    for name in names:
        share = wilson(len(asked) - counts[name], len(asked))
        print(f"    {name:<10} {COSTS[name].name.lower():<10} asked {counts[name]:>6}, saved {told(share)}")
    kinds = (
        ("all tweets", asked),
        ("labelled neither", [row for row, is_so in zip(asked, abusive, strict=False) if not is_so]),
    )
    for what, rows in kinds:
        calls = len(names) * len(rows)
        print(f"    {what}: calls saved {told(wilson(calls - sum(map(len, rows)), calls))}")
    print(f"    decisions that differ from asking everything: 0 of {len(asked)}")


def told(share: Share) -> str:
    return f"{100 * share.value:6.2f} % [{100 * share.low:.2f}, {100 * share.high:.2f}]"


def intervals_alone(folder: Path, table: Table, rows: int) -> None:
    print("(a) calls saved by intervals alone: a policy for each score, the ladder 0.5 / 0.8 / 0.95, no cascade")
    names = list(COSTS)
    rules = "".join(policy(f"no_{name}", f"text.{name}", LADDER) for name in names)
    saved(same(engine(folder / "a", rules, table), rows), names, table["abusive"])


def cascades(folder: Path, table: Table, rows: int, bands: Sequence[tuple[str, Band, Sequence[float]]]) -> None:
    print("(b) calls saved by a cascade, profanity before toxicity, and what the cascade costs")
    for number, (why, band, ladder) in enumerate(bands):
        score = f"cascade(text.profanity, text.toxicity, {band.low / MICRO}, {band.high / MICRO})"
        print(f"  band {band.low / MICRO:g} to {band.high / MICRO:g} ({why}), ladder {' / '.join(map(str, ladder))}")
        loaded = engine(folder / f"b{number}", policy("abuse", score, ladder), table)
        saved(same(loaded, rows), ["profanity", "toxicity"], table["abusive"])
        price(table, rows, band, ladder)


def price(table: Table, rows: int, band: Band, ladder: Sequence[float], only: np.ndarray | None = None) -> None:
    """Against the deep score alone: decisions changed, and precision and recall of doing anything at all, by the labels."""
    chosen = np.arange(rows) if only is None else only
    scores = Scores(table["profanity"][chosen], table["toxicity"][chosen])
    cuts = [round(cut * MICRO) for cut in ladder]
    changed = exact(int(differs(scores, band, cuts).sum()), len(scores))
    print(f"    against always asking toxicity: decisions changed {told(changed)}")
    truth = table["abusive"][chosen]
    deep = scores.deep >= cuts[0]
    both = np.where(is_asked(scores, band), scores.deep, scores.cheap) >= cuts[0]
    for what in ("precision", "recall"):
        always, cascaded = (rated(acted, truth, what) for acted in (deep, both))
        low, high = bootstrap(truth, deep, both, what)
        lost = 100 * (always.value - cascaded.value)
        print(
            f"    {what:<9} always {told(always)}, cascade {told(cascaded)}, lost {lost:+.2f} points [{low:+.2f}, {high:+.2f}]"
        )


def rated(acted: np.ndarray, truth: np.ndarray, what: str) -> Share:
    return wilson(int((acted & truth).sum()), int((acted if what == "precision" else truth).sum()))


def bootstrap(
    truth: np.ndarray, deep: np.ndarray, both: np.ndarray, what: str, draws: int = 4000
) -> tuple[float, float]:
    """The 95 % interval of the difference, in points, over rows drawn again; rows of one kind are one cell of eight."""
    cells = np.bincount(4 * truth + 2 * deep + both, minlength=8)
    drawn = np.random.default_rng(1).multinomial(cells.sum(), cells / cells.sum(), size=draws)
    is_true, is_deep, is_both = (np.array([bool(cell & bit) for cell in range(8)]) for bit in (4, 2, 1))

    def rate(acted: np.ndarray) -> np.ndarray:
        of = acted if what == "precision" else is_true
        found: np.ndarray = drawn[:, acted & is_true].sum(1) / drawn[:, of].sum(1)
        return found

    lost = 100 * (rate(is_deep) - rate(is_both))
    return float(np.quantile(lost, 0.025)), float(np.quantile(lost, 0.975))


def fitted(table: Table, rows: int, seed: int) -> None:
    print(
        "(c) `limen cascade fit` at 1 % with confidence 95 %: a quarter of the rows orders, a quarter tests, half is held out"
    )
    for cheap, deep in (("profanity", "toxicity"), ("profanity", "hate"), ("toxicity", "hate")):
        for ladder in ((0.5,), LADDER):
            found = fit(Scores(table[cheap][:rows], table[deep][:rows]), [round(c * MICRO) for c in ladder], seed=seed)
            name = f"  {cheap} before {deep}, {' / '.join(map(str, ladder))}:"
            if not (found.band and found.saved and found.changed):
                print(f"{name} no band")
                continue
            band = f"{found.band.low / MICRO:g} to {found.band.high / MICRO:g}"
            print(f"{name} band {band}, deep calls saved {told(found.saved)}, changed {told(found.changed)} (held out)")
            if (cheap, deep) == ("profanity", "toxicity"):
                price(table, rows, found.band, ladder, only=split(rows, seed)[2])


def read(folder: Path) -> Table:
    log = pq.read_table(folder / LOG)
    table = {n: np.floor(log[n].to_numpy().astype(np.float64) * MICRO + 0.5).astype(np.int64) for n in COSTS}
    return table | {"abusive": np.array([name != "neither" for name in log["label_class_name"].to_pylist()])}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=24_783)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="taken and ignored: only calls are counted")
    options = parser.parse_args()
    if "LIMEN_DATA" not in os.environ:
        sys.exit("benchmarks/planner.py: skipped, for LIMEN_DATA names no folder with the scored log")
    if options.device != "cpu":
        print(f"--device {options.device} makes no difference here: only calls are counted")
    table = read(Path(os.environ["LIMEN_DATA"]))
    rows = min(options.rows, len(table["abusive"]))
    print(
        f"{rows} tweets, {math.floor(100 * table['abusive'][:rows].mean())} % of them hateful or offensive by the labels"
    )
    with tempfile.TemporaryDirectory() as folder:
        intervals_alone(Path(folder), table, rows)
        bands = [("of the language's first example", BAND, LADDER), ("the same", BAND, LADDER[:1])]
        cascades(Path(folder), table, rows, bands)
    fitted(table, rows, options.seed)


if __name__ == "__main__":
    main()
