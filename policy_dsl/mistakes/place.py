"""Where the parser stands when a token does not fit, and what it can be told: a mistake, and how to go on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from policy_dsl.diagnostics import Diagnostic, Fix, Label, Severity
from policy_dsl.lexer import END, Token, next_token
from policy_dsl.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_dsl.machine import Frame, Machine
    from policy_dsl.tables import Grammar

LOOK_AHEAD = 6


class Base(Enum):
    """From where a repair goes on."""

    HERE = "the token that does not fit"
    PREVIOUS = "the token before it"
    STATEMENT = "the first token of the statement"


@dataclass(frozen=True, slots=True)
class Repair:
    """Read `tokens` in place of the text from `base` up to the offset `resume`, and go on as if nothing had been wrong."""

    tokens: tuple[Token, ...]
    resume: int
    base: Base = Base.HERE


@dataclass(frozen=True, slots=True)
class Mistake:
    """A finding and, where it is plain what was meant, how to go on.

    The repair is believed if the next `needs` tokens fit after it. One that is not leaves the finding without a repair; where
    it is a `guess`, it takes the finding with it.
    """

    finding: Diagnostic
    repair: Repair | None = None
    needs: int = 1
    guess: bool = False


@dataclass(frozen=True)
class Place:
    """What is known where `token` stands; `before` are the parser's states before `previous`.

    `read` gives the token at an offset as a stack of states would take it.
    """

    grammar: Grammar
    source: Source
    token: Token
    previous: Token | None
    machine: Machine
    before: Sequence[int] | None
    read: Callable[[Sequence[int], int], Token] = field(repr=False)

    @property
    def stack(self) -> Sequence[int]:
        """The parser's states before the token."""
        return self.machine.states

    @cached_property
    def _settled(self) -> Machine:
        machine = self.machine.at(self.machine.snapshot())
        machine.settle(self.token)
        return machine

    @cached_property
    def frames(self) -> Sequence[Frame]:
        """The open blocks, innermost first; the file last."""
        return self._settled.frames()

    def outer(self, level: int) -> Sequence[int]:
        """The states inside an open block (counted from the innermost) with its unfinished statement left out."""
        return self._settled.states[: self.frames[level].keep + 1]

    @cached_property
    def statement(self) -> Sequence[object]:
        """The tokens and nodes of the unfinished statement."""
        return self._settled.values[self.frames[0].keep :]

    @cached_property
    def expected(self) -> frozenset[str]:
        """The terminals that fit."""
        return self.grammar.expected(self.stack)

    def expects(self, *spellings: str) -> bool:
        """Whether any of these keywords, symbols or terminals fits here."""
        return any(self.terminal(spelling) in self.expected for spelling in spellings)

    def terminal(self, spelling: str) -> str:
        return self.grammar.fixed.get(spelling, spelling)

    @property
    def wants_operator(self) -> bool:
        """Whether a condition stands before this place and may go on."""
        return self.expects("&&")

    @property
    def wants_operand(self) -> bool:
        return "NAME" in self.expected

    @property
    def block(self) -> str:
        """What kind of block this is in: the terminal of its keyword, or FILE."""
        return self.frames[0].kind

    @property
    def head(self) -> Token | None:
        """The first token of the unfinished statement."""
        first = self.statement[0] if self.statement else None
        return first if isinstance(first, Token) else None

    def said(self, *types: str) -> bool:
        """Whether tokens of these types were read last, one after the other."""
        last = self.machine.values[-len(types) :]
        return [value.type if isinstance(value, Token) else "" for value in last] == list(types)

    @property
    def opener(self) -> Token | None:
        """The innermost bracket of the statement that is still open."""
        tokens = (part for part in reversed(self.statement) if isinstance(part, Token))
        return next((token for token in tokens if token.type in ("LPAR", "LSQB", "LBRACE")), None)

    @property
    def start(self) -> int:
        return self.token.span.start

    @cached_property
    def rest(self) -> str:
        """The text of this line from the token on."""
        text = self.source.text
        end = text.find("\n", self.start)
        return text[self.start : len(text) if end < 0 else end]

    def make(self, spelling: str, text: str, start: int, end: int) -> Token:
        """A token that stands for the text from `start` to `end`."""
        return Token(self.terminal(spelling), text, Span(self.source.path, start, end), starts_line=False)

    def keyword(self, spelling: str, start: int | None = None, end: int | None = None) -> Token:
        """A keyword or symbol, in place of the token if no place is given."""
        start = self.start if start is None else start
        return self.make(spelling, spelling, start, self.token.span.end if end is None else end)

    def span(self, start: int, end: int) -> Span:
        return Span(self.source.path, start, end)

    def read_text(self, text: str) -> Token | None:
        """The token that this text would be in place of the present one, if it is one token that fits."""
        accepts = self.grammar.states[self.stack[-1]].keys()
        token = next_token(Source(self.source.path, text), 0, accepts, self.grammar.fixed)
        whole = token.span.end == len(text) and token.type in self.expected
        return replace(token, span=self.token.span, starts_line=self.token.starts_line) if whole else None

    def base(self, repair: Repair) -> Sequence[int] | None:
        """The stack from which a repair goes on."""
        match repair.base:
            case Base.HERE:
                return self.stack
            case Base.PREVIOUS:
                return self.before
            case Base.STATEMENT:
                return self.outer(0)

    def after(self, repair: Repair) -> Sequence[int] | None:
        """The stack after the repair, None where it does not fit itself."""
        stack = self.base(repair)
        for token in repair.tokens:
            stack = None if stack is None else self.grammar.step(stack, token.type)
        return stack

    def survives(self, repair: Repair) -> int:
        """How many tokens of the text fit after the repair, up to LOOK_AHEAD; -1 where the repair itself does not."""
        stack, offset = self.after(repair), repair.resume
        if stack is None:
            return -1
        for count in range(LOOK_AHEAD):
            token = self.read(stack, offset)
            if token.type == END:
                ends = self.grammar.fits(stack, END) or self.grammar.fits(stack, "RBRACE")
                return LOOK_AHEAD if ends else count
            stack, offset = self.grammar.step(stack, token.type), token.span.end
            if stack is None:
                return count
        return LOOK_AHEAD


def error(
    code: str,
    message: str,
    span: Span,
    help: str | None = None,
    *,
    fix: tuple[str, str] | None = None,
    labels: tuple[Label, ...] = (),
) -> Diagnostic:
    """An error; `fix` is the text that replaces the span, and what that does. Long pieces of the file are shortened."""
    mended = Fix(span, fix[0], _one_line(fix[1])) if fix else None
    return Diagnostic(code, Severity.ERROR, _one_line(message), span, labels, help and _one_line(help), mended)


def quote(text: str) -> str:
    """A text of the file as a message shows it: in backticks, one line, shortened."""
    line = text.strip().split("\n", 1)[0].rstrip()
    shown = _one_line(line, 40).replace("`", "'")
    return f"`{shown}`"


def _one_line(text: str, most: int = 240) -> str:
    shown = "".join(char if char.isprintable() else " " for char in text[: most + 1])
    return f"{shown[:most]}…" if len(text) > most else shown
