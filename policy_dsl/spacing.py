"""Tokens of one statement -> a line: where a space stands between two of them."""

from __future__ import annotations

from collections.abc import Sequence

from policy_dsl.lexer import Token

OPENING = frozenset({"LPAR", "LSQB", "DOT"})
CLOSING = frozenset({"RPAR", "RSQB", "COMMA", "DOT"})
OPERANDS = frozenset(
    {
        "NAME",
        "WORD",
        "STRING",
        "BYTES",
        "INT",
        "UINT",
        "FLOAT",
        "RPAR",
        "RSQB",
        "RBRACE",
        "TRUE",
        "FALSE",
        "NULL",
        "DATE",
    }
)
CALLED = frozenset({"NAME", "WORD", "QUOTED", "RPAR", "RSQB", "RBRACE", "STRING", "BYTES"})


def spaced(tokens: Sequence[Token], start: int = 0, end: int | None = None) -> str:
    """The text of `tokens[start:end]`; the ones before `start` are known for what they open."""
    return "".join(words(tokens)[start:end]).lstrip(" ")


def words(tokens: Sequence[Token]) -> list[str]:
    """Each token's text, with the space that stands before it."""
    parts: list[str] = []
    questions: list[int] = [0]
    maps: list[bool] = []
    for index, token in enumerate(tokens):
        apart = index > 0 and _apart(tokens, index, questions, maps)
        parts.append(f" {token.text}" if apart else token.text)
        _follow(token, questions, maps)
    return parts


def _follow(token: Token, questions: list[int], maps: list[bool]) -> None:
    """Keeps count of open brackets and of `?` that wait for their `:`."""
    if token.type in ("LPAR", "LSQB", "LBRACE"):
        questions.append(0)
        maps.append(token.type == "LBRACE")
    elif token.type in ("RPAR", "RSQB", "RBRACE") and maps:
        questions.pop()
        maps.pop()
    elif token.type == "QMARK":
        questions[-1] += 1
    elif token.type == "COLON" and questions[-1]:
        questions[-1] -= 1


def _apart(tokens: Sequence[Token], index: int, questions: Sequence[int], maps: Sequence[bool]) -> bool:
    before, token = tokens[index - 1], tokens[index]
    if before.type in OPENING or token.type in CLOSING or before.type == "BANG":
        return False
    if before.type == "MINUS" and (index < 2 or tokens[index - 2].type not in OPERANDS):
        return False
    if token.type == "COLON":
        return questions[-1] > 0
    if token.type == "PERCENT" and tokens[0].type == "SHARE":
        return False
    if token.type in ("LPAR", "LSQB"):
        return before.type not in CALLED
    return before.type != "LBRACE" and not (token.type == "RBRACE" and maps)
