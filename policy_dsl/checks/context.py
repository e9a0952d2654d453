"""What every check reads: the items of a pack, what they may name, and where each statement holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from policy_dsl import nodes as n
from policy_dsl.cel import types as t
from policy_dsl.env import Env
from policy_dsl.names import Scope, pack_scope, policy_scope
from policy_dsl.places import Stated, statements
from policy_dsl.program import Input
from policy_dsl.source import Source


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
    def pack_scope(self) -> Scope:
        return pack_scope(self.items, self.env.inputs)

    @cached_property
    def scopes(self) -> Mapping[int, Scope]:
        return {id(policy): policy_scope(policy, self.pack_scope) for policy in self.policies}

    def scope(self, policy: n.Policy | None) -> Scope:
        return self.pack_scope if policy is None else self.scopes[id(policy)]

    @cached_property
    def _statements(self) -> Mapping[int, tuple[Stated, ...]]:
        return {id(policy): tuple(statements(policy, self.env)) for policy in self.policies}

    def statements(self, policy: n.Policy) -> tuple[Stated, ...]:
        return self._statements[id(policy)]

    def types(self, scope: Scope) -> Mapping[str, t.Type]:
        """The static type of every name: `let`s are conditions, derived scores are scores."""
        named = {name: type_of(spec) for name, spec in scope.inputs.items()}
        return {**named, **dict.fromkeys(scope.scores, t.SCORE), **dict.fromkeys(scope.lets, t.BOOL)}

    def excused(self, name: str) -> bool:
        """Whether an unknown name may be defined by something that did not parse or load."""
        head = name.partition(".")[0]
        return head in self.env.unknown_scorers or not self.broken.isdisjoint(name.split("."))


def type_of(spec: Input) -> t.Type:
    match spec.kind:
        case "enum":
            return t.enum_of(spec.values)
        case "set":
            return t.set_of(t.STRING)
    return t.parse_type(spec.kind)
