"""What a simulation found, as plain frozen data: filled by `limen simulate`, written as JSON, read by the report.

Everything is flat: a table is a tuple of rows, a row names what it is about (`slice`, `policy`, …) and holds its figures.
A share is in [0, 1], a score and a threshold too (exact to six digits), time is ISO 8601 in UTC, an interval is two-sided
at `Run.level`. A is the base, B the variant, and every difference is B - A: what changes if B goes live.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

VERSION = 1  # of the JSON: raised where a reader of the former one would misread it

Light = Literal["green", "amber", "red"]
Side = Literal["a", "b"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval.

    `method` names how the interval was made, such as `wilson`, `clopper-pearson`, `author bootstrap`, `ipw`. `n` is the
    number of rows that the value stands on; `effective` the effective sample size where rows have weights. A value that is
    counted and not estimated (an exact figure of the log itself) has `low == value == high` and the method `exact`.
    ValueError where a number is not finite or the interval does not hold the value."""

    value: float
    low: float
    high: float
    method: str
    n: int
    effective: float | None = None
    kind: Literal["estimate"] = "estimate"

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise ValueError(f"an estimate of `{self.value}`, `{self.low}` to `{self.high}`, expected finite numbers")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"the interval `{self.low}` to `{self.high}` does not hold the value `{self.value}`")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Not identified: all that can be said is that it lies between `low` and `high`, and `reason` says why.

    `method` is such as `manski`. ValueError where a bound is not finite or they are crossed."""

    low: float
    high: float
    method: str
    n: int
    reason: str
    kind: Literal["bounds"] = "bounds"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError(f"bounds of `{self.low}` to `{self.high}`, expected finite numbers in order")


@dataclass(frozen=True, slots=True)
class Refused:
    """No figure is given, and `reason` says why: no label, too small an effective sample size, a sum of no rows, …"""

    reason: str
    n: int = 0
    effective: float | None = None
    kind: Literal["refused"] = "refused"


Figure = Annotated[Estimate | Bounds | Refused, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity under A and B; `difference` is B - A with an interval of its own (paired: the same rows)."""

    a: Figure
    b: Figure
    difference: Figure


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows: `dimension` is `all`, `region`, `language` or a cohort column, `value` its value (None: the null)."""

    dimension: str = "all"
    value: str | None = None


ALL = Slice()


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of the log. `digest` is `sha256:…`, or None where the file is too large to read twice; then `bytes` tells it."""

    path: str
    bytes: int | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Pack:
    """One side: `name` for people, `source` as given (a folder, a git revision), `digest` of the compiled pack, and the
    `--set` changes that were made to it."""

    name: str
    source: str
    digest: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What reproduces it. `command` is the whole command line; `rows` those of the log, `replayed` those with a decision
    on both sides; `since` and `until` the first and last time; `level` that of the intervals."""

    command: str
    limen: str
    seed: int
    a: Pack
    b: Pack
    files: tuple[LogFile, ...]
    rows: int
    replayed: int
    since: str | None
    until: str | None
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Change:
    """A threshold, clause, weight, … that differs. `where` names it (`nudity.risk.remove@DE`), `before` None: it is new,
    `after` None: it is gone."""

    what: str
    where: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows get it: `what` is `enforcement`, `route`, `sanction` or `status`, `name` which. `policy` None: the joined
    decision. `rows` are those of the slice, `a` and `b` those that get it, `rate` the same as shares of `rows`."""

    slice: Slice
    policy: str | None
    what: Literal["enforcement", "route", "sanction", "status"]
    name: str
    rows: int
    a: int
    b: int
    rate: Compared


