"""The Program: what all evaluators read. Flat, already inherited, plain data (as canonical JSON: `stored.py`).

Numbers are whole: scores, thresholds and weights in millionths, ranks from 0 (weakest enforcement, most severe severity),
moments in microseconds since 1970-01-01 UTC. A condition is CEL as nested lists (`policy_dsl.cel.serial`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

MICRO = 1_000_000
IR_VERSION = 1

Scalar: TypeAlias = bool | int | float | str
Condition: TypeAlias = list[Any]
ScoreExpr: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Enforcement:
    name: str
    effects: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    queue: str
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Sanction:
    name: str
    options: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class SeverityTier:
    """A review tier. `on_missing` and `on_error` are its policies' default: the name of a route or an enforcement."""

    name: str
    sla_seconds: int | None
    on_missing: str


@dataclass(frozen=True, slots=True)
class Input:
    """A fact of the caller or an output of a scorer.

    `kind`: score, bool, int, double, string, enum, set (of strings). `minimum` and `maximum` bound an int or a double.
    `modality` is the part of the content that its scorer judges: without that part the value is not applicable (S2); None
    for facts. `scorer` names the pack's scorer that gives it, None where the caller does. An absent fact takes `default`;
    with none it is missing, or not applicable where it is `optional`.
    """

    name: str
    kind: str
    minimum: float | int | None = None
    maximum: float | int | None = None
    values: tuple[str, ...] = ()
    default: Scalar | list[str] | None = None
    optional: bool = False
    modality: str | None = None
    scorer: str | None = None

    @property
    def is_fact(self) -> bool:
        """Read from a record's `facts`; everything else stands in its `scores`."""
        return self.scorer is None and self.kind != "score" and self.modality is None


@dataclass(frozen=True, slots=True)
class Guard:
    """When a statement speaks, beside its region: every `within` input has one of its values, the record's time lies in
    [start, end), and the unit is in the experiment's arm (experiment, variant).
    """

    within: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: int | None = None
    end: int | None = None
    arm: tuple[str, str] | None = None


ALWAYS = Guard()


@dataclass(frozen=True, slots=True)
class RouteUse:
    """A proposed route; `priority` None stands for the policy's severity."""

    route: str
    queue: str
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class SanctionUse:
    name: str
    options: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a clause proposes; `enforcement` 0 is the weakest, as good as none."""

    enforcement: int = 0
    routes: tuple[RouteUse, ...] = ()
    sanctions: tuple[SanctionUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """One statement of a rung: a threshold in millionths, or None for `off`."""

    guard: Guard
    threshold: int | None
    clause: str
    source: str


@dataclass(frozen=True, slots=True)
class Rung:
    """The first of `cuts` whose guard holds is in force; none in force is as if never written."""

    name: str
    proposal: Proposal
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """`score` is an input or a derived score of the variant."""

    score: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A derived score; see `policy_dsl.scores` for its expression."""

    name: str
    expr: ScoreExpr


@dataclass(frozen=True, slots=True)
class Rule:
    clause: str
    source: str
    guard: Guard
    when: Condition
    proposal: Proposal
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """An exception: a waiver where `cap` is None, else a cap, of the ladder on `score` where that is not None."""

    clause: str
    source: str
    guard: Guard
    when: Condition
    cap: int | None
    routes: tuple[RouteUse, ...] = ()
    score: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Adds `delta` millionths to every threshold of the policy: positive raises."""

    clause: str
    source: str
    guard: Guard
    when: Condition
    delta: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PriorityRaise:
    clause: str
    source: str
    guard: Guard
    when: Condition
    priority: int


@dataclass(frozen=True, slots=True)
class Default:
    """One statement of `on missing` or `on error`."""

    guard: Guard
    proposal: Proposal
    clause: str
    source: str


@dataclass(frozen=True, slots=True)
class OnMissing:
    """`input` None: the general one. The first default whose guard holds speaks; `defaults` ends with one that always does
    in the general one.
    """

    input: str | None
    defaults: tuple[Default, ...]


@dataclass(frozen=True, slots=True)
class EffectValue:
    guard: Guard
    value: Scalar


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect of the decision where its enforcement is `enforcement`; the first value whose guard holds counts."""

    enforcement: int
    key: str
    values: tuple[EffectValue, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """A policy as it stands in some regions: everything inherited, in the order of evaluation."""

    scores: tuple[Score, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    rules: tuple[Rule, ...] = ()
    grants: tuple[Grant, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    priorities: tuple[PriorityRaise, ...] = ()
    on_missing: tuple[OnMissing, ...] = ()
    on_error: tuple[Default, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """The arm of a unit is that whose [low, high) holds its hash modulo 1,000,000 (ruling R17)."""

    name: str
    unit: str
    salt: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """`places[i]` is the variant in `Program.regions[i]`, -1 where the policy does not apply."""

    name: str
    title: str
    owner: str
    severity: int
    shadow: bool
    source: str
    variants: tuple[Variant, ...]
    places: tuple[int, ...]
    experiments: tuple[Experiment, ...] = ()


@dataclass(frozen=True, slots=True)
class Consequence:
    """Reads the joined decision. `regions` are stated ones: it holds there and below. `policies` None: all."""

    clause: str
    source: str
    regions: tuple[str, ...]
    guard: Guard
    policies: tuple[str, ...] | None
    on: tuple[int, ...]
    when: Condition | None
    proposal: Proposal
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A whole pack, compiled."""

    ir: int
    language: int
    pack: str
    enforcements: tuple[Enforcement, ...]
    routes: tuple[Route, ...]
    sanctions: tuple[Sanction, ...]
    severities: tuple[SeverityTier, ...]
    inputs: tuple[Input, ...]
    unknown_region: str
    regions: tuple[str, ...]
    parents: tuple[str | None, ...]
    dates: tuple[int, ...]
    policies: tuple[Policy, ...]
    consequences: tuple[Consequence, ...]
    scorers: dict[str, dict[str, Any]]
