"""A checked pack -> Program. Nothing here can fail: what could is a finding of `checks/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, TypeAlias, TypeVar

from policy_dsl import nodes as n
from policy_dsl import program as p
from policy_dsl.cel.nodes import Ident
from policy_dsl.cel.serial import to_json
from policy_dsl.cel.walk import walk
from policy_dsl.env import Env
from policy_dsl.names import Scope, pack_scope, policy_scope
from policy_dsl.outcomes import RungKey, option_values, proposal, rung_key
from policy_dsl.places import GLOBAL, Stated, StatedRung, expand, rungs, stated, statements
from policy_dsl.scores import lower_score
from policy_dsl.source import Source, Span

T = TypeVar("T")
Lower: TypeAlias = Callable[[n.Policy], p.Policy]
FAIL_CLOSED = ("P0", "P1")


def lower(
    items: Sequence[n.Item],
    env: Env,
    sources: Mapping[str, Source],
    again: Callable[[n.Policy, Lower], p.Policy] | None = None,
) -> p.Program:
    """The Program of all files' items; `again` may know a policy's program from before."""
    pack = PackLowering(tuple(items), env, sources)
    manifest = env.manifest
    return p.Program(
        ir=p.IR_VERSION,
        language=manifest.language,
        pack=manifest.pack,
        enforcements=tuple(p.Enforcement(name, dict(spec.effects)) for name, spec in manifest.enforcements.items()),
        routes=tuple(p.Route(name, spec.queue, spec.exclusive) for name, spec in manifest.routes.items()),
        sanctions=tuple(p.Sanction(name, spec.options) for name, spec in manifest.sanctions.items()),
        severities=severities(env),
        inputs=tuple(sorted(env.inputs.values(), key=lambda item: item.name)),
        unknown_region=manifest.unknown_region,
        regions=env.tree.codes,
        parents=tuple((*env.tree.chain(code), None)[1] for code in env.tree.codes),
        dates=pack.dates,
        policies=tuple(again(policy, pack.policy) if again else pack.policy(policy) for policy in pack.policies),
        consequences=pack.consequences,
        scorers=dict(sorted(manifest.scorers.items())),
    )


def severities(env: Env) -> tuple[p.SeverityTier, ...]:
    """With each tier's default: `review` for P0 and P1, nothing for the others, unless the manifest says."""
    weakest = next(iter(env.manifest.enforcements))
    return tuple(
        p.SeverityTier(name, spec.sla_seconds, spec.on_missing or ("review" if name in FAIL_CLOSED else weakest))
        for name, spec in env.manifest.severities.items()
    )


@dataclass(frozen=True)
class PackLowering:
    """What all policies of a pack share."""

    items: tuple[n.Item, ...]
    env: Env
    sources: Mapping[str, Source]

    @cached_property
    def policies(self) -> tuple[n.Policy, ...]:
        return tuple(
            sorted((item for item in self.items if isinstance(item, n.Policy)), key=lambda policy: policy.name.text)
        )

    @cached_property
    def scope(self) -> Scope:
        return pack_scope(self.items, self.env.inputs)

    @cached_property
    def dates(self) -> tuple[int, ...]:
        """Every moment at which some statement begins or ends to hold."""
        places = [found.place for policy in self.policies for found in statements(policy, self.env)]
        places += [found.place for found in self.clauses]
        return tuple(sorted({t for place in places for t in (place.guard.start, place.guard.end) if t is not None}))

    @cached_property
    def clauses(self) -> tuple[Stated, ...]:
        """The clauses at the top of files, by name."""
        kinds = (n.ExceptionClause, n.Adjust, n.Consequence)
        found = [item for item in self.items if isinstance(item, kinds)]
        return tuple(stated(item, self.env) for item in sorted(found, key=lambda item: item.name.text))

    @cached_property
    def consequences(self) -> tuple[p.Consequence, ...]:
        top = [
            self.consequence(found, self.scope, None) for found in self.clauses if isinstance(found.node, n.Consequence)
        ]
        inner = [
            self.consequence(found, policy_scope(policy, self.scope), policy)
            for policy in self.policies
            for found in statements(policy, self.env)
            if isinstance(found.node, n.Consequence)
        ]
        return tuple(sorted(top + inner, key=lambda item: item.clause))

    def consequence(self, found: Stated, scope: Scope, policy: n.Policy | None) -> p.Consequence:
        node = found.node
        assert isinstance(node, n.Consequence)
        when = scope.expand(node.when) if node.when is not None else None
        used = [part.name for part in walk(when) if isinstance(part, Ident)] if when is not None else []
        named = (policy.name.text,) if policy else tuple(sorted(name.text for name in node.meta.policies)) or None
        return p.Consequence(
            clause=f"{policy.name.text}.{node.name.text}" if policy else node.name.text,
            source=self.where(node.span),
            regions=found.place.tops(self.env.tree),
            guard=found.place.guard,
            policies=named,
            on=tuple(sorted({self.env.rank(name.text) for name in node.on})),
            when=to_json(when) if when is not None else None,
            proposal=proposal(node.outcomes, self.env),
            scores=tuple(p.Score(name, lower_score(expr)) for name, expr in scope.derived(used)),
        )

    def policy(self, policy: n.Policy) -> p.Policy:
        return PolicyLowering(self, policy).lower()

    def reaches(self, clause: n.ExceptionClause | n.Adjust, policy: n.Policy, severity: str) -> bool:
        """Whether a pack-level clause holds for a policy: a P0 policy only where it is named (ruling R18)."""
        if clause.meta.policies:
            return policy.name.text in {name.text for name in clause.meta.policies}
        return severity != next(iter(self.env.manifest.severities))

    def where(self, span: Span) -> str:
        line, _ = self.sources[span.path].position(span.start)
        return f"{span.path}:{line}"


