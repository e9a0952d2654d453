"""A list as an author writes it (a file, words in place, or either per language) -> its entries, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from regions.plain_yaml import parse
from scorers.paths import OutsideFolderError, inside

# What an author writes: the path of a file, the entries, or one of both for each language (`any` for every language).
Words: TypeAlias = str | tuple[str, ...]
Source: TypeAlias = Words | dict[str, Words]

ANY_LANGUAGE = "any"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `place` says where it stands, for errors (`lists/spam.txt:7`)."""

    text: str
    language: str | None
    place: str


class ListError(ValueError):
    """A list that cannot be read; the message says where."""


def entries(source: Source, folder: Path) -> Iterator[Entry]:
    """Yield the entries of a list. Raises ListError."""
    if isinstance(source, Mapping):
        for language, words in source.items():
            yield from _words(words, _subtag(language), folder)
    else:
        yield from _words(source, None, folder)


def _subtag(language: str) -> str | None:
    """Return the primary subtag (`de` of `de-AT`), None for any."""
    return None if language == ANY_LANGUAGE else primary(language)


def primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _words(words: Words, language: str | None, folder: Path) -> Iterator[Entry]:
    if isinstance(words, str):
        yield from _file(words, language, folder)
    else:
        yield from (_entry(word, language, f"entry {index}") for index, word in enumerate(words, 1))


def _file(written: str, language: str | None, folder: Path) -> Iterator[Entry]:
    try:
        path = inside(folder, written)
        text = path.read_text(encoding="utf-8-sig")
    except OutsideFolderError as error:
        raise ListError(str(error)) from error
    except FileNotFoundError as error:
        raise ListError(f"there is no list `{written}` in `{folder}`") from error
    except UnicodeDecodeError as error:
        raise ListError(f"the list `{written}` cannot be read: not UTF-8, at byte {error.start + 1}") from error
    except OSError as error:
        raise ListError(f"the list `{written}` cannot be read: {error.strerror}") from error
    if path.suffix.lower() in {".yaml", ".yml"}:
        yield from _yaml(text, written, language)
    else:
        for number, line in enumerate(text.splitlines(), 1):
            word = line.partition("#")[0].strip()
            if word:
                yield _entry(word, language, f"{written}:{number}")


def _yaml(text: str, written: str, language: str | None) -> Iterator[Entry]:
    try:
        content = parse(text)
    except yaml.MarkedYAMLError as error:
        line = f", at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ListError(f"the list `{written}` is no YAML: {error.problem}{line}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ListError(f"the list `{written}` is no YAML: {' '.join(str(error).split())}") from error
    if language is None and isinstance(content, dict):
        for key, words in content.items():
            yield from _yaml_words(words, written, _subtag(str(key)))
    else:
        yield from _yaml_words(content, written, language)


def _yaml_words(words: Any, written: str, language: str | None) -> Iterator[Entry]:
    if not isinstance(words, list):
        raise ListError(
            f"the list `{written}` holds {type(words).__name__}, expected a list of words, or one for each language"
        )
    yield from (_entry(word, language, f"{written}, entry {index}") for index, word in enumerate(words, 1))


def _entry(word: Any, language: str | None, place: str) -> Entry:
    if not isinstance(word, str):  # YAML reads an unquoted `true` as a truth value and `88` as a number
        raise ListError(f"{place} is {word!r}, no string: put it in quotes")
    return Entry(word.strip(), language, place)
