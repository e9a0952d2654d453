"""rule-engine: rules in Python, one object each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rule_engine

from benchmarks.peers.questions import WORDS, Question

DISTRIBUTION = "rule-engine"


class Peer:
    def __init__(self, asked: Sequence[Question]) -> None:
        self.rules = [rule_engine.Rule(WORDS.text(question.condition)) for question in asked]

    def prepare(self, values: dict[str, Any]) -> Any:
        return values

    def answer(self, prepared: Any) -> list[bool]:
        return [rule.matches(prepared) for rule in self.rules]
