"""Findings about a pack, as data: no text is printed here (see `render.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from policy_dsl.source import Span


class Severity(StrEnum):
    """How bad a finding is. A pack with an `error` does not load (S9)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains a finding."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A replacement that is certain to be what was meant."""

    span: Span
    text: str
    description: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable code (`LIM101`), a one-line cause, its place, and what to do about it.

    `message` and `help` are one line each, start in lower case (or with a name in backticks) and have no final period.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    def __post_init__(self) -> None:
        for text in (self.message, self.help or "", *(label.message for label in self.labels)):
            if "\n" in text or text.endswith("."):
                raise AssertionError(f"a diagnostic's text is one line without a final period: {text!r}")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by place, then code; the same finding is told once."""
    return tuple(sorted(set(diagnostics), key=lambda d: (d.span, d.code, d.message)))
