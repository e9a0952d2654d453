"""zen-engine: GoRules' expression language, in Rust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import zen

from benchmarks.peers.questions import WORDS, Question

DISTRIBUTION = "zen-engine"


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        self.expression = zen.compile_expression(f"[{', '.join(WORDS.text(question.condition) for question in asked)}]")

    def prepare(self, values: dict[str, Any]) -> Any:
        return values

    def answer(self, prepared: Any) -> list[bool]:
        return self.expression.evaluate(prepared)
