"""Scorers for several languages -> one scorer: each text goes to the one for its language, and all answer under one prefix."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from scorers.content import Content
from scorers.registry import Configured, Part
from scorers.runner import Runner, Scored
from scorers.scorer import (
    Cost,
    Evidence,
    Kind,
    Missing,
    Output,
    Plugin,
    Prefix,
    Row,
    Rows,
    Score,
    Scorer,
    Settings,
    SettingsError,
)

VERSION = "1"
_DEFAULT, _DETECT = "default", "detect"


class ByLanguageSettings(Settings):
    languages: dict[str, Any] = Field(min_length=1, description="language (`en`, `de`) → a scorer, `{use: PLUGIN, …}`")
    default: Any = Field(
        default=None, description="the scorer for every other language; none: outputs are missing there"
    )
    detect: Any = Field(
        default=None, description="scorer that tells the language of content that states none (`text-language`)"
    )
    min_confidence: float = Field(
        default=0.5, ge=0, le=1, description="below it a detected language counts as not known"
    )
    prefix: Prefix = Field(default="text", description="first part of the outputs' names")


class ByLanguage(Scorer):
    """The scorer `by-language`: a runner of its own asks its parts."""

    def __init__(
        self, settings: ByLanguageSettings, parts: Mapping[str, Configured], detect: Configured | None
    ) -> None:
        """Take the parts by language; `default` is the one for all others."""
        self._named = {language: _renamed(part, settings.prefix) for language, part in parts.items()}
        self.outputs = _common(parts, self._named)
        self._parts = parts
        self._least = settings.min_confidence
        self._language = _detected_output(detect) if detect else None
        self._ready: set[str] = set()
        self._detect = detect
        self._runner = Runner([*parts.values(), *([detect] if detect else [])])

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(warning for part in self._parts.values() for warning in part.scorer.warnings)

    def load(self) -> None:
        """Load every part; one that does not load costs its language only: it is tried again, and told, when it is asked."""
        asyncio.run(self._load())

    async def _load(self) -> None:
        parts = [*self._parts.items(), *([(_DETECT, self._detect)] if self._detect else [])]
        for key, part in parts:
            if not await self._runner.load(part):
                self._ready.add(key)

    async def score(self, batch: Sequence[Content]) -> Rows:
        languages = await self._languages(batch)
        rows: list[Row] = [self._without(language) for language in languages]
        keys = [None if isinstance(language, Missing) else self._key(language) for language in languages]
        own = {part: [i for i, key in enumerate(keys) if key == part] for part in self._parts}
        await asyncio.gather(*(self._judge(key, places, batch, rows) for key, places in own.items() if places))
        return rows

    async def _judge(self, key: str, places: Sequence[int], batch: Sequence[Content], rows: list[Row]) -> None:
        """Have a part judge the contents at these places, and put its rows there."""
        scored = await self._runner.run([batch[i] for i in places], [self._parts[key].name])
        for index, result in zip(places, scored, strict=True):
            rows[index] = _row(result, self._named[key])

    def evidence(self, content: Content) -> tuple[Evidence, ...]:
        """Return what the part for the content's stated language says; nothing where it is not loaded."""
        language = primary(content.language or "")
        key = self._key(language)
        if key not in self._ready or not (language or self._language is None):
            return ()
        named = self._named[key]
        found = self._parts[key].scorer.evidence(content)
        return tuple(replace(one, output=named[one.output]) for one in found if one.output in named)

    async def _languages(self, batch: Sequence[Content]) -> list[str | Missing]:
        """Return the primary subtag of each content, as stated or else as detected; `` where it is not known.

        `Missing` where the detector failed: that it is not installed must not send a text to the default scorer.
        """
        found: list[str | Missing] = [primary(content.language or "") for content in batch]
        unknown = [index for index, language in enumerate(found) if not language]
        if self._language and unknown:
            scored = await self._runner.run([batch[index] for index in unknown], [_DETECT])
            for index, result in zip(unknown, scored, strict=True):
                found[index] = self._told(result)
        return found

    def _told(self, scored: Scored) -> str | Missing:
        assert self._language is not None
        name, confidence = self._language
        if name in scored.missing:
            return Missing(f"the language is not detected: {scored.missing[name]}")
        sure = float(scored.values.get(confidence, 1)) >= self._least if confidence else True
        language = primary(str(scored.values.get(name, ""))) if sure else ""
        return "" if language == "und" else language

    def _key(self, language: str) -> str:
        return f"languages.{language}" if f"languages.{language}" in self._parts else _DEFAULT

    def _without(self, language: str | Missing) -> Missing:
        """Return what a content gets that no part is asked about."""
        if isinstance(language, Missing):
            return language
        if language:
            return Missing(f"no scorer is set for the language `{language}`, and no default")
        return Missing("the language is neither stated nor known, and no default scorer is set")


