"""Rates of the units of two arms -> means and differences that hold at every look, and what a guardrail says to them.

A unit's rate lies in [0, 1]. Where enough units have one that is neither 0 nor 1, the normal mixture with the estimated deviation holds
asymptotically. Where few do, it would be too short: there the mean is bounded exactly, as P(rate = 1) <= mean <= P(rate > 0), each side
by the sequence of a share. Which of the two is told depends on the data, so each has half of the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from policy_dsl.suggest import suggest
from simulator.intervals import estimate
from simulator.result import Estimate, Figure, Refused
from simulator.sequential import FEWEST, beta_binomial_bounds, mean_difference_sequence, mean_sequence
from simulator.units import Rates

FEW = 50  # units with a rate above 0, or below 1, under which the normal mixture is not trusted: a convention of ours
EXACT = "beta-binomial mixture"
GUARDRAIL = re.compile(r"\s*([\w.-]+?)\s*(<=|>=)\s*([+-]?\d+(?:\.\d+)?)\s*(%?)\s*")


class GuardrailError(ValueError):
    """A guardrail that says nothing, in one line."""


def mean_of(rates: Rates, level: float) -> Figure:
    """The mean rate of an arm's units."""
    if not rates.units:
        return Refused("no unit with such a row")
    half = _half(level)
    if _is_rare(rates):
        return estimate(rates.moments.mean, _bounds(rates, half), EXACT, rates.units)
    found = mean_sequence(rates.moments, level=half)
    assert isinstance(found, Estimate)
    return Estimate(found.value, max(0.0, found.low), min(1.0, found.high), found.method, found.n)


def difference(control: Rates, variant: Rates, level: float) -> Figure:
    """Variant less control."""
    if not (control.units and variant.units):
        return Refused("no unit with such a row in one of the arms")
    half = _half(level)
    if not (_is_rare(control) or _is_rare(variant)):
        return mean_difference_sequence(control.moments, variant.moments, level=half)
    (low_a, high_a), (low_b, high_b) = (_bounds(one, _half(half)) for one in (control, variant))
    value = variant.moments.mean - control.moments.mean
    return estimate(value, (low_b - high_a, high_b - low_a), EXACT, control.units + variant.units)


def _half(level: float) -> float:
    """The level of each of two statements that hold together with the level."""
    return 1 - (1 - level) / 2


def _is_rare(rates: Rates) -> bool:
    return rates.units < FEWEST or min(rates.some, rates.units - rates.full) < FEW


def _bounds(rates: Rates, level: float) -> tuple[float, float]:
    """Two one-sided bounds; of rates that are all 0 or 1, the two-sided ones of a share."""
    low, _ = beta_binomial_bounds(rates.full, rates.units, level)
    _, high = beta_binomial_bounds(rates.some, rates.units, level)
    return float(low), float(high)


# Guardrails


@dataclass(frozen=True, slots=True)
class Guardrail:
    """How far a variant's measure may depart from the control's: at most `bound` above, or with `above` False at least `bound`."""

    text: str
    measure: str
    at_most: bool
    bound: float


@dataclass(frozen=True, slots=True)
class Judged:
    """`broken`: the whole interval lies beyond the bound; `kept`: within it; `open`: neither is shown yet."""

    guardrail: str
    arm: str
    says: Literal["kept", "open", "broken"]
    difference: Figure


def parse_guardrail(text: str) -> Guardrail:
    """`enforcement.remove<=+1%`, `precision>=-0.05`. Raises GuardrailError."""
    found = GUARDRAIL.fullmatch(text)
    if found is None:
        raise GuardrailError(
            f"`{text}` is no guardrail, expected one such as `enforcement.remove<=1%` or `precision>=-2%`"
        )
    measure, sign, number, percent = found.groups()
    bound = float(number) / (100 if percent else 1)
    if not -1 <= bound <= 1:
        raise GuardrailError(f"the bound of `{text}` lies outside of -100% to 100%: rates differ by no more")
    return Guardrail(text.strip(), measure, sign == "<=", bound)


def judge(
    guardrails: Sequence[Guardrail], rates: Mapping[str, Sequence[Rates]], arms: Sequence[str], level: float, where: str
) -> Iterator[Judged]:
    """Each guardrail for each variant; together they are wrong, at any look, at most as often as the level allows (Bonferroni).

    `rates` are by measure, the control's first. Raises GuardrailError for a measure that the experiment has not.
    """
    number = max(1, len(guardrails) * (len(arms) - 1))
    each = 1 - (1 - level) / number
    for guardrail in guardrails:
        if guardrail.measure not in rates:
            raise GuardrailError(_unknown(guardrail.measure, rates, where))
        control, *variants = rates[guardrail.measure]
        for arm, variant in zip(arms[1:], variants, strict=True):
            figure = difference(control, variant, each)
            yield Judged(guardrail.text, arm, _says(guardrail, figure), figure)


def _unknown(measure: str, known: Mapping[str, object], where: str) -> str:
    near = suggest(measure, known)
    tell = f"did you mean `{near}`" if near else "there are " + ", ".join(f"`{one}`" for one in known)
    labelled = (
        ": the log has no labels of its policy" if measure in ("precision", "recall", "false_positive_rate") else ""
    )
    return f"`{where}` has no measure `{measure}`{labelled}, {tell}"


def _says(guardrail: Guardrail, figure: Figure) -> Literal["kept", "open", "broken"]:
    if not isinstance(figure, Estimate):
        return "open"
    if guardrail.at_most:
        return "broken" if figure.low > guardrail.bound else "kept" if figure.high <= guardrail.bound else "open"
    return "broken" if figure.high < guardrail.bound else "kept" if figure.low >= guardrail.bound else "open"
