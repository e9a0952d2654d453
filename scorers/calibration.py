"""A raw score -> a calibrated one, by a monotone piecewise-linear table."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from [0, 1] to [0, 1] given by its corners `(raw, calibrated)`; flat outside the first and last corner.

    Raw values strictly increase, calibrated ones never decrease, so that a threshold keeps its meaning.
    Raises ValueError where the corners say otherwise.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise ValueError(f"a calibration needs at least two points, seen {len(self.points)}")
        if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in self.points):
            raise ValueError("the points of a calibration lie in [0, 1]")
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if x1 <= x0 or y1 < y0:
                raise ValueError(f"a calibration is monotone, but `[{x1}, {y1}]` follows `[{x0}, {y0}]`")

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> "Calibration":
        """Read `[[raw, calibrated], …]`. Raises ValueError."""
        if not all(len(row) == 2 for row in rows):
            raise ValueError("each point of a calibration is a pair `[raw, calibrated]`")
        return cls(tuple((float(x), float(y)) for x, y in rows))

    def __call__(self, raw: float) -> float:
        index = bisect_right(self.points, raw, key=lambda point: point[0])
        if index == 0:
            return self.points[0][1]
        if index == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[index - 1], self.points[index]
        return y0 + (y1 - y0) * (raw - x0) / (x1 - x0)