def primary(tag: str) -> str:
    """Return the primary subtag of a BCP 47 tag, in lower case: `de` of `de-AT`."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


def _row(scored: Scored, named: Mapping[str, str]) -> Row:
    """Translate what a part said; what is not applicable to the content is left out."""
    values = {named[name]: value for name, value in scored.values.items() if name in named}
    return values | {named[name]: Missing(reason) for name, reason in scored.missing.items() if name in named}


def _renamed(part: Configured, prefix: str) -> dict[str, str]:
    """Map a part's outputs to those under the common prefix: the last part of the name stays."""
    return {name: f"{prefix}.{name.rpartition('.')[2]}" for name in part.outputs}


def _common(parts: Mapping[str, Configured], named: Mapping[str, Mapping[str, str]]) -> dict[str, Output]:
    """Return the outputs that all parts give. Raises SettingsError where one gives others."""
    typed = {key: _typed(part, named[key]) for key, part in parts.items()}
    first, *others = typed
    for key in others:
        one, other = _kinds(typed[first]), _kinds(typed[key])
        if differing := sorted(name for name in one | other if one.get(name) != other.get(name)):
            raise SettingsError(
                f"`{key}` and `{first}` differ in {', '.join(f'`{name}`' for name in differing)}: all scorers of one "
                "`by-language` give the same outputs",
                key,
            )
    return {
        name: replace(output, probability=all(one[name].probability for one in typed.values()))
        for name, output in typed[first].items()
    }


def _typed(part: Configured, named: Mapping[str, str]) -> dict[str, Output]:
    # A part's values come calibrated from its own runner; they must not be calibrated twice.
    typed = {
        named[name]: replace(output, calibration=None, probability=output.probability or output.calibration is not None)
        for name, output in part.outputs.items()
    }
    if len(typed) < len(named):
        raise SettingsError(f"two outputs of `{part.plugin.name}` would have one name: use another scorer", part.name)
    return typed


def _kinds(outputs: Mapping[str, Output]) -> dict[str, tuple[Any, ...]]:
    return {name: (it.kind, it.minimum, it.maximum, it.values, it.modality) for name, it in outputs.items()}


def _detected_output(detect: Configured) -> tuple[str, str | None]:
    """Return the output that names the language, and the score of how sure that is, where there is one."""
    texts = [name for name, output in detect.outputs.items() if output.kind is Kind.TEXT]
    scores = [name for name, output in detect.outputs.items() if output.kind is Kind.SCORE]
    if len(texts) != 1:
        raise SettingsError(f"`{detect.plugin.name}` tells no language: use `text-language`", _DETECT)
    return texts[0], scores[0] if len(scores) == 1 else None


def _create(settings: Any, _folder: Path, part: Part) -> Scorer:
    parts = {}
    for language, entry in settings.languages.items():
        if language != primary(language) or not language.isalpha() or len(language) not in (2, 3):  # as BCP 47's are
            raise SettingsError(f"`{language}` is no language: expected a primary subtag such as `de`", "languages")
        parts[f"languages.{language}"] = part(f"languages.{language}", entry)
    if settings.default is not None:
        parts[_DEFAULT] = part(_DEFAULT, settings.default)
    return ByLanguage(settings, parts, None if settings.detect is None else part(_DETECT, settings.detect))


PLUGIN = Plugin(
    name="by-language",
    version=VERSION,
    licence="Apache-2.0",
    cost=Cost.CPU,
    outputs={"<prefix>.<label>": Score(modality="text", description="what every part gives")},
    create=_create,
    settings=ByLanguageSettings,
    summary="another scorer for each language, with one set of outputs",
    composite=True,
)
