"""An evaluation with skipped inputs -> whether the decision is the same for every value of them (ruling R4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.decision import Sanctioned, Verdict
from engine.join import join, meet
from engine.judge import Judgement, Result, cap
from policy_dsl.program import Proposal

if TYPE_CHECKING:
    from engine.reference import Evaluation


def speakers(judgements: Sequence[Judgement]) -> tuple[tuple[Judgement, Verdict], ...]:
    """The policies that are not in shadow, and what they say."""
    return tuple((item, item.verdict) for item in judgements if not item.policy.shadow)


def harmless(evaluation: Evaluation, judgements: Sequence[Judgement]) -> bool:
    """Puts the least and the most that each undetermined policy could say in the place of what it says: one policy at a
    time, and all at once.
    """
    acting = speakers(judgements)
    spoken = dict(enumerate(acting))
    undetermined = {i: j for i, (j, verdict) in spoken.items() if verdict.undetermined}
    if any(judgement.doubtful_effects(judgement.result) for judgement in undetermined.values()):
        return False
    extremes = {i: _extremes(judgement) for i, judgement in undetermined.items()}
    alone = [{i: verdict} for i, pair in extremes.items() for verdict in pair]
    together = [{i: pair[side] for i, pair in extremes.items()} for side in (0, 1)]
    certain = evaluation.join(acting)
    return all(
        evaluation.join([(j, changed.get(i, verdict)) for i, (j, verdict) in spoken.items()]) == certain
        for changed in (*alone, *together)
    )


def _extremes(judgement: Judgement) -> tuple[Verdict, Verdict]:
    unsettled = frozenset(judgement.unsettled)
    granted = [judgement.granted | names for names in (unsettled, *({clause} for clause in unsettled))]
    results = [judgement.result, *(judgement.propose(clauses) for clauses in granted if unsettled)]
    least, most = meet([floor(result) for result in results]), join(ceiling(result) for result in results)
    return _verdict(judgement, least), _verdict(judgement, most, also_unknown=True)


def _verdict(judgement: Judgement, proposal: Proposal, *, also_unknown: bool = False) -> Verdict:
    sanctions = tuple(Sanctioned(use.name, tuple(sorted(use.options.items()))) for use in proposal.sanctions)
    routes = judgement.routed(proposal, also_unknown=also_unknown)
    return Verdict(judgement.policy.name, proposal.enforcement, routes, sanctions)


def floor(result: Result) -> Proposal:
    """What a policy proposes for every value of what it lacks."""
    rest = [] if result.waived else [meet([cap(side, result.caps)[0] for side in _rest(result)])]
    return join([*(part.floor for part in result.parts if part.absolute), *rest])


def ceiling(result: Result) -> Proposal:
    """All that a policy may propose. A cap that acts drops sanctions: they are proposed where it does not."""
    low, high = _rest(result)
    uncapped = Proposal(0, high.routes, high.sanctions)
    rest = [] if result.waived else [cap(low, result.caps)[0], cap(high, result.caps)[0], uncapped]
    return join([*(part.ceiling for part in result.parts if part.absolute), *rest])


def _rest(result: Result) -> tuple[Proposal, Proposal]:
    parts = [part for part in result.parts if not part.absolute]
    return join(part.floor for part in parts), join(part.ceiling for part in parts)
