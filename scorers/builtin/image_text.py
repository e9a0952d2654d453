"""Pictures -> the text drawn in them, and what text scorers say of it, alone and together with the post's own text."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field

from scorers.content import Content, Modality
from scorers.deadline import remaining
from scorers.images.contents import of_frames
from scorers.images.ocr import ENLARGE_TO, Reader
from scorers.images.settings import ImageSettings
from scorers.onnx.runtime import needed
from scorers.onnx.session import Device
from scorers.parts import Parts
from scorers.registry import Configured
from scorers.runner import Scored
from scorers.scorer import (
    Cost,
    Count,
    Flag,
    Kind,
    Missing,
    Output,
    Plugin,
    Prefix,
    Row,
    Scorer,
    SettingsError,
    Value,
)
from scorers.threads import in_thread

NOTHING: Mapping[Kind, Value] = {Kind.SCORE: 0.0, Kind.FLAG: False, Kind.COUNT: 0, Kind.TEXT: ""}
"""What a judge's output is where no text was found: that was looked for, so it is known, not missing."""


class ImageTextSettings(ImageSettings):
    """Settings of `image-text`."""

    judges: Sequence[Any] = Field(default=(), description="the text scorers, as in a manifest: `[{use: text-linear}]`")
    prefix: Prefix = Field(default="image_text", description="first part of the outputs' names")
    together: Prefix | None = Field(
        default=None,
        description="first part of the names of what the judges say of the post's own text and the text read, taken as one; not asked unless stated",
    )
    min_confidence: float = Field(default=0.5, ge=0, le=1, description="lines read with less are dropped")
    enlarge_to: int = Field(
        default=ENLARGE_TO,
        ge=32,
        le=960,
        description="the shorter side, in pixels, to which a smaller picture is enlarged",
    )
    device: Device = Field(default="auto", description="`cpu`, `cuda`, or `auto`: CUDA where it runs")
    threads: int = Field(default=0, ge=0, description="processor threads for one picture; 0: one a core")


class ImageTextScorer(Scorer):
    """Reads each picture once, whatever the number of judges."""

    def __init__(self, settings: ImageTextSettings, _folder: Path, part: Callable[[str, Any], Configured]) -> None:
        """Make the judges. Raises SettingsError where one judges no text, or two outputs would have one name."""
        self._settings = settings
        self._parts = Parts([part(f"judges.{index}", entry) for index, entry in enumerate(settings.judges)])
        self._judged: dict[str, Output] = {}
        for index, judge in enumerate(self._parts.parts):
            self._judged |= _judged(judge, f"judges.{index}", self._judged)
        self._prefixes = [settings.prefix, *([settings.together] if settings.together else [])]
        self.outputs: Mapping[str, Output] = MappingProxyType(_distinct(self._named()))
        self._reader: Reader | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._parts.warnings

    @property
    def device(self) -> str:
        """What reads really runs on, `cuda` or `cpu`. Raises RuntimeError before `load`."""
        return self._loaded.device

    def load(self) -> None:
        """Raises ModelUnavailableError where a library or a model is missing, RuntimeError where a judge does not load."""
        needed("PIL.Image", "ocr")
        asked = self._settings
        self._reader = Reader.open(asked.device, asked.threads, asked.min_confidence, asked.enlarge_to)
        self._parts.load()

    async def score(self, batch: Sequence[Content]) -> list[Row]:
        _, reading = in_thread(self._read, batch)
        read = await reading
        asked = [_asked(content, text, len(self._prefixes)) for content, text in zip(batch, read, strict=True)]
        answers = iter(await self._parts.run([content for groups in asked for group in groups for content in group]))
        return [
            self._row(text, [[next(answers) for _ in group] for group in groups])
            for text, groups in zip(read, asked, strict=True)
        ]

    def _named(self) -> Iterator[tuple[str, Output]]:
        yield f"{self._settings.prefix}.found", FOUND
        yield f"{self._settings.prefix}.length", LENGTH
        for prefix in self._prefixes:
            for source, output in self._judged.items():
                yield (
                    _renamed(prefix, source),
                    Output(output.kind, output.minimum, output.maximum, (), Modality.IMAGE, output.description),
                )

    def _read(self, batch: Sequence[Content]) -> list[str | Missing]:
        """Read the pictures of one content after the other, as long as there is time for another."""
        longest = 0.0
        texts: list[str | Missing] = []
        for content in batch:
            start = time.monotonic()
            if remaining() <= longest:
                late = Missing(f"not read: there was time for {len(texts)} of {len(batch)} contents; set `batch`")
                return [*texts, *[late] * (len(batch) - len(texts))]
            lines = of_frames(content, self._settings.decoding, self._loaded.read)
            texts.append(lines if isinstance(lines, Missing) else "\n".join(filter(None, dict.fromkeys(lines))))
            longest = max(longest, time.monotonic() - start)
        return texts

    def _row(self, text: str | Missing, answers: Sequence[Sequence[Scored]]) -> Row:
        if isinstance(text, Missing):
            return text
        row: dict[str, Value | Missing] = {
            f"{self._settings.prefix}.found": bool(text),
            f"{self._settings.prefix}.length": len(text),
        }
        for prefix, scored in zip(self._prefixes, answers, strict=True):
            for source, output in self._judged.items():
                row[_renamed(prefix, source)] = _highest(source, output.kind, scored)
        return row

    @property
    def _loaded(self) -> Reader:
        if self._reader is None:
            raise RuntimeError("`image-text` was asked before `load`")
        return self._reader


