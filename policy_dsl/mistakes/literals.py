"""Numbers, dates and texts that are written in another form, or that have no value."""

from __future__ import annotations

import calendar
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from policy_dsl.cel.literals import LiteralError, unquote, unquote_bytes
from policy_dsl.mistakes.place import Mistake, Repair, error, quote

if TYPE_CHECKING:
    from policy_dsl.mistakes.place import Place

# More digits than any value of the language has: 64-bit integers have 20, and doubles are read back from 17.
_LONGEST_NUMBER = 40
_EXPONENT = re.compile(r"[eE][+-]?([0-9]+)$")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)[ \t]*(?:%|percent\b)")
# In a condition `%` is the remainder, unless nothing follows it that could be divided by.
_NO_DIVISOR = re.compile(r"\s*(?:then\b|&&|\|\||[)\]},]|\Z)")
_COMMA = re.compile(r"([01]),([0-9]{1,6})(?![0-9.])")
_DATES = (
    (re.compile(r"(?P<y>[0-9]{4})[-./](?P<m>[0-9]{1,2})[-./](?P<d>[0-9]{1,2})(?![\w])"), True),
    (re.compile(r"(?P<d>[0-9]{1,2})\.[ ]?(?P<m>[0-9]{1,2})\.[ ]?(?P<y>[0-9]{4})(?![\w])"), True),
    (re.compile(r"(?P<d>[0-9]{1,2})[-/](?P<m>[0-9]{1,2})[-/](?P<y>[0-9]{4})(?![\w])"), False),
)
_ANY_DATE = re.compile(
    r"""[0-9]{4}-[0-9]{2}-[0-9]{2}[T0-9][T0-9:.+-]*Z? | ["'][^"'\n]*["']
    | [0-9]{1,2}(?:\.|st|nd|rd|th)?[ ][A-Za-z]+\.?,?[ ][0-9]{4} | [A-Za-z]+\.?[ ](?:[0-9]{1,2}(?:st|nd|rd|th)?,?[ ])?[0-9]{4}
    | [0-9]{1,2}\.[ ][0-9]{1,2}\.[ ][0-9]{4} | [0-9][\w./-]*""",
    re.VERBOSE,
)
_ISO = "a date is written year-month-day: `2026-03-01`, or `2026-03-01T09:00Z` with a time in UTC"


def percent(place: Place) -> Mistake | None:
    """`remove >= 95%`; asked before the number is taken."""
    seen = _PERCENT.match(place.source.text, place.start)
    if not seen or place.token.type not in ("INT", "FLOAT"):
        return None
    if _fits_after(place, "PERCENT") and (_is_share(place) or not _NO_DIVISOR.match(place.source.text, seen.end())):
        return None
    return _number(place, f"{Decimal(seen[1]) / 100:f}", seen.end(), "scores and thresholds lie between 0 and 1")


def _is_share(place: Place) -> bool:
    return place.previous is not None and place.previous.type == "SHARE"


def _fits_after(place: Place, *terminals: str) -> bool:
    """Whether the token, taken, could be followed by any of these."""
    after = place.grammar.step(place.stack, place.token.type)
    return after is not None and any(place.grammar.fits(after, terminal) for terminal in terminals)


def decimal_comma(place: Place) -> Mistake | None:
    """`remove >= 0,95`; asked before the number is taken, as a comma may come next in a list."""
    seen = _COMMA.match(place.source.text, place.start)
    if not seen or place.token.type != "INT":
        return None
    if _fits_after(place, "COMMA"):
        return None
    return _number(place, f"{seen[1]}.{seen[2]}", seen.end(), "numbers have a decimal point")


def _number(place: Place, meant: str, end: int, why: str) -> Mistake:
    span = place.span(place.start, end)
    message = f"{quote(place.source.text[span.start : end])} is written `{meant}`: {why}"
    finding = error("LIM015", message, span, fix=(meant, f"write `{meant}`"))
    return Mistake(finding, Repair((place.make("FLOAT", meant, span.start, end),), end), needs=0)


