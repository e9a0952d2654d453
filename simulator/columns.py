"""A column map (YAML, or `foreign=ours` pairs) -> which column of somebody's log is which of ours, and how its values read.

    version: 1
    log: what it is, for the report
    columns:
      at:         {from: ts, unit: ms}
      text.hate:  {from: hate_pct, unit: percent}
      label.hate: {from: verdict, positive: [hate_speech], negative: [none]}
      modalities: {constant: [text]}
    assume:        {keywords.*.match: false}
    caveats:       [what a reader must know]
    no_signal:     [region]

A column that the log has under our name needs no line. What is not said is not guessed: a value without a place in an encoding
becomes null and is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from policy_dsl.suggest import suggest
from regions.plain_yaml import parse

Unit: TypeAlias = Literal["millionths", "share", "percent", "logit", "s", "ms", "us", "ns"]
Constant: TypeAlias = bool | int | float | str | list[str]
KEEP = "keep"  # of `others`: values without a place in `values` stay as they are


class ColumnError(ValueError):
    """A column map that cannot be used, or that does not fit the log; its text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """How one of our columns comes to be.

    `source` is the foreign column, None where `constant` stands in every row. `unit` of a score: `millionths`, `share` ([0, 1]),
    `percent` ([0, 100]), `logit` (log odds; 1 / (1 + e^-x)); of a time that is a number: `s`, `ms`, `us`, `ns` since 1970 UTC.
    `utc`: times that name no zone are UTC. A label is true for the values in `positive`, false for those in `negative`, or from
    `at_least` on. `values` renames texts; what it does not name becomes `others` (`keep`: stays; None: null, and counted), and
    a null becomes `nulls`. `separator` cuts a text into a list.
    """

    name: str
    source: str | None
    unit: Unit | None = None
    utc: bool = False
    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    at_least: float | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    others: str | None = KEEP
    nulls: str | None = None
    separator: str | None = None
    constant: Constant | None = None

    @property
    def plain(self) -> bool:
        """Nothing is said about it but where it comes from."""
        return self == Column(self.name, self.source)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """`columns` by our names. `assumed` holds patterns of input names that the log lacks and the value each is taken to have.
    `caveats` are sentences for the report; `no_signal` names our columns by which a breakdown means nothing.
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    assumed: Mapping[str, Constant] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    no_signal: tuple[str, ...] = ()
    log: str | None = None

    @classmethod
    def from_text(cls, text: str, name: str) -> ColumnMap:
        """A map as YAML; `name` stands in messages. Raises ColumnError."""
        try:
            raw = parse(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            said = getattr(error, "problem", None) or str(error)
            raise ColumnError(f"`{name}`{where}: not valid YAML: {' '.join(said.split())}") from None
        if not isinstance(raw, dict):
            raise ColumnError(f"`{name}` is no column map, expected keys such as `columns: {{text.hate: hate}}`")
        try:
            return _File.model_validate(raw).built()
        except ValidationError as error:
            raise ColumnError(f"`{name}`: {_told(dict(error.errors()[0]))}") from None

    @classmethod
    def from_file(cls, path: Path) -> ColumnMap:
        """Raises ColumnError; OSError where the file cannot be read."""
        try:
            return cls.from_text(path.read_text(encoding="utf-8"), str(path))
        except UnicodeDecodeError:
            raise ColumnError(f"`{path}` is not UTF-8, expected a column map in YAML") from None

    def with_pairs(self, pairs: Iterable[str]) -> ColumnMap:
        """With `foreign=ours` pairs, which go before what the map says about where a column comes from. Raises ColumnError."""
        columns = dict(self.columns)
        for pair in pairs:
            foreign, equals, ours = (part.strip() for part in pair.rpartition("="))
            if not (equals and foreign and ours):
                raise ColumnError(f"`{pair}` is no pair, expected FOREIGN=OURS such as `hate=text.hate`")
            columns[ours] = replace(columns.get(ours, Column(ours, None)), source=foreign, constant=None)
        return replace(self, columns=columns)

    def for_schema(self, held: Collection[str], where: str) -> dict[str, Column]:
        """The columns of a log that holds those foreign columns, by our names: what the map says, and what already has our
        names. Raises ColumnError where a column of the map is not there.
        """
        for column in self.columns.values():
            if column.source is not None and column.source not in held:
                raise ColumnError(
                    f"`{where}` has no column `{column.source}` for `{column.name}`, {_near(column, held)}"
                )
        own = {name: Column(name, name) for name in held if name not in self.columns}
        return own | dict(self.columns)

    def assumptions(self, names: Iterable[str]) -> dict[str, Constant]:
        """Of those names, which are taken to have which value: the first pattern that fits."""
        return {
            name: value
            for name in names
            for value in [next((v for p, v in self.assumed.items() if fnmatchcase(name, p)), None)]
            if value is not None
        }


def _near(column: Column, held: Collection[str]) -> str:
    near = suggest(column.source or "", held)
    if near:
        return f"did you mean `{near}`"
    return "there are " + (", ".join(f"`{name}`" for name in sorted(held)[:12]) or "none")


def _texts(value: Any) -> Any:
    """Values of an encoding compare as texts: `[1, true]` is `["1", "true"]`."""
    return [text_of(item) for item in value] if isinstance(value, list) else value


def text_of(value: Any) -> Any:
    """A plain value as the text by which encodings know it: 1, 1.0 and "1" are one; None stays."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value


