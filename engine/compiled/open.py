"""The policies of a region -> functions of a record in which something may be missing: each policy's state, then its verdict.

A state holds all that a policy's verdict can depend on, and no more: the truth of each condition, between which thresholds
each score lies, the answers to the guards' questions. The verdict is found from the state alone, by the judge of the
reference on a view that is made of it, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.compiled.code import bound, compiled
from engine.compiled.here import Here
from engine.compiled.ladders import shifted
from engine.compiled.memory import Memory
from engine.compiled.places import RUNTIME, Places
from engine.compiled.reading import Arms
from engine.compiled.said import Said
from engine.compiled.states import ERROR, FALSE, NA, NOT_APPLICABLE, TRUE, is_unknown, mask_of
from engine.compiled.stateview import StateJudgement, StateView
from engine.intervals import Span
from engine.judge import Judgement
from engine.record import NA as NOT_THERE
from engine.record import Missing, Record
from engine.truth import FALSE as HOLDS_NOT
from engine.truth import TRUE as HOLDS
from engine.truth import State, Truth
from policy_dsl import program as p
from policy_dsl.cel.partial import Unknown
from policy_dsl.cel.pycode import Constants

CLAUSES = ("adjustments", "grants", "rules", "priorities")


class OpenPolicy:
    """One policy: what it says in a record's state."""

    def __init__(self, here: Here, places: Places, memory: Memory) -> None:
        self.policy, self.variant, self.places, self.memory = here.policy, here.variant, places, memory
        places.derived(here.variant.scores)
        self.guarded = sorted({name for guard in here.every_guard for name, _ in guard.within})
        self.dates = sorted({t for guard in here.every_guard for t in (guard.start, guard.end) if t is not None})
        self.thresholds = [self._thresholds(ladder) for ladder in here.variant.ladders]
        self.whens = [clause.when for kind in CLAUSES for clause in getattr(here.variant, kind)]
        self.known = memory.dictionary()
        self.said = self._compile(here)
        self.arms = self._arms()

    # -- the state ---------------------------------------------------------------------------------------------------

    def _compile(self, here: Here) -> Callable[[list[Any], int, int | None, int], Said]:
        """A function of the values, the mask of those that are missing or not applicable, the time and the skipped."""
        constants = Constants()
        constants.globals |= RUNTIME
        conditions = [expr for kind in CLAUSES for expr in getattr(here, kind)]
        parts = [
            self._time(),
            f"s & {self.places.mask({*self.guarded, *here.inputs})}",
            *(f"v[{self.places.index[name]}]" for name in self.guarded),
            *(self._arm(experiment, constants) for experiment in self.policy.experiments),
            *map(self._position, self.variant.ladders, self.thresholds),
            *(self.places.condition_text(expr, here.derived, constants) for expr in conditions),
        ]
        scores = self.places.score_lines(self.variant.scores, here.derived, constants)
        body = [*scores, f"key = ({', '.join(parts)},)", "try: return KNOWN[key]", "except KeyError: return fill(key)"]
        return bound(
            compiled("said(v, u, at, s)", body), {**constants.globals, "KNOWN": self.known, "fill": self._fill}
        )

    def _time(self) -> str:
        if not self.dates:
            return "0"
        return f"None if at is None else bisect_right({tuple(self.dates)}, at)"

    def _arms(self) -> Callable[[list[Any], int], tuple[tuple[str, str], ...]]:
        """The names of the record's arms."""
        names = [(f"{self.policy.name}/{e.name}", e) for e in sorted(self.policy.experiments, key=lambda e: e.name)]
        found = []
        for name, experiment in names:
            arms = {number: (name, arm.name) for number, arm in enumerate(experiment.arms, 1)}
            found.append((self.places.index[experiment.unit], Arms(experiment), arms))

        def arms_of(values: list[Any], mask: int) -> tuple[tuple[str, str], ...]:
            given = [(arms, arm(_unit(values[at]))) for at, arm, arms in found if not mask >> at & 1]
            return tuple(arms[number] for arms, number in given if number)

        return arms_of

    def _arm(self, experiment: p.Experiment, constants: Constants) -> str:
        at = self.places.index[experiment.unit]
        unit = f"sorted(v[{at}])" if self.places.specs[experiment.unit].kind == "set" else f"v[{at}]"
        return f"0 if u & {1 << at} else {constants.add(Arms(experiment))}({unit})"

    def _position(self, ladder: p.Ladder, thresholds: Sequence[int]) -> str:
        at = self.places.index[ladder.score]
        return f"position({tuple(thresholds)}, v[{at}])"

    def _thresholds(self, ladder: p.Ladder) -> tuple[int, ...]:
        """All that the ladder's rungs can have, whatever adjustments are granted."""
        deltas = [item.delta for item in self.variant.adjustments]
        shifts = {a + b for a in (0, *(d for d in deltas if d > 0)) for b in (0, *(d for d in deltas if d < 0))}
        stated = {cut.threshold for rung in ladder.rungs for cut in rung.cuts if cut.threshold is not None}
        return tuple(sorted({shifted(threshold, shift) for threshold in stated for shift in shifts}))

    # -- the verdict -------------------------------------------------------------------------------------------------

    def _fill(self, state: tuple[Any, ...]) -> Said:
        judgement = self.judgement(state)
        verdict = judgement.verdict
        found = Said(
            policy=self.policy,
            enforcement=verdict.enforcement,
            routes=verdict.routes,
            sanctions={item.name: dict(item.options) for item in verdict.sanctions},
            effects=dict(judgement.effects(verdict.enforcement)),
            clauses=verdict.clauses,
            missing=verdict.missing,
            open=verdict.open,
            undetermined=verdict.undetermined,
            state=state,
            verdict=verdict,
        )
        self.memory.keep(self.known, state, found)
        return found

    def judgement(self, state: tuple[Any, ...]) -> Judgement:
        """The reference's judge, on any record of this state."""
        parts = iter(state)
        time, skipped = next(parts), next(parts)
        values = {name: _shown(next(parts)) for name in self.guarded}
        arms = {e.name: e.arms[number - 1].name for e in self.policy.experiments if (number := next(parts))}
        ladders = zip(self.variant.ladders, self.thresholds, strict=True)
        spans = {ladder.score: self._span(thresholds, next(parts)) for ladder, thresholds in ladders}
        truths = {id(when): self._truth(next(parts)) for when in self.whens}
        at = None if time is None or not self.dates else (self.dates[time - 1] if time else self.dates[0] - 1)
        view = StateView(self.places.program, values, at, (), arms, spans, truths)
        record = Record({}, {}, skipped=self.places.names(skipped))
        return StateJudgement(self.places.program, values, record, self.policy, self.variant, state=view)

    def _span(self, thresholds: Sequence[int], place: Any) -> Span | None:
        """A score that lies between the same thresholds."""
        if place is None:
            return None
        low, high, mask = (place, place, 0) if isinstance(place, int) else place
        first, last = (thresholds[number - 1] if number else 0 for number in (low, high))
        return Span(first, last, self.places.names(mask))

    def _truth(self, truth: int) -> Truth:
        if is_unknown(truth):
            return Truth(State.UNKNOWN, self.places.names(mask_of(truth)))
        return {
            FALSE: HOLDS_NOT,
            ERROR: Truth(State.ERROR, error="erred"),
            NOT_APPLICABLE: Truth(State.NA),
            TRUE: HOLDS,
        }[truth]


def _unit(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _shown(value: Any) -> Any:
    """A guard's input as the reference reads it."""
    if type(value) is Unknown:
        return Missing("missing")
    return NOT_THERE if value is NA else value
