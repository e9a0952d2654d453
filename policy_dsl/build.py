"""Parser callbacks: a rule's children (every token kept) -> a node. One method per rule of `grammar.lark`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from policy_dsl import nodes as n
from policy_dsl.cel.build import Conditions, cover
from policy_dsl.cel.literals import LiteralError, unquote
from policy_dsl.lexer import Token, bars
from policy_dsl.problem import SyntaxProblem

if TYPE_CHECKING:
    from policy_dsl.source import Span

Children = list[Any]
T = TypeVar("T")


class Spanned:
    """Parts of a clause on their way into it."""

    def __init__(self, parts: Any, span: Span) -> None:
        self.parts = parts
        self.span = span


def name(token: Token) -> n.Name:
    return n.Name(token.text, token.span)


def text(token: Token) -> n.Text:
    try:
        return n.Text(unquote(token.text), token.span)
    except LiteralError as error:
        raise SyntaxProblem("LIM003", str(error), token.span) from None


def number(token: Token) -> n.Number:
    return n.Number(to_micros(token.text), token.span, token.text)


def date(token: Token) -> n.Date:
    try:
        return n.Date(datetime.fromisoformat(token.text).replace(tzinfo=UTC), token.span)
    except ValueError:
        raise SyntaxProblem("LIM003", f"`{token.text}` is no date of the calendar", token.span) from None


def to_micros(spelling: str) -> int | None:
    """Millionths of a decimal, None where it has more than six places."""
    micros = (Decimal(int(spelling, 16)) if "0x" in spelling else Decimal(spelling)) * 1_000_000
    return int(micros) if micros == micros.to_integral_value() and micros < 10**18 else None


def of(children: Children, kind: type[T]) -> list[T]:
    return [child for child in children if isinstance(child, kind)]


def tokens(children: Children, *types: str) -> list[Token]:
    return [child for child in children if isinstance(child, Token) and child.type in types]


def parts(children: Children, kind: str) -> Any:
    """What the `Spanned` child of this kind carries, or an empty tuple."""
    return next((child.parts[1] for child in children if isinstance(child, Spanned) and child.parts[0] == kind), ())


def first(items: list[T]) -> T | None:
    return items[0] if items else None


def metas(children: Children) -> n.Meta:
    lines = [child for child in of(children, Spanned) if child.parts[0].startswith("meta_")]
    found = {line.parts[0]: line.parts[1] for line in reversed(lines)}
    kinds = [line.parts[0] for line in lines]
    again = [line for i, line in enumerate(lines) if line.parts[0] in kinds[:i]]
    return n.Meta(
        regions=found.get("meta_regions", ()),
        policies=found.get("meta_policies", ()),
        window=n.Window(found.get("meta_from"), found.get("meta_until")),
        reason=found.get("meta_reason"),
        again=tuple(n.Name(line.parts[0].removeprefix("meta_"), line.span) for line in again),
    )


class Builder(Conditions):
    """The whole grammar's callbacks."""

    def start(self, children: Children) -> tuple[Any, ...]:
        return tuple(children)

    def condition(self, children: Children) -> Any:
        return children[0]

    def policy(self, c: Children) -> n.Policy:
        return n.Policy(name(c[1]), _body(c), cover(c))

    def title(self, c: Children) -> n.Title:
        return n.Title(text(c[1]), cover(c))

    def owner(self, c: Children) -> n.Owner:
        return n.Owner(text(c[1]), cover(c))

    def severity(self, c: Children) -> n.SeverityLine:
        return n.SeverityLine(name(c[1]), cover(c))

    def mode(self, c: Children) -> n.Mode:
        return n.Mode(name(c[1]), cover(c))

    def regions(self, c: Children) -> n.Regions:
        return n.Regions(c[1].parts[1], cover(c))

    def score(self, c: Children) -> n.Score:
        return n.Score(name(c[1]), c[3], cover(c))

    def let(self, c: Children) -> n.Let:
        return n.Let(name(c[1]), c[3], cover(c))

    def ladder(self, c: Children) -> n.Ladder:
        return n.Ladder(c[2], tuple(of(c, n.Rung)), cover(c))

    def rung(self, c: Children) -> n.Rung:
        return n.Rung(c[0].parts[1], c[2] if isinstance(c[2], n.Number) else number(c[2]), cover(c))

    def rung_off(self, c: Children) -> n.Rung:
        return n.Rung(c[0].parts[1], None, cover(c))

    def outcomes(self, c: Children) -> Spanned:
        return Spanned(("outcomes", tuple(of(c, n.Outcome))), cover(c))

    combo = outcomes

    def outcome(self, c: Children) -> n.Outcome:
        return n.Outcome(name(c[0]), tuple(of(c, n.Option)), cover(c))

    def option(self, c: Children) -> n.Option:
        return n.Option(name(c[0]), _value(c[2]), cover(c))

    def region(self, c: Children) -> n.Region:
        window = parts(c, "window") or n.Window()
        return n.Region(parts(c, "words"), window, _body(c), cover(c))

    def for_(self, c: Children) -> n.For:
        return n.For(c[1], parts(c, "words"), _body(c), cover(c))

    def window(self, c: Children) -> Spanned | None:
        if not any(c):
            return None
        return Spanned(("window", n.Window(_after(c, "FROM"), _after(c, "UNTIL"))), cover(c))

    def rule(self, c: Children) -> n.Rule:
        return n.Rule(
            name(c[1]), bool(tokens(c, "ABSOLUTE")), metas(c), _behind(c, "WHEN"), parts(c, "outcomes"), cover(c)
        )

    def exception(self, c: Children) -> n.ExceptionClause:
        grant = next(child for child in c if isinstance(child, (n.Waive, n.Cap)))
        return n.ExceptionClause(name(c[1]), metas(c), _behind(c, "WHEN"), grant, cover(c))

    def adjust(self, c: Children) -> n.Adjust:
        direction, by = parts(c, "shift")
        return n.Adjust(name(c[1]), metas(c), _behind(c, "WHEN"), direction, by, cover(c))

    def consequence(self, c: Children) -> n.Consequence:
        return n.Consequence(
            name(c[1]), metas(c), parts(c, "words"), _behind(c, "WHEN"), parts(c, "outcomes"), cover(c)
        )

    def priority(self, c: Children) -> n.Priority:
        return n.Priority(name(c[1]), c[3], cover(c))

    def meta_regions(self, c: Children) -> Spanned:
        return Spanned(("meta_regions", c[1].parts[1]), cover(c))

    def meta_policies(self, c: Children) -> Spanned:
        return Spanned(("meta_policies", c[1].parts[1]), cover(c))

    def meta_from(self, c: Children) -> Spanned:
        return Spanned(("meta_from", date(c[1])), cover(c))

    def meta_until(self, c: Children) -> Spanned:
        return Spanned(("meta_until", date(c[1])), cover(c))

    def meta_reason(self, c: Children) -> Spanned:
        return Spanned(("meta_reason", text(c[1])), cover(c))

    def waive(self, c: Children) -> n.Waive:
        return n.Waive(cover(c))

    def cap(self, c: Children) -> n.Cap:
        return n.Cap(name(c[2]), parts(c, "outcomes"), first(of(c, n.Name)), cover(c))

    def raise_(self, c: Children) -> Spanned:
        return Spanned(("shift", (c[0].text, _number(c[3]))), cover(c))

    lower_ = raise_

    def on_missing(self, c: Children) -> n.OnMissing:
        return n.OnMissing(first(of(c, n.Name)), parts(c, "outcomes"), cover(c))

    def on_error(self, c: Children) -> n.OnError:
        return n.OnError(parts(c, "outcomes"), cover(c))

    def effects(self, c: Children) -> n.Effects:
        return n.Effects(name(c[1]), tuple(of(c, n.Assign)), cover(c))

    def assign(self, c: Children) -> n.Assign:
        return n.Assign(name(c[0]), _value(c[2]), cover(c))

    def experiment(self, c: Children) -> n.Experiment:
        salt = first(tokens(c, "STRING"))
        share = _number(_behind(c, "SHARE"))
        return n.Experiment(
            name(c[1]),
            first(of(c, n.Name)) or name(c[1]),
            share,
            text(salt) if salt else None,
            tuple(of(c, n.Variant)),
            cover(c),
        )

    def variant(self, c: Children) -> n.Variant:
        return n.Variant(name(c[1]), _body(c), cover(c))

    def test(self, c: Children) -> n.Test:
        given = tuple(item for block in of(c, Spanned) for item in block.parts[1])
        return n.Test(_maybe_policy(c), text(tokens(c, "STRING")[0]), given, tuple(of(c, n.Expect)), cover(c))

    def givens(self, c: Children) -> Spanned:
        return Spanned(("given", tuple(of(c, n.Given))), cover(c))

    def given(self, c: Children) -> n.Given:
        value = date(c[2]) if isinstance(c[2], Token) and c[2].type == "DATE" else _value(c[2])
        return n.Given(c[0], value, cover(c))

    def expect(self, c: Children) -> n.Expect:
        status = next((child.parts[1] for child in of(c, Spanned) if child.parts[0] == "status"), None)
        return n.Expect(parts(c, "words"), status, parts(c, "outcomes"), first(of(c, n.Name)), cover(c))

    def status(self, c: Children) -> Spanned:
        return Spanned(("status", name(c[0])), cover(c))

    def tests(self, c: Children) -> n.Tests:
        rows = tuple(row(token) for token in tokens(c, "ROW"))
        return n.Tests(_maybe_policy(c), text(tokens(c, "STRING")[0]), rows, cover(c))

    def signed(self, c: Children) -> n.Number:
        spelling = "-" + c[1].text
        return n.Number(to_micros(spelling), cover(c), spelling)

    def list_value(self, c: Children) -> n.ListValue:
        items = [child for child in c if child is not None][1:-1]
        return n.ListValue(tuple(_value(item) for item in items if not _is(item, "COMMA")), cover(c))

    def words(self, c: Children) -> Spanned:
        return Spanned(("words", tuple(name(token) for token in tokens(c, "WORD"))), cover(c))

    def ref(self, c: Children) -> n.Name:
        return n.Name(".".join(token.text for token in tokens(c, "WORD")), cover(c))


