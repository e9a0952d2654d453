"""A cube, two programs -> by cell what is known of a policy's labels, and whether A and B act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.decision import Verdict
from policy_dsl.program import Program
from simulator.cube import LABELS, OUTCOME, Cube
from simulator.intervals import LEVEL
from simulator.labels import MINIMUM, Bools, Ints, Sample

RATE = 0.05


@dataclass(frozen=True, slots=True)
class Acting:
    """What counts as acting, and how figures are told.

    A policy acts on a row where its enforcement is `least` or a stronger one (the name of an enforcement of both programs; None: any above
    the weakest), or where it proposes a route, if `routes`. `beta` is that of F-beta, `rate` the chance that any worst gap is flagged
    where no gap is real, `minimum` the effective sample size below which no estimate is given.
    """

    least: str | None = None
    routes: bool = False
    beta: float = 1.0
    level: float = LEVEL
    minimum: float = MINIMUM
    rate: float = RATE

    def on(self, cube: Cube, program: Program, side: int, policy: str) -> Bools:
        """By outcome. False where the program has no such policy. ValueError where it has no such enforcement."""
        least = self._rank(program)
        found = np.zeros(len(cube.outcomes), np.bool_)
        for number, outcomes in enumerate(cube.outcomes):
            found[number] = any(
                self._acts(verdict, least) for verdict in outcomes[side].verdicts if verdict.policy == policy
            )
        return found

    def _acts(self, verdict: Verdict, least: int) -> bool:
        return verdict.enforcement >= least or (self.routes and bool(verdict.routes))

    def _rank(self, program: Program) -> int:
        names = [enforcement.name for enforcement in program.enforcements]
        if self.least is None:
            return 1
        if self.least not in names[1:]:
            raise ValueError(f"`{self.least}` is no enforcement that acts, expected one of {', '.join(names[1:])}")
        return names.index(self.least)


DEFAULT = Acting()


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows by outcome and the other dimensions asked for. `codes` [cells, dimensions]: the first is the outcome."""

    codes: Ints
    rows: Sample
    views: Sample

    @classmethod
    def of(cls, cube: Cube, policy: str, *dimensions: str) -> Cells:
        """Of a policy that has labels."""
        label = f"label.{policy}"
        margin = cube.margin(OUTCOME, *dimensions, label)
        states = np.array([LABELS.index(value) for value in margin.values[label]] or [0])[margin.of(label)]
        codes, at = np.unique(margin.codes[:, :-1], axis=0, return_inverse=True)
        at = at.ravel()

        def by_label(name: str, kind: type = np.float64) -> NDArray[Any]:
            table: NDArray[Any] = np.zeros((len(codes), len(LABELS)), kind)
            np.add.at(table, (at, states), margin.sums[name])
            return table

        rows, drawn = by_label("rows", np.int64), by_label("weighted", np.int64)[:, 1:]
        size = rows.astype(np.float64)
        counts = Sample(rows, size, size, drawn, by_label("weight")[:, 1:], by_label("weight2")[:, 1:])
        views = Sample(
            rows,
            by_label("views"),
            by_label("views2"),
            drawn,
            by_label("weight_views")[:, 1:],
            by_label("weight2_views2")[:, 1:],
        )
        return cls(codes.astype(np.int64), counts, views)

    def select(self, cells: Bools) -> Cells:
        return Cells(self.codes[cells], self.rows.select(cells), self.views.select(cells))

    def by_outcome(self, acts: Bools) -> Bools:
        """By cell, what is known by outcome."""
        found: Bools = acts[self.codes[:, 0]]
        return found


def labelled(cube: Cube) -> tuple[str, ...]:
    """The policies of which at least one row has a label."""
    return tuple(policy for policy in cube.labels if Cells.of(cube, policy).rows.rows[:, 1:].any())


def sides(cube: Cube, programs: Sequence[Program], policy: str, acting: Acting) -> tuple[Bools, Bools]:
    """By outcome: where A acts, where B does."""
    a, b = (acting.on(cube, program, side, policy) for side, program in enumerate(programs))
    return a, b


def named(value: object) -> str:
    """A group, for people: what has no value is a group, too."""
    return "(none)" if value is None else str(value)
