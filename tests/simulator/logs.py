"""Made logs, row by row, for the statistics of labels: what is true, who was reviewed with which chance, and the sums by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.labels import Sample

CELLS = 12
ACTS_A = np.arange(CELLS) % 6 >= 4  # of six bands of scores, in two regions
ACTS_B = np.arange(CELLS) % 6 >= 3
BAND = np.arange(CELLS) % 6
REGION = np.arange(CELLS) // 6
SHARES = np.array([0.5, 0.2, 0.12, 0.08, 0.06, 0.04])  # of the rows, by band
VIOLATIONS = np.array([0.02, 0.05, 0.15, 0.4, 0.7, 0.9])  # of the band
CHANCE = np.array([0.05, 0.1, 0.3, 0.5, 0.6, 0.9])  # of a review


@dataclass(frozen=True)
class Rows:
    cell: np.ndarray
    violation: np.ndarray
    propensity: np.ndarray
    reviewed: np.ndarray

    def sample(self, views: np.ndarray | None = None, cells: int = CELLS) -> Sample:
        label = np.where(self.reviewed, 1 + self.violation, 0)
        size = np.ones(len(label)) if views is None else views.astype(float)
        weight = np.where(self.reviewed, size / self.propensity, 0.0)

        def sums(values: np.ndarray) -> np.ndarray:
            return np.bincount(self.cell * 3 + label, values, minlength=3 * cells).reshape(-1, 3)

        rows = sums(np.ones(len(label))).astype(np.int64)
        return Sample(rows, sums(size), sums(size**2), rows[:, 1:], sums(weight)[:, 1:], sums(weight**2)[:, 1:])

    def unmasked(self, views: np.ndarray | None = None, cells: int = CELLS) -> Sample:
        everyone = np.ones(len(self.cell), bool)
        return Rows(self.cell, self.violation, np.ones(len(self.cell)), everyone).sample(views, cells)


def draw(rng: np.random.Generator, rows: int, spread: float = 0.5, chance: np.ndarray = CHANCE) -> Rows:
    """Chances of a review differ within a cell, too, by up to `spread` of the cell's."""
    band = rng.choice(6, rows, p=SHARES)
    violation = rng.random(rows) < VIOLATIONS[band]
    propensity = chance[band] * (1 - spread * rng.random(rows))
    reviewed = rng.random(rows) < propensity
    return Rows(band + 6 * rng.integers(0, 2, rows), violation, np.maximum(propensity, 1e-9), reviewed)
