"""Inputs of the Program -> variables of the generated code, and when each of them may be absent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from policy_dsl.program import Input


class Presence(Enum):
    """What holds of an input in every record that the fast path takes."""

    ALWAYS = "always"
    MAYBE = "maybe"  # optional: absent is not applicable
    NEVER = "never"  # the content has no part of its modality


@dataclass(frozen=True, slots=True)
class Slot:
    """An input and the variable that holds its value."""

    index: int
    spec: Input
    presence: Presence

    @property
    def variable(self) -> str:
        """Python text of its value; `ABSENT`, which equals no value, where it does not apply."""
        return "ABSENT" if self.presence is Presence.NEVER else f"x{self.index}"

    @property
    def applies(self) -> str:
        """Python text that says whether it applies."""
        if self.presence is Presence.MAYBE:
            return f"({self.variable} is not ABSENT)"
        return str(self.presence is Presence.ALWAYS)


def presence(spec: Input, modalities: frozenset[str] | None) -> Presence:
    """In a complete record: with a default or as a must it is always there (S2, ruling R5)."""
    if spec.default is not None:
        return Presence.ALWAYS
    if spec.modality is not None and modalities is not None and spec.modality not in modalities:
        return Presence.NEVER
    return Presence.MAYBE if spec.optional else Presence.ALWAYS


def slots(inputs: tuple[Input, ...], modalities: frozenset[str] | None) -> dict[str, Slot]:
    return {spec.name: Slot(index, spec, presence(spec, modalities)) for index, spec in enumerate(inputs)}
