"""SQL expressions of whole numbers and truth values, folded where a part is constant: what the generator computes with.

Everything is built with sqlglot's nodes; no text of a policy is ever pasted into a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from sqlglot import exp

E: TypeAlias = exp.Expr


def number(value: int) -> E:
    return exp.Literal.number(value)


def real(value: float) -> E:
    """A double, read from its shortest decimal: a literal alone would be a DECIMAL in some dialects."""
    return exp.cast(exp.Literal.string(repr(float(value))), "double")


def text(value: str) -> E:
    return exp.Literal.string(value)


def truth(value: bool) -> E:
    return exp.true() if value else exp.false()


def null() -> E:
    return exp.null()


def is_null(term: E) -> E:
    return exp.Is(this=bracketed(term), expression=exp.null())


def floor(term: E) -> E:
    return exp.Floor(this=term)


def column(name: str, table: str | None = None) -> E:
    return exp.column(name, table=table, quoted=True)


def constant(term: E) -> int | bool | None:
    """The value of a term that is a whole number or a truth value written out; None for any other."""
    if isinstance(term, exp.Boolean):
        return bool(term.this)
    if isinstance(term, exp.Literal) and not term.is_string and str(term.this).isdigit():
        return int(term.this)
    if isinstance(term, exp.Neg) and isinstance(term.this, exp.Literal):
        return -int(term.this.this)
    return None


def is_constant(term: E) -> bool:
    return isinstance(term, (exp.Literal, exp.Boolean, exp.Null)) or constant(term) is not None


def function(name: str, *arguments: E) -> E:
    """A function that all dialects call alike."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def case(branches: Iterable[tuple[E, E]], otherwise: E) -> E:
    """CASE … ELSE … END; branches that never hold fall away, one that always does ends it."""
    kept: list[tuple[E, E]] = []
    for condition, result in branches:
        if constant(condition) is True:
            otherwise = result
            break
        if constant(condition) is not False:
            kept.append((condition, result))
    while kept and kept[-1][1] == otherwise:
        kept.pop()
    if not kept:
        return otherwise
    return exp.Case(ifs=[exp.If(this=c, true=r) for c, r in kept], default=otherwise)


def every(conditions: Iterable[E]) -> E:
    """AND, over no condition true."""
    return _logical(conditions, decisive=False)


def some(conditions: Iterable[E]) -> E:
    """OR, over no condition false."""
    return _logical(conditions, decisive=True)


def _logical(conditions: Iterable[E], *, decisive: bool) -> E:
    kept: list[E] = []
    for condition in conditions:
        value = constant(condition)
        if value is decisive:
            return truth(decisive)
        if value is None and condition not in kept:
            kept.append(condition)
    if not kept:
        return truth(not decisive)
    return kept[0] if len(kept) == 1 else (exp.or_ if decisive else exp.and_)(*kept, copy=False)


def opposite(condition: E) -> E:
    value = constant(condition)
    return truth(not value) if value is not None else exp.not_(condition, copy=False)


def equal(a: E, b: E) -> E:
    left, right = constant(a), constant(b)
    return (
        truth(left == right)
        if left is not None and right is not None
        else exp.EQ(this=bracketed(a), expression=bracketed(b))
    )


def differ(a: E, b: E) -> E:
    return opposite(same) if is_constant(same := equal(a, b)) else exp.NEQ(this=bracketed(a), expression=bracketed(b))


def compare(symbol: str, a: E, b: E) -> E:
    """`<`, `<=`, `>`, `>=`, `==` or `!=`."""
    kinds: dict[str, type[exp.Binary]] = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}
    if symbol in ("==", "!="):
        return equal(a, b) if symbol == "==" else differ(a, b)
    left, right = constant(a), constant(b)
    if left is not None and right is not None:
        return truth({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol])
    return kinds[symbol](this=bracketed(a), expression=bracketed(b))


def among(term: E, values: Sequence[E]) -> E:
    if not values:
        return truth(False)
    if len(values) == 1:
        return equal(term, values[0])
    return exp.In(this=bracketed(term), expressions=list(values))


def one_of(term: E, values: Iterable[int]) -> E:
    return among(term, [number(value) for value in sorted(values)])


def bracketed(term: E) -> E:
    """In parentheses where an operand needs them."""
    simple = (exp.Column, exp.Literal, exp.Boolean, exp.Func, exp.Null, exp.Paren, exp.Neg, exp.Cast)
    return term if isinstance(term, simple) else exp.Paren(this=term)


def plus(*terms: E) -> E:
    """A sum of whole numbers; constants are added up."""
    total = sum(value for term in terms if (value := constant(term)) is not None)
    found = [term for term in terms if constant(term) is None]
    if total or not found:
        found.append(number(total))
    return _chained(exp.Add, found)


def minus(a: E, b: E) -> E:
    left, right = constant(a), constant(b)
    if left is not None and right is not None:
        return number(left - right)
    return a if right == 0 else exp.Sub(this=bracketed(a), expression=bracketed(b))


def times(a: E, b: E) -> E:
    left, right = constant(a), constant(b)
    if left is not None and right is not None:
        return number(left * right)
    if left == 0 or right == 0:
        return number(0)
    return a if right == 1 else b if left == 1 else exp.Mul(this=bracketed(a), expression=bracketed(b))


def joined(texts: Sequence[E]) -> E:
    return _chained(exp.DPipe, texts)


def bits(*masks: E) -> E:
    """The union of sets of bits."""
    fixed = 0
    found: list[E] = []
    for mask in masks:
        value = constant(mask)
        if value is not None:
            fixed |= value
        elif mask not in found:
            found.append(mask)
    if fixed or not found:
        found.append(number(fixed))
    return _chained(exp.BitwiseOr, found)


def only(mask: E, kept: int) -> E:
    """The bits of `kept` alone."""
    value = constant(mask)
    return number(value & kept) if value is not None else exp.BitwiseAnd(this=bracketed(mask), expression=number(kept))


def common(masks: Sequence[E]) -> E:
    """The bits that all sets have."""
    found = masks[0]
    for mask in masks[1:]:
        if mask != found:
            found = exp.BitwiseAnd(this=bracketed(found), expression=bracketed(mask))
    return found


def has_any(mask: E, wanted: int) -> E:
    """Whether a bit of `wanted` is set."""
    return differ(only(mask, wanted), number(0))


def least(*terms: E) -> E:
    return _extreme("LEAST", min, terms)


def greatest(*terms: E) -> E:
    return _extreme("GREATEST", max, terms)


def _extreme(name: str, fold: Callable[[Iterable[int]], int], terms: Sequence[E]) -> E:
    values = [value for term in terms if (value := constant(term)) is not None]
    found: list[E] = []
    for term in terms:
        if constant(term) is None and term not in found:
            found.append(term)
    if values:
        found.append(number(fold(values)))
    return found[0] if len(found) == 1 else function(name, *found)


def _chained(kind: type[exp.Binary], terms: Sequence[E]) -> E:
    found: E = terms[0]
    for term in terms[1:]:
        found = kind(this=found if isinstance(found, kind) else bracketed(found), expression=bracketed(term))
    return found
