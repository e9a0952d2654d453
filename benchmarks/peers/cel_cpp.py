"""cel-expr-python: CEL in C++, by the authors of the language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cel_expr_python import cel

from benchmarks.peers.questions import CEL, Question
from policy_dsl.cel.resolve import free_names

DISTRIBUTION = "cel-expr-python"


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        names = {name for question in asked for name, _ in free_names(question.condition)}
        environment = cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN))
        text = f"[{', '.join(CEL.text(question.condition) for question in asked)}]"
        self.expression = environment.compile(text)

    def prepare(self, values: dict[str, Any]) -> Any:
        return values

    def answer(self, prepared: Any) -> list[bool]:
        return self.expression.eval(data=prepared).plain_value()
