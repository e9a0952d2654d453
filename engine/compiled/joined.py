"""What the policies of a region say -> the Outcome (S5, S11, rulings R14, R15)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.compiled.said import Options, Said, add_sanctions
from engine.decision import Outcome, Routed, Sanctioned, Status
from policy_dsl import program as p
from policy_dsl.program import Program

Arms = tuple[tuple[str, str], ...]


class Region:
    """One region of a program: what joining needs to know of it. ValueError for one that the program lacks."""

    def __init__(self, program: Program, code: str) -> None:
        if code not in program.regions:
            raise ValueError(f"the program has no region `{code}`")
        self.program, self.code = program, code
        parents = dict(zip(program.regions, program.parents, strict=True))
        chain: list[str | None] = [code]
        while chain[-1] is not None:
            chain.append(parents[chain[-1]])
        self.numbers = tuple(
            number
            for number, item in enumerate(program.consequences)
            if any(region in chain for region in item.regions)
        )
        self.consequences = tuple(program.consequences[number] for number in self.numbers)
        self.exclusive = frozenset(route.name for route in program.routes if route.exclusive)

    def reacting(self, saids: Sequence[Said]) -> dict[int, int]:
        """The consequences that the joined enforcement calls for, by number, each with the severity of its routes."""
        enforcement = max((said.enforcement for said in saids), default=0)
        proposers = [said.policy for said in saids if said.enforcement == enforcement]
        found: dict[int, int] = {}
        for number, item in enumerate(self.consequences):
            levels = [policy.severity for policy in proposers if item.policies is None or policy.name in item.policies]
            if enforcement in item.on and levels:
                found[number] = min(levels)
        return found

    def consequence(self, number: int, level: int) -> Said:
        """What a consequence that holds adds."""
        item = self.consequences[number]
        sanctions: dict[str, Options] = {}
        add_sanctions(sanctions, ((use.name, use.options) for use in item.proposal.sanctions))
        routes = tuple(
            Routed(use.route, use.queue, level if use.priority is None else use.priority)
            for use in item.proposal.routes
        )
        return Said(_NOBODY, routes=routes, sanctions=sanctions, clauses=(item.clause,))

    @staticmethod
    def open_consequence(missing: Sequence[str]) -> Said:
        """One of which it is not known whether it holds."""
        return Said(_NOBODY, missing=tuple(missing), open=True)

    def outcome(self, saids: Sequence[Said], consequences: Sequence[Said], arms: Arms) -> Outcome:
        enforcement = max((said.enforcement for said in saids), default=0)
        speaking = (*saids, *consequences)
        routes = self.routes(speaking)
        status = Status.DECIDED
        if any(said.open for said in speaking):
            nothing = bool(saids) and all(said.open for said in saids) and enforcement == 0 and not routes
            status = Status.UNAVAILABLE if nothing else Status.DEGRADED
        missing = tuple(sorted({name for said in speaking for name in said.missing}))
        if status is Status.UNAVAILABLE:
            return Outcome(self.code, status, None, missing=missing, arms=arms)
        return Outcome(
            region=self.code,
            status=status,
            enforcement=enforcement,
            routes=routes,
            sanctions=self.sanctions(speaking),
            effects=self.effects(saids, enforcement),
            fired=tuple(clause for said in speaking for clause in said.clauses),
            missing=missing,
            arms=arms,
        )

    def routes(self, saids: Sequence[Said]) -> tuple[Routed, ...]:
        """Each route and queue once, with the most severe priority; beside an exclusive route only exclusive ones."""
        ordered = sorted(
            {routed for said in saids for routed in said.routes}, key=lambda r: (r.route, r.queue, r.priority)
        )
        first = {(routed.route, routed.queue): routed for routed in reversed(ordered)}
        alone = [routed for routed in first.values() if routed.route in self.exclusive]
        return tuple(reversed(alone or list(first.values())))

    @staticmethod
    def sanctions(saids: Sequence[Said]) -> tuple[Sanctioned, ...]:
        merged: dict[str, Options] = {}
        for said in saids:
            add_sanctions(merged, said.sanctions.items())
        return tuple(Sanctioned(name, tuple(sorted(options.items()))) for name, options in sorted(merged.items()))

    def effects(self, saids: Sequence[Said], enforcement: int) -> tuple[tuple[str, p.Scalar], ...]:
        """The enforcement's own, then the proposing policies': the more severe over the less, then the first name."""
        proposers = [said for said in saids if said.speaks and said.enforcement == enforcement]
        effects = dict(self.program.enforcements[enforcement].effects)
        for said in sorted(proposers, key=lambda said: (said.policy.severity, said.policy.name), reverse=True):
            effects |= said.effects
        return tuple(sorted(effects.items()))


_NOBODY = p.Policy("", "", "", 0, shadow=False, source="", variants=(), places=())
