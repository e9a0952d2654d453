"""Tokens -> values, by the parse tables: an LALR machine that can look ahead, go back a step and drop what is unfinished."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policy_dsl.lexer import END, Token
from policy_dsl.problem import SyntaxProblem

if TYPE_CHECKING:
    from policy_dsl.tables import Grammar, Reduction

# No node stands deeper than this below the file, so that no later stage runs out of stack: each takes at most four frames
# a level, and Python's limit is 1,000. CEL asks for 12 levels of brackets and chains of 32.
MAX_DEPTH = 200
MAX_STACK = 4 * MAX_DEPTH
# Blocks whose statements stand in an order: nothing can be left out of them, so one that is broken is dropped whole.
CLAUSES = frozenset({"RULE", "EXCEPTION", "ADJUST", "CONSEQUENCE", "EXPERIMENT", "ON"})
OWNERS = CLAUSES | {"POLICY", "REGION", "FOR", "THRESHOLDS", "EFFECTS", "VARIANT", "TEST", "TESTS", "GIVEN"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The machine between two tokens."""

    states: list[int]
    values: list[Any]
    depths: list[int]


@dataclass(frozen=True, slots=True)
class Frame:
    """An open block: `head` is the first token of the statement that owns it, None for the file.

    The first `keep` values of the stack are what came before the block's unfinished statement.
    """

    keep: int
    head: Token | None = None
    brace: Token | None = None

    @property
    def kind(self) -> str:
        return self.head.type if self.head else "FILE"

    @property
    def is_list(self) -> bool:
        """Whether its statements are independent of each other."""
        return self.kind not in CLAUSES


@dataclass(frozen=True, slots=True)
class Chain:
    """A repeated part of a rule on its way into it. It never changes, so that the machine can go back."""

    before: Chain | None
    items: tuple[Any, ...]


@dataclass
class Machine:
    grammar: Grammar
    states: list[int]
    values: list[Any] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether the end of the text was taken; the result is the last value."""
        return self.states[-1] in self.grammar.ends

    def snapshot(self) -> Snapshot:
        return Snapshot(self.states[:], self.values[:], self.depths[:])

    def restore(self, to: Snapshot) -> None:
        self.states, self.values, self.depths = to.states[:], to.values[:], to.depths[:]

    def at(self, snapshot: Snapshot) -> Machine:
        """Another machine that stands there."""
        return Machine(self.grammar, snapshot.states[:], snapshot.values[:], snapshot.depths[:])

    def feed(self, token: Token) -> bool:
        """Takes a token; False where it does not fit, and then the stack may hold fewer values than before.

        Raises SyntaxProblem where the text before the token is no node.
        """
        if not self.reduce(token.type, token):
            return False
        if token.type != END:
            self.states.append(self.grammar.goto(self.states[-1], token.type))
            self.values.append(token)
            self.depths.append(0)
            if len(self.states) > MAX_STACK:
                raise too_deep(token)
        return True

    def reduce(self, terminal: str, token: Token) -> bool:
        """Completes what is complete before this terminal, without taking it."""
        while True:
            action = self.grammar.states[self.states[-1]].get(terminal)
            if action is None:
                return False
            if isinstance(action, int):
                return True
            self._reduce(action, token)
            if self.done:
                return True

    def _reduce(self, rule: Reduction, token: Token) -> None:
        if rule.size != 1 or not rule.transparent:
            children, depth = self._pop(rule.size)
            if rule.action is None:
                self.values.append(chain(children))
            else:
                self.values.append(rule.action(flat(children)))
                depth += 1
            if depth > MAX_DEPTH:
                raise too_deep(token)
            self.depths.append(depth)
        else:
            self.states.pop()
        self.states.append(self.grammar.goto(self.states[-1], rule.name))

    def _pop(self, size: int) -> tuple[list[Any], int]:
        if not size:
            return [], 0
        children, depth = self.values[-size:], max(self.depths[-size:])
        self.cut(len(self.values) - size)
        return children, depth

    def cut(self, size: int) -> list[Any]:
        """Drops all but the first `size` values; gives what was dropped."""
        dropped = self.values[size:]
        del self.values[size:], self.depths[size:], self.states[size + 1 :]
        return dropped

    def settle(self, token: Token) -> None:
        """Completes the last statement where it is complete, so that it is not taken for an unfinished one."""
        for terminal in ("RBRACE", "POLICY"):
            if self.grammar.fits(self.states, terminal):
                before = self.snapshot()
                try:
                    self.reduce(terminal, token)
                except SyntaxProblem:
                    self.restore(before)
                return

    def frames(self) -> list[Frame]:
        """The open blocks, innermost first; the file itself last."""
        frames = [Frame(self._keep(0))]
        for at, value in enumerate(self.values):
            if is_brace(value) and not self._in_condition(at):
                frames.append(Frame(self._keep(at + 1), self._owner(frames[-1].keep, at), value))
        return frames[::-1]

    def _owner(self, start: int, brace: int) -> Token:
        return next(value for value in self.values[start:brace] if isinstance(value, Token) and value.type in OWNERS)

    def open_maps(self, frame: Frame) -> int:
        """How many `{` of conditions stand open in the frame's unfinished statement."""
        return sum(is_brace(value) for value in self.values[frame.keep :])

    def _keep(self, at: int) -> int:
        return at + (at < len(self.values) and isinstance(self.values[at], Chain))

    def _in_condition(self, at: int) -> bool:
        """Whether the value at this place of the stack stands where a condition's operand does: its `{` is a map's."""
        return "NAME" in self.grammar.states[self.states[at]]


def chain(children: list[Any]) -> Chain:
    first, *rest = children
    return Chain(first, tuple(rest)) if isinstance(first, Chain) else Chain(None, tuple(children))


def flat(children: list[Any]) -> list[Any]:
    """The children of a rule, with chains as the items in them."""
    out: list[Any] = []
    for child in reversed(children):
        link = child
        while isinstance(link, Chain):
            out.extend(reversed(link.items))
            link = link.before
        if link is not None:
            out.append(link)
    return out[::-1]


def is_brace(value: object) -> bool:
    return isinstance(value, Token) and value.type == "LBRACE"


def too_deep(token: Token) -> SyntaxProblem:
    return SyntaxProblem(
        "LIM005",
        f"more than {MAX_DEPTH} levels deep, or operators in a row",
        token.span,
        "name parts of the condition with `let`, or write `x in [a, b]` for a long `x == a || x == b`",
    )
