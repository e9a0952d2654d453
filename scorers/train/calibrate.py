"""Raw scores and labels -> a calibration: a monotone table, one for each language with enough rows, and how far off it still is.

    temperature   sigmoid(a · logit(raw)), a > 0 (Guo et al., 2017, "On Calibration of Modern Neural Networks")
    platt         sigmoid(a · logit(raw) + b), a > 0 (Platt, 1999)
    isotonic      the rising step function that is nearest to the labels (Zadrozny and Elkan, 2002)

`ece` is the expected calibration error over 15 bins of equal width (Guo et al.): the mean distance between what the scores of a
bin say and how often they are right. `after` is measured on rows that a fold's fit has not seen. scikit-learn fits.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from scorers.calibration import FORMAT

Method = Literal["temperature", "platt", "isotonic"]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Points = tuple[tuple[float, float], ...]

BINS = 15
FOLDS = 5
LEAST = 20
"""Of each answer, for a table: with fewer, a fold would have next to none."""
EDGE = 1e-6  # a score is known to a millionth
CORNERS = np.unique(
    np.round(np.concatenate([np.linspace(0, 1, 201), *((k * 10.0**-n, 1 - k * 10.0**-n) for n in range(3, 7) for k in (1, 2, 5))]), 6)
)  # fmt: skip


class CalibrationError(ValueError):
    """Rows on which nothing can be fitted."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table and what it is worth: `before` and `after` are expected calibration errors; `outside` are the scores that each
    row gets from the folds that have not seen it.
    """

    points: Points
    rows: int
    positives: int
    before: float
    after: float
    outside: Floats = field(repr=False)

    def data(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "positives": self.positives,
            "ece": {"before": round(self.before, 6), "after": round(self.after, 6)},
            "table": [list(point) for point in self.points],
        }


def fit(raw: Floats, yes: Bools, method: Method) -> Fitted:
    """Raises CalibrationError where rows are too few, or the score does not rise with the label."""
    if min(int(yes.sum()), int((~yes).sum())) < LEAST:
        raise CalibrationError(
            f"{int(yes.sum())} rows have the label and {int((~yes).sum())} have not: expected at least {LEAST} of each"
        )
    outside = np.empty(len(raw))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(raw, yes):
        outside[test] = apply(table(raw[train], yes[train], method), raw[test])
    points = table(raw, yes, method)
    return Fitted(points, len(raw), int(yes.sum()), ece(raw, yes), ece(outside, yes), outside)


def fit_languages(
    raw: Floats, yes: Bools, languages: Sequence[str | None], method: Method, general: Fitted
) -> tuple[dict[str, Fitted], tuple[str, ...], tuple[str, ...]]:
    """The languages with a table of their own, those with too few rows for one, and those for which the general one is as good.

    Better is a lower Brier score (the mean squared distance from the label) on rows that the folds have not seen.
    """
    found: dict[str, Fitted] = {}
    few: list[str] = []
    as_good: list[str] = []
    codes = np.array([code or "" for code in languages])
    for code in sorted({code for code in codes.tolist() if code}):
        here = codes == code
        try:
            own = fit(raw[here], yes[here], method)
        except CalibrationError:
            few.append(code)
            continue
        if brier(own.outside, yes[here]) < brier(general.outside[here], yes[here]):
            found[code] = own
        else:
            as_good.append(code)
    return found, tuple(few), tuple(as_good)


def brier(scores: Floats, yes: Bools) -> float:
    return float(((scores - yes) ** 2).mean())


def table(raw: Floats, yes: Bools, method: Method) -> Points:
    """The corners of the map. Raises CalibrationError where a higher score does not mean the label more often."""
    if method == "isotonic":
        model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw, yes)
        x, y = model.X_thresholds_, model.y_thresholds_
    else:
        slope, shift = _logistic(raw, yes, method)
        x, y = CORNERS, _sigmoid(slope * _logit(CORNERS) + shift)
    points = {float(a): float(b) for a, b in zip(np.round(x, 6), np.round(y, 6), strict=True)}
    if len(points) < 2 or points[min(points)] >= points[max(points)]:
        raise CalibrationError("a higher score does not mean the label more often: these rows cannot calibrate it")
    return tuple(sorted(points.items()))


def _logistic(raw: Floats, yes: Bools, method: Method) -> tuple[float, float]:
    model = LogisticRegression(C=1e6, fit_intercept=method == "platt", max_iter=1000).fit(_logit(raw)[:, None], yes)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise CalibrationError("a higher score does not mean the label more often: these rows cannot calibrate it")
    return slope, float(model.intercept_[0]) if method == "platt" else 0.0


def apply(points: Points, raw: Floats) -> Floats:
    """As `scorers.calibration.Calibration` does, for many."""
    x, y = zip(*points, strict=True)
    found: Floats = np.interp(raw, x, y)
    return found


def ece(scores: Floats, yes: Bools) -> float:
    """In [0, 1]; see the module's text."""
    return float(sum(share * abs(said - true) for said, true, share in bins(scores, yes)))


def bins(scores: Floats, yes: Bools) -> list[tuple[float, float, float]]:
    """For each bin that is not empty: the mean score, how often the label is there, and the share of all rows."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    inside = [place == number for number in range(BINS)]
    return [(float(scores[i].mean()), float(yes[i].mean()), float(i.mean())) for i in inside if i.any()]


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def stored(general: Fitted, languages: dict[str, Fitted], method: Method, card: dict[str, Any]) -> dict[str, Any]:
    """The file's content. `card` says of what and on what it was fitted: `scorer`, `score`, `label`, `data`."""
    plain = {"format": FORMAT, **card, "method": method, **general.data()}
    return plain | {"languages": {code: own.data() for code, own in languages.items()}}


def _logit(raw: Floats) -> Floats:
    clipped = np.clip(raw, EDGE, 1 - EDGE)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-x))
    return found
