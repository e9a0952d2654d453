"""Policies without their thresholds: where two programs are the same but for these, what acts comes to the same in both."""

from __future__ import annotations

from dataclasses import replace

from policy_dsl.program import Cut, Ladder, Policy, Program, Rung, Variant


def without_thresholds(program: Program) -> Program:
    """`off` stays."""
    return replace(program, policies=tuple(map(policy_without_thresholds, program.policies)))


def policy_without_thresholds(policy: Policy) -> Policy:
    return replace(policy, variants=tuple(map(_variant, policy.variants)))


def _variant(variant: Variant) -> Variant:
    return replace(variant, ladders=tuple(map(_ladder, variant.ladders)))


def _ladder(ladder: Ladder) -> Ladder:
    return Ladder(ladder.score, tuple(map(_rung, ladder.rungs)))


def _rung(rung: Rung) -> Rung:
    return Rung(rung.name, rung.proposal, tuple(map(_cut, rung.cuts)))


def _cut(cut: Cut) -> Cut:
    return Cut(cut.guard, None if cut.threshold is None else 0, cut.clause, cut.source)
