"""A name that nobody knows -> the known name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from regions.suggest import nearest

# Longer texts are no slips of a name, and comparing them would take its time.
_LONGEST = 64


def suggest(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that is `name` but for case or a slip (letters left out, doubled, exchanged), or None.

    Of dotted names (`image.nudity`) the part before the last dot counts first: where it is known, only names behind it
    are compared; where it is not, or is left out, a name with the same last part will do if there is only one.
    """
    names = sorted(set(known))
    if name in names or not 0 < len(name) <= _LONGEST:
        return None
    return (
        _behind_prefix(name, names) or _same_last_part(name, names) or nearest(name, {other: other for other in names})
    )


def _behind_prefix(name: str, names: list[str]) -> str | None:
    prefix, dot, last = name.rpartition(".")
    siblings = {other[len(prefix) + 1 :]: other for other in names if dot and other.rpartition(".")[0] == prefix}
    return nearest(last, siblings)


def _same_last_part(name: str, names: list[str]) -> str | None:
    last = name.rpartition(".")[2].casefold()
    found = [other for other in names if "." in other and other.rpartition(".")[2].casefold() == last]
    return found[0] if len(found) == 1 else None
