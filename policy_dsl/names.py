"""Names of a pack -> what they stand for: lexical, never shadowed (ruling R18)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policy_dsl import nodes as n
from policy_dsl.cel.nodes import Expr, Ident
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.walk import replace_free, walk
from policy_dsl.program import Input


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name: inputs by full name, `scores` (local name -> full name and expression), `lets`."""

    inputs: Mapping[str, Input]
    scores: Mapping[str, tuple[str, Expr]]
    lets: Mapping[str, Expr]

    def declares(self, name: str) -> bool:
        return name in self.inputs or name in self.scores or name in self.lets

    def full(self, score: str) -> str:
        """The full name of a score as a file writes it: an input's own, a derived one behind its policy."""
        return self.scores[score][0] if score in self.scores else score

    def expand(self, expr: Expr) -> Expr:
        """The condition with names resolved, `let`s written out and derived scores by full name."""

        def change(ident: Ident) -> Expr:
            if ident.name in self.lets:
                return self.expand(self.lets[ident.name])
            return Ident(self.full(ident.name), ident.span)

        return replace_free(resolve(expr, self.declares), change)

    def derived(self, used: Iterable[str]) -> tuple[tuple[str, Expr], ...]:
        """The derived scores among `used` (full names) and all they rest on, operands first."""
        by_full = dict(self.scores.values())
        order: dict[str, Expr] = {}

        def visit(name: str) -> None:
            if name not in by_full or name in order:
                return
            expr = self.expand(by_full[name])
            for part in walk(expr):
                if isinstance(part, Ident):
                    visit(part.name)
            order[name] = expr

        for name in used:
            visit(name)
        return tuple(order.items())


def pack_scope(items: Iterable[n.Item], inputs: Mapping[str, Input]) -> Scope:
    """What stands at the top of the files: it sees inputs and itself only."""
    items = tuple(items)
    scores = {item.name.text: (item.name.text, item.value) for item in items if isinstance(item, n.Score)}
    lets = {item.name.text: item.value for item in items if isinstance(item, n.Let)}
    return Scope(inputs, scores, lets)


def policy_scope(policy: n.Policy, pack: Scope) -> Scope:
    """A policy's own names beside the pack's."""
    own = policy.name.text
    scores = {
        item.name.text: (f"{own}.{item.name.text}", item.value) for item in policy.body if isinstance(item, n.Score)
    }
    lets = {item.name.text: item.value for item in policy.body if isinstance(item, n.Let)}
    return Scope(pack.inputs, {**pack.scores, **scores}, {**pack.lets, **lets})
