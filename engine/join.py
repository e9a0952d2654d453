"""Proposals -> one: the strongest enforcement, the union of the rest (S5, rulings R6, R14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.decision import Routed, Sanctioned
from policy_dsl.program import Program, Proposal, SanctionUse, Scalar


def join(proposals: Iterable[Proposal]) -> Proposal:
    """Within a policy. Routes and sanctions keep one entry each, sorted."""
    proposals = tuple(proposals)
    routes = {use for proposal in proposals for use in proposal.routes}
    sanctions = merge_options((use.name, use.options) for proposal in proposals for use in proposal.sanctions)
    return Proposal(
        max((proposal.enforcement for proposal in proposals), default=0),
        tuple(sorted(routes, key=lambda use: (use.route, use.queue, -1 if use.priority is None else use.priority))),
        tuple(SanctionUse(name, sanctions[name]) for name in sorted(sanctions)),
    )


def meet(proposals: Sequence[Proposal]) -> Proposal:
    """What all of them propose alike: the weakest enforcement, the routes and sanctions that none lacks."""
    first, *others = proposals
    return Proposal(
        min(proposal.enforcement for proposal in proposals),
        tuple(use for use in first.routes if all(use in other.routes for other in others)),
        tuple(use for use in first.sanctions if all(use in other.sanctions for other in others)),
    )


def adds_nothing(proposal: Proposal, to: Proposal) -> bool:
    """Whether joining it would change nothing."""
    return join([to, proposal]) == join([to])


def merge_options(sanctions: Iterable[tuple[str, Mapping[str, Scalar]]]) -> dict[str, dict[str, Scalar]]:
    """One entry a sanction; of two numbers under one option the larger, of two other values the first in order of text."""
    merged: dict[str, dict[str, Scalar]] = {}
    for name, options in sanctions:
        entry = merged.setdefault(name, {})
        for key, value in options.items():
            entry[key] = _severer(entry[key], value) if key in entry else value
    return merged


def _severer(a: Scalar, b: Scalar) -> Scalar:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return max(a, b)
    return min(a, b, key=str)


def join_routes(program: Program, groups: Iterable[Sequence[Routed]]) -> tuple[Routed, ...]:
    """One entry a route and queue, with the most severe priority; where one is exclusive, exclusive ones alone remain."""
    levels: dict[tuple[str, str], int] = {}
    for routed in (item for group in groups for item in group):
        key = (routed.route, routed.queue)
        levels[key] = min(levels.get(key, routed.priority), routed.priority)
    exclusive = {route.name for route in program.routes if route.exclusive}
    alone = any(route in exclusive for route, _ in levels)
    kept = sorted(key for key in levels if key[0] in exclusive or not alone)
    return tuple(Routed(route, queue, levels[route, queue]) for route, queue in kept)


def join_sanctions(groups: Iterable[Sequence[Sanctioned]]) -> tuple[Sanctioned, ...]:
    merged = merge_options((item.name, dict(item.options)) for group in groups for item in group)
    return tuple(Sanctioned(name, tuple(sorted(merged[name].items()))) for name in sorted(merged))


def join_effects(
    base: Mapping[str, Scalar], proposers: Iterable[tuple[int, str, Mapping[str, Scalar]]]
) -> tuple[tuple[str, Scalar], ...]:
    """The manifest's effects, overlaid by the proposing policies (severity, name, effects): the most severe last and, among
    equals, the first name last.
    """
    effects = dict(base)
    for _, _, own in sorted(proposers, key=lambda item: (item[0], item[1]), reverse=True):
        effects.update(own)
    return tuple(sorted(effects.items()))
