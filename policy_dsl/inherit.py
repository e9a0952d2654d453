"""A policy in one place of the tree -> its variant: what is stated there and above, inherited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from policy_dsl import nodes as n
from policy_dsl import program as p
from policy_dsl.cel.serial import to_json
from policy_dsl.env import Env
from policy_dsl.outcomes import RungKey, option_values, proposal, rung_key
from policy_dsl.places import Stated, StatedRung, rungs
from policy_dsl.source import Span
from policy_dsl.tiers import severities

if TYPE_CHECKING:
    from policy_dsl.lower import PolicyLowering

T = TypeVar("T")


@dataclass(frozen=True)
class VariantLowering:
    """One policy in one place of the tree. `chain`: the regions that matter to it, most specific first."""

    policy: PolicyLowering
    chain: tuple[str, ...]

    @property
    def env(self) -> Env:
        return self.policy.env

    @cached_property
    def here(self) -> tuple[tuple[str, Stated], ...]:
        """The statements that hold here, each with the region that states it, most specific first."""
        pairs = [(item.place.region_in(self.chain), item) for item in self.policy.found]
        held = [(region, item) for region, item in pairs if region is not None]
        return tuple(sorted(held, key=lambda pair: self.precedence(pair[0], pair[1].place.guard)))

    def precedence(self, region: str, guard: p.Guard) -> tuple[Any, ...]:
        """Region first, then the innermost `for`, then an experiment's arm, then the latest `from` (R1, R11, R17).

        Of two that cannot hold together neither wins: their own texts keep the order of a file out of the Program.
        """
        at = self.chain.index(region)
        beside = (guard.within, guard.arm or ())
        return at, -len(guard.within), guard.arm is None, guard.start is None, -(guard.start or 0), beside

    def lower(self) -> p.Variant:
        ladders = self.ladders()
        rules = self.each(n.Rule, self.rule)
        grants = self.each(n.ExceptionClause, self.grant)
        adjustments = self.each(n.Adjust, self.adjustment)
        priorities = self.each(n.Priority, self.priority)
        return p.Variant(
            scores=self.policy.scores,
            ladders=ladders,
            rules=rules,
            grants=grants,
            adjustments=adjustments,
            priorities=priorities,
            on_missing=self.on_missing(),
            on_error=(*self.defaults(n.OnError, None), self.fallback("on_error")),
            effects=self.effects(),
        )

    def each(self, kind: type, make: Callable[[str, Stated], T]) -> tuple[T, ...]:
        return tuple(
            self.policy.once((kind, id(item.node), region), partial(make, region, item))
            for region, item in self.of(kind)
        )

    def of(self, kind: type) -> list[tuple[str, Stated]]:
        """The statements of a kind in an order that no file's order changes: by name or level, then by place."""
        found = [(region, item) for region, item in self.here if isinstance(item.node, kind)]

        def label(item: Stated) -> str:
            node = item.node
            named = getattr(node, "name", None) or getattr(node, "level", None)
            return named.text if named else ""

        return sorted(found, key=lambda pair: label(pair[1]))

    def clause(self, what: str, region: str, guard: p.Guard) -> str:
        """`nudity.risk.remove@DE[content.surface=live]~2026-03-01`."""
        within = "".join(f"[{name}={','.join(values)}]" for name, values in guard.within)
        since = "" if guard.start is None else "~" + _date(guard.start)
        arm = "" if guard.arm is None else f"%{guard.arm[0]}:{guard.arm[1]}"
        return f"{self.policy.name}.{what}@{region}{within}{since}{arm}"

    def where(self, span: Span) -> str:
        return self.policy.pack.where(span)

    def ladders(self) -> tuple[p.Ladder, ...]:
        found = [(region, rung) for region, item in self.here for rung in rungs([item])]
        by_score: dict[str, dict[RungKey, list[tuple[str, StatedRung]]]] = {}
        for region, item in found:
            by_key = by_score.setdefault(self.policy.scope.full(item.ladder.score.text), {})
            by_key.setdefault(rung_key(item.rung.outcomes, self.env), []).append((region, item))
        return tuple(self.ladder(score, by_score[score]) for score in sorted(by_score))

    def ladder(self, score: str, by_key: Mapping[RungKey, Sequence[tuple[str, StatedRung]]]) -> p.Ladder:
        key = (score, tuple((region, id(item.rung)) for key in sorted(by_key) for region, item in by_key[key]))
        return self.policy.once(key, lambda: p.Ladder(score, self.rungs(by_key)))

    def rungs(self, by_key: Mapping[RungKey, Sequence[tuple[str, StatedRung]]]) -> tuple[p.Rung, ...]:
        return tuple(
            p.Rung(
                key.name,
                proposal(by_key[key][0][1].rung.outcomes, self.env),
                tuple(self.cut(key, *pair) for pair in by_key[key]),
            )
            for key in sorted(by_key)
        )

    def cut(self, key: RungKey, region: str, item: StatedRung) -> p.Cut:
        return self.policy.once((id(item.rung), region), lambda: self.make_cut(key, region, item))

    def make_cut(self, key: RungKey, region: str, item: StatedRung) -> p.Cut:
        threshold = item.rung.threshold.micros if item.rung.threshold else None
        clause = self.clause(f"{item.ladder.score.text}.{key.name}", region, item.place.guard)
        return p.Cut(item.place.guard, threshold, clause, self.where(item.rung.span))

    def condition(self, node: n.Rule | n.ExceptionClause | n.Adjust | n.Priority) -> p.Condition:
        return to_json(self.policy.scope.expand(node.when))

    def rule(self, region: str, item: Stated) -> p.Rule:
        node = item.node
        assert isinstance(node, n.Rule)
        guard = item.place.guard
        clause, source = self.clause(node.name.text, region, guard), self.where(node.span)
        return p.Rule(clause, source, guard, self.condition(node), proposal(node.outcomes, self.env), node.absolute)

    def grant(self, region: str, item: Stated) -> p.Grant:
        node = item.node
        assert isinstance(node, n.ExceptionClause)
        cap = node.grant if isinstance(node.grant, n.Cap) else None
        return p.Grant(
            clause=self.clause(node.name.text, region, item.place.guard),
            source=self.where(node.span),
            guard=item.place.guard,
            when=self.condition(node),
            cap=self.env.rank(cap.enforcement.text) if cap else None,
            routes=proposal(cap.routes, self.env).routes if cap else (),
            score=self.policy.scope.full(cap.score.text) if cap and cap.score else None,
            reason=node.meta.reason.value if node.meta.reason else None,
        )

    def adjustment(self, region: str, item: Stated) -> p.Adjustment:
        node = item.node
        assert isinstance(node, n.Adjust)
        micros = node.by.micros or 0
        return p.Adjustment(
            clause=self.clause(node.name.text, region, item.place.guard),
            source=self.where(node.span),
            guard=item.place.guard,
            when=self.condition(node),
            delta=micros if node.direction == "raise" else -micros,
            reason=node.meta.reason.value if node.meta.reason else None,
        )

    def priority(self, region: str, item: Stated) -> p.PriorityRaise:
        node = item.node
        assert isinstance(node, n.Priority)
        clause = self.clause(f"priority({node.level.text})", region, item.place.guard)
        level = self.env.severity_rank(node.level.text)
        return p.PriorityRaise(clause, self.where(node.span), item.place.guard, self.condition(node), level)

    def on_missing(self) -> tuple[p.OnMissing, ...]:
        names = sorted(
            {item.node.input.text for _, item in self.here if isinstance(item.node, n.OnMissing) and item.node.input}
        )
        named = [p.OnMissing(name, self.defaults(n.OnMissing, name)) for name in names]
        return (*named, p.OnMissing(None, (*self.defaults(n.OnMissing, None), self.fallback("on_missing"))))

    def defaults(self, kind: type, name: str | None) -> tuple[p.Default, ...]:
        found = []
        for region, item in self.here:
            node = item.node
            if not isinstance(node, kind):
                continue
            stated_input = node.input.text if isinstance(node, n.OnMissing) and node.input else None
            if stated_input != name:
                continue
            assert isinstance(node, (n.OnMissing, n.OnError))
            what = "on_error" if kind is n.OnError else f"on_missing({name})" if name else "on_missing"
            clause = self.clause(what, region, item.place.guard)
            found.append(p.Default(item.place.guard, proposal(node.outcomes, self.env), clause, self.where(node.span)))
        return tuple(found)

    def fallback(self, what: str) -> p.Default:
        """The severity's default."""
        tier = severities(self.env)[self.env.severity_rank(self.policy.severity)]
        name = n.Name(tier.on_missing)
        return p.Default(p.ALWAYS, proposal((n.Outcome(name),), self.env), f"{tier.name}.{what}", "limen.yaml")

    def effects(self) -> tuple[p.Effect, ...]:
        by_key: dict[tuple[int, str], list[p.EffectValue]] = {}
        for _, item in self.here:
            if isinstance(item.node, n.Effects):
                rank = self.env.rank(item.node.enforcement.text)
                for assign in item.node.assigns:
                    value = p.EffectValue(item.place.guard, option_values((assign,))[assign.name.text])
                    by_key.setdefault((rank, assign.name.text), []).append(value)
        return tuple(p.Effect(rank, key, tuple(values)) for (rank, key), values in sorted(by_key.items()))


def _date(moment: int) -> str:
    at = datetime.fromtimestamp(moment / 1_000_000, UTC)
    return at.date().isoformat() if (at.hour, at.minute, at.second) == (0, 0, 0) else at.strftime("%Y-%m-%dT%H:%M:%SZ")
