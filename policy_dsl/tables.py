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
    from collections.abc import Callable, Mapping, Sequence

    from lark.grammar import Rule

States: TypeAlias = "Sequence[int]"


class _NoLexer(Lexer):
    """Tokens are fed by hand, so that the lexer can ask the parser what may follow."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, *_: object) -> NoReturn:
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Reduction:
    """A rule: `action` makes its `size` parts into a node. None for a part of a rule that repeats: its items gather.

    Where a `transparent` rule has one part, it is that part.
    """

    name: str
    size: int
    action: Callable[[list[Any]], Any] | None
    transparent: bool


@dataclass(frozen=True, slots=True)
class Grammar:
    """The parse tables: per state what each symbol does, an int to go to or a rule to complete.

    `fixed` maps each keyword and symbol to its terminal, `spelling` the other way.
    """

    states: Sequence[Mapping[str, int | Reduction]]
    starts: Mapping[str, int]
    ends: frozenset[int]
    fixed: Mapping[str, str]
    spelling: Mapping[str, str]

    def goto(self, state: int, symbol: str) -> int:
        """The state behind a symbol that is known to fit."""
        target = self.states[state][symbol]
        assert isinstance(target, int)
        return target

    def step(self, stack: States, terminal: str) -> list[int] | None:
        """The stack after this terminal, or None where it does not fit: a run over the tables alone."""
        after = list(stack)
        while True:
            action = self.states[after[-1]].get(terminal)
            if action is None:
                return None
            if isinstance(action, int):
                after.append(action)
                return after
            if action.size:
                del after[-action.size :]
            after.append(self.goto(after[-1], action.name))
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
    )
    table = lark.parse_interactive(start="start").parser_state.parse_conf.parse_table
    builder = Builder()
    rules = {rule: _reduction(builder, rule) for rule in lark.rules}
    states = [
        {
            str(symbol): target if kind is Shift else rules[target]
            for symbol, (kind, target) in table.states[state].items()
        }
        for state in range(len(table.states))
    ]
    fixed = {str(terminal.pattern.value): str(terminal.name) for terminal in lark.terminals if terminal.pattern}
    spelling = {terminal: text for text, terminal in fixed.items()}
    return Grammar(states, table.start_states, frozenset(table.end_states.values()), fixed, spelling)


def _reduction(builder: Builder, rule: Rule) -> Reduction:
    name = str(rule.alias or rule.origin.name)
    action = None if name.startswith("__") else getattr(builder, name, _alone)
    return Reduction(str(rule.origin.name), len(rule.expansion), action, bool(rule.options.expand1 and not rule.alias))


def _alone(children: list[Any]) -> Any:
    """For a rule that is always another one."""
    (only,) = children
    return only
