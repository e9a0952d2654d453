"""A token that does not fit -> a finding that says what was seen, what was expected, and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_dsl.diagnostics import Diagnostic, Label, Severity
from policy_dsl.problem import SyntaxProblem
from policy_dsl.source import Source, Span

if TYPE_CHECKING:
    from policy_dsl.lexer import Token

__all__ = ["SyntaxProblem", "explain"]

_NAMES = {
    "WORD": "a name", "NAME": "a name", "QUOTED": "a name", "STRING": "a text in quotes", "INT": "a number", "FLOAT": "a number",
    "DATE": "a date such as `2026-03-01`", "ROW": "a table row", "$END": "the end of the file",
    "LBRACE": "`{`", "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`", "LPAR": "`(`", "RPAR": "`)`", "COMMA": "`,`",
    "COLON": "`:`", "DOT": "`.`", "EQUAL": "`=`", "PERCENT": "`%`", "__ANON_0": "`>=`",
}  # fmt: skip


def explain(
    source: Source, token: Token, previous: Token | None, expected: frozenset[str], block: Token | None
) -> Diagnostic:
    """`expected` are the terminals that could have stood here; `block` is the innermost open `{`."""
    if token.type == "$END" and block is not None:
        return _error(
            "LIM004",
            "the file ends inside a block",
            token.span,
            "close the block with `}`",
            Label(block.span, "opened here"),
        )
    if token.type == "UNKNOWN":
        return _unknown(source, token)
    return _error("LIM001", f"unexpected {_seen(token)}, expected {_wanted(expected)}", token.span)


def _unknown(source: Source, token: Token) -> Diagnostic:
    if token.text in "\"'":
        line_end = source.text.find("\n", token.span.start)
        end = len(source.text) if line_end < 0 else line_end
        return _error(
            "LIM002", "a text in quotes that does not end on its line", Span(token.span.path, token.span.start, end)
        )
    return _error("LIM002", f"`{token.text}` begins nothing in this language", token.span)


def _seen(token: Token) -> str:
    if token.type == "$END":
        return "end of the file"
    return f"`{token.text.splitlines()[0][:40]}`" if token.text.strip() else "line break"


def _wanted(expected: frozenset[str]) -> str:
    words = sorted(
        {
            _NAMES.get(terminal, f"`{terminal.lower()}`")
            for terminal in expected
            if not terminal.startswith("__ANON_") or terminal in _NAMES
        }
    )
    if len(words) > 8:
        words = [word for word in words if word.startswith("a ")] or words[:8]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1] if words else "nothing more"


def _error(code: str, message: str, span: Span, help: str | None = None, *labels: Label) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, span, labels, help)
