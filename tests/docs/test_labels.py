"""The page on labels: its figures of public data and its limits are those of the code."""

from __future__ import annotations

from simulator import labels, unseen
from simulator.labels import estimated, solve
from simulator.result import Estimate
from tests.docs.pages import DOCS
from tests.simulator.test_open_bandit import CLICKS, sample

PAGE = (DOCS / "explanation" / "labels.md").read_text(encoding="utf-8")


def told(campaign: str) -> str:
    figures = [estimated(sample(campaign), CLICKS, method) for method in ("ipw", "snipw")]
    cells = [f"{figure.value:.8f}".lstrip("0") if isinstance(figure, Estimate) else "refused" for figure in figures]
    solved = solve(sample(campaign), CLICKS, "snipw")
    assert solved is not None
    return f"| {campaign} | {' | '.join(cells)} | {solved.effective:.4g} |"


def test_the_figures_of_the_open_bandit_dataset_are_those_computed():
    for campaign in ("all", "men", "women"):
        assert told(campaign) in PAGE


def test_the_limits_are_those_of_the_code():
    assert labels.MINIMUM == 30
    assert "Below 30 an estimate is **refused**" in PAGE
    assert unseen.CHANCE == 1 / 1000
    assert "once in a thousand" in PAGE
    assert unseen.STRAY == 5
    assert "within five\n   standard deviations" in PAGE
