"""Rungs, requirements and a labelled log -> thresholds that meet the requirements, with a guarantee.

One part of the rows (whole authors) fits: it finds candidates, from one that meets the requirements by a wide margin to one that
hardly does. The other part checks, in this order, and stops at the first that it does not bear out: Learn then Test with fixed-sequence
testing (Angelopoulos et al., arXiv 2110.01052, section 2.2). A candidate's p-value is the largest of its requirements', so all that
are accepted meet all requirements, together, with a confidence of 1 - delta, for rows that are independent draws of the traffic to come.

Of one rung every threshold of the fitting rows on the way is a candidate, and each half is read once. With the false-positive
rate alone that is the umbrella of Neyman and Pearson (Tong, Feng and Li 2018): the p-value of a threshold with k errors of n is the
binomial tail that gives the umbrella's order. Of several rungs the candidates are found by coordinate ascent, a rung at a time with the
others in place; the policy is decided exactly at each step.

An expected miss rate is bounded by conformal risk control instead (Angelopoulos et al., arXiv 2208.02814): a bound on the mean over
draws of the checking rows too, not one that holds with a confidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from policy_dsl.program import Program
from simulator.curves import OFF, Steps, steps
from simulator.guarantees import conformal_risk, fixed_sequence, umbrella_rows
from simulator.requirements import (
    COUNTS,
    EXPECTED,
    SENSE,
    Evidence,
    Metric,
    Requirement,
    RequirementError,
    check_identified,
    estimates,
    evidence_at,
    evidence_now,
    hidden,
    joined,
    p_values,
    told_blind,
)
from simulator.settings import Setting, Target, with_threshold
from simulator.splitting import BatchLog, halves
from simulator.stepping import Plan, plan, rung_of
from simulator.sweep import Sweep, sweep_all
from simulator.tallies import POSITIVE, Floats, Ints

LEVELS = (
    1e-4,
    0.1,
    1.0,
    5.0,
)  # of delta: how sure of a requirement the fitting rows have to be, for candidates of several rungs
ROUNDS = 2
MOST = 20_000  # thresholds of one rung that are tried
SHARE = 0.5  # of the rows fit

Told = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Thresholds in millionths (None: off), by target; what fitting and checking rows say of them, by metric and by requirement.

    `accepted`: all requirements hold, with the confidence asked for.
    """

    settings: tuple[Setting, ...]
    fit: Mapping[str, float]
    check: Mapping[str, float]
    p: Mapping[str, float]
    accepted: bool

    @property
    def worst(self) -> str:
        """The requirement that is nearest to failing."""
        return max(self.p, key=lambda name: self.p[name])


@dataclass(frozen=True, slots=True)
class Tuned:
    """`chosen` None: nothing is guaranteed, and `reason` says why. `candidates` in the order in which they were tested, the first
    that was not accepted among them; `front` those of the fitting rows of which none is better in everything. `binding`: the
    requirement at which testing stopped, None where the objective's best was accepted. `present`: the pack as it is, on the
    checking rows. `rows`: those that fit and those that check; `labelled` of the latter have a label.
    """

    chosen: Candidate | None
    reason: str | None
    candidates: tuple[Candidate, ...]
    front: tuple[Candidate, ...]
    binding: str | None
    present: Mapping[str, float]
    rows: tuple[int, int]
    labelled: int
    delta: float


