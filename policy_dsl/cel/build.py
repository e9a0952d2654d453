"""Parser callbacks for the conditions' part of the grammar: children -> expression nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policy_dsl.cel.literals import LiteralError, literal
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.problem import SyntaxProblem

if TYPE_CHECKING:
    from policy_dsl.lexer import Token
    from policy_dsl.source import Span

MACROS = {"all": (1, 1), "exists": (1, 1), "exists_one": (1, 1), "map": (1, 2), "filter": (1, 1)}
OPERATORS = {
    "in": "@in",
    **{op: f"_{op}_" for op in ("||", "&&", "<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "%")},
}


def cover(children: list[Any]) -> Span:
    """The span from the first child to the last; children are tokens or nodes, None where an option is absent."""
    present = [child for child in children if child is not None]
    span: Span = present[0].span.to(present[-1].span)
    return span


class Conditions:
    """One method per rule; `args`, `elems` and `pairs` give plain tuples behind a span."""

    def binary(self, children: list[Any]) -> Expr:
        left, operator, right = children
        return Call(OPERATORS[operator.text], (left, right), None, cover(children))

    def ternary(self, children: list[Any]) -> Expr:
        test, _, yes, _, no = children
        return Call("_?_:_", (test, yes, no), None, cover(children))

    def prefix(self, children: list[Any]) -> Expr:
        operator, operand = children
        span = cover(children)
        if (
            operator.text == "-"
            and isinstance(operand, Literal)
            and operand.kind in ("int", "double")
            and operand.text[0] != "-"
        ):
            return _literal("-" + operand.text, operand.kind, span)
        return Call("!_" if operator.text == "!" else "-_", (operand,), None, span)

    def select(self, children: list[Any]) -> Expr:
        operand, _, name = children
        return Select(operand, name.text.strip("`"), test=False, span=cover(children))

    def method(self, children: list[Any]) -> Expr:
        target, _, name, *rest = children
        args = _items(rest)
        span = cover(children)
        bodies = MACROS.get(name.text)
        if bodies and bodies[0] < len(args) <= bodies[1] + 1 and isinstance(args[0], Ident):
            return Macro(name.text, target, args[0].name, args[1:], span)
        return Call(name.text, args, target, span)

    def index(self, children: list[Any]) -> Expr:
        return Call("_[_]", (children[0], children[2]), None, cover(children))

    def ident(self, children: list[Token]) -> Expr:
        return Ident(children[0].text, children[0].span)

    def call(self, children: list[Any]) -> Expr:
        name, *rest = children
        args = _items(rest)
        span = cover(children)
        if name.text == "has" and len(args) == 1 and isinstance(args[0], Select):
            return Select(args[0].operand, args[0].field, test=True, span=span)
        return Call(name.text, args, None, span)

    def paren(self, children: list[Any]) -> Expr:
        inner: Expr = replace(children[1], span=cover(children))
        return inner

    def list_(self, children: list[Any]) -> Expr:
        return ListExpr(_items(children), cover(children))

    def map_(self, children: list[Any]) -> Expr:
        return MapExpr(_items(children), cover(children))

    def literal(self, children: list[Token]) -> Expr:
        return _literal(children[0].text, children[0].type, children[0].span)

    def weight(self, children: list[Any]) -> Expr:
        number, _, value = children
        return Weight(_literal(number.text, number.type, number.span), value, cover(children))

    def args(self, children: list[Any]) -> Items:
        return Items(children[::2], cover(children))

    elems = pairs = args

    def pair(self, children: list[Any]) -> Items:
        return Items([(children[0], children[2])], cover(children))


class Items:
    """A comma-separated list on its way into a node."""

    def __init__(self, items: list[Any], span: Span) -> None:
        self.items = tuple(items)
        self.span = span


def _items(children: list[Any]) -> tuple[Any, ...]:
    for child in children:
        if isinstance(child, Items):
            flat = [entry for item in child.items for entry in (item.items if isinstance(item, Items) else (item,))]
            return tuple(flat)
    return ()


def _literal(text: str, kind: str, span: Span) -> Literal:
    try:
        return literal(text, kind, span)
    except LiteralError as error:
        raise SyntaxProblem("LIM003", str(error), span) from None