def _judged(judge: Configured, key: str, known: Mapping[str, Output]) -> dict[str, Output]:
    """Return the outputs of a judge that speak of text. Raises SettingsError where there is none, or one is known."""
    found = {name: output for name, output in judge.outputs.items() if _of_text(output)}
    if not found:
        raise SettingsError(f"`{judge.plugin.name}` gives no score, flag, count or text of texts", key)
    for name in found:
        if name in known:
            raise SettingsError(f"two judges give `{name}`: give one of them another `prefix`", key)
    return found


def _of_text(output: Output) -> bool:
    return output.modality in {Modality.TEXT, None} and output.kind in NOTHING


def _renamed(prefix: str, source: str) -> str:
    """`text.hate` is `PREFIX.hate`; any other name stands whole behind the prefix."""
    return f"{prefix}.{source.removeprefix('text.')}"


def _distinct(named: Iterable[tuple[str, Output]]) -> dict[str, Output]:
    outputs: dict[str, Output] = {}
    for name, output in named:
        if name in outputs:
            raise SettingsError(f"two outputs would be `{name}`: give a judge, or `together`, another prefix", "judges")
        outputs[name] = output
    return outputs


def _asked(content: Content, read: str | Missing, groups: int) -> list[list[Content]]:
    """Return what the judges are shown: the text read; and, where asked for, both texts as one, in either order.

    Nothing of the content but its text goes along, so that the answers depend on nothing else; nor its language, which
    is that of the post's own text.
    """
    if isinstance(read, Missing):
        return []
    own = (content.text or "").strip()
    both = [f"{own}\n{read}", f"{read}\n{own}"] if own and read else [own or read]
    shown = [[read], both][:groups]
    return [[Content(id=content.id, text=text) for text in texts if text] for texts in shown]


def _highest(source: str, kind: Kind, scored: Sequence[Scored]) -> Value | Missing:
    """Return the highest value (of text outputs, the first); what a judge could not say of one text is missing."""
    values: list[Value] = []
    for one in scored:
        if source not in one.values:
            return Missing(one.missing.get(source, "the judge gave no value"))
        values.append(one.values[source])
    if not values:
        return NOTHING[kind]
    return values[0] if kind is Kind.TEXT else max(values)  # numbers, or all of them flags


FOUND = Flag(modality="image", description="whether a picture has text in it")
LENGTH = Count(modality="image", description="how many characters were read, of all pictures")
_OF_JUDGES = {
    "image_text": "what a judge says of the text in the pictures",
    "<together>": "what a judge says of that text and the post's own, taken as one",
}


def _create(settings: Any, folder: Path, part: Callable[[str, Any], Configured]) -> ImageTextScorer:
    return ImageTextScorer(settings, folder, part)


PLUGIN = Plugin(
    name="image-text",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU_HEAVY,
    outputs={
        "image_text.found": FOUND,
        "image_text.length": LENGTH,
        **{
            f"{prefix}.<{kind}…>": Output(kind, modality=Modality.IMAGE, description=description)
            for prefix, description in _OF_JUDGES.items()
            for kind in NOTHING
        },
    },
    create=_create,
    settings=ImageTextSettings,
    summary="text in pictures, read by RapidOCR and judged by text scorers; about two CPU seconds a picture",
    device="cpu, cuda",
    judges=(Modality.TEXT, Modality.IMAGE),
    composite=True,
    reads_facts=False,
)
