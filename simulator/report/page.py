"""A result -> one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from simulator.report import judged, tables
from simulator.report.answer import answer
from simulator.report.figures import course, curve, legend
from simulator.report.wording import BASES, listed, moment, sliced, titled, told, visible
from simulator.result import Bounds, Estimate, Result

LIGHTS = {"green": "●", "amber": "▲", "red": "■"}  # told apart without colours, too
_WORST_FIRST = ("red", "amber", "green")


def html(result: Result) -> str:
    """The page; the same result gives the same bytes. Every text of the result is escaped, and shown with its hidden characters."""
    return _environment().get_template("report.html").render(
        result=result,
        answer=answer(result),
        decisions=tables.decisions(result),
        never=tables.never(result),
        left_open=tables.is_open(result),
        diagonal=tables.diagonal(result),
        policies=tables.policies(result),
        unchanged=tables.unchanged(result),
        heats=tables.heats(result),
        quality=judged.quality(result),
        settled=judged.settled(result),
        slices=judged.slices(result),
        changes=tables.changes(result),
        gaps=tables.gaps(result),
        load=tables.load(result),
        assumptions=sorted(result.assumptions, key=lambda a: _WORST_FIRST.index(a.light)),
        dimensions=sorted({row.slice.dimension for row in result.changed} | {gap.dimension for gap in result.fairness}),
        has_views=any(row.views is not None for row in result.examples),
        bases=BASES,
        lights=LIGHTS,
        methods=sorted(_methods(result) - {"exact"}),
    )  # fmt: skip


def _methods(value: object) -> set[str]:
    """The names of all methods by which an interval of the result was made."""
    if isinstance(value, Estimate | Bounds):
        return {value.method}
    if isinstance(value, tuple):
        return set().union(*map(_methods, value)) if value else set()
    if is_dataclass(value):
        return _methods(tuple(getattr(value, field.name) for field in fields(value)))
    return set()


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("simulator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "prose": prose, "visible": visible, "sliced": sliced, "listed": listed, "told": told, "moment": moment, "titled": titled,
        "curve": curve, "legend": legend, "course": course,
    }  # fmt: skip
    return found


def prose(text: str) -> Markup:
    """A sentence whose names in backticks are set as names."""
    parts = visible(text, 2000).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))
