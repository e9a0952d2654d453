"""CEL's timestamps and durations: texts, ranges, calendar fields in a time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from policy_dsl.cel.values import INT_MAX, INT_MIN, CelError, Duration, Timestamp

SECOND: Final = 1_000_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP_MIN: Final = -62_135_596_800 * SECOND
TIMESTAMP_MAX: Final = 253_402_300_800 * SECOND - 1
UNITS: Final = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND,
}  # fmt: skip

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
# Possessive: a run of digits is read once, so that a text of any length costs its length.
_AMOUNT = re.compile(r"(\d*+)(?:\.(\d*+))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)", re.ASCII)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*", re.ASCII)


def timestamp(nanos: int) -> Timestamp:
    """A moment; CelError outside of the years 0001 to 9999."""
    if TIMESTAMP_MIN <= nanos <= TIMESTAMP_MAX:
        return Timestamp(nanos)
    raise CelError("timestamp out of range")


def duration(nanos: int) -> Duration:
    """A duration; CelError outside of 64 bits of nanoseconds."""
    if INT_MIN <= nanos <= INT_MAX:
        return Duration(nanos)
    raise CelError("duration out of range")


def parse_timestamp(text: str) -> Timestamp:
    """An RFC 3339 date and time, such as `2026-03-01T00:00:00Z`."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise CelError("a timestamp is written like 2026-03-01T00:00:00Z")
    *date, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime(*map(int, date), tzinfo=UTC)  # type: ignore[misc, arg-type]
        shift = _shift(sign, hours, minutes) if sign else 0
    except ValueError:
        raise CelError("no such date or time of day") from None
    seconds = int((moment - EPOCH).total_seconds()) - shift
    return timestamp(seconds * SECOND + int((fraction or "0").ljust(9, "0")))


def parse_duration(text: str) -> Duration:
    """A sum of amounts with units, such as `1h30m`, `-1.5s` or `0`; fractions of a nanosecond are cut off. Linear in the text."""
    body = text[1:] if text[:1] in ("+", "-") else text
    total = 0
    position = 0
    while position < len(body):
        match = _AMOUNT.match(body, position)
        if match is None or not (match[1] or match[2]):
            break
        total += _amount(match[1], match[2] or "", UNITS[match[3]])
        position = match.end()
    if body != "0" and (not body or position < len(body)):
        raise CelError("a duration is written like 1h30m, 90s or 0.5s")
    return duration(-total if text[0] == "-" else total)


def _amount(whole: str, fraction: str, unit: int) -> int:
    whole = whole.lstrip("0")
    if len(whole) > 19:
        raise CelError("duration out of range")
    return int(whole or "0") * unit + int(fraction[:18].ljust(18, "0")) * unit // 10**18


def format_timestamp(moment: Timestamp) -> str:
    seconds, nanos = divmod(moment.nanos, SECOND)
    whole = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    return f"{whole}{_fraction(nanos)}Z"


def format_duration(span: Duration) -> str:
    seconds, nanos = divmod(abs(span.nanos), SECOND)
    return f"{'-' if span.nanos < 0 else ''}{seconds}{_fraction(nanos)}s"


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def zone(name: str) -> tzinfo:
    """`UTC`, a name of the IANA database such as `Europe/Berlin`, or an offset such as `+02:00` or `02:00`."""
    offset = _OFFSET.fullmatch(name)
    try:
        if offset:
            return timezone(timedelta(seconds=_shift(*offset.groups())))
        if _ZONE.fullmatch(name) and len(name) < 100:
            return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise CelError("no such time zone")


def local(moment: Timestamp, where: str) -> datetime:
    """The wall clock at `moment` (to the microsecond); CelError where it lies outside of the years 0001 to 9999."""
    try:
        return (EPOCH + timedelta(microseconds=moment.nanos // 1_000)).astimezone(zone(where))
    except OverflowError:
        raise CelError("timestamp out of range") from None


def _shift(sign: str, hours: str, minutes: str) -> int:
    """Seconds east of Greenwich."""
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError
    return (int(hours) * 3_600 + int(minutes) * 60) * (-1 if sign == "-" else 1)
