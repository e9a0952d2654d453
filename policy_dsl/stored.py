"""Program <-> canonical JSON. What several variants of a policy share is written once and, read again, shared again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from policy_dsl import program as p


@dataclass(frozen=True, slots=True)
class Pools:
    """The distinct parts of a policy's variants, in order of their first use."""

    scores: tuple[p.Score, ...] = ()
    ladders: tuple[p.Ladder, ...] = ()
    rules: tuple[p.Rule, ...] = ()
    grants: tuple[p.Grant, ...] = ()
    adjustments: tuple[p.Adjustment, ...] = ()
    priorities: tuple[p.PriorityRaise, ...] = ()
    on_missing: tuple[p.OnMissing, ...] = ()
    on_error: tuple[p.Default, ...] = ()
    effects: tuple[p.Effect, ...] = ()


KINDS = tuple(item.name for item in fields(Pools))


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """`variants` hold places in the pools, by kind."""

    policy: p.Policy
    pools: Pools
    variants: tuple[dict[str, tuple[int, ...]], ...]

    def restored(self) -> p.Policy:
        """Raises ValueError where a place lies outside of its pool."""
        return replace(self.policy, variants=tuple(self.variant(places) for places in self.variants))

    def variant(self, places: dict[str, tuple[int, ...]]) -> p.Variant:
        try:
            parts = {kind: tuple(getattr(self.pools, kind)[i] for i in places.get(kind, ())) for kind in KINDS}
        except IndexError:
            raise ValueError(f"the policy `{self.policy.name}` refers to a part that it does not hold") from None
        return p.Variant(**parts)


@dataclass(frozen=True, slots=True)
class StoredProgram:
    program: p.Program
    policies: tuple[StoredPolicy, ...]


@dataclass
class _Pool:
    """Collects distinct parts; a part is told by its canonical JSON, looked up by identity first."""

    kind: str
    parts: list[Any] = field(default_factory=list)
    by_text: dict[str, int] = field(default_factory=dict)
    by_id: dict[int, int] = field(default_factory=dict)

    def places(self, items: Sequence[Any]) -> list[int]:
        return [self.by_id[id(item)] if id(item) in self.by_id else self.add(item) for item in items]

    def add(self, item: Any) -> int:
        text = canonical(_plain(item))
        if text not in self.by_text:
            self.by_text[text] = len(self.parts)
            self.parts.append(item)
        self.by_id[id(item)] = self.by_text[text]
        return self.by_text[text]


def to_json(program: p.Program) -> str:
    """Sorted keys, no spaces: equal programs give equal bytes on every machine."""
    stored = StoredProgram(replace(program, policies=()), tuple(_stored(policy) for policy in program.policies))
    return canonical(_plain(stored))


def _stored(policy: p.Policy) -> StoredPolicy:
    pools = {kind: _Pool(kind) for kind in KINDS}
    variants = tuple(
        {kind: tuple(pools[kind].places(getattr(v, kind))) for kind in KINDS if getattr(v, kind)}
        for v in policy.variants
    )
    parts = Pools(**{kind: tuple(pool.parts) for kind, pool in pools.items()})
    return StoredPolicy(replace(policy, variants=()), parts, variants)


def from_json(text: str | bytes) -> p.Program:
    """Raises ValueError (pydantic.ValidationError) where the text is no program of this version."""
    stored = _adapter(StoredProgram).validate_json(text)
    program: p.Program = stored.program
    return replace(program, policies=tuple(policy.restored() for policy in stored.policies))


def digest(text: str) -> str:
    """`sha256:` and 64 hexadecimal digits over a program's canonical JSON."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