@dataclass(frozen=True)
class Tuning:
    """What is asked. `seed` draws which authors fit and which check; a `share` of them fits."""

    log: BatchLog
    program: Program
    targets: Sequence[Target]
    requirements: Sequence[Requirement]
    objective: Metric
    delta: float = 0.05
    seed: int = 0
    share: float = SHARE
    told: Told = int
    metrics: tuple[Metric, ...] = field(init=False)

    def __post_init__(self) -> None:
        named = dict.fromkeys([self.objective, *(item.metric for item in self.requirements)])
        object.__setattr__(self, "metrics", tuple(named))

    def run(self) -> Tuned:
        """Raises RequirementError where labels or times do not say what is asked, SettingError, ColumnarError, and the log's errors."""
        expected = [item for item in self.requirements if item.metric.name in EXPECTED]
        if expected and (len(self.targets), len(self.requirements)) != (1, 1):
            raise RequirementError(f"`{expected[0]}` can only be asked of one rung, and alone")
        if expected:
            return self.conformal()
        return self.one() if len(self.targets) == 1 else self.several()

    # -- one rung ----------------------------------------------------------------------------------------------------

    def one(self) -> Tuned:
        target = self.targets[0]
        fit, check = (self._swept([(self.program, target)], part)[0] for part in (0, 1))
        curves, checked = _curves(fit), _curves(check)
        path = self._path(_thresholds(curves), self._at(fit, curves, _thresholds(curves), 0))
        found, tested = self._at(fit, curves, path, 0), self._at(check, checked, path, 1)
        choices = [(Setting(target, None if t > OFF - 1 else int(t)),) for t in path.tolist()]
        return self._told(choices, found, tested, evidence_now(check, checked, 1 - self.share))

    def conformal(self) -> Tuned:
        """One rung, and the expected share of violations that are missed: conformal risk control over the checking rows' violations."""
        target, item = self.targets[0], self.requirements[0]
        fit, check = (self._swept([(self.program, target)], part)[0] for part in (0, 1))
        curves, checked = _curves(fit), _curves(check)
        path = _thresholds(curves)[::-1]  # ever more violations are caught
        found, tested = self._at(fit, curves, path, 0), self._at(check, checked, path, 1)
        self._check(found)
        self._check(tested)
        if not tested.complete:
            raise RequirementError(f"`{item}` needs a label of every row: an expected loss is not known by weights")
        found, tested, now = _shared(found, tested, evidence_now(check, checked, 1 - self.share))
        violations = int(tested.totals.rows[POSITIVE].sum())
        losses = estimates(item.metric, tested) if violations else np.ones(path.size)
        first = conformal_risk(np.maximum.accumulate(losses[::-1])[::-1], violations, item.bound)
        last = path.size - 1 if first is None else first
        choices = [(Setting(target, None if t > OFF - 1 else int(t)),) for t in path.tolist()]
        bound = (violations * losses + 1) / (violations + 1)
        return self._shown(
            choices,
            found,
            tested,
            {str(item): bound},
            range(last, last + (first is not None)),
            now,
        )

    def _path(self, levels: Ints, found: Evidence) -> Ints:
        """From the threshold of which the fitting rows are surest towards the objective's best, and beyond where it is no worse."""
        self._check(found)
        worst, value = self._worst(found), self._objective(found)
        start = int(np.lexsort((-value, -self._margin(found), worst))[0])
        better = np.flatnonzero(value > value[start])
        if not better.size:
            return levels[start : start + 1]
        upward = value[start + 1 :].max(initial=-np.inf) > value[:start].max(initial=-np.inf)
        return levels[start:] if upward else levels[: start + 1][::-1]

    # -- several rungs -----------------------------------------------------------------------------------------------

    def several(self) -> Tuned:
        choices = list(dict.fromkeys(self._climb()))
        fits, checks = (
            self._swept([(self._with(choice), self.targets[0]) for choice in choices], part) for part in (0, 1)
        )
        found, tested = (
            joined([evidence_now(s, _curves(s), share) for s in swept])
            for swept, share in ((fits, self.share), (checks, 1 - self.share))
        )
        now = self._swept([(self.program, self.targets[0])], 1)[0]
        order = np.argsort(self._worst(found), kind="stable")
        ordered = [choices[i] for i in order.tolist()]
        return self._told(
            ordered, found.take(order), tested.take(order), evidence_now(now, _curves(now), 1 - self.share)
        )

    def _climb(self) -> Iterator[tuple[Setting, ...]]:
        """The best thresholds of the fitting rows, for each of LEVELS of sureness, the strongest rung first.

        Each time it starts with all rungs off: a rung finds no way to a requirement that another one breaks, and one that takes what
        another had to leave (a reviewer's time) would never give it back.
        """
        seen: dict[tuple[Target, tuple[Setting, ...]], Sweep] = {}
        for level in LEVELS:
            current = {target: Setting(target, None) for target in self.targets}
            for _ in range(ROUNDS):
                before = dict(current)
                for target in self.targets:
                    key = target, tuple(setting for setting in current.values() if setting.target != target)
                    if key not in seen:
                        seen[key] = self._swept([(self._with(key[1]), target)], 0)[0]
                    best = self._best(seen[key], min(level * self.delta, 0.5))
                    current[target] = Setting(target, None if best > OFF - 1 else best)
                if current == before:
                    break
            yield tuple(current[target] for target in self.targets)

    def _best(self, swept: Sweep, level: float) -> int:
        """The threshold with the best objective among those that meet the requirements so surely, else the surest one."""
        curves = _curves(swept)
        levels = _thresholds(curves)
        found = self._at(swept, curves, levels, 0)
        self._check(found)
        worst, value = self._worst(found), self._objective(found)
        good = worst <= level
        surest = (-levels, -value, -self._margin(found), worst)
        rank = np.lexsort((-levels, -value, ~good)) if good.any() else np.lexsort(surest)
        return int(levels[rank[0]])

    # -- shared ------------------------------------------------------------------------------------------------------

    def _with(self, choice: Sequence[Setting]) -> Program:
        program = self.program
        for setting in choice:
            program = with_threshold(program, setting.target, setting.threshold)
        return program

    def _swept(self, asked: Sequence[tuple[Program, Target]], part: int) -> tuple[Sweep, ...]:
        also = [(f"acts:{t.action}", rung_of(self.program, t)) for t in self.targets]
        plans: list[Plan] = [plan(program, target, also) for program, target in asked]
        return sweep_all(halves(self.log, self.share, self.seed)[part], plans, (), self.told)

    def _at(self, swept: Sweep, curves: Mapping[str, Steps], levels: Ints, part: int) -> Evidence:
        at = np.searchsorted(curves["reviewed"].thresholds, levels)
        return evidence_at(swept, curves, at, self.share if part == 0 else 1 - self.share)

    def _check(self, found: Evidence) -> None:
        if not found.rows:
            raise RequirementError(
                "all rows fall into one half of the log: they are split by `author.id` (else by `id`), and it takes more authors "
                "to find thresholds on some and check them on others"
            )
        for metric in self.metrics:
            check_identified(metric, found)

    def _worst(self, found: Evidence) -> Floats:
        worst: Floats = np.max([p_values(item, found) for item in self.requirements], axis=0)
        return worst

    def _margin(self, found: Evidence) -> Floats:
        """By how much the estimates meet the requirement that is nearest to failing, as a share of its bound; -inf without an estimate."""
        margins = []
        for item in self.requirements:
            over = (estimates(item.metric, found) - item.bound) / item.bound
            margins.append(over if SENSE[item.metric.name] == ">=" else -over)
        least: Floats = np.nan_to_num(np.min(margins, axis=0), nan=-np.inf)
        return least

    def _objective(self, found: Evidence) -> Floats:
        """More is better; what is not defined is worst."""
        value = estimates(self.objective, found)
        lower = self.objective.name in ("false_positive_rate", "reviews_per_day")
        return np.nan_to_num(-value if lower else value, nan=-np.inf)

    def _told(self, choices: Sequence[tuple[Setting, ...]], found: Evidence, tested: Evidence, now: Evidence) -> Tuned:
        self._check(tested)
        tested = replace(tested, heaviest=max(found.heaviest, tested.heaviest))
        found, tested, now = _shared(found, tested, now)
        accepted = fixed_sequence(self._worst(tested).tolist(), self.delta)
        p = {str(item): p_values(item, tested) for item in self.requirements}
        return self._shown(choices, found, tested, p, range(accepted), now)

    def _shown(
        self,
        choices: Sequence[tuple[Setting, ...]],
        found: Evidence,
        tested: Evidence,
        p: Mapping[str, Floats],
        accepted: range,
        now: Evidence,
    ) -> Tuned:
        fit, check = ({str(m): estimates(m, rows) for m in self.metrics} for rows in (found, tested))

        def candidate(i: int) -> Candidate:
            of_fit, of_check, of_p = (
                {name: float(some[i]) for name, some in group.items()} for group in (fit, check, p)
            )
            return Candidate(choices[i], of_fit, of_check, of_p, i in accepted)

        value = self._objective(found)
        chosen = candidate(max(accepted, key=lambda i: value[i])) if accepted else None
        stopped = candidate(accepted.stop) if accepted.stop < len(choices) else None
        return Tuned(
            chosen=chosen,
            reason=None if chosen else self._why(candidate(accepted.start), tested, accepted.start),
            candidates=tuple(candidate(i) for i in _spread(min(accepted.stop + 1, len(choices)))),
            front=tuple(candidate(i) for i in self._front(found)),
            binding=stopped.worst if stopped else None,
            present={str(m): float(estimates(m, now)[0]) for m in self.metrics},
            rows=(found.rows, tested.rows),
            labelled=int(tested.totals.rows[1:].sum()),
            delta=self.delta,
        )

    def _front(self, found: Evidence) -> list[int]:
        """Candidates that no other beats in the objective and in every required metric at once; thinned."""
        columns = [self._objective(found)]
        for item in self.requirements:
            value = np.nan_to_num(estimates(item.metric, found), nan=-np.inf)
            columns.append(value if SENSE[item.metric.name] == ">=" else -value)
        scores = np.array(columns).T
        some = _spread(len(scores), 200)
        part = scores[some]
        beaten = [bool(np.any(np.all(part >= row, axis=1) & np.any(part > row, axis=1))) for row in part]
        free = [i for i, lost in zip(some, beaten, strict=True) if not lost]
        return [free[i] for i in _spread(len(free))]

    def _why(self, first: Candidate, tested: Evidence, place: int) -> str:
        """Of the surest candidate: which requirement the checking rows do not bear out, and what it would take at least."""
        item = next(item for item in self.requirements if str(item) == first.worst)
        value, metric = first.check[str(item.metric)], item.metric
        if hidden(metric, tested)[place]:
            return f"`{item}` is not identified even at the safest thresholds: {told_blind(tested)}"
        said = "no such row" if value != value else f"an estimate of {value:.4g}"  # noqa: PLR0124 - NaN
        text = f"`{item}` is not borne out even at the safest thresholds: {said} on the checking rows, p = {first.p[str(item)]:.3g}"
        if metric.name == "reviews_per_day":
            return text
        if metric.name in EXPECTED:
            return f"`{item}` is not met by any threshold that catches more: {said} on the checking rows where the rung is lowest"
        if not tested.complete and metric.name not in COUNTS:
            return (
                f"{text}, expected at most {self.delta:g}; one label stands for up to {tested.heaviest:.3g} rows, and one that is seldom drawn "
                "may tell another story: it takes more labels, or more equal chances of one"
            )
        alpha = 1 - item.bound if SENSE[metric.name] == ">=" else item.bound
        least = umbrella_rows(alpha, self.delta)
        return f"{text}, expected at most {self.delta:g}; without a single error it takes {least} labelled rows of the kind"


def _shared(found: Evidence, tested: Evidence, now: Evidence) -> tuple[Evidence, Evidence, Evidence]:
    """With the shares that they turned out to have of the log: a heavy author makes one half the larger. `now` is of the rows of `tested`."""
    share = tested.rows / (found.rows + tested.rows)
    return replace(found, share=1 - share), replace(tested, share=share), replace(now, share=share)


def _curves(swept: Sweep) -> dict[str, Steps]:
    names = [name for name in swept.plan.measures if name == "reviewed" or name.startswith("acts:")]
    return {name: steps(swept, measure=name) for name in names}


def _thresholds(curves: Mapping[str, Steps]) -> Ints:
    """Those to try, ascending; off last. Of many, evenly chosen ones."""
    every = curves["reviewed"].thresholds
    return every[_spread(every.size, MOST)]


def _spread(size: int, most: int = 12) -> list[int]:
    """At most so many of 0..size - 1, both ends among them."""
    if size <= most:
        return list(range(size))
    return [int(i) for i in np.unique(np.linspace(0, size - 1, most).round())]


__all__ = ["Candidate", "RequirementError", "Tuned", "Tuning"]
