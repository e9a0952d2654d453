"""Two programs -> the thresholds and clauses that differ, by name. What that means is for the rest of the result to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from policy_dsl import program as p
from policy_dsl.program import MICRO, Program
from simulator.result import Change


def changes(a: Program, b: Program) -> tuple[Change, ...]:
    """In the order of A, then what only B has."""
    before, after = dict(_statements(a)), dict(_statements(b))
    found = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old != new:
            shown = [None if one is None else one[1] for one in (old, new)]
            if shown[0] == shown[1]:
                shown = [text and f"{text} ({side})" for text, side in zip(shown, ("before", "after"), strict=True)]
            found.append(Change(key[0], key[1], *shown))
    return tuple(found)


Statement = tuple[Any, str]
"""What is compared, and what people are told."""


def _statements(program: Program) -> Iterator[tuple[tuple[str, str], Statement]]:
    for policy in program.policies:
        for variant in policy.variants:
            yield from _of(variant, program)
        yield ("policy", policy.name), ((policy.severity, policy.shadow), _policy(policy, program))
    for item in program.consequences:
        yield ("consequence", item.clause), (replace(item, source=""), "stated")


def _policy(policy: p.Policy, program: Program) -> str:
    return program.severities[policy.severity].name + (", in shadow" if policy.shadow else "")


def _of(variant: p.Variant, program: Program) -> Iterator[tuple[tuple[str, str], Statement]]:
    for ladder in variant.ladders:
        for rung in ladder.rungs:
            for cut in rung.cuts:
                text = "off" if cut.threshold is None else f"{cut.threshold / MICRO:.6f}".rstrip("0").rstrip(".") or "0"
                yield ("threshold", cut.clause), ((cut.threshold, cut.guard, rung.proposal), text)
    for rule in variant.rules:
        yield ("rule", rule.clause), (replace(rule, source=""), _proposed(rule.proposal, program))
    for grant in variant.grants:
        cap = "waived" if grant.cap is None else f"at most {program.enforcements[grant.cap].name}"
        yield ("exception", grant.clause), (replace(grant, source=""), cap)
    for item in variant.adjustments:
        yield ("adjustment", item.clause), (replace(item, source=""), f"{item.delta / MICRO:+g}")
    for raised in variant.priorities:
        yield ("priority", raised.clause), (replace(raised, source=""), program.severities[raised.priority].name)
    for score in variant.scores:
        yield ("score", score.name), (score.expr, "stated")
    for default in (*(one for item in variant.on_missing for one in item.defaults), *variant.on_error):
        yield ("default", default.clause), (replace(default, source=""), _proposed(default.proposal, program))


def _proposed(proposal: p.Proposal, program: Program) -> str:
    parts = [program.enforcements[proposal.enforcement].name] if proposal.enforcement else []
    parts += [f"{use.route}({use.queue})" for use in proposal.routes] + [use.name for use in proposal.sanctions]
    return " and ".join(parts) or "nothing"
