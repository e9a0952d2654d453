"""A text -> six calibrated scores, by logistic regression over words, word pairs and character n-grams.

What a text scores is a sum of whole numbers over its distinct words and word pairs, one square root and one division,
so it is the same on every machine and in every batch. The weights lie in `scorers/models/text_linear/`, with their card.
"""

import hashlib
import io
import json
import math
import sys
import zipfile
from array import array
from collections.abc import Collection, Sequence
from decimal import Context, Decimal
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import Field

from scorers.builtin.text_features import WHOLE, grams, normalised, pair, tokens, windows, words
from scorers.content import Content
from scorers.scorer import Cost, Evidence, Missing, Plugin, Row, Rows, Score, Scorer, Settings

VERSION = "1"
LABELS = {
    "toxicity": "rude, insulting or profane language",
    "hate": "attack on people for who they are (origin, religion, gender, orientation, disability ...)",
    "harassment": "insult aimed at a person or a group",
    "violence": "threat of violence, or a call for it",
    "self_harm": "talk of, or encouragement to, harming oneself (experimental: fewer than 50 held-out positives)",
    "spam": "unsolicited advertising, prize and premium-number messages",
}
REFERENCE_PREVALENCE = 0.1
_WORD_MEMORY = 20_000
_EVIDENCE, _EVIDENCE_LOG_ODDS = 5, 0.5
_NPY = b"\x93NUMPY\x01\x00"
_STEPS, _REACH, _NANO = 32, 16, 10**9

Units = dict[str, Sequence[int]]


def _curve() -> tuple[int, ...]:
    """Tabulate the logistic function from -16 to 16, 32 steps a unit, in billionths.

    `Decimal.exp` is correctly rounded everywhere; `math.exp` differs in the last place from one C library to another.
    """
    context = Context(prec=20)
    odds = (context.exp(Decimal(-step) / _STEPS) for step in range(-_REACH * _STEPS, _REACH * _STEPS + 1))
    return tuple(int(context.divide(Decimal(_NANO), 1 + odd)) for odd in odds)


def _array(archive: zipfile.ZipFile, name: str, code: str) -> Sequence[int]:
    """Read an array of whole numbers of an `.npz` file; done by hand, so that scoring does not need NumPy."""
    raw = archive.read(f"{name}.npy")
    if not raw.startswith(_NPY):
        raise ValueError(f"`{name}` in the text model is no array: install limen again")
    values = array(code, raw[10 + int.from_bytes(raw[8:10], "little") :])
    if sys.byteorder == "big":
        values.byteswap()
    return values


