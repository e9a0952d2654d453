"""Terms and a text -> hits: which term stands where, as written or in disguise."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from scorers.lexicon.boundaries import is_letter, is_word, unspaced
from scorers.lexicon.fold import Folded, Folder
from scorers.lexicon.masked import Shape, masked_words, shape, unmasks
from scorers.lexicon.skeleton import (
    LEET,
    LEET_I_OR_L,
    Skeleton,
    Spelling,
    skeletons,
    spelled_out,
    spelling,
    spells,
    stands_alone,
)


@dataclass(frozen=True, slots=True)
class Term:
    """An entry of a list. `language` None: any; `whole`: only as a word of its own; `innocent`: clears what it covers."""

    list: str
    text: str
    language: str | None = None
    whole: bool = True
    disguised: bool = True
    innocent: bool = False

    def speaks(self, language: str | None) -> bool:
        return self.language is None or language is None or self.language == language


@dataclass(frozen=True, slots=True)
class Hit:
    """A term in a text: characters [start, end) of the original."""

    term: Term
    start: int
    end: int
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class _Disguise:
    """How a term may look in a skeleton; `apart`: only with something between its letters."""

    term: Term
    spelling: Spelling
    apart: bool
    whole: bool

    def fits(self, skeleton: Skeleton, start: int, end: int) -> bool:
        return (
            spells(skeleton, start, end, self.spelling)
            and (not self.apart or spelled_out(skeleton, start, end))
            and (not self.whole or stands_alone(skeleton, start, end))
        )


class Matcher:
    """Finds terms; built once, thread-safe.

    Two automata: one over the terms as they stand, one over their squeezed spellings, asked only where a text has
    something that may be a disguise.
    """

    def __init__(self, terms: Iterable[Term], folder: Folder) -> None:
        self._folder = folder
        written: dict[str, list[Term]] = defaultdict(list)
        squeezed: dict[str, list[_Disguise]] = defaultdict(list)
        for term in terms:
            folded = folder.fold(term.text).text.strip()
            written[folded].append(term)
            if term.disguised:
                for disguise in _disguises(term, folded):
                    squeezed[disguise.spelling.text].append(disguise)
        by_shape: dict[Shape, list[tuple[str, Term]]] = defaultdict(list)
        for folded, same in written.items():
            if folded.isalpha():
                by_shape[shape(folded)] += [(folded, term) for term in same if term.disguised]
        self._by_shape = dict(by_shape)
        self._written = tuple(written.values())
        self._squeezed = tuple(squeezed.values())
        self._by_written = AhoCorasick(list(written)) if written else None
        self._by_squeezed = AhoCorasick(list(squeezed)) if squeezed else None

    def hits(self, text: str, language: str | None = None) -> list[Hit]:
        """Return every hit, overlapping ones too, less those that an innocent term of the same list covers.

        `language` is a primary subtag (`de`); None asks the terms of every language.
        """
        folded = self._folder.fold(text)
        found = {*self._as_written(folded), *self._in_disguise(folded), *self._masked(folded)}
        spoken = [hit for hit in found if hit.term.speaks(language)]
        innocent = _Cover(hit for hit in spoken if hit.term.innocent)
        return [hit for hit in spoken if not hit.term.innocent and not innocent.covers(hit)]

    def _as_written(self, folded: Folded) -> Iterator[Hit]:
        if self._by_written is None:
            return
        for index, start, end in self._by_written.find_matches_as_indexes(folded.text, overlapping=True):
            for term in self._written[index]:
                if not term.whole or is_word(folded.text, start, end):
                    yield Hit(term, *folded.origin(start, end))

    def _masked(self, folded: Folded) -> Iterator[Hit]:
        for start, end in masked_words(folded.text):
            word = folded.text[start:end]
            for written, term in self._by_shape.get(shape(word), ()):
                if unmasks(word, written):
                    yield Hit(term, *folded.origin(start, end), disguised=True)

    def _in_disguise(self, folded: Folded) -> Iterator[Hit]:
        if self._by_squeezed is None:
            return
        for skeleton in skeletons(folded.text):
            for index, start, end in self._by_squeezed.find_matches_as_indexes(skeleton.text, overlapping=True):
                for disguise in self._squeezed[index]:
                    if disguise.fits(skeleton, start, end):
                        place = folded.origin(*skeleton.span(start, end))
                        yield Hit(disguise.term, *place, disguised=True)


def _disguises(term: Term, folded: str) -> Iterator[_Disguise]:
    """Yield the term's spelling; a phrase also without its spaces. Nothing if it has signs that no skeleton has."""
    words = folded.split(" ")
    if all(is_letter(char) and char not in LEET and char not in LEET_I_OR_L for word in words for char in word):
        whole = term.whole and not any(unspaced(char) for char in folded)
        yield _Disguise(term, spelling(folded), apart=False, whole=whole)
        if len(words) > 1:
            yield _Disguise(term, spelling("".join(words)), apart=True, whole=whole)


class _Cover:
    """The innocent hits of each list by their start, with the furthest end that any of them has reached by then."""

    def __init__(self, innocent: Iterable[Hit]) -> None:
        self._starts: dict[str, list[int]] = defaultdict(list)
        self._ends: dict[str, list[int]] = defaultdict(list)
        for hit in sorted(innocent, key=lambda hit: hit.start):
            ends = self._ends[hit.term.list]
            self._starts[hit.term.list].append(hit.start)
            ends.append(max(hit.end, ends[-1] if ends else 0))

    def covers(self, hit: Hit) -> bool:
        before = bisect_right(self._starts.get(hit.term.list, ()), hit.start)
        return before > 0 and self._ends[hit.term.list][before - 1] >= hit.end
