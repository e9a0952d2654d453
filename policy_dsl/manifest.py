"""`limen.yaml` -> Manifest: the pack's names, types and defaults, validated."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from regions.model import RegionSpec

LANGUAGE = 1
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")

INT64 = 2**63

Scalar = bool | int | float | str


def kind_of(value: Any) -> str:
    """How a value of YAML is called in a message."""
    kinds = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a mapping",
    }
    return "nothing" if value is None else kinds.get(type(value), f"a {type(value).__name__}")


def _plain(value: Any) -> Any:
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError(f"expected a text, a number or a truth value, seen {kind_of(value)}")  # noqa: TRY004
    return value if isinstance(value, (bool, str)) else _number(value)


def _number(value: Any) -> Any:
    """Numbers that JSON and every evaluator can hold."""
    if value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, seen {kind_of(value)}")  # noqa: TRY004
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected a finite number, seen `{value}`")
    if not -INT64 <= value < INT64:
        raise ValueError("expected a number of at most 64 bits")
    return value


def _default(value: Any) -> Any:
    if isinstance(value, list):
        if strange := [item for item in value if not isinstance(item, str)]:
            raise ValueError(f"expected a list of texts, and one entry is {kind_of(strange[0])}")
        return value
    return None if value is None else _plain(value)


def _version(value: Any) -> Any:
    if type(value) is not int or value != LANGUAGE:
        shown = kind_of(value) if isinstance(value, bool) or not isinstance(value, (int, float)) else f"`{value}`"
        raise ValueError(f"expected `{LANGUAGE}`, the version of the language, seen {shown}")
    return value


PlainField = Annotated[Scalar, BeforeValidator(_plain)]
BoundField = Annotated[int | float | None, BeforeValidator(_number)]
DefaultField = Annotated[Scalar | list[str] | None, BeforeValidator(_default)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EnforcementSpec(_Model):
    effects: dict[str, PlainField] = {}


class RouteSpec(_Model):
    queue: str = "general"
    exclusive: bool = False


class SanctionSpec(BaseModel):
    """Its own keys are the sanction's options (`expires_days: 90`)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _are_plain(cls, value: Any) -> Any:
        for key, item in value.items() if isinstance(value, dict) else ():
            try:
                _plain(item)
            except ValueError as error:
                raise ValueError(f"`{key}`: {error}") from None
        return value

    @property
    def options(self) -> dict[str, Scalar]:
        return dict(self.model_extra or {})


class SeveritySpec(_Model):
    """`on_missing` is what its policies propose where something is missing and they say nothing: a route or enforcement."""

    sla: str | None = None
    on_missing: str | None = None

    @field_validator("sla")
    @classmethod
    def _is_duration(cls, value: str | None) -> str | None:
        if value is not None and not _DURATION.fullmatch(value):
            raise ValueError(f"expected a duration such as `15m`, `1h` or `3d`, seen `{value}`")
        return value

    @property
    def sla_seconds(self) -> int | None:
        match = _DURATION.fullmatch(self.sla or "")
        return int(match[1]) * _SECONDS[match[2]] if match else None


class InputSpec(_Model):
    """A typed fact, or a score that the caller brings; `modality` makes a score not applicable where the content has none."""

    type: Literal["score", "bool", "int", "double", "string", "enum", "set<string>"]
    min: BoundField = None
    max: BoundField = None
    values: tuple[str, ...] = Field(default=(), strict=False)
    default: DefaultField = None
    optional: bool = False
    modality: str | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> InputSpec:
        problem = _misfit(self)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def kind(self) -> str:
        return "set" if self.type == "set<string>" else self.type