@dataclass(frozen=True, slots=True)
class Transitions:
    """`counts[i][j]` rows go from `names[i]` under A to `names[j]` under B: the enforcements from the weakest on, then
    `undetermined` and `unavailable` where they occur. `policy` None: the joined decision."""

    slice: Slice
    policy: str | None
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A slice's rows whose joined decision differs at all, is stricter under B, is more lenient under B."""

    slice: Slice
    rows: int
    changed: Figure
    stricter: Figure
    lenient: Figure


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is known of a policy's truth: `labelled` of `rows` rows have a label, `positive` of them are violations.
    `propensity`: whether the chance of being labelled is known; `never` rows had no chance at all or an unknown one.
    `acts` says from which enforcement on a decision counts as a positive one, such as `remove`; `reviewed`: so does a call for a reviewer."""

    policy: str
    rows: int
    labelled: int
    positive: int
    propensity: bool
    never: int = 0
    acts: str | None = None
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A quality figure of a policy in a slice.

    `metric` is `precision`, `recall`, `false_positive_rate`, `f_beta` (then `beta`), or of the views `violating_view_rate`,
    `wrongly_removed_views`. `basis` says whom it speaks of: `labelled` the labelled rows alone; `all` every row, if all are
    labelled; `ipw`, `snipw` and `dr` (doubly robust) every row, by the chance of being labelled; `bounds` every row, without it."""

    slice: Slice
    policy: str
    metric: str
    basis: Literal["labelled", "all", "ipw", "snipw", "dr", "bounds"]
    figure: Compared
    beta: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Fairness: the group of a dimension that lies farthest from the rest (`worst`), above or below it, under one side.

    `gap` is that group's metric minus that of all other groups. `flagged`: the gap is real at the stated rate after the
    correction for the number of groups (`p` is the adjusted p-value). `small` are the groups too small to tell."""

    dimension: str
    policy: str
    metric: str
    side: Side
    worst: str | None
    gap: Figure
    p: float | None
    flagged: bool
    groups: int
    small: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """Review load of a tier (`all`: over all tiers) in a queue (None: over all queues). `measure` is `items_per_day`, `utilisation` (a share; over 1 the
    queue grows without end), `sla_miss` (a share of the items; `sla_minutes` the target) or `wait_minutes` (mean).
    `method` is such as `erlang c`, `cobham`, `simulation`, `counted`."""

    queue: str | None
    tier: str
    measure: Literal["items_per_day", "utilisation", "sla_miss", "wait_minutes"]
    method: str
    figure: Compared
    sla_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Unreplayed:
    """Rows whose decision could not be told again, and why: `cause` is such as `score missing`, `skipped by the cascade`,
    `fact missing`, `unknown region`; `name` what was missing."""

    cause: str
    name: str
    a: int
    b: int
    text: str


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column's distribution moved within the window. `statistic` names `distance`, such as
    `population stability index`; `noise` is what it stays below, in 95 % of cases, where nothing moves. `means` are the column's
    means in equal parts of the window, in order (None: a part without a row). `light` is the verdict that `text` tells."""

    column: str
    statistic: str
    distance: float | None
    light: Light
    text: str
    noise: float | None = None
    means: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A row to look at. `stratum` says why it was chosen: `edge` (a score just at a threshold), `reach` (most views),
    `worst slice`, `changed`. `a` and `b` are the enforcements; `score`, `value`, `threshold` what decided; `label` the truth
    of `policy` where it is known."""

    id: str
    stratum: str
    a: str
    b: str
    policy: str | None = None
    clause: str | None = None
    score: str | None = None
    value: float | None = None
    threshold: float | None = None
    region: str | None = None
    language: str | None = None
    views: int | None = None
    label: bool | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the log that was not taken as it stands: `rows` of `column` (None: whole rows, files), and what was done."""

    what: str
    rows: int
    column: str | None = None
    file: str | None = None
    then: str = ""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column of the log's files and what it was read as; `unit` such as `float in [0, 1]`, `micro-scores`."""

    column: str
    read_as: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the figures rest on. `title` says how things are (`nobody reviews general`), `text` what follows from it. Green: checked
    or harmless; amber: may matter; red: figures mislead who does not know it."""

    light: Light
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A rung as it stands on one side: `rung` the action, at `threshold`."""

    side: Side
    rung: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of scores, both ends included, in which nobody looked: no label tells what is there."""

    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Band:
    """Between which values a `metric` of a curve lies at each of its thresholds, whatever the missing labels are."""

    metric: Literal["precision", "recall", "false_positive_rate"]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Step functions of one rung's threshold, everything else as in A: at `thresholds[i]` (ascending) the rung acts on the
    scores from there on. None in `precision`, `recall`, `false_positive_rate`: not defined there, or no label. `action_rate`
    is exact, over all rows of the slice. `basis` is that of a `Metric` (None: no label at all); where it is `bounds`, the
    three are None throughout, and `bands` hold what can be said."""

    policy: str
    score: str
    rung: str
    slice: Slice
    thresholds: tuple[float, ...]
    action_rate: tuple[float, ...]
    precision: tuple[float | None, ...] = ()
    recall: tuple[float | None, ...] = ()
    false_positive_rate: tuple[float | None, ...] = ()
    marks: tuple[Mark, ...] = ()
    unlabelled: tuple[Zone, ...] = ()
    basis: Literal["all", "snipw", "bounds"] | None = None
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A whole simulation. `enforcements` is the ladder, from the weakest on; `caveats` are those of the column map; `no_signal`
    are the columns that, by the map, hold no information (`region`, `at`): what they show is chance. Tables that do not apply are empty."""

    run: Run
    enforcements: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    changed: tuple[Changed, ...] = ()
    counts: tuple[Count, ...] = ()
    transitions: tuple[Transitions, ...] = ()
    labels: tuple[Labelled, ...] = ()
    quality: tuple[Metric, ...] = ()
    views: tuple[Metric, ...] = ()
    fairness: tuple[Gap, ...] = ()
    load: tuple[Load, ...] = ()
    staffing: tuple[str, ...] = ()  # how the queues are staffed, a line each
    unreplayed: tuple[Unreplayed, ...] = ()
    drift: tuple[Drift, ...] = ()
    examples: tuple[Example, ...] = ()
    columns: tuple[ColumnUse, ...] = ()
    ignored: tuple[str, ...] = ()  # columns of the log that nothing reads
    skipped: tuple[Skipped, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    caveats: tuple[str, ...] = ()
    no_signal: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    version: int = VERSION
