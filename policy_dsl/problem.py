"""A syntax error raised while a node is built; the parser turns it into a finding."""

from __future__ import annotations

from policy_dsl.diagnostics import Diagnostic, Severity
from policy_dsl.source import Span


class SyntaxProblem(Exception):  # noqa: N818 - it never leaves the parser
    """A text that no node can stand for."""

    def __init__(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.span, self.help = code, message, span, help

    def diagnostic(self) -> Diagnostic:
        return Diagnostic(self.code, Severity.ERROR, self.message, self.span, help=self.help)
