"""A text -> tokens -> normalised words, and a word -> its n-grams: what the linear text model knows of a text.

Training and scoring both read this module, so that they cannot come to differ.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

MAX_CHARS = 100_000
WINDOW = 256
WORD_CHARS = 40
WHOLE = "\t"  # no token holds white space: `word TAB` is the whole word, `word TAB word` a pair
URL_WORD = "<url>"
USER_WORD = "<user>"  # `<` is a token of its own, so no text holds these words
_GRAMS = (3, 4, 5)

# Invisible characters do not part a word (`hi<zero width space>dden`), nor do combining marks, which `\w` leaves out:
# without them every Hindi or Thai word would fall to pieces at its vowel signs.
_INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u109f"
_LETTER = rf"\w{_MARKS}{_INVISIBLE}"
_TOKEN = re.compile(
    rf"(?i:https?://\S+|www\.\S+)|[@\uff20]\w+|&(?:\w{{2,8}}|\#\w{{2,7}});|"
    rf"[{_LETTER}]+(?:['\u2019][{_LETTER}]+)*|[^\s{_LETTER}]"
)
_DROPPED = re.compile(f"[{_INVISIBLE}]+")
_DIGITS = str.maketrans("123456789\u2019", "000000000'")


def tokens(text: str) -> list[re.Match[str]]:
    """Cut the first `MAX_CHARS` characters into links, mentions, HTML entities, words and single symbols (emoji too)."""
    return list(_TOKEN.finditer(text, 0, MAX_CHARS))


def words(text: str) -> list[str]:
    """Return the tokens of a text as they are written."""
    return _TOKEN.findall(text[:MAX_CHARS])


def normalised(token: str) -> str:
    """Fold a token: NFKC, case folded, invisible characters dropped, every digit 0, an HTML entity what it stands for,
    links and mentions one word each.

    Empty where nothing visible is left. Cut to `WORD_CHARS` characters.
    """
    if len(token) > 1 and token[0] in "@\uff20":
        return USER_WORD
    if token[:4].lower() in {"http", "www."} and ("://" in token or token[3] == "."):
        return URL_WORD
    plain = html.unescape(token) if token[0] == "&" else token
    folded = unicodedata.normalize("NFKC", plain[: 4 * WORD_CHARS]).casefold()
    return "".join(_DROPPED.sub("", folded).translate(_DIGITS).split())[:WORD_CHARS]


def grams(word: str) -> list[str]:
    """Return the features of a normalised word: itself, and its 3- to 5-grams with a space at either end."""
    if not word:
        return []
    padded = f" {word} "
    size = len(padded)
    return [word + WHOLE, *(padded[i : i + n] for n in _GRAMS for i in range(size - n + 1))]


def pair(first: str, second: str) -> str:
    """Return the feature of two neighbouring words."""
    return first + WHOLE + second


def windows(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield the windows of at most `WINDOW` items, each half over the next; a short text is one window."""
    yield items[:WINDOW]
    for start in range(WINDOW // 2, len(items) - WINDOW // 2, WINDOW // 2):
        yield items[start : start + WINDOW]
