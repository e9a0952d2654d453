"""Proposals in SQL: an enforcement's rank and a set of bits, one for each way to name a route or a sanction (S5, R6, R14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.sql.errors import SqlUnsupportedError
from engine.sql.layers import Layers
from engine.sql.terms import E, bits, case, compare, constant, differ, greatest, has_any, number, only, some
from engine.sql.views import Bits
from policy_dsl import program as p
from policy_dsl.program import Proposal, RouteUse, SanctionUse, Scalar


@dataclass(frozen=True, slots=True)
class Says:
    """What is proposed: the rank of an enforcement, and routes and sanctions."""

    enforcement: E
    uses: E

    def where(self, condition: E) -> Says:
        """Nothing where the condition does not hold."""
        return Says(*(case([(condition, part)], number(0)) for part in (self.enforcement, self.uses)))

    def otherwise(self, condition: E, other: Says) -> Says:
        """`other` where the condition holds."""
        pairs = ((self.enforcement, other.enforcement), (self.uses, other.uses))
        return Says(*(case([(condition, there)], here) for here, there in pairs))

    def named(self, layers: Layers) -> Says:
        return Says(layers.let("enforcement", self.enforcement), layers.let("uses", self.uses))


NOTHING = Says(number(0), number(0))


def join(said: Iterable[Says]) -> Says:
    said = tuple(said)
    enforcement = greatest(*(one.enforcement for one in said), number(0))
    return Says(enforcement, bits(*(one.uses for one in said), number(0)))


@dataclass
class Vocabulary:
    """The routes and sanctions that a policy can name, as bits."""

    bits: Bits
    routes: dict[str, RouteUse] = field(default_factory=dict)
    sanctions: dict[str, SanctionUse] = field(default_factory=dict)

    @staticmethod
    def of(policy: p.Policy) -> Vocabulary:
        """All of them are numbered before any set is written."""
        found = Vocabulary(Bits("routes and sanctions", policy.name))
        for variant in policy.variants:
            for proposal in _proposals(variant):
                found.mask(proposal.routes, proposal.sanctions)
        found.check_mergeable()
        return found

    def mask(self, routes: Sequence[RouteUse], sanctions: Sequence[SanctionUse] = ()) -> int:
        found = 0
        for use in routes:
            self.routes[repr(use)] = use
            found |= self.bits.of(repr(use))
        for sanction in sanctions:
            key = repr((sanction.name, sorted(sanction.options.items())))
            self.sanctions[key] = sanction
            found |= self.bits.of(key)
        return found

    def says(self, proposal: Proposal) -> Says:
        return Says(number(proposal.enforcement), number(self.mask(proposal.routes, proposal.sanctions)))

    @property
    def all_routes(self) -> int:
        return sum(self.bits.of(key) for key in self.routes)

    def places(self) -> Mapping[tuple[str, str], list[tuple[int, int | None]]]:
        """The bits and stated priorities of each route and queue."""
        found: dict[tuple[str, str], list[tuple[int, int | None]]] = {}
        for key, use in self.routes.items():
            found.setdefault((use.route, use.queue), []).append((self.bits.of(key), use.priority))
        return found

    def differs(self, layers: Layers, a: Says, b: Says) -> E:
        return some(
            [differ(a.enforcement, b.enforcement), differ(self.merged(layers, a.uses), self.merged(layers, b.uses))]
        )

    def adds(self, layers: Layers, one: Says, to: Says) -> E:
        """Whether joining it would change something."""
        base = self.merged(layers, to.uses)
        union = layers.let("union", bits(base, self.merged(layers, one.uses)))
        return some([compare(">", one.enforcement, to.enforcement), differ(union, base)])

    def merged(self, layers: Layers, uses: E) -> E:
        """The uses with what they come to once joined: of two options of one sanction the severer (`engine.join`).

        Each option that several uses of a sanction state stands as the steps up to its value, so that a union is a merger.
        """
        steps = self._steps()
        if not steps or constant(uses) == 0:
            return uses
        kept = sum(self.bits.of(key) for key in self.routes)
        parts = [case([(has_any(uses, bit), number(mask))], number(0)) for bit, mask in steps.items()]
        return layers.let("merged", bits(only(uses, kept), *parts))

    def _steps(self) -> dict[int, int]:
        """By use of a sanction, the bits of its steps; empty where every sanction has one spelling."""
        names = [use.name for use in self.sanctions.values()]
        if len(names) == len(set(names)):
            return {}
        found = {}
        for key, use in self.sanctions.items():
            mask = self.bits.of(f"has {use.name}")
            for option, value in use.options.items():
                for lower in self._up_to(use.name, option, value):
                    mask |= self.bits.of(f"{use.name}.{option}={lower!r}")
            found[self.bits.of(key)] = mask
        return found

    def _up_to(self, name: str, option: str, value: Scalar) -> list[Scalar]:
        """The stated values of an option that are no severer than `value`."""
        stated = [use.options[option] for use in self.sanctions.values() if use.name == name and option in use.options]
        if isinstance(value, (int, float)):
            return [other for other in stated if isinstance(other, (int, float)) and other <= value]
        return [other for other in stated if str(other) >= str(value)]

    def check_mergeable(self) -> None:
        """Numbers and texts under one option have no order."""
        kinds: dict[tuple[str, str], set[bool]] = {}
        for use in self.sanctions.values():
            for option, value in use.options.items():
                kinds.setdefault((use.name, option), set()).add(isinstance(value, (int, float)))
        mixed = [key for key, found in kinds.items() if len(found) > 1]
        if mixed:
            raise SqlUnsupportedError(
                self.bits.where, f"the option `{mixed[0][1]}` of `{mixed[0][0]}` is a number here and a text there"
            )


def _proposals(variant: p.Variant) -> Iterable[Proposal]:
    for ladder in variant.ladders:
        yield from (rung.proposal for rung in ladder.rungs)
    yield from (rule.proposal for rule in variant.rules)
    yield from (Proposal(0, grant.routes) for grant in variant.grants)
    yield from (default.proposal for item in variant.on_missing for default in item.defaults)
    yield from (default.proposal for default in variant.on_error)
