"""An outcome, with what is needed to tell it: rendered only when somebody asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Literal

from engine.decision import Outcome, Status
from engine.explain import policy_entries
from engine.nearest import nearest_change
from engine.plan import Plan, why_skipped
from engine.record import Missing, Record
from engine.reference import Evaluation, decide
from policy_dsl.program import MICRO, Program

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Trace = Literal["none", "fired", "full"]


@dataclass(frozen=True)
class Decision:
    """One decision: about one content in one region."""

    id: Any
    outcome: Outcome
    program: Program = field(repr=False)
    digest: str = field(repr=False)
    record: Record | None = field(repr=False)
    scorers: Mapping[str, str] = field(default_factory=dict, repr=False)
    why_missing: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = field(default=(), repr=False)
    plan: Plan | None = field(default=None, repr=False)
    """How the scores were come by; None where the caller sent them."""
    evaluate: Callable[[Record, str], Outcome] | None = field(default=None, repr=False, compare=False)
    """The engine's evaluator, which tries changes faster than the reference; both decide alike (S12)."""

    @property
    def region(self) -> str | None:
        return self.outcome.region

    @property
    def status(self) -> Status:
        return self.outcome.status

    @property
    def enforcement(self) -> str | None:
        """The enforcement's name; None where the decision is `unavailable`."""
        rank = self.outcome.enforcement
        return None if rank is None else self.program.enforcements[rank].name

    @property
    def routes(self) -> tuple[str, ...]:
        return tuple(routed.route for routed in self.outcome.routes)

    @property
    def sanctions(self) -> tuple[str, ...]:
        return tuple(sanction.name for sanction in self.outcome.sanctions)

    @property
    def effects(self) -> Mapping[str, Any]:
        return dict(self.outcome.effects)

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """The record walked through the program; None where the record or its region cannot be used."""
        if self.record is None or self.outcome.region is None:
            return None
        if self.outcome.region in self.program.regions:
            return Evaluation(self.program, self.record, self.outcome.region)
        return Evaluation(self.program, self.record, "GLOBAL") if self.program.unknown_region == "GLOBAL" else None

    def to_dict(self, trace: Trace = "full") -> dict[str, Any]:
        """The decision as `decide` and `moderate` write it (docs/reference/formats.md)."""
        outcome = self.outcome
        rendered: dict[str, Any] = {
            "id": self.id,
            "region": outcome.region,
            "status": str(outcome.status),
            "enforcement": self.enforcement,
            "routes": [
                {"route": r.route, "queue": r.queue, "priority": self.program.severities[r.priority].name}
                for r in outcome.routes
            ],
            "sanctions": [{"sanction": s.name, **dict(s.options)} for s in outcome.sanctions],
            "effects": dict(outcome.effects),
        }
        if trace == "fired":
            rendered["fired"] = list(outcome.fired)
        if trace == "full":
            rendered |= self._explained()
        rendered |= {"missing": list(outcome.missing), "pack": self.digest}
        if trace == "full":
            rendered["scorers"] = dict(self.scorers)
            rendered |= self._planned()
        if outcome.reason:
            rendered["reason"] = outcome.reason
        if self.unknown:
            rendered["unknown"] = list(self.unknown)
        return rendered

    def to_json(self, trace: Trace = "full") -> str:
        rendered = self.to_dict(trace)
        try:
            return json.dumps(rendered, ensure_ascii=False, allow_nan=False, default=str)
        except ValueError:  # an id that JSON has no word for, such as NaN
            return json.dumps(rendered | {"id": str(self.id)}, ensure_ascii=False, default=str)

    def _planned(self) -> dict[str, Any]:
        if self.plan is None:
            return {}
        why = {name: self.why_skipped(name) for name in self.plan.skipped}
        return {"way": self.plan.way, "propensity": self.plan.propensity, "skipped": why}

    def why_skipped(self, scorer: str) -> str:
        """Why a scorer was not asked, for a person."""
        outputs = {spec.name for spec in self.program.inputs if spec.scorer == scorer}
        return why_skipped(self.evaluation, outputs) if self.evaluation else "not needed: there is no decision to make"

    def row(self) -> dict[str, Any]:
        """What was found about the content, as a record that `decide` reads; every decision about a content has the same row.

        Scores that are null are missing; the outputs in `skipped` were not asked for.
        """
        record = self.record or Record({}, {})
        return {
            "id": self.id,
            "region": self.region,
            "at": None if record.at is None else (EPOCH + timedelta(microseconds=record.at)).isoformat(),
            "modalities": None if record.modalities is None else sorted(record.modalities),
            "scores": dict(record.scores),
            "facts": dict(record.facts),
            "skipped": sorted(record.skipped),
            "way": self.plan.way if self.plan else None,
            "propensity": self.plan.propensity if self.plan else None,
            "scorers": dict(self.scorers),
        }

    def _explained(self) -> dict[str, Any]:
        evaluation = self.evaluation
        if evaluation is None:
            return {"policies": [], "nearest": None}
        explained: dict[str, Any] = {
            "chain": list(evaluation.chain),
            "policies": policy_entries(evaluation),
            "nearest": self._nearest(evaluation),
            "why_missing": {name: self.reason(name) for name in self.outcome.missing},
        }
        if self.outcome.arms:
            explained["experiments"] = dict(self.outcome.arms)
        return explained

    def reason(self, name: str) -> str:
        """Why an input is missing."""
        if name in self.why_missing:
            return self.why_missing[name]
        value = self.evaluation.values[name] if self.evaluation else None
        return value.reason if isinstance(value, Missing) else "not known"

    def _nearest(self, evaluation: Evaluation) -> dict[str, Any] | None:
        evaluate = self.evaluate or partial(decide, self.program)
        change = nearest_change(evaluation, self.outcome, lambda record: evaluate(record, evaluation.region))
        if change is None:
            return None
        rank = change.outcome.enforcement
        return {
            "score": change.score,
            "value": change.value / MICRO,
            "becomes": change.becomes / MICRO,
            "then": None if rank is None else self.program.enforcements[rank].name,
            "routes": [routed.route for routed in change.outcome.routes],
        }
