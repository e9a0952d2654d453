"""Text whose braces do not balance -> where, by its indentation, a brace is missing or too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_dsl.outline import Piece, outline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_dsl.source import Source

# A file of which more than this is missing is not badly closed but something else.
_MOST = 20
_DEPTH = {"{": 1, "}": -1, "": 0}


@dataclass(frozen=True, slots=True)
class Braces:
    """`missing` maps the offset before which a `}` belongs to how many; `extra` are the offsets of those that close nothing."""

    missing: Mapping[int, int] = field(default_factory=dict)
    extra: frozenset[int] = frozenset()


def balance(source: Source) -> Braces:
    """What is wrong with the braces, where the indentation explains it alone; else nothing, and the parser sees to it."""
    pieces = list(outline(source.text))
    over = sum(_DEPTH[piece.char] for piece in pieces)
    if not 0 < abs(over) <= _MOST:
        return Braces()
    found = _by_indentation(pieces, len(source.text))
    if found is None or (found.extra if over > 0 else found.missing):
        return Braces()
    return found


def _by_indentation(pieces: list[Piece], end: int) -> Braces | None:
    """A line that stands no deeper than the line of an open `{` shows that its `}` is missing before it.

    None where a `}` closes nothing because the line that it belongs to lacks its `{`.
    """
    stack: list[int] = []
    bare: set[int] = set()  # the indentations at which the last line has no brace
    missing: Counter[int] = Counter()
    extra: set[int] = set()
    for piece in pieces:
        while stack and piece.first and _shows_end(piece, stack[-1]):
            stack.pop()
            missing[piece.at] += 1
        if piece.char == "{":
            stack.append(piece.indent)
        elif piece.char and stack and (not piece.first or stack[-1] == piece.indent):
            stack.pop()
        elif piece.char and piece.indent in bare:
            return None
        elif piece.char:
            extra.add(piece.at)
        bare = {indent for indent in bare if indent < piece.indent} | ({piece.indent} if not piece.char else set())
    missing[end] += len(stack)
    return Braces(+missing, frozenset(extra))


def _shows_end(piece: Piece, indent: int) -> bool:
    """Whether a block that begins on a line of this indentation cannot go on with this piece."""
    return piece.indent < indent or (piece.indent == indent and piece.char != "}")
