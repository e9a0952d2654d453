"""Inverse propensity estimates against figures of the Open Bandit Dataset that were computed elsewhere (its BTS log, uniform policy)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulator.labels import Ratio, Sample, estimated, solve
from simulator.result import Estimate, Refused

LOG = Path(__file__).parent / "data" / "open_bandit.parquet"
CLICKS = Ratio(np.array([[0.0, 1.0]]), np.ones((1, 2)), (np.ones((1, 2), bool),))


def sample(campaign: str) -> Sample:
    """A click is a violation; the chance that the uniform policy shows the item, over that with which it was shown, is the weight."""
    log = pq.read_table(LOG)
    log = log.filter(pc.equal(log["campaign"], campaign))
    click = log["click"].to_numpy().astype(int)
    weight = 1 / (log["items"].to_numpy() * log["propensity"].to_numpy())

    def sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(click, values, minlength=2)[None]

    rows = np.array([[0, *np.bincount(click, minlength=2)]])
    return Sample(rows, rows.astype(float), rows.astype(float), rows[:, 1:], sums(weight), sums(weight**2))


@pytest.mark.parametrize(
    ("campaign", "ipw", "snipw", "effective"),
    [("all", 0.00235964, 0.00233371, 340.4), ("men", 0.00300863, 0.00318942, 655.7)],
)
def test_the_estimates_are_those_computed_elsewhere(campaign, ipw, snipw, effective):
    told = sample(campaign)
    plain, normal = estimated(told, CLICKS, "ipw"), estimated(told, CLICKS, "snipw")
    assert isinstance(plain, Estimate)
    assert isinstance(normal, Estimate)
    assert plain.value == pytest.approx(ipw, abs=5e-9)
    assert normal.value == pytest.approx(snipw, abs=5e-9)
    assert normal.effective == pytest.approx(effective, abs=0.05)
    assert 0 < normal.low < normal.value < normal.high < 3 * normal.value


def test_what_two_weights_carry_is_refused():
    told = sample("women")
    solved = solve(told, CLICKS, "snipw")
    assert solved is not None
    assert solved.effective == pytest.approx(2.08, abs=0.005)
    for method in ("ipw", "snipw"):
        refused = estimated(told, CLICKS, method)
        assert isinstance(refused, Refused)
        assert refused.effective == pytest.approx(2.08, abs=0.005)
        assert refused.reason == (
            "the 10000 reviewed rows are worth 2.08 (effective sample size), expected at least 30"
        )
