"""A condition -> whether it could hold where no scorer found anything, whatever the facts are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product
from typing import Any

from engine.plain import PLAIN
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.cel.partial import NA
from policy_dsl.cel.resolve import free_names
from policy_dsl.cel.values import Micro
from policy_dsl.cel.walk import walk
from policy_dsl.program import Input

MOST = 6  # outputs of scorers in one condition: each is there or not
FALSE, OPEN, AWAY, TRUE = range(4)
"""What a condition can come to: false, unknown or an error, not applicable, true. Of two in a conjunction the smaller prevails."""

ANYTHING = frozenset({FALSE, OPEN, AWAY, TRUE})


def may_hold(expr: Expr, specs: Mapping[str, Input], derived: Collection[str]) -> bool:
    """Whether it could hold, err or stay unknown in a quiet row (`engine.columnar.quiet`) in which no fact is missing."""
    names = sorted({name for name, _ in free_names(expr)})
    heard = [name for name in names if name in derived or (name in specs and not specs[name].is_fact)]
    if len(heard) > MOST or any(name in specs and specs[name].kind not in ("score", "bool", "int") for name in heard):
        return True
    silent = [_silent(specs.get(name)) for name in heard]
    for there in product((True, False), repeat=len(heard)):
        values = {name: value if is_there else NA for name, value, is_there in zip(heard, silent, there, strict=True)}
        if _comes_to(expr, values) & {TRUE, OPEN}:
            return True
    return False


def _silent(spec: Input | None) -> Any:
    """Something below every threshold; of a derived score, too."""
    kind = "score" if spec is None else spec.kind
    return False if kind == "bool" else 0 if kind == "int" else Micro(0)


def _comes_to(expr: Expr, values: Mapping[str, Any]) -> frozenset[int]:
    match expr:
        case Call(function="_&&_", args=(left, right)):
            return frozenset(min(pair) for pair in product(_comes_to(left, values), _comes_to(right, values)))
        case Call(function="_||_", args=(left, right)):
            either = product(_negated(_comes_to(left, values)), _negated(_comes_to(right, values)))
            return _negated(frozenset(min(pair) for pair in either))
        case Call(function="!_", args=(operand,)):
            return _negated(_comes_to(operand, values))
    names = {name for name, _ in free_names(expr)}
    if names <= values.keys():
        return frozenset({_state(interpret(expr, values.__getitem__))})
    if names & values.keys() or not all(map(_is_plain, walk(expr))):
        return ANYTHING
    return frozenset({FALSE, AWAY, TRUE})


def _negated(states: frozenset[int]) -> frozenset[int]:
    return frozenset({FALSE: TRUE, TRUE: FALSE}.get(state, state) for state in states)


def _state(found: Any) -> int:
    return TRUE if found is True else FALSE if found is False else AWAY if found is NA else OPEN


def _is_plain(part: Expr) -> bool:
    """Cannot err on values of its types."""
    return isinstance(part, Ident | Literal | ListExpr) or (isinstance(part, Call) and part.function in PLAIN)
