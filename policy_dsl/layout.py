"""Tokens and comments -> statements and blocks: the shape of a file, before any of it is spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policy_dsl.lexer import Token

_COMMENT = re.compile(r"#[^\n]*")

# What may open a block, by its first word; `ON` is `on missing` and `on error`.
BLOCKS = frozenset(
    [
        "POLICY",
        "THRESHOLDS",
        "REGION",
        "FOR",
        "RULE",
        "EXCEPTION",
        "ADJUST",
        "CONSEQUENCE",
        "ON",
        "EFFECTS",
        "EXPERIMENT",
        "VARIANT",
        "TEST",
        "TESTS",
        "GIVEN",
    ]
)
STATEMENTS = BLOCKS | frozenset(["TITLE", "OWNER", "SEVERITY", "MODE", "REGIONS", "SCORE", "LET", "PRIORITY"])
CLAUSES = frozenset(["RULE", "EXCEPTION", "ADJUST", "CONSEQUENCE"])
CLAUSE_LINES = frozenset(["REGIONS", "POLICIES", "FROM", "UNTIL", "REASON", "WHEN", "THEN"])
# How a token changes the number of open brackets.
DEPTH = {"LPAR": 1, "LSQB": 1, "LBRACE": 1, "RPAR": -1, "RSQB": -1, "RBRACE": -1}
NUMBERS = frozenset({"INT", "FLOAT"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A token with what stands before it: comments on lines of their own, a blank line, a line break."""

    token: Token
    above: tuple[str, ...] = ()
    blank: bool = False
    breaks: bool = False
    behind: str | None = None

    @property
    def type(self) -> str:
        return self.token.type


@dataclass
class Statement:
    """`head` is one line unless it is too long; a block has `body`, and `close` is its brace."""

    head: list[Piece]
    body: list[Statement] | None = None
    open: Piece | None = None
    close: Piece | None = None
    kind: str = ""

    @property
    def first(self) -> Piece:
        return self.head[0]

    @property
    def last(self) -> Piece:
        return self.close or self.head[-1]

    def pieces(self) -> Iterator[Piece]:
        yield from self.head
        if self.open and self.close:
            yield self.open
            for inner in self.body or ():
                yield from inner.pieces()
            yield self.close


def pieces(text: str, tokens: Sequence[Token]) -> tuple[list[Piece], tuple[str, ...]]:
    """Each token with its comments; and the comments behind the last one, on lines of their own."""
    found: list[Piece] = []
    end = 0
    for token in tokens:
        behind, above, blank, breaks = _gap(text[end : token.span.start], first=not found)
        if behind:
            found[-1] = _with_behind(found[-1], behind)
        found.append(Piece(token, above, blank, breaks))
        end = token.span.end
    behind, above, _, _ = _gap(text[end:], first=not found)
    if behind:
        found[-1] = _with_behind(found[-1], behind)
    return found, above


def _with_behind(piece: Piece, comment: str) -> Piece:
    return Piece(piece.token, piece.above, piece.blank, piece.breaks, comment)


def _gap(gap: str, *, first: bool) -> tuple[str | None, tuple[str, ...], bool, bool]:
    """What stands between two tokens: a comment behind the first, comments and `` for a blank line, whether a blank line
    and whether a line break stand before the second.
    """
    lines = gap.split("\n")
    behind = None
    if not first and (match := _COMMENT.search(lines[0])):
        behind = match.group().rstrip()
    own: list[str] = []
    inner = lines if first else lines[1:]
    for line in inner[:-1]:
        match = _COMMENT.search(line)
        own.append(match.group().rstrip() if match else "")
    last = _COMMENT.search(inner[-1]) if inner else None
    if last:
        own.append(last.group().rstrip())
    blank = bool(own) and own[-1] == ""
    while own and own[-1] == "":
        own.pop()
    squeezed = [line for i, line in enumerate(own) if line or i == 0 or own[i - 1]]
    if first:
        squeezed = squeezed[1:] if squeezed[:1] == [""] else squeezed
    return behind, tuple(squeezed), blank, len(lines) > 1


def statements(found: Sequence[Piece]) -> list[Statement]:
    """The statements of a file."""
    return _Reader(found).body("FILE")


@dataclass
class _Reader:
    found: Sequence[Piece]
    at: int = 0
    depth: int = field(default=0)

    def body(self, kind: str) -> list[Statement]:
        inner: list[Statement] = []
        while self.at < len(self.found) and self.found[self.at].type != "RBRACE":
            inner.append(self.statement(kind))
        return inner

    def statement(self, kind: str) -> Statement:
        first = self.found[self.at]
        opens = (
            first.type in BLOCKS
            and kind not in CLAUSES
            and kind not in ("THRESHOLDS", "ON", "EFFECTS", "GIVEN", "TESTS")
        )
        head: list[Piece] = []
        while self.at < len(self.found):
            piece = self.found[self.at]
            if self.depth == 0 and (piece.type == "RBRACE" or (head and self.begins(piece, head, kind))):
                break
            if opens and self.depth == 0 and piece.type == "LBRACE":
                return self.block(head, first.type)
            self.depth += DEPTH.get(piece.type, 0)
            head.append(piece)
            self.at += 1
        return Statement(head, kind=first.type)

    def block(self, head: list[Piece], kind: str) -> Statement:
        opening = self.found[self.at]
        self.at += 1
        inner = self.body(kind)
        close = self.found[self.at]
        self.at += 1
        return Statement(head, inner, opening, close, kind)

    def begins(self, piece: Piece, head: Sequence[Piece], kind: str) -> bool:
        """Whether a statement of a block of this kind begins here, where `head` came before."""
        last = head[-1].type
        if kind in CLAUSES:
            return piece.type in CLAUSE_LINES or (
                kind == "CONSEQUENCE" and piece.type == "ON" and head[0].type != "THEN"
            )
        if kind == "THRESHOLDS":
            return last in (*NUMBERS, "OFF")
        if kind in ("EFFECTS", "GIVEN"):
            return piece.type == "WORD" and last not in ("DOT", "EQUAL", "COMMA", "LSQB", "MINUS")
        if kind == "TESTS":
            return True
        if kind == "EXPERIMENT":
            return piece.type in ("UNIT", "SHARE", "SALT", "VARIANT")
        if kind == "TEST":
            return piece.type in ("GIVEN", "EXPECT")
        if kind == "ON":
            return False
        return piece.type in STATEMENTS and not (piece.type == "ON" and last == "THRESHOLDS")
