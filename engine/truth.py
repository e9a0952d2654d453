"""Three-valued conditions over a record: true, false, not applicable, unknown, or an error (S3, rulings R3, R8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.partial import NA, Err, Unknown
from policy_dsl.cel.serial import from_json
from policy_dsl.program import Condition


class State(IntEnum):
    """Of two in a conjunction the smaller prevails."""

    FALSE = 0
    UNKNOWN = 1
    ERROR = 2
    NA = 3
    TRUE = 4


@dataclass(frozen=True, slots=True)
class Truth:
    state: State
    missing: frozenset[str] = frozenset()
    error: str | None = None

    @property
    def holds(self) -> bool:
        return self.state is State.TRUE

    @property
    def unsettled(self) -> bool:
        """Unknown or an error: `on missing` or `on error` has a say."""
        return self.state in (State.UNKNOWN, State.ERROR)

    def and_(self, other: Truth) -> Truth:
        if self.state is State.UNKNOWN and other.state is State.UNKNOWN:
            return Truth(State.UNKNOWN, self.missing | other.missing)
        return min(self, other, key=lambda truth: truth.state)


TRUE = Truth(State.TRUE)
FALSE = Truth(State.FALSE)


def condition(expr: Condition, lookup: Callable[[str], Any]) -> Truth:
    """What a condition of the Program says; `lookup` gives CEL values, `NA` or `Unknown` by name."""
    result = interpret(from_json(expr), lookup)
    if isinstance(result, Unknown):
        return Truth(State.UNKNOWN, result.deps)
    if isinstance(result, Err):
        return Truth(State.ERROR, error=result.message)
    if result is NA:
        return Truth(State.NA)
    if not isinstance(result, bool):
        return Truth(State.ERROR, error=f"a condition gave {type(result).__name__}, expected a truth value")
    return TRUE if result else FALSE
