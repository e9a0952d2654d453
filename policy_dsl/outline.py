"""Text -> its braces and the first sign of each line, without reading what stands between them."""

# ruff: noqa: RUF001 - full-width braces are the subject

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Texts in quotes and comments, where any visible character may stand. An unclosed one ends with its line (or the file).
OPAQUE = (
    r"#[^\n]*|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''(?:[^\\]|\\.)*?(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\[^\n])*\"?|'(?:[^'\\\n]|\\[^\n])*'?"
)
_PIECE = re.compile(
    rf"(?P<opaque>{OPAQUE})|(?P<brace>[{{}}｛｝])|(?:\A\ufeff?|\n)(?P<indent>[ \t]*)(?=(?P<next>[^\s#]))", re.DOTALL
)
_PLAIN = str.maketrans("｛｝", "{}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A brace, or ("") the first sign of a line that is none; `indent` is its line's, tabs counted as one."""

    at: int
    char: str
    indent: int
    first: bool


def outline(text: str, start: int = 0) -> Iterator[Piece]:
    """The pieces from an offset on. The line in which it lies counts as begun, unless only space stands before it."""
    indent, first = 0, False
    line = text.rfind("\n", 0, start) + 1
    for match in _PIECE.finditer(text, start if text[line:start].strip() else max(0, line - 1)):
        if match["indent"] is not None:
            indent, first = len(match["indent"]), True
            if match["next"] not in "{}｛｝":
                yield Piece(match.end(), "", indent, first)
                first = False
        elif match["brace"]:
            yield Piece(match.start(), match["brace"].translate(_PLAIN), indent, first)
            first = False
