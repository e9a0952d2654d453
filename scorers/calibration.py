"""A raw score -> a calibrated one, by a monotone piecewise-linear table, of its own for a language where there is one."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Self

FORMAT = "limen-calibration/1"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from [0, 1] to [0, 1] given by its corners `(raw, calibrated)`; flat outside the first and last corner.

    Raw values strictly increase, calibrated ones never decrease, so that a threshold keeps its meaning. `languages` are the
    tables of contents in some languages, by code (`de`). Raises ValueError where the corners say otherwise.
    """

    points: tuple[tuple[float, float], ...]
    languages: "Mapping[str, Calibration]" = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise ValueError(f"a calibration needs at least two points, seen {len(self.points)}")
        if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in self.points):
            raise ValueError("the points of a calibration lie in [0, 1]")
        for (x0, y0), (x1, y1) in pairwise(self.points):
            if x1 <= x0 or y1 < y0:
                raise ValueError(f"a calibration is monotone, but `[{x1}, {y1}]` follows `[{x0}, {y0}]`")

    @classmethod
    def from_data(cls, data: Any, scorer: str) -> Self:
        """Read a table, or what `limen calibrate` writes for the scorer `scorer` (`plugin@version`). Raises ValueError."""
        if not isinstance(data, Mapping):
            return cls.from_rows(data)
        if data.get("format") != FORMAT:
            raise ValueError(f"its `format` is not `{FORMAT}`: expected what `limen calibrate` writes, or a table")
        if data.get("scorer") != scorer:
            raise ValueError(
                f"it was fitted for `{data.get('scorer')}`, and the scorer here is `{scorer}`, whose raw scores may mean "
                "something else: fit it again with `limen calibrate`"
            )
        try:
            languages = {str(code): cls.from_rows(own["table"]) for code, own in data.get("languages", {}).items()}
            return cls(cls.from_rows(data["table"]).points, MappingProxyType(languages))
        except (KeyError, TypeError, AttributeError):
            raise ValueError(
                "it lacks a `table` of pairs `[raw, calibrated]`: expected what `limen calibrate` writes"
            ) from None

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Self:
        """Read `[[raw, calibrated], …]`. Raises ValueError."""
        if not all(len(row) == 2 for row in rows):
            raise ValueError("each point of a calibration is a pair `[raw, calibrated]`")
        return cls(tuple((float(x), float(y)) for x, y in rows))

    def __call__(self, raw: float, language: str | None = None) -> float:
        """The calibrated score of a content in a language: `pt-BR` takes the table of `pt-BR`, else of `pt`, else the general one."""
        if language and self.languages:
            own = self.languages.get(language) or self.languages.get(language.split("-", maxsplit=1)[0].lower())
            if own is not None:
                return own(raw)
        index = bisect_right(self.points, raw, key=lambda point: point[0])
        if index == 0:
            return self.points[0][1]
        if index == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[index - 1], self.points[index]
        return y0 + (y1 - y0) * (raw - x0) / (x1 - x0)
