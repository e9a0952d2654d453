"""`precision(remove)>=0.9` and counts at candidate thresholds -> estimates, and p-values of "the requirement does not hold".

Every requirement is a bound on a mean of losses in [0, 1] over some rows: of precision, the rows acted on that are no violations; of
recall, the violations not acted on; of the false-positive rate, the others acted on. Where all rows have labels the losses are 0 or
1 and the p-value is the exact binomial one. Where some have one with a known chance, the mean of w (loss - alpha) over the reviewed
rows is at most 0 just where the mean loss over all rows is at most alpha; w (loss - alpha) / max w + alpha lies in [0, 1], and the
p-value is that of Hoeffding and Bentkus (`guarantees.hoeffding_bentkus_p`). It is weak where weights differ much.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from policy_dsl.suggest import suggest
from simulator.curves import Steps, Sums, blind_at
from simulator.guarantees import binomial_p, hoeffding_bentkus_p
from simulator.labels import Bools
from simulator.sweep import Sweep
from simulator.tallies import NEGATIVE, POSITIVE, UNLABELLED, Floats, Ints

QUALITY = {"precision": ">=", "recall": ">=", "false_positive_rate": "<="}
COUNTS = {"action_rate": "<=", "reviews_per_day": "<="}
EXPECTED = {"expected_miss_rate": "<="}
SENSE = QUALITY | COUNTS | EXPECTED
ALIASES = {"fpr": "false_positive_rate"}
_FORM = re.compile(r"\s*(?P<metric>\w+)\s*(?:\((?P<action>.*)\))?\s*(?P<sign>>=|<=|=|<|>)\s*(?P<bound>[^\s]+)\s*")
EXAMPLE = "such as `precision>=0.9`, `fpr(remove)<=0.01` or `reviews_per_day<=500`"


class RequirementError(ValueError):
    """A requirement or an objective that cannot be read; one line for the user."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`rung` is the one whose acting is meant, None where none is (reviews)."""

    name: str
    rung: str | None

    def __str__(self) -> str:
        return self.name if self.rung is None else f"{self.name}({self.rung})"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Precision and recall of at least `bound`, anything else of at most."""

    metric: Metric
    bound: float

    def __str__(self) -> str:
        return f"{self.metric}{SENSE[self.metric.name]}{self.bound:g}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts at some candidates (last axis). `hits`: by rung; `totals` have one place. `heaviest` is the largest weight that a row can
    have; `days` those of the log, of whose rows these are the `share`.
    """

    hits: Mapping[str, Sums]
    totals: Sums
    reviewed: Ints
    rows: int
    heaviest: float
    days: float | None
    share: float

    @property
    def complete(self) -> bool:
        """Whether every row has a label."""
        return not self.totals.rows[UNLABELLED].any()

    @property
    def weighted(self) -> bool:
        return bool(self.totals.drawn[1:].any())

    def take(self, places: Ints) -> Evidence:
        """Some of the candidates, in this order."""
        hits = {name: _taken(sums, places) for name, sums in self.hits.items()}
        return replace(self, hits=hits, reviewed=self.reviewed[places])

    @property
    def per_day(self) -> float:
        """Rows of the whole log a day. Raises RequirementError without times."""
        if self.days is None:
            raise RequirementError(
                "reviews per day need the rows' times: the log has no column `at`, or all of one time"
            )
        return self.rows / self.share / self.days


