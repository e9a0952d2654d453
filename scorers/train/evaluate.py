"""The shipped weights and the labelled sets -> every figure of the card.

`python -m scorers.train.evaluate --data DIR` prints them; with `--card FILE` it writes them into that card, between its
markers. All scores are made by the scorer as users run it.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from scorers.builtin.text_linear import LABELS, REFERENCE_PREVALENCE, TextModel, shipped
from scorers.train.data import CHALLENGE, PROBE, Row, parquet, rows
from scorers.train.statistics import Bools, Estimate, Floats, areas, proportion, table
from scorers.train.text_linear import weights

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.000001)
WORST = 10
FLAGGED = 0.5
FEW = 5


@dataclass(frozen=True, slots=True)
class Scored:
    """Texts scored: a column for each label."""

    scores: Mapping[str, Floats]

    @classmethod
    def of(cls, model: TextModel, texts: Sequence[str]) -> "Scored":
        found = np.array([model.score(text) for text in texts], np.float64).reshape(len(texts), len(model.labels))
        return cls({label: found[:, index] for index, label in enumerate(model.labels)})


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The held-out rows with their scores, and what `model.json` says."""

    rows: Sequence[Row]
    scored: Scored
    card: Mapping[str, Any]

    def asked(self, label: str, source: str | None = None) -> tuple[Floats, Bools]:
        """Return the scores and the truth of the rows whose set says something of the label."""
        kept = [i for i, row in enumerate(self.rows) if label in row.labels and source in (None, row.source)]
        return self.scored.scores[label][kept], np.array([self.rows[i].labels[label] == 1 for i in kept], bool)


def quality(held: HeldOut) -> list[str]:
    """Return areas for each label and for each of its sources."""
    lines = []
    for label in LABELS:
        sources = sorted({row.source for row in held.rows if label in row.labels})
        for source in (None, *sources) if len(sources) > 1 else (None,):
            scores, yes = held.asked(label, source)
            found = areas(scores, yes) if yes.any() and not yes.all() else (None, None)
            note = " (experimental)" if held.card["labels"][label]["experimental"] else ""
            name = f"**text.{label}**{note}" if source is None else ""
            lines.append([name, source or ", ".join(sources), int(yes.sum()), int((~yes).sum()), *found])
    return table(["label", "held-out rows of", "yes", "no", "ROC AUC", "average precision"], lines)


def thresholds(held: HeldOut) -> list[str]:
    """Return precision, recall and false-positive rate at 0.5 and at the 0.9-precision point."""
    lines: list[list[object]] = []
    for label in LABELS:
        scores, yes = held.asked(label)
        for at in (FLAGGED, held.card["labels"][label]["precision_90_from"]):
            if at is None:
                lines.append([f"text.{label}", "no such point", None, None, None])
                continue
            flagged = scores >= at
            shares = [(flagged & yes, flagged), (flagged & yes, yes), (flagged & ~yes, ~yes)]
            found = [proportion(int(hits.sum()), int(of.sum())) for hits, of in shares]
            lines.append([f"text.{label}", f"{at:g}", *found])
    return table(["label", "score from", "precision", "recall", "share of no flagged"], lines)


def calibration(held: HeldOut) -> list[str]:
    """Return, for bands of the score, the share of "yes" at the reference prevalence."""
    spans = [f"{low:g}-{min(high, 1):g}" for low, high in pairwise(EDGES)]
    lines = []
    for label in LABELS:
        mass, yes = weights(held.rows, label)
        mass = mass * np.where(yes, REFERENCE_PREVALENCE / mass[yes].sum(), 1.0)
        no = ~yes & (mass > 0)
        mass[no] *= (1 - REFERENCE_PREVALENCE) / mass[no].sum()
        band = np.digitize(held.scored.scores[label], EDGES) - 1
        cells = []
        for index in range(len(spans)):
            kept = (band == index) & (mass > 0)
            share = mass[kept & yes].sum() / mass[kept].sum() if kept.sum() >= FEW else None
            cells.append(None if share is None else f"{share:.2f} ({kept.sum()})")
        lines.append([f"text.{label}", *cells])
    return table(["label", *spans], lines)


