"""A folded text -> the words in it that hide letters behind asterisks, and whether a term is such a word."""

import re
from collections.abc import Iterator
from typing import TypeAlias

MASK = "*"
RUN = re.compile(r"[\w*]+")

# How long a word is, and its first and last letter, which are never masked.
Shape: TypeAlias = tuple[int, str, str]


def masked_words(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of words such as `b*dw**d`: first and last letter shown, and at least half of all letters."""
    if MASK not in folded:
        return
    for run in RUN.finditer(folded):
        word = run[0].strip(MASK)
        hidden = word.count(MASK)
        if hidden and 2 * hidden <= len(word):
            start = run.start() + run[0].index(word)
            yield start, start + len(word)


def shape(word: str) -> Shape:
    return len(word), word[0], word[-1]


def unmasks(masked: str, term: str) -> bool:
    """Say whether `term`, of the same shape, has the letters that are shown."""
    return all(shown in (MASK, letter) for shown, letter in zip(masked, term, strict=True))
