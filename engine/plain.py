"""A condition -> whether it can err once all that it asks for is known."""

from __future__ import annotations

from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.cel.serial import from_json
from policy_dsl.cel.walk import walk
from policy_dsl.program import Condition

PLAIN = frozenset(
    {"_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "has", "startsWith", "endsWith", "contains"}
)  # fmt: skip
"""What cannot err on values of its types, and names all that it waits for where something is unknown."""


def is_plain(when: Condition) -> bool:
    return all(_is_plain(part) for part in walk(from_json(when)))


def _is_plain(part: Expr) -> bool:
    return isinstance(part, Ident | Literal | ListExpr) or (isinstance(part, Call) and part.function in PLAIN)
