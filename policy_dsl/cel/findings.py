"""How the conditions' check words its findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.types import Type
from policy_dsl.cel.unparse import unparse
from policy_dsl.diagnostics import Diagnostic, Fix, Severity

SCORE_HELP: Final = "compute with scores in a definition, `score NAME = …`, and compare that"
LONG: Final = 80
IN_WORDS: Final[Mapping[str, str]] = {
    "bool": "true or false (bool)",
    "int": "a whole number (int)",
    "double": "a decimal (double)",
    "string": "a text (string)",
    "enum": "a word of a list (enum)",
    "dyn": "a value of unknown type",
}


def error(code: str, message: str, expr: Expr, help: str | None = None, fix: Fix | None = None) -> Diagnostic:
    """A finding about `expr`; a fix says for itself what to do where `help` does not."""
    if help is None and fix is not None:
        help = fix.description  # noqa: A001
    return Diagnostic(code, Severity.ERROR, message, expr.span, help=help, fix=fix)


def a(of: Type) -> str:
    """A type as an author knows it, and its name in CEL where that is another word."""
    return IN_WORDS.get(of.name) or f"{'an' if of.name[0] in 'aei' else 'a'} {of}"


def rewrite(old: Expr, new: Expr) -> Fix | None:
    """The fix that writes `new` in place of `old`; None where that is too long to show."""
    text = unparse(new)
    return Fix(old.span, text, f"write `{text}`") if len(text) <= LONG else None
