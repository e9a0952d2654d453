"""Program + record -> Outcome, by walking the Program: the specification in code. Slow and obvious, on purpose.

Everything unknown is computed operation by operation (ruling R8). One policy is judged in `engine/judge.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.decision import Outcome, Routed, Sanctioned, Status, Verdict
from engine.join import join_effects, join_routes, join_sanctions
from engine.judge import Judgement
from engine.record import Record, read_input
from engine.view import View
from policy_dsl import program as p
from policy_dsl.program import Program


def decide(program: Program, record: Record, region: str) -> Outcome:
    """The decision in one region of the program; for a region that it lacks see `Engine` (ruling R20)."""
    return Evaluation(program, record, region).outcome()


@dataclass(frozen=True)
class Evaluation:
    """One record in one region; its parts are there for explanations and tests."""

    program: Program
    record: Record
    region: str
    experiments: bool = True

    @cached_property
    def values(self) -> Mapping[str, Any]:
        return {spec.name: read_input(spec, self.record) for spec in self.program.inputs}

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """Of the policies that apply in the region, by name."""
        place = self.program.regions.index(self.region)
        applying = [policy for policy in self.program.policies if policy.places[place] >= 0]
        return tuple(
            Judgement(
                self.program, self.values, self.record, policy, policy.variants[policy.places[place]], self.experiments
            )
            for policy in applying
        )

    @cached_property
    def live(self) -> tuple[Judgement, ...]:
        return tuple(item for item in self.judgements if not item.policy.shadow)

    def outcome(self) -> Outcome:
        verdicts = tuple(item.verdict for item in self.judgements)
        acting = [item.verdict for item in self.live]
        enforcement = max((verdict.enforcement for verdict in acting), default=0)
        consequences = [found for item in self.program.consequences if (found := self.consequence(item, enforcement))]
        speaking = [*acting, *consequences]
        routes = join_routes(self.program, [verdict.routes for verdict in speaking])
        status = self.status(enforcement, routes, consequences)
        missing = tuple(sorted({name for verdict in speaking for name in verdict.missing}))
        arms = tuple(
            (f"{item.policy.name}/{name}", arm) for item in self.judgements for name, arm in sorted(item.arms.items())
        )
        if status is Status.UNAVAILABLE:
            return Outcome(self.region, status, None, verdicts=verdicts, missing=missing, arms=arms)
        return Outcome(
            region=self.region,
            status=status,
            enforcement=enforcement,
            routes=routes,
            sanctions=join_sanctions([verdict.sanctions for verdict in speaking]),
            effects=self.effects(enforcement),
            verdicts=verdicts,
            fired=tuple(clause for verdict in speaking for clause in verdict.clauses),
            missing=missing,
            arms=arms,
        )

    def status(self, enforcement: int, routes: Sequence[Routed], consequences: Sequence[Verdict]) -> Status:
        """S11, ruling R15."""
        acting = [item.verdict for item in self.live]
        if not any(verdict.open for verdict in (*acting, *consequences)):
            return Status.DECIDED
        if acting and all(verdict.open for verdict in acting) and enforcement == 0 and not routes:
            return Status.UNAVAILABLE
        return Status.DEGRADED

    def effects(self, enforcement: int) -> tuple[tuple[str, p.Scalar], ...]:
        """Those of the enforcement, overlaid by the policies that propose it (ruling R14)."""
        proposers = [item for item in self.live if item.verdict.speaks and item.verdict.enforcement == enforcement]
        base = self.program.enforcements[enforcement].effects
        return join_effects(
            base, [(item.policy.severity, item.policy.name, item.effects(enforcement)) for item in proposers]
        )

    def consequence(self, item: p.Consequence, enforcement: int) -> Verdict | None:
        """What it adds to the joined decision; None where it does not hold."""
        proposers = [
            j
            for j in self.live
            if j.verdict.enforcement == enforcement and (item.policies is None or j.policy.name in item.policies)
        ]
        if enforcement not in item.on or not proposers or not any(code in item.regions for code in self.chain):
            return None
        view = View(self.program, self.values, self.record.at, item.scores)
        truth = view.truth(item.guard, item.when)
        if truth.unsettled:
            errors = (truth.error,) if truth.error else ()
            return Verdict(item.clause, missing=tuple(sorted(truth.missing - self.record.skipped)), errors=errors)
        if not truth.holds:
            return None
        level = min(judgement.policy.severity for judgement in proposers)
        routes = tuple(
            Routed(use.route, use.queue, level if use.priority is None else use.priority)
            for use in item.proposal.routes
        )
        sanctions = tuple(Sanctioned(use.name, tuple(sorted(use.options.items()))) for use in item.proposal.sanctions)
        return Verdict(item.clause, routes=routes, sanctions=sanctions, clauses=(item.clause,))

    @cached_property
    def chain(self) -> tuple[str, ...]:
        """The region and what it inherits from, most specific first."""
        parents = dict(zip(self.program.regions, self.program.parents, strict=True))
        codes = [self.region]
        while (parent := parents[codes[-1]]) is not None:
            codes.append(parent)
        return tuple(codes)
