"""A text as written -> the text as it is matched, and for each character of it the place it came from."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

# Marks that decorate letters (accents, Zalgo stacks, Arabic and Hebrew points). Vowel signs of Indic scripts and the like
# are marks too, but they make other words, and stay.
DECORATION = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
# Letters that show nothing (Unicode's Default_Ignorable_Code_Point beyond category Cf).
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
CLUSTER_CACHE = 65_536


@dataclass(frozen=True, slots=True)
class Folded:
    """`text[i]` came from the original characters [starts[i], ends[i])."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the original span of the folded span [start, end), which is not empty."""
        return self.starts[start], self.ends[end - 1]


class Folder:
    """Folds lists and texts alike: NFKC, case, accents, invisible characters, look-alikes, white space.

    `lookalikes` maps a character to the letter it passes for. Thread-safe.
    """

    def __init__(self, lookalikes: Mapping[str, str]) -> None:
        self._lookalikes = str.maketrans(dict(lookalikes))
        self._matched = lru_cache(CLUSTER_CACHE)(self._as_matched)
        self._cleaned = lru_cache(CLUSTER_CACHE)(_without_invisible)

    def fold(self, text: str) -> Folded:
        """Return the text as lists are matched against it."""
        if _plain(text):
            return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
        return _mapped((start, end, self._matched(text[start:end])) for start, end in clusters(text))

    def clean(self, text: str) -> Folded:
        """Return the text as patterns are matched against it: NFKC without invisible characters, case and accents kept."""
        if _plain(text):
            return Folded(text, range(len(text)), range(1, len(text) + 1))
        return _mapped((start, end, self._cleaned(text[start:end])) for start, end in clusters(text))

    def _as_matched(self, cluster: str) -> str:
        bare = DECORATION.sub("", unicodedata.normalize("NFD", _without_invisible(cluster).casefold()))
        return unicodedata.normalize("NFC", bare.translate(self._lookalikes))


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "  " not in text


def clusters(text: str) -> Iterator[tuple[int, int]]:
    """Split a text into spans of one character and what Unicode composes with it."""
    start = 0
    for index in range(1, len(text)):
        if not _continues(text[index]):
            yield start, index
            start = index
    if text:
        yield start, len(text)


def _continues(char: str) -> bool:
    if char < "\u0300":
        return False
    return unicodedata.combining(char) != 0 or "\u1160" <= char <= "\u11ff" or char in "\uff9e\uff9f"


def _without_invisible(cluster: str) -> str:
    """Return the cluster in NFKC; "" if nothing of it shows, " " for white space; a lone surrogate as U+FFFD."""
    if cluster.isspace() or cluster == "\u2800":
        return " "
    shown = "".join(char for char in unicodedata.normalize("NFKC", cluster) if not _invisible(char))
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in shown)


def _invisible(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cc"} or char in BLANK


def _mapped(pieces: Iterator[tuple[int, int, str]]) -> Folded:
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, piece in pieces:
        for char in piece:
            if char == " " and text and text[-1] == " ":
                continue
            text.append(char)
            starts.append(start)
            ends.append(end)
    return Folded("".join(text), starts, ends)
