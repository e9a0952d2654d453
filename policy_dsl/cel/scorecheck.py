"""Comparisons with a score or an enum -> findings (ruling R10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches

from policy_dsl.cel.nodes import Expr, Literal
from policy_dsl.cel.resolve import dotted
from policy_dsl.cel.types import SCORE, Type
from policy_dsl.cel.values import MICROS
from policy_dsl.diagnostics import Diagnostic, Fix, Severity

EQUALITY = ("_==_", "_!=_")


def error(code: str, message: str, expr: Expr, help: str | None = None, fix: Fix | None = None) -> Diagnostic:  # noqa: A002
    return Diagnostic(code, Severity.ERROR, message, expr.span, help=help, fix=fix)


def score_limit(literal: Literal) -> int | None:
    """The number in millionths, or None where it is no decimal of at most six places in [0, 1]."""
    scaled = _decimal(literal) * MICROS
    return int(scaled) if scaled == scaled.to_integral_value() and 0 <= scaled <= MICROS else None


def _decimal(literal: Literal) -> Decimal:
    return Decimal(repr(literal.value) if not literal.text or literal.kind == "int" else literal.text)


def compared_with_score(other: Expr, of: Type) -> Iterator[Diagnostic]:
    """`other`, of type `of`, stands on the other side of a score."""
    if of == SCORE:
        return
    if not isinstance(other, Literal) or other.kind not in ("int", "double"):
        yield error("LIM314", f"a score can be compared with a decimal or with another score, not with {_a(of)}", other)
        return
    number = _decimal(other)
    if not 0 <= number <= 1:
        yield error("LIM310", f"scores lie in [0, 1], and `{other.text or number}` does not", other, _meant(number))
    elif other.kind == "int":
        text = f"{number}.0"
        fix = Fix(other.span, text, f"write `{text}`")
        yield error(
            "LIM311",
            f"a score is compared with a decimal, not with the whole number `{number}`",
            other,
            f"write `{text}`",
            fix,
        )
    elif score_limit(other) is None:
        nearest = f"{number:.6f}"
        yield error(
            "LIM312",
            f"`{other.text}` has more than six decimal places; scores have six",
            other,
            f"the nearest is `{nearest}`",
        )


def _meant(number: Decimal) -> str | None:
    return f"did you mean `{(number / 100).normalize():f}`?" if 1 < number <= 100 and score_like(number / 100) else None


def score_like(number: Decimal) -> bool:
    return number * MICROS == (number * MICROS).to_integral_value()


def _a(of: Type) -> str:
    return "a value of unknown type" if of.name == "dyn" else f"{'an' if of.name[0] in 'aeiou' else 'a'} {of}"


def enum_values(subject: Expr, of: Type, others: list[Expr]) -> Iterator[Diagnostic]:
    """String literals that `subject`, an enum, is compared with."""
    for other in others:
        if isinstance(other, Literal) and other.kind == "string" and other.value not in of.values:
            yield _no_such_value(subject, of, other)


def _no_such_value(subject: Expr, of: Type, literal: Literal) -> Diagnostic:
    name = f"`{dotted(subject)}`" if dotted(subject) else "this input"
    value = str(literal.value)
    message = f"{name} is never `{_short(value)}`"
    close = get_close_matches(value, of.values, 1)
    if not close:
        return error("LIM320", message, literal, f"it is one of {', '.join(f'`{v}`' for v in of.values)}")
    quote = literal.text[-1:] or '"'
    fix = Fix(literal.span, f"{quote}{close[0]}{quote}", f"write {quote}{close[0]}{quote}")
    return error("LIM320", message, literal, f"did you mean `{close[0]}`?", fix)


def _short(text: str) -> str:
    return " ".join(text.split())[:60]
