"""The `let`s and scores of a scope -> which of them can be written out: no circle, not too deep, not too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from policy_dsl.cel.nodes import Expr, Ident, MapExpr
from policy_dsl.cel.walk import children

# A bundle's reader takes about 200 levels of JSON, and an evaluator about five calls of Python a level.
MAX_DEPTH = 120
# A fusion function takes two or three levels of JSON.
MAX_SCORE_DEPTH = 50
MAX_LINKS = 100
MAX_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Measure:
    """Of an expression with its `let`s written out: levels (at most `deepest`), parts, the longest chain of scores behind it."""

    depth: int
    size: int
    links: int = 0
    deepest: int = MAX_DEPTH

    @property
    def fits(self) -> bool:
        return self.depth <= self.deepest and self.size <= MAX_SIZE and self.links <= MAX_LINKS


@dataclass(frozen=True)
class Definitions:
    """What one scope defines itself; `base` is the scope around it."""

    lets: Mapping[str, Expr]
    scores: Mapping[str, Expr]
    base: Definitions | None = None

    @cached_property
    def own(self) -> Mapping[str, Expr]:
        return {**self.lets, **self.scores}

    @cached_property
    def circles(self) -> tuple[tuple[str, ...], ...]:
        """Each as the names along it, the first again at the end."""
        return self._sorted[0]

    @cached_property
    def _sorted(self) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """The circles, and the names in no circle, each behind those that it rests on."""
        graph = {name: {used for used in identifiers(expr) if used in self.own} for name, expr in self.own.items()}
        circles: list[tuple[str, ...]] = []
        while True:
            try:
                return tuple(circles), tuple(TopologicalSorter(graph).static_order())
            except CycleError as error:
                circle = tuple(reversed(error.args[1]))
                circles.append(circle)
                graph = {name: used - set(circle) for name, used in graph.items() if name not in circle}

    @cached_property
    def measures(self) -> Mapping[str, Measure | None]:
        """None where a definition is in a circle, too large, or rests on such a one."""
        found: dict[str, Measure | None] = dict.fromkeys(name for circle in self.circles for name in circle)
        for name in self._sorted[1]:
            expr = self.own[name]
            size = self._measure(expr, found)
            if size and name in self.scores:
                size = replace(size, deepest=MAX_SCORE_DEPTH)
            found[name] = size if size and size.fits else None
        return found

    @cached_property
    def oversize(self) -> tuple[str, ...]:
        """The definitions that are too deep or too long by themselves, and not because of one that they use."""
        lost = {name for name, size in self.measures.items() if size is None}
        circular = {name for circle in self.circles for name in circle}
        return tuple(
            name for name in lost - circular if not any(self.lost(used) for used in identifiers(self.own[name]))
        )

    def lost(self, name: str) -> bool:
        """Whether this name is defined and cannot be written out."""
        if name in self.own:
            return self.measures[name] is None
        return self.base is not None and self.base.lost(name)

    def measure(self, expr: Expr) -> Measure | None:
        """Of an expression of this scope; None where it uses a definition that cannot be written out."""
        return self._measure(expr, self.measures)

    def writable(self, expr: Expr) -> bool:
        size = self.measure(expr)
        return size is not None and size.fits

    def _measure(self, expr: Expr, found: Mapping[str, Measure | None]) -> Measure | None:
        depth = size = links = 0
        stack = [(expr, 1)]
        while stack:
            part, level = stack.pop()
            depth, size = max(depth, level), size + 1
            if isinstance(part, Ident):
                of = self._of(part.name, found)
                if of is None:
                    return None
                is_let, behind = of
                links = max(links, behind.links)
                if is_let:
                    depth, size = max(depth, level + behind.depth), size + behind.size
            below = level + (2 if isinstance(part, MapExpr) else 1)
            stack += [(child, below) for child in children(part)]
        return Measure(depth, size, links)

    def _of(self, name: str, found: Mapping[str, Measure | None]) -> tuple[bool, Measure] | None:
        """Whether a name is a `let`, and what stands behind it; a score counts as one more link."""
        if name not in self.own:
            return self.base._of(name, self.base.measures) if self.base else (False, Measure(0, 0))  # noqa: SLF001
        behind = found.get(name)
        if behind is None:
            return None
        return (True, behind) if name in self.lets else (False, Measure(0, 0, behind.links + 1))


def identifiers(expr: Expr) -> Iterator[str]:
    """Every identifier of an expression of any depth; the first word of each chain of fields."""
    stack = [expr]
    while stack:
        part = stack.pop()
        if isinstance(part, Ident):
            yield part.name
        stack += children(part)
