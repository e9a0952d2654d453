"""Rows of an experiment -> sums by unit (the author, the account), and by arm the moments of the units' rates.

What an experiment draws is units, and rows of one unit are alike: a unit is therefore one observation, its rate over its rows, and
arms are compared by the mean rate of their units. Memory grows with units: some 200 bytes and 8 for each measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from simulator.intervals import Moments

NO_UNIT = -1
ROOM = 1024


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of an arm's units. `some` units have a rate above 0, `full` ones a rate of 1; `hits` of `rows` rows are counted."""

    moments: Moments
    some: int
    full: int
    hits: int
    rows: int

    @property
    def units(self) -> int:
        return self.moments.rows


class Units:
    """Who is in the experiment: units by number, in order of appearance, and their arms."""

    def __init__(self, arm_of: Callable[[Any], int]) -> None:
        """`arm_of` gives the arm of a unit where no row says it."""
        self._arm_of = arm_of
        self._numbers: dict[Any, int] = {}
        self._arms: list[int] = []
        self._crossed: set[int] = set()
        self._first = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._arms)

    @property
    def arms(self) -> np.ndarray:
        """By unit: its arm; -1 of one that was seen in several."""
        found = self.first_arms.copy()
        found[sorted(self._crossed)] = -1
        return found

    @property
    def first_arms(self) -> np.ndarray:
        """By unit: the arm in which it was first seen."""
        self._first = np.concatenate([self._first, np.array(self._arms[len(self._first) :], np.int64)])
        return self._first

    @property
    def crossed(self) -> int:
        """How many were seen in several arms."""
        return len(self._crossed)

    def reassigned(self) -> int:
        """How many were first seen in another arm than `arm_of` gives."""
        return sum(self._arm_of(unit) != arm for unit, arm in zip(self._numbers, self._arms, strict=True))

    def numbers(self, units: pa.Array, logged: np.ndarray | None) -> np.ndarray:
        """The number of each row's unit, -1 where it has none. `logged` are the rows' arms, -1 unknown; None: `arm_of` knows."""
        coded = units if pa.types.is_dictionary(units.type) else units.dictionary_encode()
        codes = coded.indices.fill_null(NO_UNIT).to_numpy(zero_copy_only=False).astype(np.int64)
        values = coded.dictionary.to_pylist()
        present = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(values)))
        first = _first_arms(codes, logged, len(values)) if logged is not None else None
        known = np.full(len(values) + 1, NO_UNIT)  # the last stands for no unit
        for code in present.tolist():
            if values[code] is not None:
                known[code] = self._number(values[code], None if first is None else int(first[code]))
        found: np.ndarray = known[codes]
        if logged is not None:
            self._cross(found, logged)
        return found

    def _number(self, unit: Any, logged: int | None) -> int:
        number = self._numbers.get(unit)
        if number is None and logged != NO_UNIT:
            number = self._numbers[unit] = len(self._arms)
            self._arms.append(self._arm_of(unit) if logged is None else logged)
        return NO_UNIT if number is None else number

    def _cross(self, numbers: np.ndarray, logged: np.ndarray) -> None:
        told = np.flatnonzero((numbers >= 0) & (logged >= 0))
        here = np.unique(np.stack([numbers[told], logged[told]]), axis=1)
        self._crossed |= {number for number, arm in here.T.tolist() if self._arms[number] != arm}


def _first_arms(codes: np.ndarray, logged: np.ndarray, units: int) -> np.ndarray:
    """By unit of the batch the arm of its first row that tells one."""
    told = np.flatnonzero((codes >= 0) & (logged >= 0))[::-1]
    first = np.full(units, NO_UNIT)
    first[codes[told]] = logged[told]  # the last assignment stays: that of the first row
    return first


class Sums:
    """By unit and measure: rows that could be counted, and those that were."""

    def __init__(self, measures: int) -> None:
        self._of = np.zeros((measures, ROOM), np.int32)
        self._hits = np.zeros((measures, ROOM), np.int32)

    def add(self, measure: int, numbers: np.ndarray, hits: np.ndarray) -> None:
        """Rows of units, and which of them are hits."""
        if not len(numbers):
            return
        while numbers.max() >= self._of.shape[1]:
            self._of, self._hits = (np.concatenate([one, np.zeros_like(one)], axis=1) for one in (self._of, self._hits))
        np.add.at(self._of[measure], numbers, 1)
        np.add.at(self._hits[measure], numbers[hits], 1)

    def rates(self, measure: int, arms: np.ndarray, number: int) -> list[Rates]:
        """Of each of `number` arms."""
        of, hits = self._of[measure, : len(arms)], self._hits[measure, : len(arms)]
        return [_rates(of[mine], hits[mine]) for mine in ((arms == arm) & (of > 0) for arm in range(number))]


def _rates(of: np.ndarray, hits: np.ndarray) -> Rates:
    rate = hits / of
    moments = Moments(len(rate), float(rate.sum()), float((rate**2).sum()))
    return Rates(moments, int((hits > 0).sum()), int((hits == of).sum()), int(hits.sum()), int(of.sum()))


def arm_codes(column: pa.Array, names: Sequence[str]) -> np.ndarray:
    """A log's arms as numbers in `names`, of which the first is that of rows without one; -1 for what is no arm's name."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    known = {name: number for number, name in enumerate(names)}
    table = np.array([known.get(str(value), -1) for value in coded.dictionary.to_pylist()] + [0])
    codes = coded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    found: np.ndarray = table[codes]
    return found
