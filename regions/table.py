"""The regimes -> a Markdown table, and a docs page -> the page with that table between its markers."""

from regions.load import load_regions
from regions.regime import Regime

_BEGIN = "<!-- regimes: written by `python -m regions.generate` -->\n"
_END = "<!-- end of regimes -->"
_HEAD = "| where | regime | duty | hours | in force | source |\n| --- | --- | --- | --- | --- | --- |\n"


def with_table(page: str) -> str:
    """The page with a fresh table; `ValueError` where a marker is missing."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page lacks a marker: expected `{_BEGIN.strip()}` and then `{_END}`")
    return before + begin + regimes_table() + end + after


def regimes_table() -> str:
    """One row a regime, by region and then by date."""
    regimes = sorted(load_regions().all_regimes, key=lambda regime: (regime.regions, regime.in_force_from, regime.id))
    return _HEAD + "".join(map(_row, regimes))


def _row(regime: Regime) -> str:
    hours = "" if regime.deadline_hours is None else str(regime.deadline_hours)
    until = f"to {regime.in_force_until}" if regime.in_force_until else ""
    duty = f"{regime.duty} *{regime.note}*" if regime.note else regime.duty
    cells = (
        ", ".join(regime.regions),
        f"**{regime.title}** `{regime.id}`",
        duty,
        hours,
        f"from {regime.in_force_from} {until}".strip(),
        f"[{regime.citation}]({regime.url})",
    )
    return "| " + " | ".join(cells) + " |\n"