def _misfit(spec: InputSpec) -> str | None:
    if spec.type == "enum" and not spec.values:
        return "an enum needs `values: [...]`"
    if twice := [value for value in spec.values if spec.values.count(value) > 1]:
        return f"the value `{twice[0]}` stands twice"
    if spec.type != "enum" and spec.values:
        return f"`values` belong to an enum, and this is `type: {spec.type}`"
    if spec.type not in ("int", "double") and (spec.min is not None or spec.max is not None):
        return "`min` and `max` belong to an int or a double"
    if spec.type == "int" and any(isinstance(bound, float) for bound in (spec.min, spec.max)):
        return "`min` and `max` of an int are whole numbers"
    if spec.min is not None and spec.max is not None and spec.min > spec.max:
        return f"`min: {spec.min}` is more than `max: {spec.max}`"
    if spec.default is not None and spec.type == "score":
        return "a score has no `default`: an absent one is missing, or not applicable with `optional: true`"
    if spec.default is not None and not _default_fits(spec):
        return f"`default: {spec.default}` is no value of this input"
    if spec.default is not None and spec.optional:
        return "an input with a `default` is never absent: leave out `optional`"
    return None


def _default_fits(spec: InputSpec) -> bool:
    value = spec.default
    match spec.type:
        case "bool":
            return isinstance(value, bool)
        case "int" | "double":
            wanted = (int, float) if spec.type == "double" else int
            low = -INT64 if spec.min is None else spec.min
            high = INT64 - 1 if spec.max is None else spec.max
            return isinstance(value, wanted) and not isinstance(value, bool) and low <= value <= high
        case "enum":
            return value in spec.values
        case "string":
            return isinstance(value, str)
        case "set<string>":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case _:
            return False


class Manifest(_Model):
    """The whole file. Order matters in `enforcements` (weakest first) and `severities` (most severe first)."""

    pack: str = Field(min_length=1)
    language: Annotated[Literal[1], BeforeValidator(_version)]
    enforcements: dict[str, EnforcementSpec] = Field(min_length=1)
    routes: dict[str, RouteSpec] = {}
    sanctions: dict[str, SanctionSpec] = {}
    severities: dict[str, SeveritySpec] = Field(min_length=1)
    inputs: dict[str, InputSpec] = {}
    regions: dict[str, RegionSpec] = Field(default={}, strict=False)
    groups: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = {}
    unknown_region: Literal["refuse", "GLOBAL"] = "refuse"
    scorers: dict[str, dict[str, Any]] = {}

    @field_validator("scorers", mode="before")
    @classmethod
    def _use_alone(cls, value: Any) -> Any:
        """`text: text-linear` is short for `text: {use: text-linear}`."""
        return (
            {key: {"use": item} if isinstance(item, str) else item for key, item in value.items()}
            if isinstance(value, dict)
            else value
        )

    @field_validator("routes", "sanctions", "inputs", "regions", "groups", "scorers", mode="before")
    @classmethod
    def _section_may_be_empty(cls, value: Any) -> Any:
        """`groups:` with every line behind it commented out."""
        return {} if value is None else value

    @field_validator("enforcements", "routes", "sanctions", "severities", "scorers", mode="before")
    @classmethod
    def _empty_is_none_written(cls, value: Any) -> Any:
        """`allow:` with nothing behind it reads as null in YAML and means no settings."""
        return {key: {} if item is None else item for key, item in value.items()} if isinstance(value, dict) else value

    @field_validator("enforcements", "routes", "sanctions", "severities", "scorers", "groups")
    @classmethod
    def _are_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for key in value:
            if not NAME.fullmatch(key):
                raise ValueError(f"`{key}` is no name: expected letters, digits, `_` and `-`")
        return value

    @field_validator("inputs")
    @classmethod
    def _are_dotted(cls, value: dict[str, InputSpec]) -> dict[str, InputSpec]:
        for key in value:
            if not DOTTED.fullmatch(key):
                raise ValueError(f"`{key}` is no input name: expected words joined by dots, such as `author.age_days`")
        return value

    @field_validator("routes", "sanctions")
    @classmethod
    def _are_distinct(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        for kind in ("enforcements", "routes"):
            if kind != info.field_name and (both := value.keys() & info.data.get(kind, {}).keys()):
                name, this = min(both), str(info.field_name)
                raise ValueError(f"`{name}` stands in `{kind}` and in `{this}`: a rule could not tell which is meant")
        return value