Texts: TypeAlias = Annotated[list[str], BeforeValidator(_texts)]
Text: TypeAlias = Annotated[str, BeforeValidator(text_of)]


class _Spec(BaseModel):
    """One line of `columns`."""

    model_config = ConfigDict(extra="forbid")

    source: str | None = None
    constant: Constant | None = None
    unit: Unit | None = None
    zone: Literal["UTC"] | None = None
    positive: Texts = []
    negative: Texts = []
    at_least: float | None = None
    values: dict[str, Text] = {}
    others: Text | None = KEEP
    nulls: Text | None = None
    separator: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        if isinstance(raw, str):
            return {"source": raw}
        if isinstance(raw, dict) and "from" in raw:
            raw = dict(raw)
            raw["source"] = raw.pop("from")
        if isinstance(raw, dict) and (("source" in raw) == ("constant" in raw)):
            raise ValueError("expected one of `from` and `constant`")
        return raw

    @model_validator(mode="after")
    def _whole(self) -> _Spec:
        both = sorted(set(self.positive) & set(self.negative))
        if both:
            raise ValueError(f"`{both[0]}` is positive and negative, expected one of them")
        if self.at_least is not None and (self.positive or self.negative):
            raise ValueError("expected `at_least`, or `positive` and `negative`, not both")
        if self.separator == "":
            raise ValueError("`separator` is empty, expected one such as `,`")
        return self

    def column(self, name: str) -> Column:
        said = self.model_dump(exclude={"zone", "positive", "negative"})
        return Column(
            name, utc=self.zone == "UTC", positive=frozenset(self.positive), negative=frozenset(self.negative), **said
        )


class _File(BaseModel):
    """The whole map."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    log: str | None = None
    columns: dict[str, _Spec] = {}
    assume: dict[str, Constant] = {}
    caveats: list[str] = []
    no_signal: list[str] = []

    def built(self) -> ColumnMap:
        columns = {name: spec.column(name) for name, spec in self.columns.items()}
        return ColumnMap(columns, self.assume, tuple(self.caveats), tuple(self.no_signal), self.log)


def _told(detail: Mapping[str, Any]) -> str:
    """One problem that pydantic found, as a sentence with the key and what was meant."""
    path = [str(part) for part in detail["loc"]]
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        known = ["from", *_Spec.model_fields] if len(path) > 1 else list(_File.model_fields)
        known = [name for name in known if name != "source"]
        near = suggest(path[-1], known)
        return f"there is no key `{key}`, " + (
            f"did you mean `{near}`" if near else f"expected one of {', '.join(known)}"
        )
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    seen = f" is `{str(detail.get('input'))[:40]}`," if not isinstance(detail.get("input"), (dict, list)) else ":"
    return f"`{key}`{seen} {message}".replace("input should be", "expected").replace("'", "`")
