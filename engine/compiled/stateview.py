"""A policy's state -> what the reference's judge takes for a record of that state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.intervals import Span
from engine.judge import Judgement
from engine.truth import State, Truth
from engine.view import View
from policy_dsl import program as p


@dataclass(frozen=True)
class StateView(View):
    """A record of which only the state is known."""

    known_spans: Mapping[str, Span | None] = None  # type: ignore[assignment]
    known_truths: Mapping[int, Truth] = None  # type: ignore[assignment]

    @cached_property
    def spans(self) -> Mapping[str, Span | None]:
        return self.known_spans

    def truth(self, guard: p.Guard, when: p.Condition | None) -> Truth:
        here = self.guard(guard)
        return here if when is None or here.state is State.FALSE else here.and_(self.known_truths[id(when)])


@dataclass(frozen=True)
class StateJudgement(Judgement):
    state: StateView = None  # type: ignore[assignment]

    @cached_property
    def arms(self) -> Mapping[str, str]:
        return self.state.arms

    @cached_property
    def view(self) -> View:
        return self.state
