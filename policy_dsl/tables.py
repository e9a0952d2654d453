"""The grammar file -> parse tables, and the questions about them that need no values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from lark import Lark
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from policy_dsl.build import Builder
from policy_dsl.lexer import END

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark.parsers.lalr_interactive_parser import InteractiveParser

States: TypeAlias = "Sequence[int]"


class _NoLexer(Lexer):
    """Tokens are fed by hand, so that the lexer can ask the parser what may follow."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, *_: object) -> NoReturn:
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Grammar:
    """The parse tables; `fixed` maps each keyword and symbol to its terminal, `spelling` the other way."""

    lark: Lark
    states: Mapping[int, Mapping[str, tuple[Any, Any]]]
    ends: frozenset[int]
    fixed: Mapping[str, str]
    spelling: Mapping[str, str]

    def start(self, start: str) -> InteractiveParser:
        return self.lark.parse_interactive(start=start)

    def accepts(self, state: int) -> frozenset[str]:
        """What the state's row names: a superset of the terminals that fit."""
        return self.states[state].keys()  # type: ignore[return-value]

    def step(self, stack: States, terminal: str) -> list[int] | None:
        """The stack after this terminal, or None where it does not fit: a run over the tables alone."""
        after = list(stack)
        while True:
            action = self.states[after[-1]].get(terminal)
            if action is None:
                return None
            kind, target = action
            if kind is Shift:
                after.append(target)
                return after
            if target.expansion:
                del after[-len(target.expansion) :]
            after.append(self.states[after[-1]][target.origin.name][1])
            if terminal == END and after[-1] in self.ends:
                return after

    def fits(self, stack: States, terminal: str) -> bool:
        return self.step(stack, terminal) is not None

    def expected(self, stack: States) -> frozenset[str]:
        """The terminals that can follow."""
        row = self.states[stack[-1]]
        return frozenset(terminal for terminal in row if _is_terminal(terminal) and self.fits(stack, terminal))


def _is_terminal(symbol: str) -> bool:
    return symbol == END or symbol.startswith("__ANON_") or symbol.isupper()


@cache
def grammar() -> Grammar:
    """Builds the tables once a process (about 0.15 s)."""
    lark = Lark(
        files("policy_dsl").joinpath("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer=_NoLexer,
        start=["start", "condition"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=Builder(),
    )
    table = lark.parse_interactive(start="start").parser_state.parse_conf.parse_table
    fixed = {str(terminal.pattern.value): terminal.name for terminal in lark.terminals if terminal.pattern}
    spelling = {terminal: text for text, terminal in fixed.items()}
    return Grammar(lark, table.states, frozenset(table.end_states.values()), fixed, spelling)
