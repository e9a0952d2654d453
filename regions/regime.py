"""One legal regime: a duty with its dates and its source."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One duty of one law, in force from a day (included) until a day (not included; None: open).

    `deadline_hours`: hours from the event that `duty` names to the act that it demands; None where the law gives
    no number. `citation`: statute and article. `url`: a public official address. Information, not legal advice.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    id: str
    title: str
    regions: tuple[str, ...]
    duty: str
    deadline_hours: int | None
    in_force_from: date
    in_force_until: date | None
    citation: str
    url: str
    note: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the duty holds on `day`, a UTC date as all dates of the language are."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)


def utc_day(at: date) -> date:
    """The UTC date of a date or of a datetime with a time zone; `ValueError` for a datetime without one."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ValueError(f"`at` has no time zone: seen `{at.isoformat()}`, expected a date or a datetime in UTC")
    return at.astimezone(UTC).date()
