"""Columns that build on each other -> WITH entries, each of which adds the columns that need only those before it.

A column is computed once, however often others ask for it: SQL has no variables, and an expression written out wherever it is
used would double with each step. What only one other asks for is written out there; what nobody asks for falls away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from engine.sql.terms import E, bracketed, column, is_constant

MOST_NODES = 120
"""Of an expression that is written out where it is used: longer ones get a column, so that no engine chokes on one of them."""


@dataclass
class Layers:
    """`known` are the names of expressions, `made` the expressions by name; each names only what was made before it."""

    known: dict[str, str] = field(default_factory=dict)
    made: dict[str, E] = field(default_factory=dict)

    def base(self, name: str) -> E:
        """A column that is there from the start."""
        return column(name)

    def let(self, hint: str, expression: E) -> E:
        """The expression under a name; the same expression has one name, a constant or a column needs none."""
        if is_constant(expression) or isinstance(expression, exp.Column):
            return expression
        key = expression.sql(copy=False)
        if key not in self.known:
            self.known[key] = name = f"{hint}_{len(self.known)}"
            self.made[name] = expression
        return column(self.known[key])

    def settled(self, outputs: Mapping[str, E]) -> Settled:
        """The columns that the outputs need."""
        asked = self._asked(outputs.values())
        written: dict[str, E] = {}
        kept: dict[str, E] = {}
        for name, expression in self.made.items():
            if asked[name]:
                full = _filled(expression, written)
                short = asked[name] == 1 and sum(1 for _ in full.walk()) <= MOST_NODES
                (written if short else kept)[name] = full
        return Settled(kept, {name: _filled(expression, written) for name, expression in outputs.items()})

    def _asked(self, outputs: Iterable[E]) -> Counter[str]:
        """How often each column is asked for, by columns that are asked for themselves."""
        asked: Counter[str] = Counter()
        for expression in outputs:
            asked.update(_names(expression))
        for name, expression in reversed(self.made.items()):
            if asked[name]:
                asked.update(_names(expression))
        return asked


@dataclass(frozen=True)
class Settled:
    columns: Mapping[str, E]
    outputs: Mapping[str, E]

    def entries(self, source: str) -> list[tuple[str, exp.Select]]:
        """The WITH entries on top of the entry `source`, by name. Each passes on what those after it ask for."""
        stages = self._stages()
        needed = [set(_names(*self.outputs.values()))]
        for stage in reversed(stages):
            needed.insert(0, (needed[0] - stage.keys()) | set(_names(*stage.values())))
        found = []
        for number, stage in enumerate(stages, 1):
            added = [exp.alias_(expression, name, quoted=True, copy=False) for name, expression in stage.items()]
            passed = [column(name) for name in sorted(needed[number] - stage.keys())]
            found.append((f"step_{number}", exp.select(*passed, *added, copy=False).from_(source, copy=False)))
            source = f"step_{number}"
        return found

    def _stages(self) -> list[dict[str, E]]:
        depth: dict[str, int] = {}
        stages: list[dict[str, E]] = []
        for name, expression in self.columns.items():
            depth[name] = 1 + max((depth.get(other, 0) for other in _names(expression)), default=0)
            while len(stages) < depth[name]:
                stages.append({})
            stages[depth[name] - 1][name] = expression
        return stages


def _names(*expressions: E) -> list[str]:
    """The columns of the query's own that are named, as often as they are."""
    found = (part for expression in expressions for part in expression.find_all(exp.Column))
    return [part.name for part in found if isinstance(part.this, exp.Identifier) and part.this.quoted]


def _filled(expression: E, written: Mapping[str, E]) -> E:
    """With the columns that are written out in place of their names."""
    found = expression.copy()
    for part in list(found.find_all(exp.Column)):
        if part.name in written:
            whole = bracketed(written[part.name].copy())
            if part is found:
                return whole
            part.replace(whole)
    return found
