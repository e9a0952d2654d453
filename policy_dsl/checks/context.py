"""What every check reads: the items of a pack, what they may name, and where each statement holds."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from policy_dsl import nodes as n
from policy_dsl.cel import types as t
from policy_dsl.cel.check import check
from policy_dsl.cel.nodes import Expr
from policy_dsl.cel.resolve import free_names, resolve
from policy_dsl.checks.definitions import Definitions
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.env import Env
from policy_dsl.names import Scope, pack_scope, policy_scope
from policy_dsl.places import GLOBAL, Place, Stated, expand, stated, statements
from policy_dsl.program import Input
from policy_dsl.source import Source


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, in the policy whose names it sees, or at the top of a file; `node` is the clause or `let`."""

    expr: Expr
    policy: n.Policy | None
    node: n.PolicyItem | n.Item
    place: Place


@dataclass(frozen=True)
class Context:
    """`broken` are the words of texts that did not parse: what they may have defined is not reported as unknown."""

    items: tuple[n.Item, ...]
    env: Env
    sources: Mapping[str, Source]
    broken: frozenset[str] = frozenset()

    @cached_property
    def policies(self) -> tuple[n.Policy, ...]:
        return tuple(item for item in self.items if isinstance(item, n.Policy))

    @cached_property
    def policy_names(self) -> Mapping[str, n.Policy]:
        """By name; of two policies with one name the first."""
        return {policy.name.text: policy for policy in reversed(self.policies)}

    # -- names -----------------------------------------------------------------------------------------------------

    @cached_property
    def pack_scope(self) -> Scope:
        return pack_scope(self.items, self.env.inputs)

    @cached_property
    def scopes(self) -> Mapping[int, Scope]:
        return {id(policy): policy_scope(policy, self.pack_scope) for policy in self.policies}

    def scope(self, policy: n.Policy | None) -> Scope:
        return self.pack_scope if policy is None else self.scopes[id(policy)]

    @cached_property
    def _definitions(self) -> Mapping[int | None, Definitions]:
        top = Definitions(*_defined(self.items))
        return {None: top, **{id(policy): Definitions(*_defined(policy.body), top) for policy in self.policies}}

    def definitions(self, policy: n.Policy | None) -> Definitions:
        """What the policy (or the top of the files) itself defines."""
        return self._definitions[None if policy is None else id(policy)]

    @cached_property
    def elsewhere(self) -> Mapping[str, tuple[n.Policy, n.Name]]:
        """What some policy defines, by its own name and behind the policy's: others cannot name it."""
        found: dict[str, tuple[n.Policy, n.Name]] = {}
        for policy in self.policies:
            for item in policy.body:
                if isinstance(item, (n.Let, n.Score)):
                    found.setdefault(item.name.text, (policy, item.name))
                    found.setdefault(f"{policy.name.text}.{item.name.text}", (policy, item.name))
        return found

    def excused(self, name: str) -> bool:
        """Whether an unknown name may be defined by something that did not parse or load."""
        head = name.partition(".")[0]
        return head in self.env.unknown_scorers or not self.broken.isdisjoint(name.split("."))

    def told_elsewhere(self, name: str) -> bool:
        """Whether another finding tells why this name is unknown."""
        return name in self.elsewhere or self.excused(name)

    @cached_property
    def _input_types(self) -> Mapping[str, t.Type]:
        return {name: type_of(spec) for name, spec in self.env.inputs.items()}

    @cached_property
    def _types(self) -> Mapping[int | None, Mapping[str, t.Type]]:
        top = ChainMap(_types(self.definitions(None)), dict(self._input_types))
        return {None: top, **{id(policy): top.new_child(_types(self.definitions(policy))) for policy in self.policies}}

    def types(self, policy: n.Policy | None) -> Mapping[str, t.Type]:
        """The static type of every name: `let`s are conditions, derived scores are scores."""
        return self._types[None if policy is None else id(policy)]

    def resolved(self, expr: Expr, policy: n.Policy | None) -> tuple[Expr, Mapping[str, t.Type]]:
        """The expression with its names resolved, and their types; unknown names that other findings tell of may be anything."""
        scope, types = self.scope(policy), self.types(policy)
        tree = resolve(expr, lambda name: scope.declares(name) or self.told_elsewhere(name))
        told = {name: t.DYN for name, _ in free_names(tree) if name not in types and self.told_elsewhere(name)}
        return tree, ChainMap(told, dict(types)) if told else types

    def expand(self, expr: Expr, policy: n.Policy | None) -> Expr | None:
        """As it is evaluated; None where it cannot be written out."""
        return self.scope(policy).expand(expr) if self.definitions(policy).writable(expr) else None

    @cached_property
    def memo(self) -> dict[int, Any]:
        """What one check has worked out about a policy, by its identity, for the others (`slots.py`)."""
        return {}

    # -- statements ------------------------------------------------------------------------------------------------

    @cached_property
    def _statements(self) -> Mapping[int, tuple[Stated, ...]]:
        return {id(policy): tuple(statements(policy, self.env)) for policy in self.policies}

    def statements(self, policy: n.Policy) -> tuple[Stated, ...]:
        return self._statements[id(policy)]

    @cached_property
    def clauses(self) -> tuple[Stated, ...]:
        """The clauses at the top of files."""
        kinds = (n.ExceptionClause, n.Adjust, n.Consequence)
        return tuple(stated(item, self.env) for item in self.items if isinstance(item, kinds))

    @cached_property
    def everything(self) -> tuple[tuple[n.Policy | None, Stated], ...]:
        """Every statement and clause, and the policy in which it stands."""
        inner = [(policy, found) for policy in self.policies for found in self.statements(policy)]
        return (*((None, found) for found in self.clauses), *inner)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of the pack that is not too deep to look at."""
        return tuple(found for found in self.written if self.definitions(found.policy).writable(found.expr))

    @cached_property
    def _type_findings(self) -> Mapping[int, tuple[Diagnostic, ...]]:
        return {id(found): check(*self.resolved(found.expr, found.policy))[1] for found in self.conditions}

    def type_findings(self, condition: Condition) -> tuple[Diagnostic, ...]:
        """What is wrong with the types of one of `conditions`."""
        return self._type_findings[id(condition)]

    @cached_property
    def written(self) -> tuple[Condition, ...]:
        return tuple(self._conditions())

    def _conditions(self) -> Iterator[Condition]:
        top = [Stated(Place(), item) for item in self.items if isinstance(item, n.Let)]
        for policy, found in (*((None, let) for let in top), *self.everything):
            expr = found.node.value if isinstance(found.node, n.Let) else getattr(found.node, "when", None)
            if expr is not None:
                yield Condition(expr, policy, found.node, found.place)

    @cached_property
    def _whens(self) -> Mapping[int | None, tuple[Condition, ...]]:
        found: dict[int | None, list[Condition]] = {}
        for condition in self.written:
            if not isinstance(condition.node, n.Let):
                found.setdefault(None if condition.policy is None else id(condition.policy), []).append(condition)
        return {key: tuple(conditions) for key, conditions in found.items()}

    def whens(self, policy: n.Policy | None) -> tuple[Condition, ...]:
        """The conditions of the policy's own clauses, or of those at the top of the files."""
        return self._whens.get(None if policy is None else id(policy), ())

    # -- policies --------------------------------------------------------------------------------------------------

    def home(self, policy: n.Policy) -> tuple[str, ...]:
        """The regions below which the policy applies."""
        names = [name for item in policy.body if isinstance(item, n.Regions) for name in item.names]
        return expand(names, self.env) if names else (GLOBAL,)

    def severity(self, policy: n.Policy) -> str | None:
        """As lowering reads it; None where the manifest lacks it."""
        levels = [item.level.text for item in policy.body if isinstance(item, n.SeverityLine)]
        level = levels[0] if levels else list(self.env.manifest.severities)[-1]
        return level if level in self.env.manifest.severities else None

    def reaches(self, meta: n.Meta, policy: n.Policy) -> bool:
        """Whether an exception or adjustment at the top of a file holds for a policy: for the severest where it is named (R18)."""
        if meta.policies:
            return any(name.text == policy.name.text for name in meta.policies)
        return self.severity(policy) != next(iter(self.env.manifest.severities))

    def reached(self, policy: n.Policy | None, meta: n.Meta) -> tuple[n.Policy, ...]:
        """The policies for which a clause holds: its own, or where it stands at the top of a file, those that it reaches."""
        return (policy,) if policy else tuple(other for other in self.policies if self.reaches(meta, other))


def _defined(items: tuple[n.Item, ...] | tuple[n.PolicyItem, ...]) -> tuple[dict[str, Expr], dict[str, Expr]]:
    lets = {item.name.text: item.value for item in items if isinstance(item, n.Let)}
    return lets, {item.name.text: item.value for item in items if isinstance(item, n.Score)}


def _types(own: Definitions) -> dict[str, t.Type]:
    return {**dict.fromkeys(own.lets, t.BOOL), **dict.fromkeys(own.scores, t.SCORE)}


def type_of(spec: Input) -> t.Type:
    match spec.kind:
        case "enum":
            return t.enum_of(spec.values)
        case "set":
            return t.set_of(t.STRING)
    return t.parse_type(spec.kind)
