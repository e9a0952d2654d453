"""LIM160, LIM208: a cap of a ladder that does not exist, or at or above everything that its policies can propose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.tiers import severities


def cap(context: Context) -> Iterator[Diagnostic]:
    for policy, found in context.everything:
        match found.node:
            case n.ExceptionClause(meta=meta, grant=n.Cap() as grant):
                yield from _cap(context, policy, context.reached(policy, meta), grant)
            case _:
                pass


def _cap(context: Context, home: n.Policy | None, reached: Sequence[n.Policy], grant: n.Cap) -> Iterator[Diagnostic]:
    if grant.score is not None and not _ladders(context, reached, grant.score.text):
        scope = context.scope(home)
        known = grant.score.text in scope.scores or getattr(scope.inputs.get(grant.score.text), "kind", "") == "score"
        if known and reached:
            message = f"no `thresholds on {grant.score.text}` stands here, so there is nothing to cap"
            yield finding(
                "LIM160",
                message,
                grant.score.span,
                "name the score of a ladder, or leave `on …` out to cap the whole policy",
            )
        return
    name = grant.enforcement.text
    if context.env.kind_of(name) != "enforcement" or not reached:
        return
    strongest = max(_strongest(context, policy, grant.score) for policy in reached)
    if 0 <= strongest <= context.env.rank(name):
        limit = list(context.env.manifest.enforcements)[strongest]
        message = f"`at most {name}` never acts: nothing here proposes more than `{limit}`"
        yield finding("LIM208", message, grant.span, "cap at a weaker enforcement, or leave the exception out")


def _ladders(context: Context, policies: Sequence[n.Policy], score: str) -> bool:
    return any(
        isinstance(found.node, n.Ladder) and found.node.score.text == score
        for policy in policies
        for found in context.statements(policy)
    )


def _strongest(context: Context, policy: n.Policy, score: n.Name | None) -> int:
    """The rank of the strongest enforcement that a policy proposes, on one ladder where `score` says so."""
    ranks = [0]
    for found in context.statements(policy):
        match found.node:
            case n.Ladder(score=name, rungs=rungs) if score is None or name.text == score.text:
                ranks += [_rank(context, rung.outcomes) for rung in rungs if rung.threshold is not None]
            case n.Rule(outcomes=outcomes) | n.OnMissing(outcomes=outcomes) | n.OnError(outcomes=outcomes) if (
                score is None
            ):
                ranks.append(_rank(context, outcomes))
            case _:
                pass
    if score is None and (level := context.severity(policy)) is not None:
        default = next(tier.on_missing for tier in severities(context.env) if tier.name == level)
        ranks.append(_rank(context, (n.Outcome(n.Name(default)),)))
    return max(ranks)


def _rank(context: Context, outcomes: Sequence[n.Outcome]) -> int:
    """Of what no check refuses; an unknown outcome may be anything."""
    kinds = [(outcome.name.text, context.env.kind_of(outcome.name.text)) for outcome in outcomes]
    strongest = len(context.env.manifest.enforcements)
    return max(
        (strongest if kind is None else context.env.rank(name) if kind == "enforcement" else 0 for name, kind in kinds),
        default=0,
    )
