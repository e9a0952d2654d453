"""A name that is no region -> the region or group that was probably meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# Below four letters every code is near to dozens of others: a guess would mislead more often than help.
_SHORTEST_GUESS = 4
# The ratio of difflib: one slip in six letters passes (`GLOBL`), another word does not.
_CUTOFF = 0.75


def nearest(name: str, known: Mapping[str, str]) -> str | None:
    """The target in `known` (spelling -> code) whose spelling is `name` but for case, `_` for `-`, or a slip."""
    spellings = {_fold(spelling): code for spelling, code in known.items()}
    folded = _fold(name)
    if folded in spellings:
        return spellings[folded]
    if len(folded) < _SHORTEST_GUESS:
        return None
    return _first(spellings[hit] for hit in get_close_matches(folded, _long(spellings), n=1, cutoff=_CUTOFF))


def _fold(text: str) -> str:
    return text.strip().casefold().replace("_", "-")


def _long(spellings: Iterable[str]) -> list[str]:
    return [spelling for spelling in spellings if len(spelling) >= _SHORTEST_GUESS]


def _first(codes: Iterable[str]) -> str | None:
    return next(iter(codes), None)
