"""A region that a caller names -> the one by whose rules it is decided, or what is wrong with it (ruling R20)."""

from __future__ import annotations

from policy_dsl.program import Program
from policy_dsl.suggest import suggest

NO_REGION = "`region` is missing: give a region code such as `DE`, or a list of codes"


def unknown_region(region: str, program: Program) -> str:
    """What is said of a region that the program lacks."""
    near = suggest(region, program.regions)
    return f"unknown region `{region[:40]}`" + (f", did you mean `{near}`" if near else "")
