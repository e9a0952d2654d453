"""Texts and images -> the category scores of OpenAI's moderation endpoint."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field

from scorers.content import Content, Media, Modality
from scorers.remote.media import picture
from scorers.remote.rows import batched, counted, each, highest, merged, shaped
from scorers.remote.scorer import RemoteScorer
from scorers.remote.settings import Address, RemoteSettings, Variable
from scorers.scorer import Cost, Missing, Output, Plugin, Prefix, Rows, Score

# https://platform.openai.com/docs/guides/moderation: of images only these are judged, for the others 0 is answered.
OF_IMAGES = ("sexual", "self-harm", "self-harm/intent", "self-harm/instructions", "violence", "violence/graphic")
OF_TEXTS = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
CATEGORIES = MappingProxyType({Modality.TEXT: OF_TEXTS, Modality.IMAGE: OF_IMAGES})
IMAGE_KINDS = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
IMAGE_BYTES = 20 * 1024 * 1024


class OpenAIModerationSettings(RemoteSettings):
    url: Address = Field(default="https://api.openai.com/v1", description="base URL of the service")
    key_env: Variable | None = Field(default="OPENAI_API_KEY", description="environment variable that holds the key")
    model: str = Field(default="omni-moderation-latest", description="the model; a dated one gives repeatable scores")
    prefix: Prefix = Field(default="openai", description="first part of the outputs' names")
    judge_images: bool = Field(default=True, description="whether images are sent, too")
    texts: int = Field(default=32, ge=1, le=256, description="texts in one request")


class _Result(BaseModel):
    category_scores: dict[str, Any]


class _Answer(BaseModel):
    results: list[_Result]


class OpenAIModeration(RemoteScorer):
    """The scorer `openai-moderation`: texts in batches, each image in a request of its own (the service takes one)."""

    def __init__(self, settings: OpenAIModerationSettings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._settings = settings
        judged = [Modality.TEXT, *([Modality.IMAGE] if settings.judge_images else [])]
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {name: output for modality in judged for name, output in _outputs(settings.prefix, modality).items()}
        )

    async def score(self, batch: Sequence[Content]) -> Rows:
        texts, images = await asyncio.gather(self._of_texts(batch), self._of_images(batch))
        return [merged(self.outputs, texts.get(index), images.get(index)) for index in range(len(batch))]

    async def _of_texts(self, batch: Sequence[Content]) -> dict[int, Any]:
        found = {index: content.text for index, content in enumerate(batch) if content.text}
        return dict(
            zip(found, await batched(list(found.values()), self._settings.texts, self._judged_texts), strict=True)
        )

    async def _of_images(self, batch: Sequence[Content]) -> dict[int, Any]:
        if not self._settings.judge_images:
            return {}
        found = {index: content for index, content in enumerate(batch) if content.images}
        return dict(zip(found, await each(found.values(), self._judged_images), strict=True))

    async def _judged_texts(self, texts: Sequence[str]) -> list[Mapping[str, Any] | Missing]:
        return [self._named(result, Modality.TEXT) for result in await self._asked(list(texts))]

    async def _judged_images(self, content: Content) -> Mapping[str, Any]:
        parts = await each(content.images, self._judged_image)
        return highest(parts, _outputs(self._settings.prefix, Modality.IMAGE))

    async def _judged_image(self, medium: Media) -> Mapping[str, Any]:
        image = await picture(medium, IMAGE_BYTES, IMAGE_KINDS)
        (result,) = counted(await self._asked([{"type": "image_url", "image_url": {"url": image.url}}]), 1)
        return self._named(result, Modality.IMAGE)

    async def _asked(self, given: Sequence[Any]) -> list[_Result]:
        body = {"model": self._settings.model, "input": given}
        return shaped(_Answer, await self.client.request("POST", "moderations", json=body)).results

    def _named(self, result: _Result, modality: Modality) -> Mapping[str, Any]:
        named = {_name(self._settings.prefix, modality, key): value for key, value in result.category_scores.items()}
        return {name: named[name] for name in _outputs(self._settings.prefix, modality) if name in named}


def _name(prefix: str, modality: Modality, category: str) -> str:
    return f"{prefix}.{modality}.{category.replace('/', '_').replace('-', '_')}"


def _outputs(prefix: str, modality: Modality) -> dict[str, Output]:
    return {
        _name(prefix, modality, category): Score(modality=modality, description=f"the service's score for `{category}`")
        for category in CATEGORIES[modality]
    }


PLUGIN = Plugin(
    name="openai-moderation",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    reads_facts=False,
    outputs=_outputs("openai", Modality.TEXT) | _outputs("openai", Modality.IMAGE),
    create=OpenAIModeration,
    settings=OpenAIModerationSettings,
    device="remote",
    summary="OpenAI's moderation endpoint (omni-moderation): texts and images leave the house; its terms hold",
    card="https://platform.openai.com/docs/guides/moderation",
)
