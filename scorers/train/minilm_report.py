"""The shipped heads of `text-minilm` and the labelled sets -> every figure of its card, beside those of `text-linear`.

`python -m scorers.train.minilm_report --data DIR [--cache DIR]` prints them; with `--card FILE` it writes them into that card.
Both models judge the same rows, as users run them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from scorers.builtin import text_linear
from scorers.builtin.text_linear import LABELS, TextModel
from scorers.builtin.text_minilm import PREFIX, Embedder, Heads, shipped
from scorers.onnx.runtime import ModelUnavailableError
from scorers.train.data import CHALLENGE, PROBE, Row, parquet, place, rows
from scorers.train.evaluate import BEGIN, END, FLAGGED, HeldOut, Scored, Suite, calibration, renewed, thresholds
from scorers.train.minilm import Embed, cached, sample
from scorers.train.statistics import Bools, Floats, areas, proportion, table

HELD = 1000  # held-out rows of a set
CASES = 800  # cases of HateCheck in a language other than English, where all are used
PROBES = 1500
WORST = 10
GERMAN = frozenset({"germeval2018_de"})


@dataclass(frozen=True, slots=True)
class Both:
    """The two models."""

    embed: Embed
    heads: Heads
    linear: TextModel

    def minilm(self, texts: Sequence[str]) -> Scored:
        found = np.array([self.heads.score(vectors) for vectors in self.embed(texts)], np.float64)
        return Scored({label: found[:, index] for index, label in enumerate(self.heads.labels)})

    def compared(self, texts: Sequence[str]) -> tuple[Scored, Scored]:
        return self.minilm(texts), Scored.of(self.linear, texts)


def quality(held: HeldOut, other: HeldOut) -> list[str]:
    """Return areas for each label, over all rows and for each set (so for each language), of both models."""
    lines: list[list[object]] = []
    for label in LABELS:
        sources = sorted({row.source for row in held.rows if label in row.labels})
        for source in (None, *sources) if len(sources) > 1 else (None,):
            scores, yes = held.asked(label, source)
            if yes.any() and not yes.all():
                mine, theirs = areas(scores, yes), areas(other.asked(label, source)[0], yes)
                note = " (experimental)" if held.card["labels"][label]["experimental"] else ""
                name = f"**{label}**{note}" if source is None else ""
                language = "de" if source in GERMAN else "en" if source else "en, de" if GERMAN & {*sources} else "en"
                sizes = [int(yes.sum()), int((~yes).sum())]
                lines.append(
                    [name, source or ", ".join(sources), language, *sizes, mine[0], theirs[0], mine[1], theirs[1]]
                )
    head = ["label", "held-out rows of", "language", "yes", "no", "ROC AUC", "text-linear", "average precision"]
    return table([*head, "text-linear"], lines)


def picked(items: Sequence[Any], key: Callable[[Any], str], most: int) -> list[Any]:
    """Return `most` of the items, by the hash of their text."""
    return sorted(items, key=lambda item: place(f"sample {key(item)}", 2**62))[:most]


def suites(both: Both, folder: Path) -> dict[str, tuple[Suite, Suite]]:
    """Score HateCheck in each language by both models."""
    found = {}
    for language, name in CHALLENGE.items():
        cases = parquet(folder, name)
        if language != "en":
            cases = picked(cases, lambda case: str(case["test_case"]), CASES)
        hateful = np.array([case["label_gold"] == "hateful" for case in cases], bool)
        kinds = [case["functionality"] for case in cases]
        mine, theirs = both.compared([case["test_case"] for case in cases])
        found[language] = (Suite(mine, hateful, kinds, None), Suite(theirs, hateful, kinds, None))
    return found


def languages(found: Mapping[str, tuple[Suite, Suite]]) -> list[str]:
    """Return a line for each language of HateCheck."""
    head = ["language", "cases", "hate: ROC AUC", "text-linear", "hateful flagged at 0.5", "not hateful flagged at 0.5"]
    lines = []
    for language, (mine, theirs) in found.items():
        _, auc, hits, alarms, threats, _ = mine.line(language)
        _, other, _, _, other_threats, _ = theirs.line(language)
        lines.append([language, len(mine.kinds), auc, other, hits, alarms, threats, other_threats])
    return table([*head, "violence: ROC AUC, threats against all else", "text-linear"], lines)


def functionalities(mine: Suite, theirs: Suite) -> list[str]:
    """Return the AUC of each functionality in English against all cases of the other class."""
    kinds = sorted(set(mine.kinds), key=lambda kind: (kind.endswith("_nh"), kind))
    lines = [[kind, mine.area(kind), theirs.area(kind)] for kind in kinds]
    return table(["functionality (_h hateful, _nh not)", "text-minilm", "text-linear"], lines)


def fairness(both: Both, folder: Path) -> list[str]:
    """Return, for toxicity and hate, the identity terms whose harmless sentences score highest, and both models' rates."""
    probes = parquet(folder, PROBE)
    terms = sorted(probe["Text"].removeprefix("i am ") for probe in probes if probe["Text"].startswith("i am "))
    named = [(probe, term) for probe in probes for term in terms if f" {term} " in f" {probe['Text']} "]
    kept = picked(named, lambda pair: f"{pair[0]['Text']} {pair[1]}", PROBES)
    bad = np.array([probe["Label"] == "BAD" for probe, _ in kept], bool)
    scored = both.compared([probe["Text"] for probe, _ in kept])
    lines: list[str] = []
    for label in ("toxicity", "hate"):
        mine, theirs = (one.scores[label] for one in scored)
        lines += [
            "",
            f"`{label}`: ROC AUC, bad against harmless, {areas(mine, bad)[0]}; text-linear {areas(theirs, bad)[0]}.",
            "",
        ]
        head = ["harmless sentences with", "sentences", "flagged at 0.5", "text-linear"]
        lines += table(head, _by_term(mine, theirs, bad, [term for _, term in kept]))
    return lines[1:]