class TextModel:
    """The shipped weights, or those of another training run, ready to score.

    Raises OSError where a file of `folder` cannot be read, ValueError where the weights are not those that
    `model.json` describes.
    """

    def __init__(self, folder: Traversable) -> None:
        card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        data = (folder / "model.npz").read_bytes()
        if hashlib.sha256(data).hexdigest() != card["sha256"]:
            raise ValueError("`model.npz` is not the file that `model.json` describes: install limen again")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = bytes(_array(archive, "vocabulary", "B")).decode().split("\n")
            self._rows = _array(archive, "rows", "h")  # a feature's weight for each label, then its squared length
        self.labels: tuple[str, ...] = tuple(card["labels"])
        self._heads = [(head["slope"], head["intercept"]) for head in card["labels"].values()]
        self._width = len(self._heads) + 1
        self._vocabulary = {name: index for index, name in enumerate(names)}
        self._curve = _curve()
        self._word = lru_cache(_WORD_MEMORY)(self._fresh_word)

    def score(self, text: str) -> tuple[float, ...]:
        """Return a probability for each of `labels`; of a long text, the highest of its windows."""
        found = [self._logits(self._units(window)) for window in windows(words(text))]
        return tuple(self._probability(max(column)) for column in zip(*found, strict=True))

    def known_share(self, text: str) -> float:
        """Return the share, in [0, 1], of the distinct words that training met; 1 where there is no word."""
        seen = {word for token in words(text) if (word := normalised(token))[:1].isalpha()}
        return sum(word + WHOLE in self._vocabulary for word in seen) / len(seen) if seen else 1.0

    def reasons(self, text: str, label: str) -> list[tuple[float, int, int]]:
        """Return what speaks for `label`, strongest first: log-odds, and the characters [start, end) of the text."""
        index = self.labels.index(label)
        parts = [(window, self._units([match.group() for match in window])) for window in windows(tokens(text))]
        window, units = max(parts, key=lambda part: self._logits(part[1])[index])
        size = math.sqrt(sum(unit[-1] for unit in units.values())) or 1.0
        spans: dict[str, tuple[int, int]] = {}
        spoken = [(word, *match.span()) for match in window if (word := normalised(match.group()))]
        for word, start, end in spoken:
            spans.setdefault(word, (start, end))
        for (first, start, _), (second, _, end) in pairwise(spoken):
            spans.setdefault(pair(first, second), (start, end))
        found = [(self._heads[index][0] * unit[index] / size, *spans[name]) for name, unit in units.items()]
        return sorted((reason for reason in found if reason[0] > 0), key=lambda reason: (-reason[0], *reason[1:]))

    def _units(self, window: Sequence[str]) -> Units:
        """Map each distinct word and known pair of a window to its sums: a weight for each label, a squared length."""
        named = [unit for unit in map(self._word, window) if unit[0]]
        units: Units = dict(named)
        for (first, _), (second, _) in pairwise(named):
            name = pair(first, second)
            if (index := self._vocabulary.get(name)) is not None:
                units[name] = self._row(index)
        return units

    def _row(self, index: int) -> Sequence[int]:
        return self._rows[self._width * index : self._width * (index + 1)]

    def _fresh_word(self, token: str) -> tuple[str, Sequence[int]]:
        word = normalised(token)
        found = (self._vocabulary.get(gram) for gram in grams(word))
        return word, self._total([self._row(index) for index in found if index is not None])

    def _total(self, rows: Collection[Sequence[int]]) -> tuple[int, ...]:
        return tuple(map(sum, zip(*rows, strict=True))) if rows else (0,) * self._width

    def _logits(self, units: Units) -> list[float]:
        *sums, square = self._total(units.values())
        size = math.sqrt(square) or 1.0
        return [intercept + slope * (total / size) for (slope, intercept), total in zip(self._heads, sums, strict=True)]

    def _probability(self, logit: float) -> float:
        place = (min(max(logit, -_REACH), _REACH) + _REACH) * _STEPS
        step = min(int(place), 2 * _REACH * _STEPS - 1)
        low, high = self._curve[step], self._curve[step + 1]
        return (low + (high - low) * (place - step)) / _NANO


class TextLinearSettings(Settings):
    min_known_words: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of a text's distinct words that training must have met; below it every output is missing",
    )


OUTPUTS = {
    f"text.{label}": Score(modality="text", description=description, probability=True)
    for label, description in LABELS.items()
}


class TextLinear(Scorer):
    """The scorer `text-linear`: the weights in the folder `model`, read by `load`."""

    def __init__(self, settings: TextLinearSettings, model: Traversable) -> None:
        self.outputs = OUTPUTS
        self._settings = settings
        self._folder = model
        self._model: TextModel | None = None

    def load(self) -> None:
        self._model = TextModel(self._folder)

    def score(self, batch: Sequence[Content]) -> Rows:
        return [self._row(self._loaded, content.text or "") for content in batch]

    def evidence(self, content: Content) -> tuple[Evidence, ...]:
        """Return, for each output above the reference prevalence, the words and pairs that speak most for it."""
        model, text = self._loaded, content.text or ""
        scores = dict(zip(model.labels, model.score(text), strict=True))
        return tuple(
            Evidence(f"text.{label}", start, end, f"{weight:+.2f} log-odds")
            for label, score in scores.items()
            if score >= REFERENCE_PREVALENCE
            for weight, start, end in model.reasons(text, label)[:_EVIDENCE]
            if weight >= _EVIDENCE_LOG_ODDS
        )

    @property
    def _loaded(self) -> TextModel:
        if self._model is None:
            raise RuntimeError("`text-linear` was asked before `load`")
        return self._model

    def _row(self, model: TextModel, text: str) -> Row:
        least = self._settings.min_known_words
        if least and (share := model.known_share(text)) < least:
            return Missing(f"training met {share:.0%} of the words, `min_known_words` asks for {least:.0%}")
        return {f"text.{label}": score for label, score in zip(model.labels, model.score(text), strict=True)}


def shipped() -> Traversable:
    """Return the folder of the weights that come with Limen."""
    return files("scorers") / "models" / "text_linear"


def _create(settings: Any, _folder: Path) -> Scorer:
    return TextLinear(settings, shipped())


PLUGIN = Plugin(
    name="text-linear",
    version=VERSION,
    licence="Apache-2.0 AND CC-BY-4.0",
    cost=Cost.CPU_LIGHT,
    reads_facts=False,
    outputs=OUTPUTS,
    create=_create,
    settings=TextLinearSettings,
    summary="toxicity, hate, harassment, violence, self-harm and spam in English (and, of abuse, German) text",
    card="scorers/models/text_linear/card.md",
)
