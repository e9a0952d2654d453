"""A rule file's text and places in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points [start, end) of the file at `path` (a path relative to the pack, with `/`)."""

    path: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.path, self.start, max(self.end, other.end))


@dataclass(frozen=True)
class Source:
    """The text of one file. Offsets count code points; lines and columns count from 1.

    `folder` is where the file's path begins, for readers only: two sources that differ in it alone are equal.
    """

    path: str
    text: str
    folder: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        """The path as a reader would open it."""
        return f"{self.folder}/{self.path}" if self.folder not in ("", ".") else self.path

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its line break; empty beyond the end."""
        if not 1 <= number <= len(self.line_starts):
            return ""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def whole(self) -> Span:
        return Span(self.path, 0, 0)
