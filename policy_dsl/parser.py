"""Text -> nodes and syntax findings. After a mistake the parser goes on, so one run finds them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policy_dsl.braces import Braces, balance
from policy_dsl.diagnostics import in_order
from policy_dsl.lexer import END, Token, next_token
from policy_dsl.machine import Machine, Snapshot
from policy_dsl.mistakes.blocks import not_closed, too_many
from policy_dsl.mistakes.characters import unreadable
from policy_dsl.mistakes.place import Base, Mistake, Place, Repair, error
from policy_dsl.nodes import File
from policy_dsl.problem import SyntaxProblem
from policy_dsl.recovery import Recovery
from policy_dsl.shape import misshapen
from policy_dsl.source import Source, Span
from policy_dsl.syntax import SUSPICIONS, explain, suspect
from policy_dsl.tables import Grammar, grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_dsl.cel.nodes import Expr
    from policy_dsl.diagnostics import Diagnostic

MAX_ERRORS = 100
# A reading takes about 20 microseconds a token, so this bounds it to a few seconds. A table row is one token.
MAX_TOKENS = 200_000
# A longer file is not read twice to see where a brace is missing.
MAX_REREAD = 300_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's nodes, as far as they could be read, and what could not. `tokens` are all of its text but space and comments."""

    file: File
    diagnostics: tuple[Diagnostic, ...]
    tokens: tuple[Token, ...] = field(default=(), repr=False, compare=False)


def parse(source: Source) -> Parsed:
    """Reads a whole file. Never raises for anything in the text."""
    parsed = read(source)
    return Parsed(parsed.file, in_order((*parsed.diagnostics, *misshapen(parsed.file))), parsed.tokens)


def read(source: Source) -> Parsed:
    """Reads a whole file, and reports only what is not of the grammar.

    Where that fails and the braces do not balance, it is read again with the braces where the indentation wants them.
    """
    parsed = _read(source, Braces())
    reread = parsed.diagnostics and len(source.text) <= MAX_REREAD
    braces = balance(source) if reread else Braces()
    if not braces.missing and not braces.extra:
        return parsed
    return min(_read(source, braces), parsed, key=lambda reading: len(reading.diagnostics))


def _read(source: Source, braces: Braces) -> Parsed:
    run = _Run(source, "start", braces)
    items = run.parse() or ()
    return Parsed(File(source.path, tuple(items), tuple(run.broken)), in_order(run.diagnostics), tuple(run.tokens))


def parse_condition(source: Source) -> tuple[Expr | None, tuple[Diagnostic, ...]]:
    """Reads one CEL expression; None where it has an error."""
    run = _Run(source, "condition", Braces(), recover=False)
    expression = run.parse()
    return None if run.diagnostics else expression, in_order(run.diagnostics)


@dataclass
class _Run:
    """One reading of one text."""

    source: Source
    start: str
    braces: Braces
    recover: bool = True
    offset: int = 0
    previous: Token | None = None
    before: Snapshot | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: list[Span] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.grammar: Grammar = grammar()
        self.machine = Machine(self.grammar, [self.grammar.starts[self.start]])
        self.missing = dict(self.braces.missing)
        self.mistakes = 0
        self.diagnostics.extend(unreadable(self.source, MAX_ERRORS))

    def parse(self) -> Any:
        going = True
        while going and not self.machine.done:
            token = self.read(self.machine.states, self.offset)
            if len(self.tokens) >= MAX_TOKENS and token.type != END:
                going = self.give_up(token, f"more than {MAX_TOKENS:,} words and signs")
            elif token.span.start in self.braces.extra:
                going = self.mend(token, Mistake(too_many(token.span), Repair((), token.span.end)))
            elif self.missing.get(token.span.start):
                self.put_in(token)
            else:
                going = self.take(token)
        return self.machine.values[-1] if going else None

    def read(self, stack: Sequence[int], offset: int) -> Token:
        """The token at an offset, as this stack would take it."""
        return next_token(self.source, offset, self.grammar.states[stack[-1]].keys(), self.grammar.fixed)

    def take(self, token: Token) -> bool:
        """Gives one token to the parser, or reports it and goes on behind it; False where the parse ends here."""
        suspicion = suspect(self.place(token)) if token.type in SUSPICIONS else None
        if suspicion is not None:
            return self.mend(token, suspicion)
        mistake = self.feed(token)
        return mistake is None or self.mend(token, mistake)

    def feed(self, token: Token) -> Mistake | None:
        """Gives one token to the machine; the mistake, with everything as before, where it does not fit."""
        before = self.machine.snapshot()
        try:
            if self.machine.feed(token):
                self.accept(token, before)
                return None
        except SyntaxProblem as problem:
            self.machine.restore(before)
            return Mistake(problem.diagnostic())
        self.machine.restore(before)
        return explain(self.place(token))

    def accept(self, token: Token, before: Snapshot) -> None:
        self.before, self.previous, self.offset = before, token, token.span.end
        if token.type != END:
            self.tokens.append(token)

    def place(self, token: Token) -> Place:
        """What is known where this token stands."""
        before = self.before.states if self.before else None
        return Place(self.grammar, self.source, token, self.previous, self.machine, before, self.read)

    # -- going on after a mistake ------------------------------------------------------------------------------------

    def mend(self, token: Token, mistake: Mistake) -> bool:
        """Reports a mistake and goes on as its repair says; False where the parse ends here."""
        self.mistakes += 1
        if self.mistakes > MAX_ERRORS:
            return self.mistakes == MAX_ERRORS + 1 and self.give_up(token, f"more than {MAX_ERRORS} mistakes")
        self.diagnostics.append(mistake.finding)
        if mistake.repair is None or not self.apply(mistake.repair, token):
            return self.skip(token)
        return True

    def apply(self, repair: Repair, token: Token) -> bool:
        if repair.base is Base.PREVIOUS and self.before:
            self.machine.restore(self.before)
            self.before = self.previous = None
        elif repair.base is Base.STATEMENT:
            self.machine.settle(token)
            self.machine.cut(self.machine.frames()[0].keep)
        fits = all(self.feed(repaired) is None for repaired in repair.tokens)
        self.offset = repair.resume if fits else self.offset
        return fits

    def skip(self, bad: Token) -> bool:
        """Drops the statement and goes on with the next; False where the parse ends here."""
        if self.recover:
            self.drop(Recovery(self.machine, self.source, bad, self.read).skip())
        return self.recover

    def drop(self, dropped: tuple[Span, int]) -> None:
        span, self.offset = dropped
        if span.end > span.start:
            self.broken.append(span)
        self.before = None

    def put_in(self, token: Token) -> None:
        """The `}` that, by the indentation, is missing before this token; what its block holds unfinished is dropped."""
        self.missing[token.span.start] -= 1
        recovery = Recovery(self.machine, self.source, token, self.read)
        self.machine.settle(token)
        frame = recovery.frames[0]
        if frame.head and frame.brace:
            self.diagnostics.append(not_closed(self.source, frame.head, frame.brace, token.span))
            self.drop(recovery.close_innermost(token.span.start))

    def give_up(self, token: Token, why: str) -> bool:
        """Leaves the rest of the file unread."""
        self.diagnostics.append(error("LIM005", f"{why}; the rest of the file was not read", token.span))
        size = len(self.source.text)
        self.drop((Span(self.source.path, token.span.start, size), size))
        end = Token(END, "", Span(self.source.path, size, size), starts_line=False)
        return self.skip(end)
