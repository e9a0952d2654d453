"""An evaluation with skipped inputs -> which of them could still change the decision; none: they may stay skipped (ruling R4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from engine.decision import Sanctioned, Verdict
from engine.join import join, meet
from engine.judge import Judgement, Names, Part, Result, cap
from engine.plain import is_plain
from engine.truth import State
from policy_dsl.program import Proposal

if TYPE_CHECKING:
    from engine.reference import Evaluation, Joined

MOST_UNSETTLED = 4
"""Of more unknown exceptions in one policy, not every combination is tried: the policy is at stake."""

World: TypeAlias = list[tuple[Judgement, Verdict]]


@dataclass(frozen=True, slots=True)
class Possible:
    """The least and the most that a policy could say, and whether it could come to lack something that is missing for good."""

    least: Verdict
    most: Verdict
    may_lack: bool


def speakers(judgements: Sequence[Judgement]) -> tuple[tuple[Judgement, Verdict], ...]:
    """The policies that are not in shadow, and what they say."""
    return tuple((item, item.verdict) for item in judgements if not item.policy.shadow)


def at_stake(evaluation: Evaluation, judgements: Sequence[Judgement]) -> Names:
    """The skipped inputs for some value of which enforcement, routes, sanctions, effects or priority could be others.

    Compares the joined decision where every undetermined policy says the least that it could with those where one or all of
    them say the most. What lies between is between: routes, sanctions and consequences only grow with what is said, and
    effects change with a single proposer if with any (ruling R14).
    """
    acting = speakers(judgements)
    undetermined = {i: possible(item) for i, (item, verdict) in enumerate(acting) if verdict.undetermined}
    mattering = set(_mattering(evaluation, acting, undetermined))
    return frozenset().union(*(acting[i][0].result.skipped for i in mattering))


def _mattering(
    evaluation: Evaluation, acting: Sequence[tuple[Judgement, Verdict]], undetermined: Mapping[int, Possible | None]
) -> Iterator[int]:
    """The policies, by number, whose uncertainty reaches the decision."""
    known = {i: found for i, found in undetermined.items() if found is not None}
    yield from undetermined.keys() - known.keys()
    if not known:
        return
    certain = evaluation.join(acting)
    least = _world(acting, {i: found.least for i, found in known.items()})
    most = _world(acting, {i: found.most for i, found in known.items()})
    low, high = evaluation.join(least), evaluation.join(most)
    alone = {i for i, found in known.items() if _other(evaluation, least, i, found.most, low)}
    alone |= {i for i, found in known.items() if _other(evaluation, most, i, found.least, high)}
    doubted = {i for i, found in known.items() if _effects_in_doubt(acting[i][0], found, certain.enforcement)}
    yield from alone | doubted
    if not (alone or doubted) and not low == high == certain:
        yield from known
    if certain.enforcement == 0 and not certain.routes and not _is_sure(acting, known):
        yield from known


def _world(acting: Sequence[tuple[Judgement, Verdict]], said: Mapping[int, Verdict]) -> World:
    return [(item, said.get(i, verdict)) for i, (item, verdict) in enumerate(acting)]


def _other(evaluation: Evaluation, world: World, number: int, verdict: Verdict, than: Joined) -> bool:
    """Whether the decision changes where one policy says something else."""
    return evaluation.join([*world[:number], (world[number][0], verdict), *world[number + 1 :]]) != than


def _effects_in_doubt(judgement: Judgement, found: Possible, enforcement: int) -> bool:
    """Whether a policy that may propose the enforcement is unsure of an effect of it."""
    if not (found.most.speaks and found.least.enforcement <= enforcement <= found.most.enforcement):
        return False
    stated = [effect for effect in judgement.variant.effects if effect.enforcement == enforcement]
    return any(judgement.view.doubt([(item.guard, item.value) for item in effect.values]) for effect in stated)


def _is_sure(acting: Sequence[tuple[Judgement, Verdict]], known: Mapping[int, Possible]) -> bool:
    """Whether some policy lacks nothing, whatever was skipped: else "nothing" could turn out to be `unavailable` (R15)."""
    return any(not (verdict.open or (i in known and known[i].may_lack)) for i, (_, verdict) in enumerate(acting))


# -- one policy ------------------------------------------------------------------------------------------------------


def possible(judgement: Judgement) -> Possible | None:
    """Over every combination of the unknown exceptions and adjustments; None where those are too many."""
    unsettled = tuple(judgement.unsettled)
    if len(unsettled) > MOST_UNSETTLED:
        return None
    chosen = [names for size in range(len(unsettled) + 1) for names in combinations(unsettled, size)]
    results = [judgement.propose(judgement.granted.union(names)) for names in chosen]
    lacks = _may_lack(judgement, results)
    defaults = _every_default(judgement) if lacks else Proposal()
    least = meet([floor(judgement, result) for result in results])
    most = join(ceiling(judgement, result, defaults) for result in results)
    return Possible(_verdict(judgement, least), _verdict(judgement, most, also_unknown=True), lacks)


def _verdict(judgement: Judgement, proposal: Proposal, *, also_unknown: bool = False) -> Verdict:
    sanctions = tuple(Sanctioned(use.name, tuple(sorted(use.options.items()))) for use in proposal.sanctions)
    routes = judgement.routed(proposal, also_unknown=also_unknown)
    return Verdict(judgement.policy.name, proposal.enforcement, routes, sanctions)


def _may_lack(judgement: Judgement, results: Sequence[Result]) -> bool:
    """Whether, once what was skipped is known, a default could speak: for another input that is missing, or an error."""
    skipped = judgement.record.skipped
    truths = [(clause.when, truth) for clause in judgement.clauses if (truth := judgement.truth(clause)).unsettled]
    if any(truth.state is State.ERROR or truth.missing - skipped or not is_plain(when) for when, truth in truths):
        return True
    return any(part.missing - skipped for result in results for part in result.parts)


def _every_default(judgement: Judgement) -> Proposal:
    """All that the policy's `on missing` and `on error` could propose."""
    stated = [default for item in judgement.variant.on_missing for default in item.defaults]
    return join(default.proposal for default in (*stated, *judgement.variant.on_error))


def _own(judgement: Judgement, result: Result) -> Sequence[Part]:
    """What its ladders and rules contribute, without what its defaults add."""
    return result.parts[: len(judgement.variant.ladders) + len(judgement.variant.rules)]


def floor(judgement: Judgement, result: Result) -> Proposal:
    """What a policy proposes for every value of what it lacks."""
    parts = _own(judgement, result)
    rest = [] if result.waived else [meet([cap(side, result.caps)[0] for side in _rest(parts)])]
    return join([*(part.floor for part in parts if part.absolute), *rest])


def ceiling(judgement: Judgement, result: Result, defaults: Proposal) -> Proposal:
    """All that a policy may propose. A cap that acts drops sanctions: they are proposed where it does not."""
    parts = _own(judgement, result)
    low, high = _rest(parts)
    high = join([high, defaults])
    uncapped = Proposal(0, high.routes, high.sanctions)
    rest = [] if result.waived else [cap(low, result.caps)[0], cap(high, result.caps)[0], uncapped]
    return join([defaults, *(part.ceiling for part in parts if part.absolute), *rest])


def _rest(parts: Sequence[Part]) -> tuple[Proposal, Proposal]:
    beneath = [part for part in parts if not part.absolute]
    return join(part.floor for part in beneath), join(part.ceiling for part in beneath)
