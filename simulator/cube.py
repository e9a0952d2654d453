"""Replayed rows -> counts and sums by what they have in common; cubes of other rows, processes and machines add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.decision import Outcome

OUTCOME, REGION, LANGUAGE = "outcome", "region", "language"
LABELS = (None, False, True)
SUMS = {
    "rows": np.int64,
    "views": np.int64,
    "views2": np.float64,
    "weighted": np.int64,
    "weight": np.float64,
    "weight2": np.float64,
    "weight_views": np.float64,
    "weight2_views2": np.float64,
}
"""Of a cell: its rows; the sum of their views and of the squares (no views: 0); how many have a propensity p, the sums of 1/p
and 1/p², of views/p and of their squares."""


@dataclass(frozen=True)
class Cube:
    """`codes` [cells, dimensions] are numbers into the `values` of each dimension; `sums` [cells] are named as in `SUMS`.

    `outcomes` gives for each outcome id one Outcome per program. A label's values are `LABELS`: None where nobody looked.
    """

    dimensions: tuple[str, ...]
    values: Mapping[str, tuple[Any, ...]]
    codes: npt.NDArray[np.int32]
    sums: Mapping[str, npt.NDArray[Any]]
    outcomes: tuple[tuple[Outcome, ...], ...]

    @property
    def rows(self) -> int:
        return int(self.sums["rows"].sum())

    @property
    def labels(self) -> tuple[str, ...]:
        """The policies that have labels."""
        return tuple(name.removeprefix("label.") for name in self.dimensions if name.startswith("label."))

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The dimensions by which rows can be told apart beside what was decided and what is true."""
        return tuple(name for name in self.dimensions if name != OUTCOME and not name.startswith("label."))

    def of(self, dimension: str) -> npt.NDArray[np.int32]:
        """The code of each cell."""
        found: npt.NDArray[np.int32] = self.codes[:, self.dimensions.index(dimension)]
        return found

    def select(self, mask: npt.NDArray[np.bool_]) -> Cube:
        """Some of the cells."""
        sums = {name: values[mask] for name, values in self.sums.items()}
        return Cube(self.dimensions, self.values, self.codes[mask], sums, self.outcomes)

    def margin(self, *dimensions: str) -> Cube:
        """Summed over all other dimensions."""
        places = [self.dimensions.index(name) for name in dimensions]
        values = {name: self.values[name] for name in dimensions}
        codes, sums = _summed(self.codes[:, places], self.sums)
        return Cube(tuple(dimensions), values, codes, sums, self.outcomes)

    def merge(self, other: Cube) -> Cube:
        """The rows of both. ValueError where their dimensions differ."""
        if self.dimensions != other.dimensions:
            raise ValueError(f"a cube by {self.dimensions} and one by {other.dimensions} do not add up")
        outcomes = tuple(dict.fromkeys((*self.outcomes, *other.outcomes)))
        numbers = {outcome: number for number, outcome in enumerate(outcomes)}
        values: dict[str, tuple[Any, ...]] = {}
        mine, theirs = self.codes.copy(), other.codes.copy()
        for place, name in enumerate(self.dimensions):
            if name == OUTCOME:
                values[name] = tuple(range(len(outcomes)))
                for codes, cube in ((mine, self), (theirs, other)):
                    table = np.array([numbers[outcome] for outcome in cube.outcomes] or [0], np.int32)
                    codes[:, place] = table[codes[:, place]]
                continue
            values[name] = tuple(dict.fromkeys((*self.values[name], *other.values[name])))
            table = np.array([values[name].index(value) for value in other.values[name]] or [0], np.int32)
            theirs[:, place] = table[theirs[:, place]]
        both = {name: np.concatenate([self.sums[name], other.sums[name]]) for name in self.sums}
        codes, sums = _summed(np.concatenate([mine, theirs]), both)
        return Cube(self.dimensions, values, codes, sums, outcomes)

    def canonical(self) -> tuple[tuple[Any, ...], ...]:
        """Every cell with values for codes and its row count, in an order that does not depend on how the cube was made."""
        columns = [
            [self.outcomes[code] if name == OUTCOME else self.values[name][code] for code in self.of(name).tolist()]
            for name in self.dimensions
        ]
        cells = zip(*columns, self.sums["rows"].tolist(), self.sums["views"].tolist(), strict=True)
        return tuple(sorted(cells, key=repr))


def _summed(
    codes: npt.NDArray[np.int32], sums: Mapping[str, npt.NDArray[Any]]
) -> tuple[npt.NDArray[np.int32], dict[str, npt.NDArray[Any]]]:
    """Cells of equal codes as one."""
    if not codes.size:
        count = int(bool(len(codes)))
        return codes[:count], {name: values.sum(keepdims=True)[:count] for name, values in sums.items()}
    distinct, inverse = np.unique(codes, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    found = {}
    for name, values in sums.items():
        found[name] = np.zeros(len(distinct), values.dtype)
        np.add.at(found[name], inverse, values)
    return distinct, found


def empty(dimensions: Sequence[str]) -> Cube:
    """Of no rows."""
    return Cube(
        tuple(dimensions),
        {name: LABELS if name.startswith("label.") else () for name in dimensions},
        np.zeros((0, len(dimensions)), np.int32),
        {name: np.zeros(0, kind) for name, kind in SUMS.items()},
        (),
    )
