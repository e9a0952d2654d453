"""Rebuilding an expression tree with some of its nodes replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight


def children(expr: Expr) -> Iterator[Expr]:
    """The direct sub-expressions, in written order."""
    match expr:
        case Select(operand=operand):
            yield operand
        case Call(target=target, args=args):
            if target is not None:
                yield target
            yield from args
        case Weight(weight=weight, value=value):
            yield weight
            yield value
        case ListExpr(items=items):
            yield from items
        case MapExpr(entries=entries):
            for key, value in entries:
                yield key
                yield value
        case Macro(range=over, body=body):
            yield over
            yield from body
        case Literal() | Ident():
            return


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything below it."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def replace_free(expr: Expr, change: Callable[[Ident], Expr], bound: frozenset[str] = frozenset()) -> Expr:
    """The same tree with `change` applied to every identifier that no macro binds."""

    def go(child: Expr) -> Expr:
        return replace_free(child, change, bound)

    match expr:
        case Ident(name=name):
            return expr if name in bound else change(expr)
        case Literal():
            return expr
        case Select(operand=operand):
            return replace(expr, operand=go(operand))
        case Call(target=target, args=args):
            return replace(expr, target=None if target is None else go(target), args=tuple(map(go, args)))
        case Weight(value=value):
            return replace(expr, value=go(value))
        case ListExpr(items=items):
            return replace(expr, items=tuple(map(go, items)))
        case MapExpr(entries=entries):
            return replace(expr, entries=tuple((go(key), go(value)) for key, value in entries))
        case Macro(range=over, body=body, var=var):
            inner = bound | {var}
            return replace(expr, range=go(over), body=tuple(replace_free(part, change, inner) for part in body))
