"""A decision, told: per policy the deciding clause with its place, score, threshold and margin (S10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.intervals import Span
from engine.judge import Judgement, adjustment
from engine.reference import Evaluation
from policy_dsl import program as p
from policy_dsl.program import MICRO, Program

Clause = p.Cut | p.Default | p.Rule | p.Grant | p.Adjustment | p.PriorityRaise


@dataclass(frozen=True, slots=True)
class Rated:
    """A rung in force and the score beside it, in millionths. `high` differs from `low` where something is missing."""

    clause: str
    source: str
    score: str
    low: int
    high: int
    threshold: int

    @property
    def margin(self) -> int:
        """How far the score, at its lowest, lies above the threshold; negative below it."""
        return self.low - self.threshold


def rated(judgement: Judgement) -> Iterator[Rated]:
    """Every rung that has a threshold here and a score that applies."""
    granted = [a.delta for a in judgement.variant.adjustments if judgement.truths[a.clause].holds]
    for ladder in judgement.variant.ladders:
        span: Span | None = judgement.view.spans[ladder.score]
        for rung in ladder.rungs if span is not None else ():
            reached = judgement.reached(rung, adjustment(granted))
            if reached.cut is not None and reached.strict is not None and span is not None:
                name = ladder.score.removeprefix(f"{judgement.policy.name}.")
                yield Rated(reached.cut.clause, reached.cut.source, name, span.low, span.high, reached.strict)


def policy_entries(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One entry per policy that applies, as `interfaces.md` shows it."""
    return [_entry(evaluation.program, judgement) for judgement in evaluation.judgements]


def _entry(program: Program, judgement: Judgement) -> dict[str, Any]:
    verdict = judgement.verdict
    sources = clause_sources(judgement)
    rung = _rung_of_interest(judgement)
    entry: dict[str, Any] = {
        "policy": verdict.policy,
        "enforcement": "undetermined" if verdict.undetermined else program.enforcements[verdict.enforcement].name,
        "routes": [routed.route for routed in verdict.routes],
        "sanctions": [sanction.name for sanction in verdict.sanctions],
        "clause": verdict.clause,
        "source": sources.get(verdict.clause or ""),
        "score": rung.score if rung else None,
        "value": rung.low / MICRO if rung and rung.low == rung.high else None,
        "threshold": rung.threshold / MICRO if rung else None,
        "margin": rung.margin / MICRO if rung and rung.low == rung.high else None,
        "exceptions": list(verdict.exceptions),
        "missing": list(verdict.missing),
    }
    if verdict.undetermined:
        entry["reason"] = "not needed"
    if verdict.errors:
        entry["errors"] = list(verdict.errors)
    if verdict.shadow:
        entry["shadow"] = True
    return entry


def _rung_of_interest(judgement: Judgement) -> Rated | None:
    """The deciding rung; where no clause decided, the nearest one that was not reached."""
    rungs = list(rated(judgement))
    clause = judgement.verdict.clause
    if clause is not None:
        return next((rung for rung in rungs if rung.clause == clause), None)
    return max((rung for rung in rungs if rung.margin < 0), key=lambda rung: rung.margin, default=None)


def clause_sources(judgement: Judgement) -> dict[str, str]:
    """Where each clause of the policy stands: `file:line`."""
    variant = judgement.variant
    cuts = [cut for ladder in variant.ladders for rung in ladder.rungs for cut in rung.cuts]
    defaults = [default for item in variant.on_missing for default in item.defaults]
    clauses: list[Clause] = [*cuts, *defaults, *variant.on_error, *variant.rules, *variant.grants, *variant.adjustments]
    return {item.clause: item.source for item in (*clauses, *variant.priorities)}