def size(place: Place) -> Mistake | None:
    """`1e999999999`, or a number of a thousand digits; asked before the number is taken."""
    token = place.token
    if token.type not in ("INT", "UINT", "FLOAT"):
        return None
    if len(token.text) <= _LONGEST_NUMBER and _fits(token.type, token.text):
        return None
    finding = error("LIM003", f"the number {quote(token.text)} is too long or too large", token.span)
    instead = place.make(token.type, "0u" if token.type == "UINT" else "0", token.span.start, token.span.end)
    return Mistake(finding, Repair((instead,), token.span.end), needs=0)


def _fits(kind: str, text: str) -> bool:
    """Whether the number has a value of 64 bits; a whole one may be 2^63, which is one behind a minus."""
    if kind == "FLOAT":
        exponent = _EXPONENT.search(text)
        return exponent is None or (len(exponent[1]) <= 3 and float(text) != float("inf"))
    return int(text.rstrip("uU"), 16 if "0x" in text else 10) <= (2**64 - 1 if kind == "UINT" else 2**63)


def value(place: Place) -> Mistake | None:
    """`"\\q"`, `2026-02-30`: of the right form, but no value. The nearest one stands in."""
    token = place.token
    problem, instead = _problem(token.type, token.text)
    if problem is None:
        return None
    help_ = "write a backslash twice: `\\\\`, or put `r` before the quote" if token.type != "DATE" else _ISO
    finding = error("LIM003", problem, token.span, help_)
    return Mistake(
        finding, Repair((place.make(token.type, instead, token.span.start, token.span.end),), token.span.end), needs=0
    )


def _problem(kind: str, text: str) -> tuple[str | None, str]:
    try:
        if kind == "STRING":
            unquote(text)
        elif kind == "BYTES":
            unquote_bytes(text)
        elif kind == "DATE" and (nearest := _nearest_date(text)) != text:
            return f"`{text}` is no date of the calendar", nearest
    except LiteralError as problem:
        return str(problem), "b''" if kind == "BYTES" else "''"
    except UnicodeError:
        return "half of a character has no bytes", "b''"
    return None, text


def _nearest_date(text: str) -> str:
    year, month, day = max(1, int(text[:4])), min(max(1, int(text[5:7])), 12), int(text[8:10])
    day = min(max(1, day), calendar.monthrange(year, month)[1])
    time = re.fullmatch(r"T([01][0-9]|2[0-3])(:[0-5][0-9]){1,2}(\.[0-9]+)?Z", text[10:])
    return f"{year:04}-{month:02}-{day:02}" + (text[10:] if time else "")


def date_form(place: Place) -> Mistake | None:
    """`until 01.03.2026`, `from 2026/03/01`, `from "2026-03-01"`."""
    seen = _ANY_DATE.match(place.rest)
    if "DATE" not in place.expected or "STRING" in place.expected or not seen or not re.search("[0-9]", seen.group()):
        return None
    span = place.span(place.start, place.start + seen.end())
    meant, certain = _meant_date(seen.group().strip("\"'"))
    fix = (meant, f"write `{meant}`") if certain else None
    finding = error(
        "LIM003", f"{quote(seen.group())} is no date in the form year-month-day", span, None if fix else _ISO, fix=fix
    )
    return Mistake(finding, Repair((place.make("DATE", meant, span.start, span.end),), span.end), needs=0)


def _meant_date(text: str) -> tuple[str, bool]:
    """The date, and whether it can be no other; `03/04/2026` may be in March or in April."""
    for pattern, certain in _DATES:
        if seen := pattern.match(text):
            first, second = int(seen["d"]), int(seen["m"])
            day, month = (second, first) if second > 12 else (first, second)
            date = f"{seen['y']}-{month:02}-{day:02}"
            whole = seen.end() == len(text) and _nearest_date(date) == date
            return (date, certain or max(first, second) > 12) if whole else (_nearest_date(date), False)
    return "2000-01-01", False
