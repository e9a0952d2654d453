"""Contents and a pack's scorers -> what the scorers say, asking only those that can still matter, cheapest first (S2, ruling R4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.compiled.fusion import below, operands
from engine.plan import cascades, reaction_reads, reads
from policy_dsl.program import Program, Score
from scorers.content import Content
from scorers.direct import LEAST_SEVERE
from scorers.registry import Configured
from scorers.runner import Runner, Scored

Names = frozenset[str]
AtStake = Callable[[Scored, Names], Names]
"""What is known of a content, and the outputs that nobody was asked for -> those of them that could change its decisions."""


class Planner:
    """Asks the scorers of one pack. `stages` and `severities` are by scorer."""

    def __init__(self, program: Program, runner: Runner) -> None:
        self.runner = runner
        self.stages = stages(program, runner.scorers)
        self.severities = severities(program, runner.scorers)

    async def gather(
        self, asked: Sequence[tuple[Content, AtStake | None]], deadline: float | None = None
    ) -> list[tuple[Scored, tuple[str, ...]]]:
        """What is found about each content, and the scorers that could have judged something of it and were not asked.

        `None` in place of `AtStake` asks every scorer. Contents go through the stages together, so that a scorer sees them
        in one batch; those that are settled leave. `deadline`: a time of `time.monotonic()`; what a scorer has not said by
        then is missing. Where every content asks every scorer, the stages are one.
        """
        contents = [_Open(content, at_stake, self._judging(content)) for content, at_stake in asked]
        every = all(item.at_stake is None for item in contents)
        order = dict.fromkeys(self.stages, 0) if every else self.stages
        waiting = [item for item in contents if item.look(order)]
        while waiting:
            stage = min(item.stage for item in waiting)
            now = [item for item in waiting if item.stage == stage]
            await self._ask(now, deadline)
            waiting = [item for item in waiting if item.stage != stage or item.look(order)]
        return [(item.found, tuple(item.uncalled)) for item in contents]

    def _judging(self, content: Content) -> dict[str, Configured]:
        """The scorers that judge something of the content."""
        found = self.runner.scorers
        return {s.name: s for s in found if any(output.applies_to(content) for output in s.outputs.values())}

    async def _ask(self, items: Sequence[_Open], deadline: float | None) -> None:
        """One call of the runner for all contents that want the same scorers; it joins the batches of a scorer."""
        groups: dict[tuple[str, ...], list[_Open]] = {}
        for item in items:
            groups.setdefault(item.wanted, []).append(item)
        answers = await asyncio.gather(
            *(
                self.runner.run(
                    [item.content for item in group],
                    only=names,
                    deadline=deadline,
                    severity=min(self.severities[name] for name in names),
                )
                for names, group in groups.items()
            )
        )
        for group, found in zip(groups.values(), answers, strict=True):
            for item, said in zip(group, found, strict=True):
                item.take(said)


class _Open:
    """A content on its way through the stages: what is `found`, whom nobody asked yet, and whom to ask in which stage."""

    def __init__(self, content: Content, at_stake: AtStake | None, judging: dict[str, Configured]) -> None:
        self.content, self.at_stake, self.uncalled = content, at_stake, judging
        self.found = Scored({}, {}, frozenset(), {})
        self.stage, self.wanted = 0, tuple[str, ...]()

    def look(self, stages: Mapping[str, int]) -> bool:
        """Whether some scorer can still matter: then the cheapest such stage is next, and those of it that can are wanted."""
        names = self._mattering()
        self.stage = min((stages[name] for name in names), default=0)
        self.wanted = tuple(name for name in names if stages[name] == self.stage)
        return bool(names)

    def _mattering(self) -> list[str]:
        if self.at_stake is None or not self.uncalled:
            return list(self.uncalled)
        stake = self.at_stake(self.found, frozenset(self._outputs()))
        return [name for name, scorer in self.uncalled.items() if not stake.isdisjoint(scorer.outputs)]

    def _outputs(self) -> Iterator[str]:
        for scorer in self.uncalled.values():
            yield from (name for name, output in scorer.outputs.items() if output.applies_to(self.content))

    def take(self, said: Scored) -> None:
        self.uncalled = {name: scorer for name, scorer in self.uncalled.items() if name not in self.wanted}
        found = self.found
        self.found = Scored(
            {**found.values, **said.values},
            {**found.missing, **said.missing},
            found.not_applicable | said.not_applicable,
            {**found.scorers, **said.scorers},
            found.cached | said.cached,
        )


# -- what a pack says about its scorers --------------------------------------------------------------------------------


def stages(program: Program, scorers: Sequence[Configured]) -> dict[str, int]:
    """The order in which scorers are asked: by cost class, and within one the deep side of a cascade after its cheap side."""
    costs = {scorer.name: int(scorer.plugin.cost) for scorer in scorers}
    behind: dict[str, set[str]] = {name: set() for name in costs}
    for cheap, deep in _sides(program, {name: s.name for s in scorers for name in s.outputs}):
        for name in deep:
            behind[name] |= {other for other in cheap if costs[other] == costs[name]} - deep
    ranks = {name: (cost, _depth(name, behind, frozenset())) for name, cost in costs.items()}
    order = sorted(set(ranks.values()))
    return {name: order.index(rank) for name, rank in ranks.items()}


def _depth(name: str, behind: Mapping[str, set[str]], above: Names) -> int:
    """How many scorers are asked first; those that wait for each other count as one."""
    return max((1 + _depth(other, behind, above | {name}) for other in behind[name] - above - {name}), default=0)


def _sides(program: Program, owner: Mapping[str, str]) -> Iterator[tuple[set[str], set[str]]]:
    """For every cascade of the pack the scorers of its cheap and of its deep side."""
    for scores in _score_lists(program):
        derived = {score.name: score.expr for score in scores}
        for score in scores:
            for cheap, deep, _, _ in cascades(score.expr):
                sides = (below(operands(side), derived) for side in (cheap, deep))
                first, second = ({owner[name] for name in side if name in owner} for side in sides)
                yield first, second


def _score_lists(program: Program) -> Iterator[tuple[Score, ...]]:
    yield from (variant.scores for policy in program.policies for variant in policy.variants)
    yield from (item.scores for item in program.consequences)


def severities(program: Program, scorers: Sequence[Configured]) -> dict[str, int]:
    """For each scorer the most severe rank among the policies that read it and are not in shadow; 3 where none does."""
    read = [
        (min(policy.severity, LEAST_SEVERE), reads(policy, place))
        for policy in program.policies
        for place in range(0 if policy.shadow else len(policy.variants))
    ]
    return {
        scorer.name: min((rank for rank, names in read if names & scorer.outputs.keys()), default=LEAST_SEVERE)
        for scorer in scorers
    }


def units(program: Program) -> Names:
    """The inputs by which experiments assign: an arm shows in the decision, so they always matter."""
    return frozenset(e.unit for policy in program.policies for e in policy.experiments)


def unread(program: Program, scorers: Sequence[Configured]) -> tuple[str, ...]:
    """The scorers that no rule of the pack asks for, in any region."""
    read = {n for policy in program.policies for place in range(len(policy.variants)) for n in reads(policy, place)}
    read |= {name for item in program.consequences for name in reaction_reads(item)}
    return tuple(scorer.name for scorer in scorers if read.isdisjoint(scorer.outputs))