def _by_term(mine: Floats, theirs: Floats, bad: Bools, terms: Sequence[str]) -> list[list[object]]:
    def line(name: str, kept: Bools) -> list[object]:
        counted = [int((scores[kept] >= FLAGGED).sum()) for scores in (mine, theirs)]
        return [name, int(kept.sum()), *(proportion(hits, int(kept.sum())) for hits in counted)]

    of = np.array(terms)
    means = {str(name): float(mine[~bad & (of == name)].mean()) for name in np.unique(of[~bad])}
    worst = sorted(means, key=lambda name: -means[name])[:WORST]
    return [line("any term", ~bad), *(line(name, ~bad & (of == name)) for name in worst)]


def sizes(card: Mapping[str, Any]) -> list[str]:
    """Return what the heads were trained on."""
    told = ", ".join(f"{count} of {source}" for source, count in card["rows"].items())
    lines = [
        [label, said["training"]["yes"], said["training"]["no"], said["out_of_fold_roc_auc"]]
        for label, said in card["labels"].items()
    ]
    head = ["label", "training yes", "training no", "ROC AUC on them, out of fold"]
    return [f"Encoder: SHA-256 `{card['encoder']}`. Training rows: {told}.", "", *table(head, lines)]


def _own(lines: Sequence[str]) -> list[str]:
    """Name the outputs as `text-minilm` does."""
    return [line.replace("| text.", f"| {PREFIX}.") for line in lines]


def report(folder: Path, embed: Embed) -> str:
    """Return all figures as Markdown. Raises OSError where a set cannot be read."""
    card = json.loads((shipped() / "heads.json").read_text(encoding="utf-8"))
    linear = text_linear.shipped()
    both = Both(embed, Heads.read(card), TextModel(linear))
    kept: list[Row] = sample([row for row in rows(folder) if row.held_out], HELD, rare_first=False)
    mine, theirs = both.compared([row.text for row in kept])
    held = HeldOut(kept, mine, card)
    other = HeldOut(kept, theirs, json.loads((linear / "model.json").read_text(encoding="utf-8")))
    found = suites(both, folder)
    sections: dict[str, list[str]] = {
        "Size": sizes(card),
        "Held-out rows": quality(held, other),
        "At a threshold": _own(thresholds(held)),
        "Calibration": _own(calibration(held)),
        "HateCheck by language": languages(found),
        "HateCheck by functionality, English": functionalities(*found["en"]),
        "Identity terms": fairness(both, folder),
    }
    return "\n\n".join(f"### {title}\n\n" + "\n".join(lines) for title, lines in sections.items())


def main(arguments: Sequence[str] | None = None, write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run the command; the exit status is 0, or 2 where the data, the card or the encoder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m scorers.train.minilm_report", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets (`text/*.parquet`)")
    parser.add_argument("--cache", type=Path, default=Path(gettempdir()) / "limen-minilm", help="folder for embeddings")
    parser.add_argument("--card", type=Path, help="card to write the figures into, between its markers")
    options = parser.parse_args(arguments)
    try:
        card = options.card.read_text(encoding="utf-8") if options.card else f"{BEGIN}{END}"
        renewed(card, "")
        figures = report(options.data, cached(Embedder.open(threads=1).embed, options.cache))
        write(figures + "\n")
        if options.card:
            options.card.write_text(renewed(card, figures), encoding="utf-8")
    except (OSError, ValueError, ModelUnavailableError) as error:
        sys.stderr.write(f"no figures: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