def unasked(held: HeldOut) -> list[str]:
    """Return how often texts that plausibly lack a label, though nobody was asked, are flagged."""
    lines = []
    for label in LABELS:
        for source in sorted({row.source for row in held.rows}):
            kept = [i for i, r in enumerate(held.rows) if r.source == source and label in r.plausible - r.labels.keys()]
            flagged = int((held.scored.scores[label][kept] >= FLAGGED).sum())
            if kept:
                lines.append([f"text.{label}", source, len(kept), proportion(flagged, len(kept))])
    return table(["label", "rows of", "rows", "scored 0.5 or more"], lines)


def half_known(model: TextModel, texts: Sequence[str]) -> Estimate | None:
    """Return the share of texts that pass `min_known_words: 0.5`."""
    return proportion(sum(model.known_share(text) >= 0.5 for text in texts), len(texts))


@dataclass(frozen=True, slots=True)
class Suite:
    """One language of HateCheck, scored."""

    scored: Scored
    hateful: Bools
    kinds: Sequence[str]
    known: Estimate | None

    @classmethod
    def read(cls, model: TextModel, folder: Path, language: str) -> "Suite":
        cases = parquet(folder, CHALLENGE[language])
        texts = [case["test_case"] for case in cases]
        hateful = np.array([case["label_gold"] == "hateful" for case in cases], bool)
        return cls(
            Scored.of(model, texts), hateful, [case["functionality"] for case in cases], half_known(model, texts)
        )

    def line(self, language: str) -> list[object]:
        """Return the language's line of the table."""
        hate, violence = self.scored.scores["hate"], self.scored.scores["violence"]
        flagged = hate >= FLAGGED
        threat = np.array([kind.startswith("threat") for kind in self.kinds], bool)
        return [
            language,
            areas(hate, self.hateful)[0],
            proportion(int((flagged & self.hateful).sum()), int(self.hateful.sum())),
            proportion(int((flagged & ~self.hateful).sum()), int((~self.hateful).sum())),
            areas(violence, threat)[0],
            self.known,
        ]

    def area(self, kind: str) -> str | None:
        """Return the AUC of one functionality's cases against all cases of the other class."""
        own = np.array([name == kind for name in self.kinds], bool)
        if not own.any():
            return None
        hateful = bool(self.hateful[own][0])
        kept = own | (self.hateful != hateful)
        return f"{areas(self.scored.scores['hate'][kept], self.hateful[kept])[0].value:.2f}"


LANGUAGE_HEAD = [
    "language",
    "text.hate: ROC AUC, hateful against not",
    "hateful flagged at 0.5",
    "not hateful flagged at 0.5",
    "text.violence: ROC AUC, threats against all else",
    "half of the words known",
]


def functionalities(suites: Mapping[str, Suite]) -> list[str]:
    """Return, for each functionality and language, the AUC against all cases of the other class."""
    kinds = sorted(
        {kind for suite in suites.values() for kind in suite.kinds}, key=lambda kind: (kind.endswith("_nh"), kind)
    )
    lines = [[kind, *(suite.area(kind) for suite in suites.values())] for kind in kinds]
    return table(["functionality (_h hateful, _nh not)", *suites], lines)


