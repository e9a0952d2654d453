"""cel-python: CEL in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import celpy
from celpy.adapter import json_to_cel

from benchmarks.peers.questions import CEL, Question

DISTRIBUTION = "cel-python"


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        environment = celpy.Environment()
        text = f"[{', '.join(CEL.text(question.condition) for question in asked)}]"
        self.program = environment.program(environment.compile(text))

    def prepare(self, values: dict[str, Any]) -> Any:
        return json_to_cel(values)

    def answer(self, prepared: Any) -> list[bool]:
        return [bool(value) for value in self.program.evaluate(prepared)]
