"""Word lists and RE2 patterns -> for each list, whether and how often a text has something of it, disguised or not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import re2
import yaml
from pydantic import Field, model_validator

from scorers.content import Content
from scorers.lexicon.fold import Folder
from scorers.lexicon.lists import Entry, ListError, Source, entries, primary
from scorers.lexicon.matcher import Matcher, Term
from scorers.scorer import (
    Cost,
    Count,
    Evidence,
    Flag,
    Name,
    Output,
    Plugin,
    Prefix,
    Row,
    Scorer,
    Settings,
    SettingsError,
)


class ListSettings(Settings):
    """One list. A bare path or a bare list of words stands for its `terms`."""

    terms: Source = ()
    patterns: tuple[str, ...] = ()
    allow: Source = ()
    match: Literal["word", "substring"] = "word"
    disguised: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"terms": value} if isinstance(value, str | list) else value


class KeywordSettings(Settings):
    """Settings of `keywords`; the lists give the outputs their names."""

    lists: Mapping[Name, ListSettings] = Field(
        description="name -> a path, words, or {terms, patterns, allow, match, disguised}"
    )
    prefix: Prefix = Field(default="keywords", description="first part of the outputs' names")


@dataclass(frozen=True, slots=True)
class Match:
    """Something of a list in a text: characters [start, end) of the original, and the entry it matches."""

    list: str
    start: int
    end: int
    entry: str
    disguised: bool


class KeywordScorer(Scorer):
    """Counts, for each list, the places in a text that it matches; overlapping ones are one place, the longest first."""

    def __init__(self, settings: KeywordSettings, folder: Path) -> None:
        """Read the lists and build the automata. Raises SettingsError."""
        self._prefix = settings.prefix
        self._lists = tuple(settings.lists)
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {
                name: output
                for key in self._lists
                for name, output in (
                    (f"{self._prefix}.{key}.match", MATCH),
                    (f"{self._prefix}.{key}.count", COUNT),
                )
            }
        )
        self._folder = Folder(lookalikes())
        self._matcher = Matcher(
            (term for key, one in settings.lists.items() for term in _terms(key, one, folder, self._folder)),
            self._folder,
        )
        self._patterns = tuple(
            (key, pattern, _compiled(pattern, f"lists.{key}.patterns.{index}"))
            for key, one in settings.lists.items()
            for index, pattern in enumerate(one.patterns)
        )

    def matches(self, content: Content) -> tuple[Match, ...]:
        """Return what is counted, by place."""
        text = content.text or ""
        language = primary(content.language) if content.language else None
        found = [
            Match(hit.term.list, hit.start, hit.end, hit.term.text, hit.disguised)
            for hit in self._matcher.hits(text, language)
        ]
        found += self._by_pattern(text)
        found.sort(key=lambda match: (match.start, -match.end, match.disguised, match.entry))
        return tuple(_apart(found))

    def _by_pattern(self, text: str) -> Iterator[Match]:
        if not self._patterns:
            return
        clean = self._folder.clean(text)
        for key, pattern, compiled in self._patterns:
            for match in compiled.finditer(clean.text):
                start, end = match.span()
                if start < end:
                    yield Match(key, *clean.origin(start, end), pattern, disguised=False)

    def score(self, batch: Sequence[Content]) -> list[Row]:
        return [self._row(content) for content in batch]

    def _row(self, content: Content) -> Row:
        counts = dict.fromkeys(self._lists, 0)
        for match in self.matches(content):
            counts[match.list] += 1
        row: dict[str, int | bool] = {}
        for key, count in counts.items():
            row[f"{self._prefix}.{key}.match"] = count > 0
            row[f"{self._prefix}.{key}.count"] = count
        return row

    def evidence(self, content: Content) -> tuple[Evidence, ...]:
        return tuple(
            Evidence(
                f"{self._prefix}.{match.list}.count",
                match.start,
                match.end,
                f"`{match.entry}`, in disguise" if match.disguised else f"`{match.entry}`",
            )
            for match in self.matches(content)
        )


def _apart(found: list[Match]) -> Iterator[Match]:
    """Yield, of the matches of one list that overlap, the first."""
    ends: dict[str, int] = {}
    for match in found:
        if match.start >= ends.get(match.list, 0):
            ends[match.list] = match.end
            yield match


def lookalikes() -> dict[str, str]:
    table = yaml.safe_load((files("scorers.lexicon") / "confusables.yaml").read_text(encoding="utf-8"))
    return {char: letter for group in table.values() for letter, chars in group.items() for char in chars}


def _terms(name: str, settings: ListSettings, folder: Path, fold: Folder) -> Iterator[Term]:
    for key, source, innocent in (("terms", settings.terms, False), ("allow", settings.allow, True)):
        try:
            for entry in entries(source, folder):
                _refuse_empty(entry, fold)
                whole = settings.match == "word" and not innocent
                yield Term(name, entry.text, entry.language, whole, settings.disguised, innocent)
        except ListError as error:
            raise SettingsError(str(error), f"lists.{name}.{key}") from error


def _refuse_empty(entry: Entry, fold: Folder) -> None:
    if not fold.fold(entry.text).text.strip():
        raise ListError(f"{entry.place} is {entry.text!r}, which shows nothing: remove it")


def _compiled(pattern: str, key: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
        raise SettingsError(f"the pattern `{pattern}` is no RE2 pattern: {told}", key) from error
    if compiled.search("") is not None:
        raise SettingsError(
            f"the pattern `{pattern}` matches the empty text, and so every text: add what it must find", key
        )
    return compiled


MATCH = Flag(modality="text", description="whether the text has something of the list")
COUNT = Count(modality="text", description="at how many places the text has something of the list")

PLUGIN = Plugin(
    name="keywords",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU_LIGHT,
    reads_facts=False,
    outputs={"keywords.<list>.match": MATCH, "keywords.<list>.count": COUNT},
    create=KeywordScorer,
    settings=KeywordSettings,
    summary="word lists and patterns, found in disguise too (look-alikes, leetspeak, inserted signs, repeated letters)",
)