def _terms(probes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the identity terms of the probe set: what follows `i am`."""
    return sorted(probe["Text"].removeprefix("i am ") for probe in probes if probe["Text"].startswith("i am "))


def fairness(model: TextModel, folder: Path) -> list[str]:
    """Return, for toxicity and hate, the identity terms whose harmless sentences are flagged most."""
    probes = parquet(folder, PROBE)
    terms = _terms(probes)
    pattern = re.compile(rf"\b({'|'.join(sorted(terms, key=len, reverse=True))})\b")
    named = [(probe, match[1]) for probe in probes if (match := pattern.search(probe["Text"]))]
    scored = Scored.of(model, [probe["Text"] for probe, _ in named])
    bad = np.array([probe["Label"] == "BAD" for probe, _ in named], bool)
    term = np.array([name for _, name in named])
    head = ["harmless sentences with", "sentences", "flagged at 0.5", "gap", "flagged at the 5 % point", "gap"]
    lines: list[str] = []
    for label in ("toxicity", "hate"):
        scores = scored.scores[label]
        roc = areas(scores, bad)[0]
        point = float(np.quantile(scores[~bad], 0.95))
        lines += ["", f"`text.{label}`: ROC AUC, bad against harmless sentences, {roc}; 5 % point {point:.3f}.", ""]
        lines += table(head, _by_term(scores, bad, term, point))
    return lines[1:]


def _by_term(scores: Floats, bad: Bools, term: Any, point: float) -> Iterator[list[object]]:
    def line(name: str, kept: Bools) -> list[object]:
        cells: list[object] = [name, int(kept.sum())]
        for at in (FLAGGED, point):
            share = float((scores[kept] >= at).mean())
            cells += [f"{share:.3f}", f"{share - float((scores[~bad] >= at).mean()):+.3f}"]
        return cells

    found = [line(str(name), ~bad & (term == name)) for name in np.unique(term)]
    yield line("any term", ~bad)
    yield from sorted(found, key=lambda cells: -float(str(cells[5])))[:WORST]


def nothing(model: TextModel) -> list[str]:
    """Return what a text without any known feature scores."""
    names = [f"text.{label}" for label in model.labels]
    return table(names, [[f"{score:.6f}" for score in model.score("")]])


def sizes(card: Mapping[str, Any]) -> list[str]:
    """Return what the weights were trained on."""
    lines = [
        [f"text.{label}", said["training"]["yes"], said["training"]["no"], said["out_of_fold_roc_auc"]]
        for label, said in card["labels"].items()
    ]
    return table(["label", "training yes", "training no", "ROC AUC on them, out of fold"], lines)


def sources(model: TextModel, data: Sequence[Row]) -> list[str]:
    """Return how many rows of each set are used, and how well the model knows the words of those held out."""
    lines = []
    for source in dict.fromkeys(row.source for row in data):
        held = [row.text for row in data if row.source == source and row.held_out]
        learnt = sum(row.source == source for row in data) - len(held)
        lines.append([source, learnt, len(held), half_known(model, held)])
    return table(["set", "training rows", "held-out rows", "of those, half of the words known"], lines)


def report(folder: Path) -> str:
    """Return all figures as Markdown. Raises OSError where a set cannot be read."""
    model, card = TextModel(shipped()), json.loads((shipped() / "model.json").read_text(encoding="utf-8"))
    data = rows(folder)
    kept = [row for row in data if row.held_out]
    held = HeldOut(kept, Scored.of(model, [row.text for row in kept]), card)
    suites = {language: Suite.read(model, folder, language) for language in CHALLENGE}
    about = f"`model.npz`: SHA-256 `{card['sha256']}`, {card['features']} features."
    sections: dict[str, list[str]] = {
        "Size": [about, "", *sources(model, data), "", *sizes(card)],
        "Held-out rows": quality(held),
        "At a threshold": thresholds(held),
        "Calibration": calibration(held),
        "Texts that nobody labelled": unasked(held),
        "HateCheck by language": table(LANGUAGE_HEAD, (suite.line(name) for name, suite in suites.items())),
        "HateCheck by functionality": functionalities(suites),
        "Identity terms": fairness(model, folder),
        "A text without any known feature": nothing(model),
    }
    return "\n\n".join(f"### {title}\n\n" + "\n".join(lines) for title, lines in sections.items())


def renewed(card: str, figures: str) -> str:
    """Return the card with these figures between its markers. Raises ValueError where it has none."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the card lacks the markers `{BEGIN}` and `{END}`")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None, write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run the command; the exit status is 0, or 2 where the data or the card cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scorers.train.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sets (`text/*.parquet`)")
    parser.add_argument("--card", type=Path, help="card to write the figures into, between its markers")
    options = parser.parse_args(arguments)
    try:
        card = options.card.read_text(encoding="utf-8") if options.card else f"{BEGIN}{END}"
        renewed(card, "")  # refuses a card without markers before the work, not after
        figures = report(options.data)
        write(figures + "\n")
        if options.card:
            options.card.write_text(renewed(card, figures), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"no figures: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
