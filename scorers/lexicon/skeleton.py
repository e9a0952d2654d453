"""A folded text -> its skeleton: leetspeak read, inserted punctuation and spaces taken out, repeated letters squeezed.

`f.r.3.3   m o n e e e y` becomes `fre money` with, for each letter, how often it stood there and what stood before it.
What may be read as a disguised word is decided afterwards by `spells` and `stands_alone`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "€": "e"}
LEET_I_OR_L = "1!|"
LEET_BEFORE_LETTER = "!|"
APOSTROPHES = "'\u2019\u02bc`\u00b4"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014"
# Between two words of a phrase may stand these; anything else (a comma, a full stop) parts phrases.
WITHIN_PHRASE = ' *_~"' + APOSTROPHES + HYPHENS
BREAK = "\n"
LONGEST_GAP = 3
STRETCHED = 3
SPELLED_OUT = 3
ONE_LETTER_WORDS = frozenset("aiueoy")

# A text without any of these is its own skeleton, as far as lists can tell.
DISGUISED = re.compile(
    r"(\w)\1\1|[^\W\d_][^\w\s'\u2019]+\w|[^\W\d_]['\u2019]\w['\u2019]|[^\W\d_][_\d@$€*~]|[_\d@$€!|*~][^\W\d_]|(?:^|\W)\w\W{1,3}\w\W{1,3}\w(?:\W|$)"
)


LEET_SIGN = re.compile(r"[\d@$\u20ac!|]")
# Letters, digits and the vowel signs that `\w` leaves out (Indic to Khmer, Meetei Mayek), by block.
PIECE = re.compile(
    "(?:[^\\W_]|[\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\ua802-\uabed])+"
)
REPEATED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """`text` has one of each run of letters, and its words are parted by one space, or a BREAK where a phrase ends.

    `kept[i]` is where `text[i]` stood before runs were squeezed; `runs[i]` how long its run was, if longer than one;
    `places` and `gaps` are of the text before that: where each letter stands in the folded text, and what stood before
    it within its word.
    """

    text: str
    kept: Sequence[int]
    runs: Mapping[int, int]
    places: Sequence[int]
    gaps: Mapping[int, str]

    def run(self, index: int) -> int:
        return self.runs.get(index, 1)

    def gap(self, index: int) -> str:
        return self.gaps.get(self.kept[index], "") if index < len(self.kept) else ""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the folded text that the letters [start, end) came from."""
        return self.places[self.kept[start]], self.places[self.kept[end - 1] + self.run(end - 1) - 1] + 1


@dataclass(frozen=True, slots=True)
class Spelling:
    """A term of a list, squeezed: `runs[i]` is how often `text[i]` stands in the term."""

    text: str
    runs: tuple[int, ...]


def spelling(folded: str) -> Spelling:
    """Squeeze a folded term."""
    groups = [(char, sum(1 for _ in group)) for char, group in groupby(folded)]
    return Spelling("".join(char for char, _ in groups), tuple(run for _, run in groups))


def skeletons(folded: str) -> Iterator[Skeleton]:
    """Yield the readings of a folded text: none if nothing in it is disguised, two where a `1` may be an i or an l."""
    if not DISGUISED.search(folded):
        return
    for reading in "il" if any(char in folded for char in LEET_I_OR_L) else "i":
        yield _squeezed(*_joined(_unleeted(folded, reading)))


def spells(skeleton: Skeleton, start: int, end: int, spelling: Spelling) -> bool:
    """Say whether the letters [start, end) are stretched only as one stretches a word: `baaad`, but not `as` for `ass`."""
    runs = (skeleton.run(index) for index in range(start, end))
    return all(run == own or (run >= STRETCHED and run > own) for run, own in zip(runs, spelling.runs, strict=True))


def spelled_out(skeleton: Skeleton, start: int, end: int) -> bool:
    """Say whether something stood between the letters [start, end)."""
    return any(skeleton.gap(index) for index in range(start + 1, end))


