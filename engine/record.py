"""What a caller says about one content -> typed values; everything that is not a good value is missing, with a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from numbers import Real
from typing import Any, TypeAlias

from policy_dsl.places import to_micros
from policy_dsl.program import MICRO, Input, Program
from policy_dsl.suggest import suggest
from scorers.content import Modality

INT64 = 2**63
RECORD_KEYS = frozenset(
    {"id", "region", "at", "modalities", "scores", "facts", "skipped", "way", "propensity", "scorers"}
)


class InvalidRecordError(ValueError):
    """A record that no decision can be based on; its decision is `unavailable`."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The content has nothing for this input to judge (S2)."""


NA = NotApplicable()


@dataclass(frozen=True, slots=True)
class Missing:
    """It should be there and is not; `reason` says how."""

    reason: str


Value: TypeAlias = bool | int | float | str | list[str]
"""A score is an int in millionths; a set is a sorted list."""


@dataclass(frozen=True, slots=True)
class Record:
    """One content's scores and facts, as the caller sent them. `at` is in microseconds since 1970 UTC.

    `modalities` None: every scorer is applicable (ruling R5). `skipped` names the inputs whose scorers were not called
    because they could not matter (ruling R4). With `stated_only` a score that is not there is not applicable: so a test's
    `given` reads (ruling R5).
    """

    scores: Mapping[str, Any]
    facts: Mapping[str, Any]
    at: int | None = None
    modalities: frozenset[str] | None = None
    skipped: frozenset[str] = frozenset()
    stated_only: bool = False


def read_record(raw: Mapping[str, Any], program: Program) -> Record:
    """A record as it comes from JSON or a caller. Raises InvalidRecordError."""
    scores, facts = _mapping(raw, "scores"), _mapping(raw, "facts")
    both = sorted(set(scores) & set(facts))
    if both:
        raise InvalidRecordError(f"`{both[0]}` stands in `scores` and in `facts`: give it once")
    at = read_time(raw.get("at"))
    if at is None and program.dates:
        raise InvalidRecordError(
            "`at` is missing, and the pack has dated clauses: give the record's time, such as `2026-11-01T12:00:00Z`"
        )
    modalities = _modalities(raw, program)
    return Record(scores, facts, at, modalities, _names(raw, "skipped") or frozenset())


def _modalities(raw: Mapping[str, Any], program: Program) -> frozenset[str] | None:
    """A misspelt modality would make every score of the one that was meant not applicable, silently."""
    names = _names(raw, "modalities")
    known = {str(modality) for modality in Modality} | {spec.modality for spec in program.inputs if spec.modality}
    strange = sorted((names or frozenset()) - known)
    if strange:
        near = suggest(strange[0], known)
        hint = (
            f"did you mean `{near}`" if near else "expected some of " + ", ".join(f"`{name}`" for name in sorted(known))
        )
        raise InvalidRecordError(f"`modalities` holds `{strange[0][:40]}`, {hint}")
    return names


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InvalidRecordError(f"`{key}` is {_kind(value)}, expected an object of names and values")
    return value


def _names(raw: Mapping[str, Any], key: str) -> frozenset[str] | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple, set, frozenset)):
        raise InvalidRecordError(f"`{key}` is {_kind(value)}, expected a list of names")
    if not all(isinstance(name, str) for name in value):
        raise InvalidRecordError(f"`{key}` holds something that is no text, expected a list of names")
    return frozenset(value)


def read_time(value: Any) -> int | None:
    """Microseconds of an RFC 3339 text or an aware datetime. Raises InvalidRecordError."""
    if value is None:
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidRecordError(f"`at` is {shown(value)}, expected a time such as `2026-11-01T12:00:00Z`") from None
    if at.tzinfo is None:
        raise InvalidRecordError(f"`at` is {shown(value)}, which names no time zone: write `Z` or an offset behind it")
    try:
        return to_micros(at)
    except (OverflowError, ValueError):
        raise InvalidRecordError(f"`at` is {shown(value)}, which lies outside of the calendar") from None


