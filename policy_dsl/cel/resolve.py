"""Chains of fields -> the declared names that they spell: `author.age_days` becomes one identifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import TypeAlias

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal, Macro, MapExpr, Select, Weight
from policy_dsl.cel.walk import children
from policy_dsl.source import Span

Declared: TypeAlias = Callable[[str], bool]


def resolve(expr: Expr, declared: Declared) -> Expr:
    """`expr` with every chain `a.b.c` cut at its longest declared prefix.

    `has(a.b)` of a declared `a.b` becomes the call `has` of that name. A comprehension variable shadows every name that
    begins with it. A chain that no declared name begins stays as it is.
    """
    return _resolve(expr, declared, frozenset())


def _resolve(expr: Expr, declared: Declared, bound: frozenset[str]) -> Expr:
    match expr:
        case Select():
            return _chain(expr, declared, bound)
        case Call():
            target = None if expr.target is None else _resolve(expr.target, declared, bound)
            return replace(expr, args=_all(expr.args, declared, bound), target=target)
        case ListExpr():
            return replace(expr, items=_all(expr.items, declared, bound))
        case MapExpr():
            pairs = tuple((_resolve(k, declared, bound), _resolve(v, declared, bound)) for k, v in expr.entries)
            return replace(expr, entries=pairs)
        case Macro():
            inside = bound | {expr.var}
            return replace(expr, range=_resolve(expr.range, declared, bound), body=_all(expr.body, declared, inside))
        case Weight():
            return replace(expr, value=_resolve(expr.value, declared, bound))
        case Literal() | Ident():
            return expr


def _all(exprs: tuple[Expr, ...], declared: Declared, bound: frozenset[str]) -> tuple[Expr, ...]:
    return tuple(map(_resolve, exprs, repeat(declared), repeat(bound)))


def _chain(expr: Select, declared: Declared, bound: frozenset[str]) -> Expr:
    name = dotted(expr)
    if name is None or name.split(".", 1)[0] in bound or not declared(name):
        return replace(expr, operand=_resolve(expr.operand, declared, bound))
    ident = Ident(name, expr.span)
    return Call("has", (ident,), None, expr.span) if expr.test else ident


def dotted(expr: Expr) -> str | None:
    """The chain `a.b.c` as one text, or None where `expr` is none."""
    fields = []
    while isinstance(expr, Select):
        if not expr.field.isidentifier():  # written in backticks: never a part of a name
            return None
        fields.append(expr.field)
        expr = expr.operand
        if isinstance(expr, Select) and expr.test:
            return None
    return ".".join([expr.name, *reversed(fields)]) if isinstance(expr, Ident) else None


def free_names(expr: Expr) -> tuple[tuple[str, Span], ...]:
    """The identifiers of `expr` that no macro binds, in the order of the text, each time that they stand there."""
    return tuple((ident.name, ident.span) for ident in _free(expr, frozenset()))


def _free(expr: Expr, bound: frozenset[str]) -> Iterator[Ident]:
    if isinstance(expr, Ident):
        if expr.name not in bound:
            yield expr
        return
    if isinstance(expr, Macro):
        yield from _free(expr.range, bound)
        bound |= {expr.var}
    for child in expr.body if isinstance(expr, Macro) else children(expr):
        yield from _free(child, bound)