def stands_alone(skeleton: Skeleton, start: int, end: int) -> bool:
    """Say whether [start, end) is a word of its own, also in a row of letters such as `a b-a-d one`."""
    before = skeleton.text[max(0, start - 2) : start].replace(BREAK, " ").rpartition(" ")[2]
    after = skeleton.text[end : end + 2].replace(BREAK, " ").partition(" ")[0]
    inner = {skeleton.gap(index) for index in range(start + 1, end)}
    return _parted(before, skeleton.gap(start), inner) and _parted(after, skeleton.gap(end), inner)


def _parted(rest: str, gap: str, inner: set[str]) -> bool:
    """Say whether `rest`, parted from the match by `gap`, is another word than the match with its `inner` gaps.

    `rest` is what is left of the word on that side, or two letters of it.
    """
    return not rest or (gap != "" and (gap not in inner or rest in ONE_LETTER_WORDS))


def _unleeted(text: str, reading: str) -> str:
    """Read digits and signs as letters, one for one, in words that have a letter and in single characters."""
    if not LEET_SIGN.search(text):
        return text
    return re.sub(r"\S+", lambda token: _read_token(token[0], reading), text)


def _read_token(token: str, reading: str) -> str:
    if not LEET_SIGN.search(token) or (len(token) > 1 and not any(char.isalpha() for char in token)):
        return token
    read = []
    for char, following in zip(token, [*token[1:], " "], strict=True):
        sign_at_end = char in LEET_BEFORE_LETTER and not following.isalpha()
        read.append(char if sign_at_end else reading if char in LEET_I_OR_L else LEET.get(char, char))
    return "".join(read)


def _joined(read: str) -> tuple[str, list[int], dict[int, str]]:
    """Return the letters with a space or a BREAK between words, the place of each, and the gaps that a disguise left in words."""
    pieces = [piece.span() for piece in PIECE.finditer(read)]
    separators = ["", *(read[before[1] : after[0]] for before, after in pairwise(pieces))]
    rows = _rows([end - start for start, end in pieces], separators)
    text: list[str] = []
    places: list[int] = []
    gaps: dict[int, str] = {}
    for index, (start, end) in enumerate(pieces):
        if index:
            before, after = pieces[index - 1]
            gap = separators[index]
            if _joins(after - before, gap, end - start, in_row=rows[index - 1] == rows[index] != 0):
                gaps[len(places)] = gap
            else:
                text.append(" " if not gap.strip(WITHIN_PHRASE) else BREAK)
                places.append(after)
        text.append(read[start:end])
        places.extend(range(start, end))
    return "".join(text), places, gaps


def _rows(lengths: list[int], separators: list[str]) -> list[int]:
    """Number the rows of at least three single letters; 0 for pieces in none.

    Apostrophes and other signs make different rows: `I'm a b c` has the row `a b c`.
    """
    rows = [0] * len(lengths)
    start = 0
    for index in range(1, len(lengths) + 1):
        if index < len(lengths) and lengths[index] == lengths[index - 1] == 1:
            alone = index - start == 1
            if alone or _apostrophe(separators[index]) == _apostrophe(separators[index - 1]):
                continue
        if index - start >= SPELLED_OUT:
            rows[start:index] = [index] * (index - start)
        start = index
    return rows


def _apostrophe(separator: str) -> bool:
    return any(char in APOSTROPHES for char in separator)


def _joins(before: int, gap: str, after: int, *, in_row: bool) -> bool:
    """Say whether two pieces of so many letters, parted by `gap`, may be one word in disguise."""
    if len(gap) > LONGEST_GAP:
        return False
    if " " in gap:
        return in_row
    if _apostrophe(gap):
        return in_row
    if all(char in HYPHENS for char in gap):
        return 1 in (before, after)
    return True


def _squeezed(text: str, places: list[int], gaps: Mapping[int, str]) -> Skeleton:
    """Leave one of each run of a letter."""
    kept: list[int] = []
    runs: dict[int, int] = {}
    done = 0
    for repeated in REPEATED.finditer(text):
        start, end = repeated.span()
        kept.extend(range(done, start + 1))
        runs[len(kept) - 1] = end - start
        done = end
    kept.extend(range(done, len(text)))
    return Skeleton(REPEATED.sub(r"\1", text), kept, runs, places, gaps)
