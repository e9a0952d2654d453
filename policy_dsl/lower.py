"""A checked pack -> Program. Nothing here can fail: what could is a finding of `checks/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from policy_dsl import nodes as n
from policy_dsl import program as p
from policy_dsl.cel.nodes import Ident
from policy_dsl.cel.serial import to_json
from policy_dsl.cel.walk import walk
from policy_dsl.env import Env
from policy_dsl.inherit import VariantLowering
from policy_dsl.names import Scope, pack_scope, policy_scope
from policy_dsl.outcomes import proposal
from policy_dsl.places import GLOBAL, Stated, expand, stated, statements
from policy_dsl.scores import lower_score
from policy_dsl.source import Source, Span
from policy_dsl.tiers import severities

T = TypeVar("T")
Lower: TypeAlias = Callable[[n.Policy], p.Policy]


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