@dataclass(frozen=True)
class PolicyLowering:
    """One policy on its way into the Program."""

    pack: PackLowering
    node: n.Policy

    @property
    def env(self) -> Env:
        return self.pack.env

    @property
    def name(self) -> str:
        return self.node.name.text

    @cached_property
    def scope(self) -> Scope:
        return policy_scope(self.node, self.pack.scope)

    @cached_property
    def severity(self) -> str:
        levels = [item.level.text for item in self.node.body if isinstance(item, n.SeverityLine)]
        return levels[0] if levels else list(self.env.manifest.severities)[-1]

    @cached_property
    def lowered(self) -> dict[Any, Any]:
        """Parts by what they are made from: variants that share a statement share its lowered form."""
        return {}

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        if key not in self.lowered:
            self.lowered[key] = make()
        found: T = self.lowered[key]
        return found

    @cached_property
    def found(self) -> tuple[Stated, ...]:
        """The policy's statements and the pack-level clauses that reach it."""
        reaching = (
            item
            for item in self.pack.clauses
            if isinstance(item.node, (n.ExceptionClause, n.Adjust))
            and self.pack.reaches(item.node, self.node, self.severity)
        )
        return (*statements(self.node, self.env), *reaching)

    @cached_property
    def home(self) -> tuple[str, ...]:
        """The regions below which the policy applies."""
        names = [name for item in self.node.body if isinstance(item, n.Regions) for name in item.names]
        return expand(names, self.env) if names else (GLOBAL,)

    def lower(self) -> p.Policy:
        text = {type(item): item.text.value for item in self.node.body if isinstance(item, (n.Title, n.Owner))}
        variants, places = self.variants()
        return p.Policy(
            name=self.name,
            title=text.get(n.Title, self.name),
            owner=text.get(n.Owner, ""),
            severity=self.env.severity_rank(self.severity),
            shadow=any(isinstance(item, n.Mode) and item.mode.text == "shadow" for item in self.node.body),
            source=self.pack.where(self.node.span),
            variants=variants,
            places=places,
            experiments=tuple(self.experiment(item) for item in self.node.body if isinstance(item, n.Experiment)),
        )

    def variants(self) -> tuple[tuple[p.Variant, ...], tuple[int, ...]]:
        """The distinct forms of the policy, and which of them each region has; regions that differ in nothing share one."""
        mentioned = frozenset(self.home).union(*(item.place.mentioned for item in self.found))
        variants: list[p.Variant] = []
        index: dict[tuple[str, ...], int] = {}
        places: list[int] = []
        for code in self.env.tree.codes:
            chain = tuple(region for region in self.env.tree.chain(code) if region in mentioned)
            if chain not in index:
                applies = any(region in self.home for region in chain)
                index[chain] = self.place(VariantLowering(self, chain).lower(), variants) if applies else -1
            places.append(index[chain])
        return tuple(variants), tuple(places)

    @staticmethod
    def place(variant: p.Variant, variants: list[p.Variant]) -> int:
        if variant not in variants:
            variants.append(variant)
        return variants.index(variant)

    @cached_property
    def scores(self) -> tuple[p.Score, ...]:
        """The policy's own derived scores and the pack's that it uses."""
        own = [full for full, _ in self.scope.scores.values() if full.startswith(self.name + ".")]
        conditions = [
            self.scope.expand(when) for item in self.found if (when := getattr(item.node, "when", None)) is not None
        ]
        named = [part.name for when in conditions for part in walk(when) if isinstance(part, Ident)]
        laddered = [self.scope.full(item.node.score.text) for item in self.found if isinstance(item.node, n.Ladder)]
        used = sorted({*own, *named, *laddered})
        return tuple(p.Score(name, lower_score(expr)) for name, expr in self.scope.derived(used))

    def experiment(self, node: n.Experiment) -> p.Experiment:
        share = round(float(node.share.text) * 10_000)
        salt = node.salt.value if node.salt else f"{self.env.manifest.pack}/{self.name}/{node.name.text}"
        arms = tuple(p.Arm(v.name.text, i * share, (i + 1) * share) for i, v in enumerate(node.variants))
        return p.Experiment(node.name.text, node.unit.text, salt, arms)


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

    def precedence(self, region: str, guard: p.Guard) -> tuple[int, int, bool, bool, int]:
        """Region first, then the innermost `for`, then an experiment's arm, then the latest `from` (R1, R11, R17)."""
        at = self.chain.index(region)
        return at, -len(guard.within), guard.arm is None, guard.start is None, -(guard.start or 0)

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
