"""A text or media, byte for byte -> for each list of known hashes, whether one of them is its hash."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from pydantic import Field, field_validator

from scorers.content import Content, ContentError, Media, Modality
from scorers.hashlists import HashList, left_out, list_of, read_hashes
from scorers.scorer import Cost, Flag, Missing, Name, Output, Plugin, Prefix, Row, Scorer, Settings
from scorers.watched import Watched


class ExactHashSettings(Settings):
    """Settings of `exact-hash`; the lists give the outputs their names."""

    lists: Mapping[Name, str] = Field(description="name -> path of a list of hashes (text, .csv, .jsonl)")
    prefix: Prefix = Field(default="hash", description="first part of the outputs' names")
    refresh_s: float = Field(default=60, ge=0, description="look for changed lists every so many seconds; 0: never")
    of: frozenset[Modality] = Field(default=frozenset(Modality), description="what is hashed: text, image, …")

    @field_validator("of")
    @classmethod
    def _something(cls, of: frozenset[Modality]) -> frozenset[Modality]:
        if not of:
            raise ValueError("nothing is hashed: name at least one of text, image, video, audio")
        return of


class ExactHashScorer(Scorer):
    """Looks up the MD5, SHA-1 and SHA-256 of a text's UTF-8 bytes and of each medium's bytes, whichever the lists hold.

    With several modalities in `of` it answers for every content: nothing there means no match.
    """

    def __init__(self, settings: ExactHashSettings, folder: Path) -> None:
        """Read the lists. Raises SettingsError where one cannot be read; bad lines are left out, see `warnings`."""
        self._settings = settings
        self._folder = folder
        only = next(iter(settings.of)) if len(settings.of) == 1 else None
        flag = replace(MATCH, modality=only)
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {f"{settings.prefix}.{name}.match": flag for name in settings.lists}
        )
        files = [folder / path for path in settings.lists.values()]
        self._lists = Watched(f"{settings.prefix}.*", files, self._read, settings.refresh_s)

    def _read(self) -> Mapping[str, HashList]:
        return {
            f"{self._settings.prefix}.{name}.match": list_of(name, path, self._folder, read_hashes)
            for name, path in self._settings.lists.items()
        }

    def reload(self) -> None:
        """Read the lists again; all are replaced, or, where this raises SettingsError, none."""
        self._lists.remake()

    def refresh(self) -> bool:
        """Read the lists again if their files changed. Return whether they were; where they cannot be, the old ones stay."""
        return self._lists.refresh()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of the lists, one by one, of each list the first twenty; and why they are out of date."""
        paths = self._settings.lists.values()
        known = self._lists.value.values()
        told = [line for path, list_ in zip(paths, known, strict=True) for line in left_out(path, list_)]
        return (*told, *filter(None, [self._lists.failure]))

    def score(self, batch: Sequence[Content]) -> list[Row]:
        self._lists.look()
        lists = self._lists.value
        return [self._row(content, lists) for content in batch]

    def _row(self, content: Content, lists: Mapping[str, HashList]) -> Row:
        algorithms = {algorithm for known in lists.values() for algorithm in known.digests}
        hashes: list[tuple[str, bytes]] = []
        unread = ""
        for part, data in self._parts(content):
            if isinstance(data, Missing):
                unread = unread or f"{part}: {data.reason}"
            else:
                hashes += [(name, hashlib.new(name, data, usedforsecurity=False).digest()) for name in algorithms]
        return {
            output: _found(known, hashes) or (Missing(unread) if unread else False) for output, known in lists.items()
        }

    def _parts(self, content: Content) -> Iterator[tuple[str, bytes | Missing]]:
        if Modality.TEXT in self._settings.of and content.text:
            yield "text", content.text.encode("utf-8", "surrogatepass")
        media = {Modality.IMAGE: content.images, Modality.VIDEO: content.videos, Modality.AUDIO: content.audio}
        for modality, there in media.items():
            for number, medium in enumerate(there if modality in self._settings.of else (), 1):
                yield f"{modality} {number}", _bytes(medium)


def _found(known: HashList, hashes: list[tuple[str, bytes]]) -> bool:
    return any(digest in known.digests.get(algorithm, ()) for algorithm, digest in hashes)


def _bytes(medium: Media) -> bytes | Missing:
    try:
        return medium.read()
    except OSError as error:
        return Missing(f"cannot be read: {error.strerror or error}")
    except ContentError as error:
        return Missing(str(error))


MATCH = Flag(description="whether the list has the hash of the text or of one of the media")

PLUGIN = Plugin(
    name="exact-hash",
    version="1",
    licence="Apache-2.0",
    cost=Cost.LOOKUP,
    outputs={"hash.<list>.match": MATCH},
    create=ExactHashScorer,
    settings=ExactHashSettings,
    judges=tuple(Modality),
    cacheable=False,  # its lists are read anew when they change
    summary="MD5, SHA-1 and SHA-256 of texts and media against lists of known hashes, byte for byte",
)
