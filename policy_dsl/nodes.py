"""The tree of a rule file: frozen nodes with exact spans. Spans and spellings take no part in equality."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal as OneOf
from typing import TypeAlias

from policy_dsl.cel.nodes import NOWHERE, Expr
from policy_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Name:
    """A word, or words joined by dots (`image.nudity`)."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal's value."""

    value: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal as written. `micros` is its value in millionths, or None where it has more than six places."""

    micros: int | None
    span: Span = field(default=NOWHERE, compare=False)
    text: str = field(default="", compare=False)

    @property
    def value(self) -> int | float:
        """The number itself: an int where it is written as one."""
        return int(self.text) if self.text.lstrip("-").isdigit() else float(self.text)


@dataclass(frozen=True, slots=True)
class Date:
    """A moment in UTC."""

    value: datetime
    span: Span = field(default=NOWHERE, compare=False)


Value: TypeAlias = Text | Number | Name


@dataclass(frozen=True, slots=True)
class ListValue:
    items: tuple[Value, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Option:
    """`queue: "hate-de"` behind an outcome."""

    name: Name
    value: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An enforcement, a route or a sanction by name, with options."""

    name: Name
    options: tuple[Option, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    """`from` is included, `until` is not (ruling R11)."""

    start: Date | None = None
    end: Date | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """What a clause says beside its condition: where, for whom, from when, until when, why.

    `again` are the words of lines that stand twice (a finding), each with the second line's span.
    """

    regions: tuple[Name, ...] = ()
    policies: tuple[Name, ...] = ()
    window: Window = Window()
    reason: Text | None = None
    again: tuple[Name, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Title:
    text: Text
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Owner:
    text: Text
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class SeverityLine:
    level: Name
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Mode:
    mode: Name
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Regions:
    names: tuple[Name, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Score:
    """`score NAME = EXPR`."""

    name: Name
    value: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Let:
    """`let NAME = COND`."""

    name: Name
    value: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Rung:
    """`remove and review >= 0.93`, or `remove off` where `threshold` is None."""

    outcomes: tuple[Outcome, ...]
    threshold: Number | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Ladder:
    score: Name
    rungs: tuple[Rung, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    name: Name
    absolute: bool
    meta: Meta
    when: Expr
    outcomes: tuple[Outcome, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Waive:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Cap:
    """`at most ENFORCEMENT [and ROUTES] [on SCORE]`."""

    enforcement: Name
    routes: tuple[Outcome, ...] = ()
    score: Name | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ExceptionClause:
    name: Name
    meta: Meta
    when: Expr
    grant: Waive | Cap
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Adjust:
    name: Name
    meta: Meta
    when: Expr
    direction: OneOf["raise", "lower"]
    by: Number
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Consequence:
    name: Name
    meta: Meta
    on: tuple[Name, ...]
    when: Expr | None
    outcomes: tuple[Outcome, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Priority:
    level: Name
    when: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class OnMissing:
    """`on missing [INPUT] { … }`; no outcomes propose nothing, and still degrade."""

    input: Name | None
    outcomes: tuple[Outcome, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class OnError:
    outcomes: tuple[Outcome, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Assign:
    name: Name
    value: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Effects:
    enforcement: Name
    assigns: tuple[Assign, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Region:
    """`region DE, AT from … until … { … }`."""

    names: tuple[Name, ...]
    window: Window
    body: tuple[PolicyItem, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class For:
    """`for INPUT in [values] { … }`."""

    input: Name
    values: tuple[Name, ...]
    body: tuple[PolicyItem, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Variant:
    name: Name
    body: tuple[PolicyItem, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Experiment:
    """`share` is in percent, as written."""

    name: Name
    unit: Name
    share: Number
    salt: Text | None
    variants: tuple[Variant, ...]
    span: Span = field(default=NOWHERE, compare=False)


PolicyItem: TypeAlias = (
    Title | Owner | SeverityLine | Mode | Regions | Score | Let | Ladder | Region | For | Rule | ExceptionClause
    | Adjust | Consequence | Priority | OnMissing | OnError | Effects | Experiment
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    name: Name
    body: tuple[PolicyItem, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Given:
    name: Name
    value: Value | ListValue | Date
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """`expect in REGIONS [STATUS] OUTCOMES [because CLAUSE]`; no regions mean GLOBAL."""

    regions: tuple[Name, ...]
    status: Name | None
    outcomes: tuple[Outcome, ...]
    because: Name | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Test:
    """A test of one policy's verdict, or of the whole decision where it names no policy (ruling R16)."""

    policy: Name | None
    title: Text
    given: tuple[Given, ...]
    expect: tuple[Expect, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its cells' texts, in order."""

    cells: tuple[Name, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Tests:
    """A table of tests; the first row is the heading."""

    policy: Name | None
    title: Text
    rows: tuple[Row, ...]
    span: Span = field(default=NOWHERE, compare=False)


Item: TypeAlias = Policy | Test | Tests | Let | Score | ExceptionClause | Adjust | Consequence


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file. `broken` are the spans that did not parse: names that occur there count as defined."""

    path: str
    items: tuple[Item, ...]
    broken: tuple[Span, ...] = field(default=(), compare=False)
