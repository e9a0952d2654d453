"""cedarpy: Cedar, in Rust. A clause is a policy, and the policies that decide are the answer.

Cedar has no fractions of six places: scores are whole numbers of millionths there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cedarpy

from benchmarks.peers.questions import Question
from policy_dsl.cel.nodes import Call, Expr, Ident, ListExpr, Literal
from policy_dsl.program import MICRO

DISTRIBUTION = "cedarpy"
OPERATORS = {
    "_&&_": "({0} && {1})", "_||_": "({0} || {1})", "!_": "!({0})", "@in": "{1}.contains({0})", "_==_": "({0} == {1})",
    "_!=_": "({0} != {1})", "_>=_": "({0} >= {1})", "_<_": "({0} < {1})", "_<=_": "({0} <= {1})", "_>_": "({0} > {1})",
}  # fmt: skip


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        rules = [f"permit(principal, action, resource) when {{ {_text(q.condition)} }};" for q in asked]
        self.policies = cedarpy.PolicySet.from_str("\n".join(rules))
        self.entities = cedarpy.Entities.from_json_str("[]")
        self.count = len(asked)

    def prepare(self, values: dict[str, Any]) -> Any:
        context = {name: round(value * MICRO) if type(value) is float else value for name, value in values.items()}
        return {"principal": 'User::"u"', "action": 'Action::"post"', "resource": 'Post::"p"', "context": context}

    def answer(self, prepared: Any) -> list[bool]:
        found = cedarpy.is_authorized(prepared, self.policies, self.entities)
        assert not found.diagnostics.errors, found.diagnostics.errors
        reasons = {int(name.removeprefix("policy")) for name in found.diagnostics.reasons}
        return [number in reasons for number in range(self.count)]


def _text(expr: Expr) -> str:
    match expr:
        case Ident(name):
            return f"context.{name}"
        case Literal("string", value):
            return f'"{value}"'
        case Literal("double", float(value)):
            return str(round(value * MICRO))
        case Literal(_, value):
            return str(value).lower()
        case ListExpr(items):
            return f"[{', '.join(map(_text, items))}]"
        case Call("_>=_", (Call("_*_", (Literal("double", float(weight)), score)), Literal("double", float(limit)))):
            return f"({_text(score)} * {round(weight * MICRO)} >= {round(limit * MICRO) * MICRO})"
        case Call(function, args):
            return OPERATORS[function].format(*map(_text, args))
    raise NotImplementedError(expr)
