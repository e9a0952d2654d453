"""A staffing file (YAML) -> who is on duty when in each queue, and how long an item takes (`staffing.py`).

```yaml
timezone: Europe/Berlin               # of the shifts; UTC where it is left out
queues:
  general:
    shifts:
      - {days: mon-fri, from: "08:00", to: "18:00", reviewers: 6}
      - {days: [sat, sun], from: "10:00", to: "16:00", reviewers: 2}
    handling: {minutes: 2, distribution: lognormal, cv: 0.8}
    tiers: {P0: {minutes: 6}}         # what differs for a tier
    shrinkage: 30%                    # of the time on duty goes to breaks, training, wellness
  specialist:
    reviewers: 2                      # at all hours
    handling: {minutes: 8}
```
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from policy_dsl.manifest_problems import UNKNOWN, told
from policy_dsl.suggest import suggest
from regions.plain_yaml import compose, parse
from simulator.staffing import WITH_CV, Distribution, Handling, Roster, Shift, Staffing

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_REVIEWERS = 100_000


class StaffingError(ValueError):
    """One line: where in the file, what was seen, what was expected."""


def _minute(value: Any) -> Any:
    """Minutes of the day. YAML reads `10:00` as 600 where it is not in quotes, and an `8` is no time."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,2}):([0-5]\d)", value)):
        minute = int(found[1]) * 60 + int(found[2])
        if minute <= 24 * 60:
            return minute
    elif type(value) is int and 60 <= value <= 24 * 60:
        return value
    raise ValueError(f"expected a time such as `08:00`, from `00:00` to `24:00`, seen `{str(value)[:40]}`")


def _days(value: Any) -> tuple[int, ...]:
    """Numbers of days, Monday 0, of `mon-fri`, `sat` or a list of such."""
    parts = value if isinstance(value, list) else [value]
    return tuple(sorted({day for part in parts for day in _range(part)}))


def _range(part: Any) -> Iterable[int]:
    if part == "all":
        return range(7)
    ends = part.lower().split("-") if isinstance(part, str) else []
    if not 1 <= len(ends) <= 2 or any(end not in DAYS for end in ends):
        raise ValueError(f"expected days such as `mon-fri`, `sat` or `all`, seen `{str(part)[:40]}`")
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]


def _share(value: Any) -> Any:
    text = str(value)
    try:
        found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        found = math.nan
    if isinstance(value, bool) or not 0 <= found < 1:
        raise ValueError(f"expected a share such as `30%` or `0.3`, below 1, seen `{text[:40]}`")
    return found


Positive = Annotated[float, Field(gt=0, le=24 * 60, allow_inf_nan=False)]
Reviewers = Annotated[int, Field(ge=0, le=MOST_REVIEWERS)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HandlingSpec(_Model):
    """What is left out is as in the queue's, for a tier; else exponential. `cv` is the standard deviation over the mean."""

    minutes: Positive | None = None
    distribution: Distribution | None = None
    cv: Annotated[float, Field(gt=0, le=20)] | None = None


class ShiftSpec(_Model):
    """Begins on each of `days`; where `to` is not after `from`, it ends on the next day."""

    days: Annotated[tuple[int, ...], BeforeValidator(_days)] = tuple(range(7))
    start: Annotated[int, BeforeValidator(_minute), Field(alias="from")]
    to: Annotated[int, BeforeValidator(_minute)]
    reviewers: Reviewers

    @model_validator(mode="after")
    def _lasts(self) -> ShiftSpec:
        if self.start == self.to:
            raise ValueError('the shift ends when it begins; for a whole day write `from: "00:00"` and `to: "24:00"`')
        return self


class QueueSpec(_Model):
    shifts: Annotated[tuple[ShiftSpec, ...], Field(strict=False, min_length=1)] | None = None
    reviewers: Reviewers | None = None
    handling: HandlingSpec
    tiers: dict[str, HandlingSpec] = {}
    shrinkage: Annotated[float, BeforeValidator(_share)] = 0.0

    @model_validator(mode="after")
    def _is_whole(self) -> QueueSpec:
        if (self.shifts is None) == (self.reviewers is None):
            raise ValueError("expected either `shifts` or `reviewers` (at all hours)")
        if self.handling.minutes is None:
            raise ValueError("`handling` needs `minutes`, the mean time that an item takes")
        for tier, spec in self.tiers.items():
            self.handled(spec, f"tiers.{tier}")
        self.handled(HandlingSpec(), "handling")
        return self

    def handled(self, spec: HandlingSpec, where: str) -> Handling:
        """The handling time of a tier. ValueError where it has a `cv` that its distribution does not take."""
        kind = spec.distribution or self.handling.distribution or "exponential"
        given = spec.cv if spec.cv is not None else self.handling.cv
        if kind in WITH_CV and given is None:
            raise ValueError(f"`{where}` is {kind} and has no `cv` (standard deviation over mean, such as 0.8)")
        if kind not in WITH_CV and (spec.cv is not None or (given is not None and spec.distribution is None)):
            raise ValueError(f"`{where}` has a `cv`, which only {' and '.join(WITH_CV)} take")
        minutes = spec.minutes if spec.minutes is not None else self.handling.minutes
        assert minutes is not None
        return Handling(
            minutes / 60 / (1 - self.shrinkage),
            kind,
            given if kind in WITH_CV and given else float(kind == "exponential"),
        )


class StaffingSpec(_Model):
    timezone: str = "UTC"
    queues: Annotated[dict[str, QueueSpec], Field(min_length=1)]

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"expected a time zone such as `Europe/Berlin`, seen `{value[:40]}`") from None
        return value


