"""LIM140 to LIM144: thresholds, adjustments and shares out of range, and numbers with too many places or in a form that no record holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import decimal, finding
from policy_dsl.checks.outcome_lists import outcome_lists
from policy_dsl.diagnostics import Diagnostic, Fix
from policy_dsl.program import MICRO

PLACES = "write at most six places: scores are counted in millionths"
# Beyond this exponent a decimal is 0 or out of every range, and would only be long to write out.
_EXPONENT = 400


def numbers(context: Context) -> Iterator[Diagnostic]:
    for _, found in context.everything:
        match found.node:
            case n.Ladder(rungs=rungs):
                for rung in rungs:
                    yield from _threshold(rung.threshold) if rung.threshold else ()
            case n.Adjust(by=by):
                yield from _amount(by)
            case n.Effects(assigns=assigns):
                for assign in assigns:
                    yield from _form(assign.value)
            case _:
                pass
    for listed in outcome_lists(context):
        for option in (option for outcome in listed.outcomes for option in outcome.options):
            yield from _form(option.value)
    for policy in context.policies:
        yield from (d for item in policy.body if isinstance(item, n.Experiment) for d in _shares(item))


def number(written: n.Number) -> Fraction | None:
    """Its exact value; None where it is no plain decimal."""
    return exact(written.text)


def exact(text: str) -> Fraction | None:
    """The value of a decimal's spelling; None for another spelling, and beyond all ranges."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return Fraction(value) if value.is_finite() and abs(value.adjusted()) < _EXPONENT else None


def micros(value: Fraction) -> int | None:
    """In millionths, exactly; None where it has more than six places."""
    scaled = value * MICRO
    return scaled.numerator if scaled.denominator == 1 else None


def percentage(value: Fraction, least: int = 10) -> str | None:
    """What was meant by a number of `least` to 100 where a score must stand: a hundredth of it."""
    hundredth = micros(value / 100) if least <= value <= 100 else None
    return None if hundredth is None else decimal(hundredth)


def _threshold(written: n.Number) -> Iterator[Diagnostic]:
    value = number(written)
    if value is None:
        yield from _form(written)
    elif not 0 <= value <= 1:
        yield _out_of_range(written, value)
    elif micros(value) is None:
        yield _places(written, value)
    elif value == 0:
        tell = "every score is at least 0, so this rung would always be met; the lowest threshold is `0.000001`"
        yield finding("LIM140", "a threshold of 0 asks nothing of a score", written.span, tell)


def _out_of_range(written: n.Number, value: Fraction) -> Diagnostic:
    message = f"scores lie in [0, 1], and `{written.text}` does not"
    meant = percentage(value)
    if meant is None:
        return finding("LIM140", message, written.span, "write a threshold from 0.000001 to 1, such as `0.95`")
    return finding(
        "LIM140", message, written.span, f"did you mean `{meant}`?", fix=Fix(written.span, meant, f"write `{meant}`")
    )


def _places(written: n.Number, value: Fraction) -> Diagnostic:
    nearest = max(math.floor(value * MICRO + Fraction(1, 2)), 1)
    return finding(
        "LIM141",
        f"`{written.text}` has more than six decimal places",
        written.span,
        f"{PLACES}; the nearest is `{decimal(nearest)}`",
    )


def _amount(written: n.Number) -> Iterator[Diagnostic]:
    value = number(written)
    if value is None:
        yield from _form(written)
    elif not 0 < value <= 1:
        meant = percentage(value, least=1)
        tell = f"did you mean `{meant}`?" if meant else "write an amount such as `0.05`"
        yield finding(
            "LIM142", f"thresholds move by more than 0 and at most 1, not by `{written.text}`", written.span, tell
        )
    elif micros(value) is None:
        yield _places(written, value)


def _shares(experiment: n.Experiment) -> Iterator[Diagnostic]:
    """A share is counted in millionths of the traffic, so a percentage has at most four places."""
    written, value = experiment.share, number(experiment.share)
    count = len(experiment.variants)
    if value is None:
        yield from _form(written)
    elif not 0 < value <= 100:
        yield finding("LIM143", f"a share is more than 0 % and at most 100 %, not {written.text} %", written.span)
    elif micros(value / 100) is None:
        yield finding("LIM143", f"a share has at most four decimal places, and `{written.text}` has more", written.span)
    elif value * count > 100:
        tell = f"each variant gets this share: at most {100 // count} % for {count} variants"
        yield finding("LIM143", f"{count} variants of {written.text} % are more than all traffic", written.span, tell)


def _form(value: n.Value) -> Iterator[Diagnostic]:
    """Options and effects are kept as JSON writes numbers."""
    if isinstance(value, n.Number) and not storable(value):
        yield finding(
            "LIM144",
            f"`{value.text}` is no plain decimal number",
            value.span,
            "write it as a decimal, such as `30` or `0.5`",
        )


def storable(written: n.Number) -> bool:
    value = number(written)
    if value is None:
        return False
    return abs(value) < 2**63
