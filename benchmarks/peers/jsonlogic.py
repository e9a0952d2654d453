"""datalogic-py: JSONLogic, in Rust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import datalogic_py

from benchmarks.peers.questions import Question
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal

DISTRIBUTION = "datalogic-py"
OPERATORS = {"_&&_": "and", "_||_": "or", "!_": "!", "@in": "in", "_==_": "==", "_!=_": "!="}


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        self.rule = datalogic_py.Engine().compile([_logic(question.condition) for question in asked])

    def prepare(self, values: dict[str, Any]) -> Any:
        return values

    def answer(self, prepared: Any) -> list[bool]:
        return self.rule.evaluate(prepared)


def _logic(expr: Expr) -> Any:
    match expr:
        case Ident(name):
            return {"var": name}
        case Literal(_, value):
            return value
        case ListExpr(items):
            return [_logic(item) for item in items]
        case Call(function, args):
            return {OPERATORS.get(function, function.strip("_")): [_logic(arg) for arg in args]}
    raise NotImplementedError(expr)
