"""Columns that build on each other -> WITH entries, each of which adds the columns that need only those before it.

A column is computed once, however often others ask for it: SQL has no variables, and an expression written out wherever it is
used would double with each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from engine.sql.terms import E, column, is_constant


@dataclass
class Layers:
    """`names` counts the columns; those of the base have depth 0."""

    depth: dict[str, int] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    stages: list[list[tuple[str, E]]] = field(default_factory=list)

    def base(self, name: str) -> E:
        """A column that is there from the start."""
        self.depth[name] = 0
        return column(name)

    def let(self, hint: str, expression: E) -> E:
        """The expression under a name; the same expression has one name, a constant or a column needs none."""
        if is_constant(expression) or isinstance(expression, exp.Column):
            return expression
        key = expression.sql()
        if key not in self.known:
            self.known[key] = name = f"{hint}_{len(self.known)}"
            self.depth[name] = depth = 1 + max(
                (self.depth.get(c.name, 0) for c in expression.find_all(exp.Column)), default=0
            )
            while len(self.stages) < depth:
                self.stages.append([])
            self.stages[depth - 1].append((name, expression))
        return column(self.known[key])

    def entries(self, source: str) -> list[tuple[str, exp.Select]]:
        """The WITH entries on top of the entry `source`, by name; the last has all columns."""
        found = []
        for number, stage in enumerate(self.stages, 1):
            added = [exp.alias_(expression, name, quoted=True, copy=False) for name, expression in stage]
            found.append((f"step_{number}", exp.select("*", *added, copy=False).from_(source)))
            source = f"step_{number}"
        return found