# What it means


def read_staffing(path: Path, queues: Iterable[str], tiers: Iterable[str]) -> Staffing:
    """The staffing of a pack's `queues` and severity `tiers`. Raises StaffingError; OSError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StaffingError(f"`{path}` is not UTF-8") from None
    return parse_staffing(text, str(path), queues, tiers)


def parse_staffing(text: str, name: str, queues: Iterable[str], tiers: Iterable[str]) -> Staffing:
    """As `read_staffing`; `name` is that of the file in errors."""
    try:
        data, tree = parse(text), compose(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise StaffingError(f"`{name}` is not valid YAML: {_yaml_problem(error)}") from None
    if not isinstance(data, dict):
        raise StaffingError(f"`{name}`: expected keys such as `queues`, seen no mapping")
    try:
        spec = StaffingSpec.model_validate(data)
    except ValidationError as error:
        first = min(error.errors(), key=lambda item: item["type"] not in UNKNOWN)  # a mistyped key is missing, too
        raise StaffingError(_problem(first, tree, name)) from None
    _known(spec.queues, queues, "queue", ("queues",), tree, name)
    for queue, found in spec.queues.items():
        _known(found.tiers, tiers, "tier", ("queues", queue, "tiers"), tree, name)
    return Staffing({queue: _roster(queue, found, spec.timezone) for queue, found in spec.queues.items()})


def _roster(queue: str, spec: QueueSpec, zone: str) -> Roster:
    whole = ShiftSpec.model_validate({"from": "00:00", "to": "24:00", "reviewers": spec.reviewers or 0})
    shifts = tuple(
        Shift(item.days, item.start, item.to if item.to > item.start else item.to + 1440, item.reviewers)
        for item in spec.shifts or (whole,)
    )
    tiers = {tier: spec.handled(item, tier) for tier, item in spec.tiers.items()}
    return Roster(queue, zone, shifts, spec.handled(HandlingSpec(), "handling"), tiers, spec.shrinkage)


def _known(
    names: Iterable[str], known: Iterable[str], what: str, path: tuple[str, ...], tree: yaml.Node | None, file: str
) -> None:
    known = sorted(set(known))
    for name in names:
        if name not in known:
            near = suggest(name, known)
            tell = f"did you mean `{near}`" if near else "it has " + (", ".join(f"`{one}`" for one in known) or "none")
            line = _line(tree, (*path, name))
            raise StaffingError(f"`{file}`, line {line}: the pack has no {what} `{name}`, {tell}")


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark else problem


def _problem(item: Any, tree: yaml.Node | None, file: str) -> str:
    path = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    where = f"`{file}`, line {_line(tree, path)}"
    if item["type"] in UNKNOWN:
        keys = _keys(path[:-1])
        near = suggest(str(path[-1]), keys)
        tell = f"did you mean `{near}`" if near else "the keys here are " + ", ".join(f"`{key}`" for key in keys)
        return f"{where}: unknown key `{'.'.join(map(str, path))}`, {tell}"
    message, advice = told(item, path)
    return f"{where}: {message}" + (f", {advice}" if advice else "")


def _keys(path: Sequence[Any]) -> list[str]:
    models: dict[int, type[BaseModel]] = {0: StaffingSpec, 2: QueueSpec}
    model = ShiftSpec if len(path) == 4 and path[2] == "shifts" else models.get(len(path), HandlingSpec)
    return [field.alias or name for name, field in model.model_fields.items()]


def _line(node: yaml.Node | None, path: Iterable[Any]) -> int:
    """Of the innermost part of a path that the text has."""
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        hit = next(((key, value) for key, value in pairs if key.value == str(part)), None)
        if hit is None:
            break
        line, node = hit[0].start_mark.line + 1, hit[1]
    return line
