"""A text -> how much of it is shouted: the whole of a third-party scorer."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import Field

import limen

OUTPUTS = {
    "text.shouting": limen.Score(modality="text", description="share of the letters that are capitals"),
    "text.exclamations": limen.Count(modality="text", description="how many exclamation marks there are"),
}


class ShoutingSettings(limen.Settings):
    short: int = Field(default=5, ge=0, description="texts with fewer letters than this never shout")


class ShoutingScorer(limen.Scorer):
    def __init__(self, settings: ShoutingSettings, folder: Path) -> None:
        self.outputs = OUTPUTS
        self._short = settings.short

    def score(self, batch: Sequence[limen.Content]) -> list[dict[str, float | int]]:
        return [
            {"text.shouting": self._share(text), "text.exclamations": text.count("!")} for text in map(_text, batch)
        ]

    def _share(self, text: str) -> float:
        letters = [char for char in text if char.isalpha()]
        return sum(char.isupper() for char in letters) / len(letters) if len(letters) >= max(1, self._short) else 0.0


def _text(content: limen.Content) -> str:
    return content.text or ""


PLUGIN = limen.Plugin(
    name="shouting",
    version=version("limen-shouting"),
    licence="MIT",
    cost=limen.Cost.CPU_LIGHT,
    outputs=OUTPUTS,
    create=ShoutingScorer,
    settings=ShoutingSettings,
    summary="capitals and exclamation marks",
)
