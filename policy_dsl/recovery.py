"""After a mistake that cannot be mended: the parser's stack and the text -> the next statement that an open block can take."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from policy_dsl.lexer import END, Token
from policy_dsl.outline import Piece, outline
from policy_dsl.problem import SyntaxProblem
from policy_dsl.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_dsl.machine import Frame, Machine

_DEPTH = {"{": 1, "}": -1, "": 0}
_WORD = re.compile(r"[A-Za-z_][\w-]*")


@dataclass
class Recovery:
    """Drops the unfinished statement in which `bad` stands. A clause that is broken is dropped whole.

    `read` gives the token at an offset as a stack of states would take it.
    """

    machine: Machine
    source: Source
    bad: Token
    read: Callable[[Sequence[int], int], Token]
    known: dict[tuple[int, str], str] = field(default_factory=dict)

    def skip(self) -> tuple[Span, int]:
        """The text that was dropped, and the offset from which to read on."""
        self.machine.settle(self.bad)
        depth, size = self.machine.open_maps(self.frames[0]), len(self.source.text)
        for piece in outline(self.source.text, self.bad.span.start):
            if piece.char == "}" and depth == 0 and self.frames[0].brace:
                return self.leave(piece.at)
            if piece.first and (level := self.level_of(piece, nested=depth > 0)) is not None:
                return self.drop(level, piece.at)
            depth = max(0, depth + _DEPTH[piece.char])
        return self.drop(len(self.frames) - 1, size)

    @cached_property
    def frames(self) -> list[Frame]:
        """The blocks that were open at the mistake, innermost first."""
        return self.machine.frames()

    @cached_property
    def indents(self) -> list[int]:
        """The indentation of the line on which each block's own statement begins; -1 for the file."""
        return [self.indent(frame.head) if frame.head else -1 for frame in self.frames]

    def indent(self, token: Token) -> int:
        text = self.source.line(self.source.position(token.span.start)[0])
        return len(text) - len(text.lstrip())

    @cached_property
    def statement_indent(self) -> int:
        """The indentation of the unfinished statement."""
        values = self.machine.values[self.frames[0].keep :]
        return self.indent(next((value for value in values if isinstance(value, Token)), self.bad))

    def level_of(self, piece: Piece, *, nested: bool) -> int | None:
        """The block, counted from the innermost, that goes on with this line; `nested` in braces that the mistake opened."""
        levels = range(len(self.frames)) if piece.char != "}" else ()
        return next((n for n in levels if self.stands_in(n, piece, nested=nested) and self.takes(n, piece)), None)

    def stands_in(self, level: int, piece: Piece, *, nested: bool) -> bool:
        """Whether a line of this indentation can be a statement of the block, rather than of one inside it."""
        if not self.frames[level].is_list:
            return False
        if level == 0 and not nested:
            return True
        sibling = self.indents[level - 1] if level else self.statement_indent
        return piece.indent <= sibling and (not nested or sibling > 0 or self.frames[level].head is None)

    def takes(self, level: int, piece: Piece) -> bool:
        """Whether the block can go on with what begins there."""
        keep = self.frames[level].keep
        if piece.at == self.bad.span.start and level == 0 and len(self.machine.values) == keep:
            return False
        word = _WORD.match(self.source.text, piece.at)
        if self.frames[level].kind == "TESTS":
            return piece.indent > self.indents[level]
        if word is None:
            return False
        key = (level, word.group())
        if key not in self.known:
            stack = self.machine.states[: keep + 1]
            kind = self.read(stack, piece.at).type
            self.known[key] = kind if self.machine.grammar.fits(stack, kind) else ""
        kind = self.known[key]
        return kind != "" and (piece.indent > self.indents[level] or kind != "WORD")

    def leave(self, brace: int) -> tuple[Span, int]:
        """Ends the innermost block at its own brace, or drops it where it cannot be completed."""
        start = self.cut(self.frames[0].keep)
        if self.frames[0].is_list and self.machine.grammar.fits(self.machine.states, "RBRACE"):
            return self.span(start, brace), brace
        start = min(start, self.cut(self.frames[1].keep))
        return self.span(start, brace + 1), brace + 1

    def drop(self, level: int, at: int) -> tuple[Span, int]:
        """Closes the blocks inside the one that goes on at this offset, and drops what is unfinished in it."""
        whole = self.bad.type == END and self.is_whole()
        start = self.bad.span.start if whole else self.cut(self.frames[0].keep)
        for _ in range(level):
            start = min(start, self.close(at))
        return self.span(start, at), at

    def close_innermost(self, at: int) -> tuple[Span, int]:
        """As if a `}` stood there; what the block holds unfinished is dropped."""
        start = at if self.is_whole() else self.cut(self.frames[0].keep)
        return self.span(min(start, self.close(at)), at), at

    def is_whole(self) -> bool:
        """Whether the innermost block could end here, so that nothing in it is unfinished."""
        frame = self.frames[0]
        in_block = frame.brace is not None and not self.machine.open_maps(frame)
        return in_block and self.machine.grammar.fits(self.machine.states, "RBRACE")

    def close(self, at: int) -> int:
        """Closes the innermost block, or drops it with its statement; gives where the dropped text begins."""
        outer = self.machine.frames()[1]
        before = self.machine.snapshot()
        brace = Token("RBRACE", "}", self.span(at, at), starts_line=False)
        try:
            if self.machine.feed(brace):
                self.machine.settle(brace)
                return at
        except SyntaxProblem:
            pass
        self.machine.restore(before)
        return self.cut(outer.keep)

    def cut(self, size: int) -> int:
        dropped = self.machine.cut(size)
        starts: list[int] = [value.span.start for value in dropped if hasattr(value, "span")]
        return min([self.bad.span.start, *starts])

    def span(self, start: int, end: int) -> Span:
        return Span(self.source.path, start, max(start, end))
