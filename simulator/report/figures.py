"""Figures of a result -> small drawings: an interval around zero, the course of a column, curves over a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from markupsafe import Markup

from simulator.report import drawing as d
from simulator.report.wording import sliced, visible
from simulator.result import Band, Bounds, Curve, Drift, Figure, Refused

_LINES = (  # field, class, words: dashes tell the lines apart where colours do not
    ("precision", "precision", "precision"),
    ("recall", "recall", "recall"),
    ("false_positive_rate", "fpr", "false-positive rate"),
    ("action_rate", "rate", "share of all rows acted on"),
)


_KINDS = {field: kind for field, kind, _ in _LINES}


def reach(figures: Sequence[Figure]) -> float:
    """The farthest from zero that any of the intervals goes; 1 where none goes anywhere."""
    ends = [abs(end) for f in figures if not isinstance(f, Refused) for end in (f.low, f.high)]
    return max(ends, default=0.0) or 1.0


def whisker(figure: Figure, scale: float) -> Markup:
    """A difference's interval on a line whose middle is zero and whose ends are ±`scale`."""
    if isinstance(figure, Refused):
        return Markup()
    width, height = 120.0, 16.0
    svg = d.picture(width, height, "whisker", f"{figure.low:+.4g} to {figure.high:+.4g}")
    low, high = (width / 2 + end / scale * (width / 2 - 5) for end in (figure.low, figure.high))
    d.line(svg, "zero", width / 2, 0, width / 2, height)
    if isinstance(figure, Bounds):
        d.box(svg, "bounds", low, 4, max(high - low, 2), 8)
        return Markup(d.written(svg))  # noqa: S704 - the XML writer has escaped it
    kind = "up" if figure.low > 0 else "down" if figure.high < 0 else "level"
    d.line(svg, f"span {kind}", low, height / 2, max(high, low + 0.5), height / 2)
    d.dot(svg, f"mid {kind}", width / 2 + figure.value / scale * (width / 2 - 5), height / 2, 3.5)
    return Markup(d.written(svg))  # noqa: S704


def course(drift: Drift) -> Markup:
    """The mean of a score in each part of the window, on a scale from 0 to the greatest."""
    known = [mean for mean in drift.means if mean is not None]
    if len(known) < 2:
        return Markup()
    width, height = 160.0, 36.0
    svg = d.picture(width, height, "course", f"mean of {visible(drift.column)} over time: {_range(known)}")
    top, step = max(known) or 1.0, width / (len(drift.means) - 1)
    points = [(i * step, mean) for i, mean in enumerate(drift.means) if mean is not None]
    d.line(svg, "zero", 0, height - 1, width, height - 1)
    d.path(svg, "mean", "M" + "L".join(d.point(x, height - 2 - mean / top * (height - 6)) for x, mean in points))
    return Markup(d.written(svg))  # noqa: S704


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.3g} to {max(values):.3g}"


_LEFT, _TOP, _WIDE, _HIGH = 48.0, 36.0, 560.0, 220.0


def curve(shown: Curve) -> Markup:
    """All rates of a curve over the threshold, the zones without labels hatched, the rungs of A and B marked."""
    name = f"{visible(shown.policy)}: {visible(shown.rung)} on {visible(shown.score)}, {visible(sliced(shown.slice))}"
    svg = d.picture(_LEFT + _WIDE + 30, _TOP + _HIGH + 40, "curve", name)
    for zone in shown.unlabelled:
        _hatched(svg, _x(zone.low), _x(zone.high))
    _axes(svg, f"threshold on {visible(shown.score, 40)}")
    for band in shown.bands:
        d.path(svg, f"band {_KINDS[band.metric]}", _filled(shown.thresholds, band))
    for field, kind, _ in _LINES:
        if values := getattr(shown, field):
            d.path(svg, f"step {kind}", _steps(shown.thresholds, values))
    for mark in shown.marks:
        x = _x(mark.threshold)
        d.line(svg, f"mark {mark.side}", x, _TOP - 4, x, _TOP + _HIGH)
        d.text(svg, f"mark {mark.side}", x, _TOP - (23 if mark.side == "a" else 7), _mark(mark.side, mark.threshold))
    return Markup(d.written(svg))  # noqa: S704


def legend(shown: Curve) -> list[tuple[str, str]]:
    """Class and words of the lines that the curve has."""
    banded = {band.metric for band in shown.bands}
    lines = [(f"step {k}", words) for field, k, words in _LINES if any(v is not None for v in getattr(shown, field))]
    return [(f"band {k}", f"{words}: not identified, within") for field, k, words in _LINES if field in banded] + lines


def _mark(side: str, threshold: float) -> str:
    return f"{side.upper()} {threshold:g}"


def _x(value: float) -> float:
    return _LEFT + min(max(value, 0.0), 1.0) * _WIDE


def _y(value: float) -> float:
    return _TOP + (1 - value) * _HIGH


def _axes(svg: Element, label: str) -> None:
    for i in range(6):
        share = i / 5
        d.line(svg, "grid", _LEFT, _y(share), _LEFT + _WIDE, _y(share))
        d.text(svg, "tick y", _LEFT - 6, _y(share) + 4, f"{100 * share:.0f} %")
        d.text(svg, "tick x", _x(share), _TOP + _HIGH + 16, f"{share:g}")
    d.text(svg, "tick x", _LEFT + _WIDE / 2, _TOP + _HIGH + 33, label)


def _hatched(svg: Element, low: float, high: float) -> None:
    """Strokes of our own: a pattern would need an id, and ids of several drawings in one page collide."""
    high = max(high, low + 1)
    d.box(svg, "unlabelled", low, _TOP, high - low, _HIGH)
    strokes = []
    start = low - _HIGH
    while start < high:
        x1, x2 = max(start, low), min(start + _HIGH, high)
        if x2 > x1:
            strokes.append(f"M{d.point(x1, _TOP + _HIGH - (x1 - start))}L{d.point(x2, _TOP + _HIGH - (x2 - start))}")
        start += 8
    d.path(svg, "hatch", "".join(strokes))


def _steps(thresholds: Sequence[float], values: Sequence[float | None]) -> str:
    """Value i holds from behind threshold i-1 up to threshold i. Steps that are narrower than half a pixel are left out."""
    parts: list[str] = []
    pen: float | None = None
    for i, value in enumerate(values):
        if value is None:
            pen = None
            continue
        start, end, y = _x(thresholds[i - 1] if i else 0.0), _x(thresholds[i]), d.number(_y(value))
        ends_here = i + 1 == len(values) or values[i + 1] is None
        if pen is not None and end - pen < 0.5 and not ends_here:
            continue
        parts.append(f"M{d.number(start)} {y}" if pen is None else f"V{y}")
        parts.append(f"H{d.number(end)}")
        pen = end
    return "".join(parts)


def _filled(thresholds: Sequence[float], band: Band) -> str:
    """The band as boxes side by side, none narrower than two pixels but the last."""
    parts: list[str] = []
    pen = _x(0.0)
    for i, (low, high) in enumerate(zip(band.low, band.high, strict=True)):
        end = _x(thresholds[i])
        if low is None or high is None:
            pen = end
        elif end - pen >= 2 or i + 1 == len(thresholds):
            parts.append(f"M{d.point(pen, _y(low))}H{d.number(end)}V{d.number(_y(high))}H{d.number(pen)}Z")
            pen = end
    return "".join(parts)