def read_input(spec: Input, record: Record) -> Value | NotApplicable | Missing:
    """The value of one input (S2, rulings R5, R21, R22)."""
    own, other = (record.facts, record.scores) if spec.is_fact else (record.scores, record.facts)
    holder = own if spec.name in own else other
    if spec.name in holder:
        value = holder[spec.name]
        return Missing("null") if value is None else typed(spec, value)
    if spec.default is not None:
        return typed(spec, spec.default)
    if record.stated_only and not spec.is_fact:
        return NA
    if spec.modality is not None and record.modalities is not None and spec.modality not in record.modalities:
        return NA
    if spec.optional:
        return NA
    return Missing("absent")


def typed(spec: Input, value: Any) -> Value | Missing:
    """A value of the input's type, or Missing with what is wrong with it."""
    match spec.kind:
        case "score":
            return score(value)
        case "bool":
            return value if isinstance(value, bool) else _wrong("true or false", value)
        case "int":
            return _int(spec, value)
        case "double":
            return _double(spec, value)
        case "string":
            return _plain(value) if isinstance(value, str) else _wrong("a text", value)
        case "enum":
            if not isinstance(value, str):
                return _wrong("a text", value)
            text = _plain(value)
            return text if text in spec.values else Missing(f"`{text[:40]}` is none of its values")
        case "set":
            return _set(value)
    raise AssertionError(spec.kind)


def score(value: Any) -> int | Missing:
    """Millionths: floor(x * 1,000,000 + 0.5) in binary64, the range tested after rounding (ruling R21)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return _wrong("a number in [0, 1]", value)
    try:
        scaled = float(value) * 1_000_000.0 + 0.5
    except OverflowError:
        return Missing("out of range: a number too large")
    if not math.isfinite(scaled):
        return Missing("not a finite number")
    micros = math.floor(scaled)
    return micros if 0 <= micros <= MICRO else Missing(f"out of range: {shown(value)} is not in [0, 1]")


def _int(spec: Input, value: Any) -> int | Missing:
    if isinstance(value, bool) or not isinstance(value, Real):
        return _wrong("a whole number", value)
    try:
        whole = int(math.floor(value))  # noqa: RUF046 - a Real of any kind
    except (OverflowError, ValueError):
        return Missing("not a finite number")
    if whole != value:
        return _wrong("a whole number", value)
    low = -INT64 if spec.minimum is None else spec.minimum
    high = INT64 - 1 if spec.maximum is None else spec.maximum
    return whole if low <= whole <= high else Missing(f"out of range: {shown(value)}")


def _double(spec: Input, value: Any) -> float | Missing:
    if isinstance(value, bool) or not isinstance(value, Real):
        return _wrong("a number", value)
    try:
        number = float(value)
    except OverflowError:
        return Missing("out of range: a number too large")
    if not math.isfinite(number):
        return Missing("not a finite number")
    low = -math.inf if spec.minimum is None else spec.minimum
    high = math.inf if spec.maximum is None else spec.maximum
    return number if low <= number <= high else Missing(f"out of range: {shown(value)}")


def _set(value: Any) -> list[str] | Missing:
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple, set, frozenset)):
        return _wrong("a list of texts", value)
    if not all(isinstance(item, str) for item in value):
        return Missing("wrong type: a list that holds something other than texts")
    return sorted({_plain(item) for item in value})


def _plain(text: str) -> str:
    """Without the caller's own type: a condition knows texts by their type."""
    return text if type(text) is str else str.__str__(text)


def _wrong(expected: str, value: Any) -> Missing:
    return Missing(f"wrong type: {_kind(value)}, expected {expected}")


def _kind(value: Any) -> str:
    names = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "a text",
        dict: "an object",
        list: "a list",
    }
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")


def shown(value: Any) -> str:
    """A value in a message, cut to a length that a line bears."""
    return f"`{str(value)[:40]}`" if not isinstance(value, int) or abs(value) < 10**40 else "a huge number"