def parse_requirement(text: str, rungs: Sequence[str]) -> Requirement:
    """`rungs` are those that are tuned. Raises RequirementError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise RequirementError(f"`{text}` is no requirement, {EXAMPLE}")
    metric = parse_metric(found["metric"] + (f"({found['action']})" if found["action"] is not None else ""), rungs)
    sense = SENSE[metric.name]
    if found["sign"] != sense:
        raise RequirementError(f"`{text}`: expected `{sense}` behind `{metric.name}`")
    try:
        bound = float(found["bound"])
    except ValueError:
        raise RequirementError(f"`{text}`: `{found['bound']}` is no number") from None
    if metric.name != "reviews_per_day" and not 0 < bound < 1:
        raise RequirementError(f"`{text}`: no sample shows a share of `{bound:g}`, expected a number between 0 and 1")
    if not 0 < bound < float("inf"):
        raise RequirementError(f"`{text}`: expected a positive number")
    return Requirement(metric, bound)


def parse_metric(text: str, rungs: Sequence[str]) -> Metric:
    """`recall` or `recall(review)`. Raises RequirementError."""
    name, _, action = text.strip().removesuffix(")").partition("(")
    name = ALIASES.get(name.strip(), name.strip())
    if name not in SENSE:
        near = suggest(name, [*SENSE, *ALIASES])
        hint = f"did you mean `{near}`" if near else "expected one of " + ", ".join(f"`{known}`" for known in SENSE)
        raise RequirementError(f"unknown metric `{name}`: {hint}")
    if name == "reviews_per_day":
        return Metric(name, None)
    wanted = action.strip().replace(" and ", "+")
    if wanted and wanted not in rungs:
        raise RequirementError(
            f"`{text}`: `{wanted}` is not tuned, expected one of " + ", ".join(f"`{r}`" for r in rungs)
        )
    if not wanted and len(rungs) > 1:
        raise RequirementError(f"`{text}`: several rungs are tuned, so say of which: `{name}({rungs[0]})`")
    return Metric(name, wanted or rungs[0])


def evidence_at(sweep: Sweep, curves: Mapping[str, Steps], at: Ints, share: float) -> Evidence:
    """`curves` by measure: `acts:RUNG` for each rung, and `reviewed`. `at` are places on their thresholds."""
    hits = {name.removeprefix("acts:"): _taken(c.hits, at) for name, c in curves.items() if name.startswith("acts:")}
    return _evidence(sweep, hits, curves, curves["reviewed"].hits.rows[:, at].sum(axis=0), share)


def evidence_now(sweep: Sweep, curves: Mapping[str, Steps], share: float) -> Evidence:
    """Of the pack as it is."""
    hits = {name.removeprefix("acts:"): c.present for name, c in curves.items() if name.startswith("acts:")}
    return _evidence(sweep, hits, curves, curves["reviewed"].present.rows.sum(axis=0), share)


def _evidence(
    sweep: Sweep, hits: Mapping[str, Sums], curves: Mapping[str, Steps], reviewed: Ints, share: float
) -> Evidence:
    account = sweep.account
    rows = account.rows + account.elsewhere + account.undecided + account.missing + account.adjusting
    heaviest = 1.0 if sweep.lightest is None else 1.0 / sweep.lightest
    totals = curves["reviewed"].totals
    return Evidence(hits, totals, reviewed + sweep.others_reviewed, rows, heaviest, sweep.days, share)


def _taken(sums: Sums, at: Ints) -> Sums:
    return Sums(sums.rows[:, at], sums.drawn[:, at], sums.weight[:, at], sums.weight2[:, at])


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Candidates of one part of the log, each in an evidence of its own."""
    hits = {name: _side_by_side([part.hits[name] for part in parts]) for name in parts[0].hits}
    return replace(parts[0], hits=hits, reviewed=np.concatenate([part.reviewed for part in parts]))


def _side_by_side(sums: Sequence[Sums]) -> Sums:
    rows, drawn = (np.concatenate([getattr(s, name) for s in sums], axis=1) for name in ("rows", "drawn"))
    weight, weight2 = (np.concatenate([getattr(s, name) for s in sums], axis=1) for name in ("weight", "weight2"))
    return Sums(rows, drawn, weight, weight2)


def estimates(metric: Metric, found: Evidence) -> Floats:
    """At each candidate; NaN where nothing is divided by."""
    if metric.name == "reviews_per_day":
        per_day: Floats = found.reviewed / found.rows * found.per_day
        return per_day
    errors, of = _losses(metric, found)
    known = (of > 0) & ~hidden(metric, found)
    loss: Floats = np.divide(errors, of, out=np.full(np.shape(errors), np.nan), where=known)
    return 1 - loss if SENSE[metric.name] == ">=" else loss


