"""A folded text -> its skeleton: leetspeak read, inserted punctuation and spaces taken out, repeated letters squeezed.

`f.r.3.3   m o n e e e y` becomes `fre money` with, for each letter, how often it stood there and what stood before it.
What may be read as a disguised word is decided afterwards by `spells` and `stands_alone`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from scorers.lexicon.boundaries import is_letter
from scorers.lexicon.fold import Folded

LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "€": "e"}
LEET_I_OR_L = "1!|"
LEET_BEFORE_LETTER = "!|"
APOSTROPHES = "'\u2019\u02bc`\u00b4"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014"
LONGEST_GAP = 3
STRETCHED = 3
SPELLED_OUT = 3
ONE_LETTER_WORDS = frozenset("aiueoy")

# A text without any of these is its own skeleton, as far as lists can tell.
DISGUISED = re.compile(
    r"(\w)\1\1|[^\W\d_][^\w\s'\u2019]+\w|[^\W\d_]['\u2019]\w['\u2019]|[^\W\d_][_\d@$€]|[_\d@$€!|][^\W\d_]|(?:^|\W)\w\W{1,3}\w\W{1,3}\w(?:\W|$)"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a skeleton: its original span, how often it stood there, and the gap before it within its word."""

    char: str
    start: int
    end: int
    run: int = 1
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """`text[i]` is `letters[i]`; words are parted by one space."""

    text: str
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A term of a list, squeezed: `runs[i]` is how often `text[i]` stands in the term."""

    text: str
    runs: tuple[int, ...]


def spelling(folded: str) -> Spelling:
    """Squeeze a folded term."""
    groups = [(char, sum(1 for _ in group)) for char, group in groupby(folded)]
    return Spelling("".join(char for char, _ in groups), tuple(run for _, run in groups))


def skeletons(folded: Folded) -> Iterator[Skeleton]:
    """Yield the readings of a text: none if nothing in it is disguised, two where a `1` may be an i or an l."""
    if not DISGUISED.search(folded.text):
        return
    for reading in "il" if any(char in folded.text for char in LEET_I_OR_L) else "i":
        letters = tuple(_squeezed(_letters(folded, _unleeted(folded.text, reading))))
        yield Skeleton("".join(letter.char for letter in letters), letters)


def spells(skeleton: Skeleton, start: int, end: int, spelling: Spelling) -> bool:
    """Say whether the letters [start, end) are stretched only as one stretches a word: `baaad`, but not `as` for `ass`."""
    seen = (letter.run for letter in skeleton.letters[start:end])
    return all(run == own or (run >= STRETCHED and run > own) for run, own in zip(seen, spelling.runs, strict=True))


def spelled_out(skeleton: Skeleton, start: int, end: int) -> bool:
    """Say whether something stood between the letters [start, end)."""
    return any(letter.gap for letter in skeleton.letters[start + 1 : end])


def stands_alone(skeleton: Skeleton, start: int, end: int) -> bool:
    """Say whether [start, end) is a word of its own, also in a row of letters such as `a b-a-d one`."""
    text, letters = skeleton.text, skeleton.letters
    first = text.rfind(" ", 0, start) + 1
    last = text.find(" ", end) if " " in text[end:] else len(text)
    inner = {letter.gap for letter in letters[start + 1 : end]}
    return _parted(text[first:start], letters[start].gap, inner) and _parted(
        text[end:last], letters[end].gap if end < last else "", inner
    )


def _parted(rest: str, gap: str, inner: set[str]) -> bool:
    """Say whether `rest`, parted from the match by `gap`, is another word than the match with its `inner` gaps."""
    return not rest or (gap != "" and (gap not in inner or rest in ONE_LETTER_WORDS))


def _unleeted(text: str, reading: str) -> str:
    """Read digits and signs as letters, one for one, in words that have a letter and in single characters."""
    return re.sub(r"\S+", lambda token: _read_token(token[0], reading), text)


def _read_token(token: str, reading: str) -> str:
    if len(token) > 1 and not any(char.isalpha() for char in token):
        return token
    read = []
    for char, following in zip(token, [*token[1:], " "], strict=True):
        sign_at_end = char in LEET_BEFORE_LETTER and not following.isalpha()
        read.append(char if sign_at_end else reading if char in LEET_I_OR_L else LEET.get(char, char))
    return "".join(read)


def _letters(folded: Folded, read: str) -> Iterator[Letter]:
    """Yield the letters of `read`, with a space between those that no disguise joins."""
    pieces = [[*group] for lettered, group in groupby(range(len(read)), lambda i: is_letter(read[i])) if lettered]
    spelled = _spelled(pieces)
    for index, piece in enumerate(pieces):
        gap = ""
        if index:
            before = pieces[index - 1]
            gap = read[before[-1] + 1 : piece[0]]
            if not _joins(len(before), gap, len(piece), in_row=spelled[index - 1] and spelled[index]):
                yield Letter(" ", *folded.origin(before[-1] + 1, piece[0]))
                gap = ""
        for place in piece:
            yield Letter(read[place], folded.starts[place], folded.ends[place], 1, gap if place == piece[0] else "")


def _spelled(pieces: list[list[int]]) -> list[bool]:
    """Say for each piece whether it is one of at least three single letters in a row."""
    rows: list[bool] = []
    for single, group in groupby(pieces, lambda piece: len(piece) == 1):
        length = len([*group])
        rows += [single and length >= SPELLED_OUT] * length
    return rows


def _joins(before: int, gap: str, after: int, *, in_row: bool) -> bool:
    """Say whether two pieces of so many letters, parted by `gap`, may be one word in disguise."""
    if len(gap) > LONGEST_GAP:
        return False
    if " " in gap:
        return in_row
    if any(char in APOSTROPHES for char in gap):
        return before == after == 1
    if all(char in HYPHENS for char in gap):
        return 1 in (before, after)
    return True


def _squeezed(letters: Iterator[Letter]) -> Iterator[Letter]:
    for char, group in groupby(letters, lambda letter: letter.char):
        same = [*group]
        yield Letter(char, same[0].start, same[-1].end, len(same), same[0].gap)
