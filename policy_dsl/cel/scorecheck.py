"""What a score or an enum is compared with -> findings (ruling R10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from difflib import get_close_matches

from policy_dsl.cel.findings import a, error
from policy_dsl.cel.nodes import Expr, Ident, Literal
from policy_dsl.cel.types import NULL, SCORE, Type
from policy_dsl.cel.values import MICROS
from policy_dsl.diagnostics import Diagnostic, Fix


def score_limit(literal: Literal) -> int | None:
    """A decimal in millionths, or None where it is no decimal of at most six places in [0, 1]."""
    scaled = _decimal(literal) * MICROS
    return int(scaled) if scaled == scaled.to_integral_value() and 0 <= scaled <= MICROS else None


def _decimal(literal: Literal) -> Decimal:
    """The number as it is written, digits beyond a double's included."""
    return Decimal(literal.text if literal.text and literal.kind == "double" else repr(literal.value))


def compared_with_score(score: Expr, other: Expr, of: Type) -> Iterator[Diagnostic]:
    """`other`, of type `of`, stands on the other side of `score`."""
    if of == SCORE:
        return
    if not isinstance(other, Literal) or other.kind not in ("int", "double"):
        help_ = f"ask `has({score.name})`" if of == NULL and isinstance(score, Ident) else None
        yield error(
            "LIM314", f"a score can be compared with a decimal or with another score, not with {a(of)}", other, help_
        )
        return
    number = _decimal(other)
    if not 0 <= number <= 1:
        yield error("LIM310", f"scores lie in [0, 1], and `{other.text or number}` does not", other, _meant(number))
    elif other.kind == "int":
        fix = Fix(other.span, f"{number}.0", f"write `{number}.0`")
        yield error("LIM311", f"a score is compared with a decimal, and `{number}` is a whole number", other, fix=fix)
    elif score_limit(other) is None:
        help_ = f"the nearest is `{number:.6f}`"
        yield error(
            "LIM312", f"`{other.text or number}` has more than six decimal places, and scores have six", other, help_
        )


def _meant(number: Decimal) -> str | None:
    """Who writes a percentage means its hundredth."""
    hundredth = number / 100
    whole = hundredth * MICROS == (hundredth * MICROS).to_integral_value()
    return f"did you mean `{hundredth.normalize():f}`?" if 2 <= number <= 100 and whole else None


def enum_values(subject: Expr, of: Type, others: Iterable[Expr]) -> Iterator[Diagnostic]:
    """`subject`, an enum, is compared with `others`; a text among them that it never is."""
    for other in others:
        if isinstance(other, Literal) and other.kind == "string" and other.value not in of.values:
            yield _no_such_value(subject, of, other)


def _no_such_value(subject: Expr, of: Type, literal: Literal) -> Diagnostic:
    value = " ".join(str(literal.value).split())[:60]
    message = (
        f"`{subject.name}` is never `{value}`" if isinstance(subject, Ident) else f"no value here is ever `{value}`"
    )
    close = get_close_matches(value, of.values, 1)
    if not close:
        return error("LIM320", message, literal, f"it is one of {', '.join(f'`{v}`' for v in of.values)}")
    quote = literal.text[-1:] or '"'
    fix = Fix(literal.span, f"{quote}{close[0]}{quote}", f"write {quote}{close[0]}{quote}")
    return error("LIM320", message, literal, f"did you mean `{close[0]}`?", fix)
