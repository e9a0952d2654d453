"""common-expression-language: CEL in Rust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cel

from benchmarks.peers.questions import CEL, Question

DISTRIBUTION = "common-expression-language"


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        self.program = cel.compile(f"[{', '.join(CEL.text(question.condition) for question in asked)}]")

    def prepare(self, values: dict[str, Any]) -> Any:
        return values

    def answer(self, prepared: Any) -> list[bool]:
        return self.program.execute(prepared)
