"""Text whose braces do not balance -> where, by its indentation, a brace is missing or too many."""

# ruff: noqa: RUF001 - full-width braces are the subject

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_dsl.mistakes.characters import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_dsl.source import Source

_PIECE = re.compile(rf"(?P<opaque>{OPAQUE})|(?P<brace>[{{}}｛｝])|(?P<line>\n[ \t]*)(?=(?P<next>[^\s#]))", re.DOTALL)
# A file of which more than this is missing is not badly closed but something else.
_MOST = 20


_DEPTH = {"{": 1, "}": -1, "": 0}
_PLAIN = str.maketrans("｛｝", "{}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A brace, or ("") the first sign of a line that is none; `indent` is its line's, tabs counted as one."""

    at: int
    char: str
    indent: int
    first: bool

    def shows_end_of(self, indent: int) -> bool:
        return self.indent < indent or (self.indent == indent and self.char != "}")


@dataclass(frozen=True, slots=True)
class Braces:
    """`missing` maps the offset before which a `}` belongs to how many; `extra` are the offsets of those that close nothing."""

    missing: Mapping[int, int] = field(default_factory=dict)
    extra: frozenset[int] = frozenset()


def balance(source: Source) -> Braces:
    """What is wrong with the braces, where the indentation explains it alone; else nothing, and the parser sees to it."""
    pieces = list(_pieces(source.text))
    over = sum(_DEPTH[piece.char] for piece in pieces)
    if not 0 < abs(over) <= _MOST:
        return Braces()
    found = _by_indentation(pieces, len(source.text))
    if found is None or (found.extra if over > 0 else found.missing):
        return Braces()
    return found


def _pieces(text: str) -> Iterator[_Piece]:
    indent, first = 0, True
    for match in _PIECE.finditer("\n" + text):
        if match["line"]:
            indent, first = len(match["line"]) - 1, True
            if match["next"] not in "{}":
                yield _Piece(match.end() - 1, "", indent, first)
                first = False
        elif match["brace"]:
            yield _Piece(match.start() - 1, match["brace"].translate(_PLAIN), indent, first)
            first = False


def _by_indentation(pieces: list[_Piece], end: int) -> Braces | None:
    """A line that stands no deeper than the line of an open `{` shows that its `}` is missing before it.

    None where a `}` closes nothing because the line that it belongs to lacks its `{`.
    """
    stack: list[int] = []
    bare: set[int] = set()  # the indentations at which the last line has no brace
    missing: Counter[int] = Counter()
    extra: set[int] = set()
    for piece in pieces:
        while stack and piece.first and piece.shows_end_of(stack[-1]):
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
