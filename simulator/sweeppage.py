"""Sweeps and their readings -> one HTML page that needs nothing else: curves, a table of thresholds, slices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from policy_dsl.program import MICRO
from simulator.readings import QUALITIES, Point, Present, Reading, presents, thinned
from simulator.report import drawing as d
from simulator.report.figures import curve, legend
from simulator.report.page import prose
from simulator.report.wording import BASES, sliced, told, visible
from simulator.result import Curve, Mark
from simulator.sections.curves import curve as curve_of
from simulator.settings import shown
from simulator.sweep import Account, Sweep
from simulator.tallies import Floats

LEVELS = tuple(range(50_000, MICRO, 50_000))  # of the table
SLICES = 15  # of a margin that are listed
SMALL = 30  # rows: smaller slices are counted, not listed
WIDE, HIGH, LEFT, TOP, STEPS = 300.0, 260.0, 44.0, 24.0, 600


@dataclass(frozen=True, slots=True)
class About:
    """What the page's head and foot say. `digest` of the pack; `caveats` and `no_signal` of the log's column map."""

    command: str
    pack: str
    digest: str
    limen: str
    files: tuple[str, ...]
    rows: int
    caveats: tuple[str, ...] = ()
    no_signal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RungPage:
    """What one rung's part of the page shows. `slices` are the larger ones, `small` how many others there are."""

    name: str
    account: Account
    moved: tuple[Present, ...]
    whole: Reading
    curve: Curve
    table: tuple[tuple[str, Point], ...]
    slices: tuple[Reading, ...]
    small: int

    @property
    def guarded(self) -> bool:
        """Whether no statement of the rung is for all content."""
        return bool(self.moved) and all("[" in item.clause for item in self.moved)

    @property
    def still(self) -> bool:
        """Whether no threshold changes anything in this log."""
        return not np.any(np.diff(self.whole.acts.hits.rows.sum(axis=0)))


def html(sweeps: Sequence[tuple[Sweep, Sequence[Reading]]], about: About) -> str:
    """The page. Every text of the log and the pack is escaped."""
    environment = Environment(
        loader=PackageLoader("simulator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"prose": prose, "visible": visible, "sliced": sliced, "told": told, "level": shown}
    rungs = [_rung(sweep, found) for sweep, found in sweeps]
    return environment.get_template("sweep.html").render(
        about=about, rungs=rungs, curve=curve, legend=legend, plane=plane, bases=BASES, qualities=QUALITIES
    )


def _rung(sweep: Sweep, found: Sequence[Reading]) -> RungPage:
    whole, *parts = found
    moved = presents(sweep)
    listed = [part for part in parts if part.rows >= SMALL]
    kept = [
        part
        for part in listed
        if sum(o.slice.dimension == part.slice.dimension for o in listed[: listed.index(part)]) < SLICES
    ]
    levels = sorted({*LEVELS, *(item.threshold for item in moved if item.threshold is not None)})
    stated = dict.fromkeys(item.threshold for item in moved)
    rows = [(shown(level) + (" (stated)" if level in stated else ""), whole.at(level)) for level in levels]
    return RungPage(
        name=str(sweep.plan.target),
        account=sweep.account,
        moved=moved,
        whole=whole,
        curve=curve_of(
            sweep, [Mark("a", sweep.plan.target.action, level / MICRO) for level in stated if level is not None]
        ),
        table=(("as it is", whole.present), *rows, ("off", whole.at(None))),
        slices=tuple(kept),
        small=len(parts) - len(kept),
    )


def plane(rung: RungPage, kind: str) -> Markup:
    """`pr`: precision over recall; `roc`: recall over the false-positive rate. A dot stands for the pack as it is."""
    across, up = ("recall", "precision") if kind == "pr" else ("false_positive_rate", "recall")
    quality = rung.whole.quality
    if quality is None or quality.basis == "bounds":
        return Markup()
    svg = d.picture(LEFT + WIDE + 26, TOP + HIGH + 44, "curve plane", f"{up} over {across} of {visible(rung.name)}")
    for i in range(6):
        share = i / 5
        d.line(svg, "grid", LEFT, _y(share), LEFT + WIDE, _y(share))
        d.text(svg, "tick y", LEFT - 6, _y(share) + 4, f"{100 * share:.0f} %")
        d.text(svg, "tick x", _x(share), TOP + HIGH + 16, f"{100 * share:.0f} %")
    d.text(svg, "tick x", LEFT + WIDE / 2, TOP + HIGH + 34, across.replace("_", "-").replace("positive-", "positive "))
    d.text(svg, "tick", LEFT, TOP - 9, up)
    named = quality.named
    kept = thinned(rung.whole.acts, STEPS)
    path = _path(named[across].value[kept], named[up].value[kept])
    if path:
        d.path(svg, "step precision" if kind == "pr" else "step recall", path)
    now = [rung.whole.present.quality[name] for name in (across, up)]
    if all(figure.kind == "estimate" for figure in now):
        x, y = (figure.value for figure in now if figure.kind == "estimate")
        d.dot(svg, "mark a", _x(x), _y(y), 4.5)
    return Markup(d.written(svg))  # noqa: S704 - the XML writer has escaped it


def _path(across: Floats, up: Floats) -> str:
    """Steps in no more places than the picture has: NaN ends a line."""
    parts, pen = [], False
    for x, y in zip(across.tolist(), up.tolist(), strict=True):
        if math.isnan(x) or math.isnan(y):
            pen = False
            continue
        parts.append(f"{'L' if pen else 'M'}{d.point(_x(x), _y(y))}")
        pen = True
    return "".join(parts)


def _x(share: float) -> float:
    return LEFT + share * WIDE


def _y(share: float) -> float:
    return TOP + (1 - share) * HIGH
