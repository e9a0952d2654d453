"""The tree of a condition or a score expression: CEL's abstract syntax, frozen, with exact spans.

Operators are calls by CEL's own function names: `_&&_ _||_ !_ _?_:_ _==_ _!=_ _<_ _<=_ _>_ _>=_ @in _+_ _-_ _*_ _/_ _%_ -_ _[_]`.
Spans and spellings take no part in equality, so two texts that mean the same give equal trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal as OneOf
from typing import TypeAlias

from policy_dsl.source import Span

NOWHERE = Span("", 0, 0)

Kind: TypeAlias = OneOf["null", "bool", "int", "uint", "double", "string", "bytes"]
MacroKind: TypeAlias = OneOf["all", "exists", "exists_one", "map", "filter"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `text` is its spelling in the file."""

    kind: Kind
    value: bool | int | float | str | bytes | None
    span: Span = attribute(default=NOWHERE, compare=False)
    text: str = attribute(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Ident:
    name: str
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; with `test` it is `has(operand.field)`."""

    operand: Expr
    field: str
    test: bool = False
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args)` or `target.function(args)`."""

    function: str
    args: tuple[Expr, ...]
    target: Expr | None = None
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Weight:
    """`0.6: text.hate`, an argument of `weighted` only."""

    weight: Literal
    value: Expr
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ListExpr:
    items: tuple[Expr, ...]
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class MapExpr:
    entries: tuple[tuple[Expr, Expr], ...]
    span: Span = attribute(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Macro:
    """`range.kind(var, body…)`: `map` has one body or a filter and a body, the others one."""

    kind: MacroKind
    range: Expr
    var: str
    body: tuple[Expr, ...]
    span: Span = attribute(default=NOWHERE, compare=False)


Expr: TypeAlias = Literal | Ident | Select | Call | Weight | ListExpr | MapExpr | Macro
