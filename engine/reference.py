"""Program + record -> Outcome, by walking the Program: the specification in code. Slow and obvious, on purpose.

Everything unknown is computed operation by operation (ruling R8). One policy is judged in `engine/judge.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from engine.decision import Outcome, Routed, Sanctioned, Status, Verdict
from engine.join import join_effects, join_routes, join_sanctions
from engine.judge import Judgement, Names
from engine.record import Record, read_input
from engine.skipping import at_stake, speakers
from engine.view import View
from policy_dsl import program as p
from policy_dsl.program import Program


def decide(program: Program, record: Record, region: str) -> Outcome:
    """The decision in one region of the program; for a region that it lacks see `Engine` (ruling R20)."""
    return Evaluation(program, record, region).outcome()


Speaker: TypeAlias = tuple[Judgement, Verdict]
"""A policy and what it says, or (`engine/skipping.py`) could say."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What all policies together come to."""

    enforcement: int
    routes: tuple[Routed, ...]
    sanctions: tuple[Sanctioned, ...]
    effects: tuple[tuple[str, p.Scalar], ...]
    consequences: tuple[Verdict, ...]


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
        """Of the policies that apply in the region, by name.

        Inputs said to be skipped are missing like any others where they could have mattered (ruling R4).
        """
        return self._claimed if not self._stakes else self.judge(replace(self.record, skipped=frozenset()))

    @cached_property
    def _claimed(self) -> tuple[Judgement, ...]:
        return self.judge(self.record)

    @cached_property
    def _stakes(self) -> Names:
        return at_stake(self, self._claimed) if self.record.skipped else frozenset()

    @property
    def at_stake(self) -> Names:
        """The skipped inputs that could still change the decision, some of them at least; empty where none could (ruling R4)."""
        return self._stakes or self.record.skipped.intersection(self.outcome().missing)

    def judge(self, record: Record) -> tuple[Judgement, ...]:
        place = self.program.regions.index(self.region)
        applying = [policy for policy in self.program.policies if policy.places[place] >= 0]
        return tuple(
            Judgement(
                self.program, self.values, record, policy, policy.variants[policy.places[place]], self.experiments
            )
            for policy in applying
        )

    @cached_property
    def live(self) -> tuple[Judgement, ...]:
        return tuple(item for item, _ in self.acting)

    @cached_property
    def acting(self) -> tuple[Speaker, ...]:
        return speakers(self.judgements)

    def outcome(self) -> Outcome:
        verdicts = tuple(item.verdict for item in self.judgements)
        joined = self.join(self.acting)
        speaking = [*(verdict for _, verdict in self.acting), *joined.consequences]
        status = self.status(joined)
        missing = tuple(sorted({name for verdict in speaking for name in verdict.missing}))
        arms = tuple(
            (f"{item.policy.name}/{name}", arm) for item in self.judgements for name, arm in sorted(item.arms.items())
        )
        if status is Status.UNAVAILABLE:
            return Outcome(self.region, status, None, verdicts=verdicts, missing=missing, arms=arms)
        return Outcome(
            region=self.region,
            status=status,
            enforcement=joined.enforcement,
            routes=joined.routes,
            sanctions=joined.sanctions,
            effects=joined.effects,
            verdicts=verdicts,
            fired=tuple(clause for verdict in speaking for clause in verdict.clauses),
            missing=missing,
            arms=arms,
        )

    def join(self, acting: Sequence[Speaker]) -> Joined:
        """The policies' verdicts -> the strongest enforcement and the union of the rest, then the consequences (S5, S6)."""
        enforcement = max((verdict.enforcement for _, verdict in acting), default=0)
        proposers = [speaker for speaker in acting if speaker[1].enforcement == enforcement]
        consequences = tuple(
            found for item in self.program.consequences if (found := self.consequence(item, enforcement, proposers))
        )
        speaking = [*(verdict for _, verdict in acting), *consequences]
        return Joined(
            enforcement,
            join_routes(self.program, [verdict.routes for verdict in speaking]),
            join_sanctions([verdict.sanctions for verdict in speaking]),
            self.effects(enforcement, proposers),
            consequences,
        )

    def status(self, joined: Joined) -> Status:
        """S11, ruling R15."""
        acting = [verdict for _, verdict in self.acting]
        if not any(verdict.open for verdict in (*acting, *joined.consequences)):
            return Status.DECIDED
        if acting and all(verdict.open for verdict in acting) and joined.enforcement == 0 and not joined.routes:
            return Status.UNAVAILABLE
        return Status.DEGRADED

    def effects(self, enforcement: int, proposers: Sequence[Speaker]) -> tuple[tuple[str, p.Scalar], ...]:
        """Those of the enforcement, overlaid by the policies that propose it (ruling R14)."""
        base = self.program.enforcements[enforcement].effects
        policies = [item for item, verdict in proposers if verdict.speaks]
        return join_effects(
            base, [(item.policy.severity, item.policy.name, item.effects(enforcement)) for item in policies]
        )

    def consequence(self, item: p.Consequence, enforcement: int, proposers: Sequence[Speaker]) -> Verdict | None:
        """What it adds to the joined decision; None where it does not hold."""
        policies = [j.policy for j, _ in proposers if item.policies is None or j.policy.name in item.policies]
        if enforcement not in item.on or not policies or not any(code in item.regions for code in self.chain):
            return None
        view = View(self.program, self.values, self.record.at, item.scores)
        truth = view.truth(item.guard, item.when)
        if truth.unsettled:
            errors = (truth.error,) if truth.error else ()
            return Verdict(item.clause, missing=tuple(sorted(truth.missing)), errors=errors)
        if not truth.holds:
            return None
        level = min(policy.severity for policy in policies)
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
