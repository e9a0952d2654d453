"""After a mistake that cannot be mended: the parser's stack and the text -> the next statement that an open block can take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from policy_dsl.lexer import END, Token, next_token
from policy_dsl.problem import SyntaxProblem
from policy_dsl.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_dsl.machine import Frame, Machine

_DEPTH = {"{": 1, "}": -1}
_ANY_WORD = frozenset({"WORD"})


@dataclass
class Recovery:
    """Drops the unfinished statement in which `bad` stands. A clause that is broken is dropped whole.

    `read` gives the token at an offset as a stack of states would take it.
    """

    machine: Machine
    source: Source
    bad: Token
    read: Callable[[Sequence[int], int], Token]

    def skip(self) -> tuple[Span, int]:
        """The text that was dropped, and the offset from which to read on."""
        self.machine.settle(self.bad)
        depth, offset = self.machine.open_maps(self.frames[0]), self.bad.span.start
        while True:
            token = next_token(self.source, offset, _ANY_WORD, self.machine.grammar.fixed)
            if token.type == END:
                return self.drop(len(self.frames) - 1, token)
            if token.text == "}" and depth == 0 and self.frames[0].brace:
                return self.leave(token)
            if token.starts_line and (level := self.level_of(token, nested=depth > 0)) is not None:
                return self.drop(level, token)
            depth = max(0, depth + _DEPTH.get(token.text, 0))
            offset = token.span.end

    @cached_property
    def frames(self) -> list[Frame]:
        """The blocks that were open at the mistake, innermost first."""
        return self.machine.frames()

    @cached_property
    def indents(self) -> list[int]:
        """The column of the line on which each block's own statement begins; 0 for the file."""
        return [self.indent(frame.head) if frame.head else 0 for frame in self.frames]

    def indent(self, token: Token) -> int:
        text = self.source.line(self.source.position(token.span.start)[0])
        return len(text) - len(text.lstrip()) + 1

    def level_of(self, token: Token, *, nested: bool) -> int | None:
        """The block, counted from the innermost, that goes on with this line; `nested` in braces that the mistake opened."""
        column = self.source.position(token.span.start)[1]
        for level, frame in enumerate(self.frames):
            if (
                frame.is_list
                and self.stands_in(level, column, nested=nested)
                and self.takes(level, frame, token, column)
            ):
                return level
        return None

    def stands_in(self, level: int, column: int, *, nested: bool) -> bool:
        """Whether a line at this column can be a statement of the block, rather than of one inside it."""
        sibling = self.indents[level - 1] if level else self.indent(self.unfinished)
        return (
            column <= sibling and (not nested or sibling > 1 or self.frames[level].head is None)
            if level or nested
            else True
        )

    @cached_property
    def unfinished(self) -> Token:
        values = self.machine.values[self.frames[0].keep :]
        return next((value for value in values if isinstance(value, Token)), self.bad)

    def takes(self, level: int, frame: Frame, token: Token, column: int) -> bool:
        nothing_to_drop = level == 0 and len(self.machine.values) == frame.keep
        if nothing_to_drop and token.span.start == self.bad.span.start:
            return False
        stack = self.machine.states[: frame.keep + 1]
        first = self.read(stack, token.span.start)
        deeper = column > self.indents[level]
        return (deeper or first.type != "WORD") and first.text != "}" and self.machine.grammar.fits(stack, first.type)

    def leave(self, brace: Token) -> tuple[Span, int]:
        """Ends the innermost block at its own brace, or drops it where it cannot be completed."""
        start = self.cut(self.frames[0].keep)
        if self.frames[0].is_list and self.machine.grammar.fits(self.machine.states, "RBRACE"):
            return self.span(start, brace.span.start), brace.span.start
        start = min(start, self.cut(self.frames[1].keep))
        return self.span(start, brace.span.end), brace.span.end

    def drop(self, level: int, token: Token) -> tuple[Span, int]:
        """Closes the blocks inside the one that goes on with `token`, and drops what is unfinished in it."""
        whole = self.bad.type == END and self.machine.grammar.fits(self.machine.states, "RBRACE")
        start = self.bad.span.start if whole else self.cut(self.frames[0].keep)
        for _ in range(level):
            start = min(start, self.close(token))
        return self.span(start, token.span.start), token.span.start

    def close_innermost(self, token: Token) -> tuple[Span, int]:
        """As if a `}` stood before the token; what the block holds unfinished is dropped."""
        whole = self.machine.grammar.fits(self.machine.states, "RBRACE")
        start = token.span.start if whole else self.cut(self.frames[0].keep)
        return self.span(min(start, self.close(token)), token.span.start), token.span.start

    def close(self, token: Token) -> int:
        """Closes the innermost block, or drops it with its statement; gives where the dropped text begins."""
        outer = self.machine.frames()[1]
        before = self.machine.snapshot()
        brace = Token("RBRACE", "}", Span(self.source.path, token.span.start, token.span.start), starts_line=False)
        try:
            if self.machine.feed(brace):
                self.machine.settle(token)
                return token.span.start
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