def p_values(requirement: Requirement, found: Evidence) -> Floats:
    """Small where the rows speak for the requirement, 1 where nobody looks at rows that matter; see the module's head. Raises RequirementError where labels do not identify it."""
    metric = requirement.metric
    if metric.name == "reviews_per_day":
        alpha = requirement.bound / found.per_day
        return np.zeros(found.reviewed.shape) if alpha >= 1 else binomial_p(found.reviewed, found.rows, alpha)
    alpha = 1 - requirement.bound if SENSE[metric.name] == ">=" else requirement.bound
    errors, of = _losses(metric, found)
    if metric.name in COUNTS or found.complete:
        return binomial_p(errors, of, alpha)
    drawn = _drawn(metric, found)
    mean = np.divide(errors - alpha * of, drawn * found.heaviest, out=np.zeros(of.shape), where=drawn > 0) + alpha
    return np.where(hidden(metric, found), 1.0, hoeffding_bentkus_p(np.clip(mean, 0.0, 1.0), drawn, alpha))


def check_identified(metric: Metric, found: Evidence) -> None:
    """Raises RequirementError where labels do not say what the metric is."""
    if metric.name in COUNTS:
        return
    if not found.totals.rows[1:].any():
        raise RequirementError(f"`{metric}` needs labels, and no row has one of this policy")
    if not found.complete and not found.weighted:
        raise RequirementError(
            f"`{metric}` is not identified: only some rows have a label, and the log does not say by what chance (`review.propensity`)"
        )
    if not found.complete and hidden(metric, found).all():
        raise RequirementError(f"`{metric}` is not identified: {told_blind(found)}")


def hidden(metric: Metric, found: Evidence) -> Bools:
    """At which candidates weights say nothing of the metric, for somewhere among the rows that it depends on nobody looks."""
    if metric.name in COUNTS or found.complete:
        return np.zeros(found.reviewed.shape, np.bool_)
    acted, others = blind_at(found.hits[metric.rung or ""], found.totals, found.heaviest)
    return acted if metric.name == "precision" else acted | others


def told_blind(found: Evidence) -> str:
    """Why weights do not speak for all rows."""
    drawn, weight = int(found.totals.drawn[1:].sum()), float(found.totals.weight[1:].sum())
    return (
        f"the {drawn:,} reviewed rows stand for {weight:,.0f} rows by their propensities, but there are "
        f"{int(found.totals.rows.sum()):,}, so somewhere nobody looks (`limen sweep` shows bounds)"
    )


def _losses(metric: Metric, found: Evidence) -> tuple[Floats, Floats]:
    """The sum of losses and of rows that can have one: weights where not every row has a label."""
    hits = found.hits[metric.rung or ""]
    if metric.name == "action_rate":
        acted = hits.rows.sum(axis=0).astype(np.float64)
        return acted, np.full(acted.shape, float(found.totals.rows.sum()))
    acts, every = (hits.rows, found.totals.rows) if found.complete else (hits.weight, found.totals.weight)
    return _parts(metric, acts.astype(np.float64), every.astype(np.float64))


def _drawn(metric: Metric, found: Evidence) -> Floats:
    """The reviewed rows that can have a loss."""
    drawn = found.hits[metric.rung or ""].drawn.astype(np.float64)
    return _parts(metric, drawn, found.totals.drawn.astype(np.float64))[1]


def _parts(metric: Metric, acts: Floats, every: Floats) -> tuple[Floats, Floats]:
    full = np.broadcast_to(every, acts.shape)
    if metric.name in EXPECTED:
        metric = Metric("recall", metric.rung)
    if metric.name == "precision":
        return acts[NEGATIVE], acts[NEGATIVE] + acts[POSITIVE]
    if metric.name == "recall":
        return np.maximum(full[POSITIVE] - acts[POSITIVE], 0.0), full[POSITIVE]
    return acts[NEGATIVE], full[NEGATIVE]
