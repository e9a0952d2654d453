"""Texts and images -> severity / 7 in the four categories of Azure AI Content Safety."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field

from scorers.content import Content, Media, Modality
from scorers.remote.client import Key
from scorers.remote.media import picture
from scorers.remote.rows import each, highest, merged, safely, shaped, windows
from scorers.remote.scorer import RemoteScorer
from scorers.remote.settings import RemoteSettings, Variable
from scorers.scorer import Cost, Missing, Output, Plugin, Prefix, Row, Score

# Limits and levels: https://learn.microsoft.com/azure/ai-services/content-safety/overview
CATEGORIES = MappingProxyType({"Hate": "hate", "SelfHarm": "self_harm", "Sexual": "sexual", "Violence": "violence"})
TEXT_CHARACTERS = 10_000
IMAGE_BYTES = 4 * 1024 * 1024
IMAGE_KINDS = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp"})
HIGHEST = 7
Part = TypeVar("Part")


class AzureContentSafetySettings(RemoteSettings):
    key_env: Variable | None = Field(
        default="AZURE_CONTENT_SAFETY_KEY", description="environment variable that holds the key"
    )
    api_version: str = Field(default="2024-09-01", pattern=r"[0-9a-z-]+", description="version of the service's API")
    levels: Literal["EightSeverityLevels", "FourSeverityLevels"] = Field(
        default="EightSeverityLevels", description="severities of texts: 0 to 7, or 0, 2, 4, 6 as for images"
    )
    judge_images: bool = Field(default=True, description="whether images are sent, too")
    prefix: Prefix = Field(default="azure", description="first part of the outputs' names")
    requests: int = Field(default=4, ge=1, le=100, description="most requests for one long text")


class _Analysis(BaseModel):
    category: str
    severity: Any = None


class _Answer(BaseModel):
    categoriesAnalysis: list[_Analysis]  # noqa: N815  (the service's word)


class AzureContentSafety(RemoteScorer):
    """The scorer `azure-content-safety`: a request a text and a request an image; the highest severity counts."""

    def __init__(self, settings: AzureContentSafetySettings, folder: Path) -> None:
        super().__init__(settings, folder, Key("ocp-apim-subscription-key", ""))
        self._settings = settings
        images = _outputs(settings.prefix, Modality.IMAGE) if settings.judge_images else {}
        self.outputs: Mapping[str, Output] = MappingProxyType(_outputs(settings.prefix, Modality.TEXT) | images)

    async def row(self, content: Content) -> Row:
        sends_images = self._settings.judge_images and bool(content.images)
        parts = await asyncio.gather(
            safely(self._of_text(content.text)) if content.text else _nothing(),
            safely(self._highest(content.images, self._image, Modality.IMAGE)) if sends_images else _nothing(),
        )
        return merged(self.outputs, *parts)

    async def _of_text(self, text: str) -> Mapping[str, Any]:
        pieces = windows(text, TEXT_CHARACTERS, self._settings.requests)
        return await self._highest(pieces, self._text, Modality.TEXT)

    async def _highest(
        self, parts: Iterable[Part], ask: Callable[[Part], Awaitable[Mapping[str, Any]]], modality: Modality
    ) -> Mapping[str, Any]:
        return highest(await each(parts, ask), _outputs(self._settings.prefix, modality))

    async def _text(self, text: str) -> Mapping[str, Any]:
        body = {"text": text, "categories": list(CATEGORIES), "outputType": self._settings.levels}
        return await self._asked("text", body, Modality.TEXT)

    async def _image(self, medium: Media) -> Mapping[str, Any]:
        image = await picture(medium, IMAGE_BYTES, IMAGE_KINDS)
        body = {"image": {"content": image.base64}, "categories": list(CATEGORIES), "outputType": "FourSeverityLevels"}
        return await self._asked("image", body, Modality.IMAGE)

    async def _asked(self, what: str, body: Mapping[str, Any], modality: Modality) -> Mapping[str, Any]:
        version = {"api-version": self._settings.api_version}
        given = await self.client.request("POST", f"contentsafety/{what}:analyze", json=body, params=version)
        return {
            _name(self._settings.prefix, modality, analysis.category): _score(analysis.severity)
            for analysis in shaped(_Answer, given).categoriesAnalysis
            if analysis.category in CATEGORIES
        }


async def _nothing() -> None:
    return None


def _score(severity: Any) -> float | Missing:
    if isinstance(severity, bool) or not isinstance(severity, int) or not 0 <= severity <= HIGHEST:
        return Missing(f"the service gave no severity from 0 to {HIGHEST}")
    return severity / HIGHEST


def _name(prefix: str, modality: Modality, category: str) -> str:
    return f"{prefix}.{modality}.{CATEGORIES[category]}"


def _outputs(prefix: str, modality: Modality) -> dict[str, Output]:
    told = "severity / 7; not a probability"
    return {_name(prefix, modality, name): Score(modality=modality, description=told) for name in CATEGORIES}


PLUGIN = Plugin(
    name="azure-content-safety",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    reads_facts=False,
    outputs=_outputs("azure", Modality.TEXT) | _outputs("azure", Modality.IMAGE),
    create=AzureContentSafety,
    settings=AzureContentSafetySettings,
    device="remote",
    summary="Azure AI Content Safety, severity / 7: texts and images leave the house; its terms and prices hold",
    card="https://learn.microsoft.com/azure/ai-services/content-safety/overview",
)
