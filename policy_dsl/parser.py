"""Text -> nodes and syntax findings. After an error the parser goes on at the next statement, so one run finds them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn

from lark import Lark, Tree, UnexpectedToken
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from policy_dsl.build import Builder
from policy_dsl.lexer import END, Token, next_token
from policy_dsl.nodes import File
from policy_dsl.source import Source, Span
from policy_dsl.syntax import SyntaxProblem, explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lark.parsers.lalr_interactive_parser import InteractiveParser

    from policy_dsl.cel.nodes import Expr
    from policy_dsl.diagnostics import Diagnostic

MAX_DEPTH = 200
MAX_ERRORS = 100
MAX_STACK = 4 * MAX_DEPTH
TOP = frozenset({"policy", "test", "tests"})


class _NoLexer(Lexer):
    """Tokens are fed by hand, so that the lexer can ask the parser what may follow."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, *_: object) -> NoReturn:
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Grammar:
    """The parse tables, and which terminal each keyword and symbol is."""

    lark: Lark
    fixed: Mapping[str, str]
    spelling: Mapping[str, str]


@cache
def grammar() -> Grammar:
    """Builds the tables once a process (about 0.2 s)."""
    lark = Lark(
        files("policy_dsl").joinpath("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer=_NoLexer,
        start=["start", "condition"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
    )
    fixed = {str(terminal.pattern.value): terminal.name for terminal in lark.terminals if terminal.pattern}
    return Grammar(lark, fixed, {terminal: text for text, terminal in fixed.items()})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's nodes, as far as they could be read, and what could not."""

    file: File
    diagnostics: tuple[Diagnostic, ...]


def parse(source: Source) -> Parsed:
    """Reads a whole file. Never raises for anything in the text."""
    run = _Run(source, "start")
    items = run.parse() or ()
    return Parsed(File(source.path, tuple(items), tuple(run.broken)), tuple(run.diagnostics))


def parse_condition(source: Source) -> tuple[Expr | None, tuple[Diagnostic, ...]]:
    """Reads one CEL expression; None where it has an error."""
    run = _Run(source, "condition", recover=False)
    return run.parse(), tuple(run.diagnostics)


@dataclass
class _Run:
    source: Source
    start: str
    recover: bool = True
    offset: int = 0
    previous: Token | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: list[Span] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.grammar = grammar()
        self.parser: InteractiveParser = self.grammar.lark.parse_interactive(start=self.start)
        self.states = self.parser.parser_state.parse_conf.parse_table.states

    def parse(self) -> Any:
        while True:
            token = self.read()
            if token.type == END:
                return self.finish(token)
            if not self.feed(token) and not self.resume(token):
                return None

    def read(self) -> Token:
        accepts = self.states[self.parser.parser_state.position].keys()
        return next_token(self.source, self.offset, accepts, self.grammar.fixed)

    def feed(self, token: Token) -> bool:
        """Gives one token to the parser; False, with a finding, where it does not fit."""
        try:
            self.bound_nesting(token)
            self.state.feed_token(token)
        except UnexpectedToken:
            self.report(explain(self.source, token, self.previous, self.expected(), self.open_block()))
        except SyntaxProblem as problem:
            self.report(problem.diagnostic())
        else:
            self.offset = token.span.end
            self.previous = token
            return True
        return False

    @property
    def state(self) -> Any:
        return self.parser.parser_state

    def bound_nesting(self, token: Token) -> None:
        """So that no later stage runs out of stack."""
        if len(self.state.state_stack) > MAX_STACK:
            raise SyntaxProblem("LIM005", f"nested more than {MAX_DEPTH} levels deep", token.span)

    def expected(self) -> frozenset[str]:
        """The terminals that could have followed."""
        row = self.states[self.state.position]
        return frozenset(
            t
            for t in row
            if (t == END or not t.islower()) and not t.startswith("__start") and self.fits(self.state.state_stack, t)
        )

    def open_block(self) -> Token | None:
        """The `{` of the innermost block that is still open."""
        return next((value for value in reversed(self.state.value_stack) if _is_brace(value)), None)

    def report(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)

    def finish(self, token: Token) -> Any:
        """The end of the text: blocks left open are closed, with a finding."""
        if not self.fits(self.state.state_stack, END):
            self.report(explain(self.source, token, self.previous, self.expected(), self.open_block()))
            if not self.recover:
                return None
            self.close(self.blocks()[-1], END, token)
        try:
            return self.state.feed_token(token, True)
        except SyntaxProblem as problem:
            self.report(problem.diagnostic())
            return None

    # -- going on after an error: nothing below reports ------------------------------------------------------------

    def resume(self, bad: Token) -> bool:
        """Skips to the next statement that an open block can take; False where the parse ends here."""
        if not self.recover or len(self.diagnostics) >= MAX_ERRORS:
            return False
        depth, offset = 0, bad.span.start
        while True:
            token = next_token(self.source, offset, frozenset({"WORD"}), self.grammar.fixed)
            if token.type == END or self.synchronise(token, bad, depth):
                self.broken.append(Span(self.source.path, bad.span.start, token.span.start))
                self.offset = token.span.start
                return True
            if token.text == "}" and depth == 0 and len(self.blocks()) > 1:
                self.drop_block(token)
                return True
            depth = max(0, depth + {"{": 1, "}": -1}.get(token.text, 0))
            offset = token.span.end

    def synchronise(self, token: Token, bad: Token, depth: int) -> bool:
        """Cuts the parser's stack back so that `token` fits, where it begins a statement or ends a block."""
        starts = token.starts_line and (depth == 0 or token.text in TOP)
        if not (starts or (token.text == "}" and depth == 0)):
            return False
        stack = self.state.state_stack
        if token.span != bad.span and self.fits(stack, self.terminal(token, stack)):
            return True
        blocks = self.blocks()[:1] if token.text == "}" else self.blocks()
        for wanted in (self.grammar.fixed.get(token.text), "WORD", "ROW"):
            for block in blocks:
                if wanted and self.fits(self.state.state_stack[: block + 1], wanted):
                    self.close(block, wanted, token)
                    return True
        return False

    def drop_block(self, brace: Token) -> None:
        """Leaves out the innermost block, a clause that cannot be completed, up to its closing brace."""
        enclosing = self.blocks()[1]
        self.broken.append(_first_span(self.state.value_stack[enclosing:], brace))
        self.cut(enclosing)
        self.offset = brace.span.end

    def terminal(self, token: Token, stack: list[Any]) -> str:
        accepts = self.states[stack[-1]].keys()
        return next_token(self.source, token.span.start, accepts, self.grammar.fixed).type

    def blocks(self) -> list[int]:
        """How much of the value stack to keep to stand inside each open block, innermost first; the file itself last."""
        values = self.state.value_stack
        starts = [i + 1 for i, value in enumerate(values) if _is_brace(value)]
        return [start + _has_items(values, start) for start in [*reversed(starts), 0]]

    def close(self, block: int, wanted: str, token: Token) -> None:
        """Closes the blocks inside `block`, keeping what they hold, and drops what is unfinished, so that `wanted` fits."""
        brace = Token("RBRACE", "}", Span(token.span.path, token.span.start, token.span.start), starts_line=True)
        for inner in [size for size in self.blocks() if size >= block]:
            terminal = wanted if inner == block else "RBRACE"
            if not self.fits(self.state.state_stack, terminal):
                self.broken.append(_first_span(self.state.value_stack[inner:], token))
                self.cut(inner)
            if inner != block and self.fits(self.state.state_stack, terminal):
                self.feed_quietly(brace)

    def feed_quietly(self, token: Token) -> None:
        try:
            self.state.feed_token(token)
        except SyntaxProblem as problem:
            self.report(problem.diagnostic())

    def cut(self, size: int) -> None:
        del self.state.value_stack[size:]
        del self.state.state_stack[size + 1 :]

    def fits(self, stack: list[Any], terminal: str) -> bool:
        """Whether the parser would take this terminal: a run over the tables alone."""
        stack = list(stack)
        while True:
            action = self.states[stack[-1]].get(terminal)
            if action is None:
                return False
            kind, target = action
            if kind is Shift:
                return True
            if target.expansion:
                del stack[-len(target.expansion) :]
            stack.append(self.states[stack[-1]][target.origin.name][1])
            if terminal == END and stack[-1] == self.state.parse_conf.end_state:
                return True


def _is_brace(value: object) -> bool:
    return isinstance(value, Token) and value.type == "LBRACE"


def _has_items(values: list[Any], start: int) -> bool:
    return start < len(values) and isinstance(values[start], Tree)


def _first_span(dropped: list[Any], token: Token) -> Span:
    start = next((value.span.start for value in dropped if hasattr(value, "span")), token.span.start)
    return Span(token.span.path, start, token.span.start)