def _is(child: object, kind: str) -> bool:
    return isinstance(child, Token) and child.type == kind


def _body(children: Children) -> tuple[Any, ...]:
    """What stands between the braces."""
    open_at = next(i for i, child in enumerate(children) if _is(child, "LBRACE"))
    return tuple(child for child in children[open_at + 1 : -1] if child is not None)


def _behind(children: Children, keyword: str) -> Any:
    at = next((i for i, child in enumerate(children) if _is(child, keyword)), None)
    return None if at is None else children[at + 1]


def _after(children: Children, keyword: str) -> n.Date | None:
    token = _behind(children, keyword)
    return date(token) if token is not None else None


def _number(child: n.Number | Token) -> n.Number:
    return child if isinstance(child, n.Number) else number(child)


def _value(child: Any) -> Any:
    if not isinstance(child, Token):
        return child
    return {"STRING": text, "WORD": name}.get(child.type, number)(child)


def _maybe_policy(children: Children) -> n.Name | None:
    word = first(tokens(children, "WORD"))
    return name(word) if word else None


def row(token: Token) -> n.Row:
    """Cells between bars that stand outside of quotes."""
    edges = [-1, *bars(token.text), len(token.text)]
    return n.Row(tuple(_cell(token, left + 1, right) for left, right in pairwise(edges)), token.span)


def _cell(token: Token, start: int, end: int) -> n.Name:
    raw = token.text[start:end]
    left = token.span.start + start + len(raw) - len(raw.lstrip())
    stripped = raw.strip()
    return n.Name(stripped, type(token.span)(token.span.path, left, left + len(stripped)))
