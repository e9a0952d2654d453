"""What is decided about one content in one region: the compact outcome that every evaluator computes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policy_dsl.program import Scalar


class Status(StrEnum):
    """S11, ruling R15."""

    DECIDED = "decided"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Routed:
    """Who looks at it. `priority` is a rank among the severities, 0 the most severe."""

    route: str
    queue: str
    priority: int


@dataclass(frozen=True, slots=True)
class Sanctioned:
    name: str
    options: tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one policy says. `enforcement` is a rank, 0 the weakest, as proposed for certain; where `undetermined`, inputs
    that were skipped because the decision does not need them leave it open (ruling R4).

    `clauses` are those that acted, in the order of S6; `clause` is the one that gave the enforcement. `exceptions` are the
    granted ones that changed something. `missing` are the inputs that leave the policy open.
    """

    policy: str
    enforcement: int = 0
    routes: tuple[Routed, ...] = ()
    sanctions: tuple[Sanctioned, ...] = ()
    clause: str | None = None
    clauses: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    shadow: bool = False
    undetermined: bool = False

    @property
    def speaks(self) -> bool:
        """Whether it proposes anything."""
        return bool(self.enforcement or self.routes or self.sanctions)

    @property
    def open(self) -> bool:
        return bool(self.missing or self.errors)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The joined decision. `enforcement` is None where the status is `unavailable`; then `reason` may say why.

    `fired` are the clauses that acted, policy by policy in order of their names, then the consequences. `missing` are the
    inputs that a policy or a consequence lacked. `arms` are the experiment arms of the record's units.
    """

    region: str | None
    status: Status
    enforcement: int | None
    routes: tuple[Routed, ...] = ()
    sanctions: tuple[Sanctioned, ...] = ()
    effects: tuple[tuple[str, Scalar], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    fired: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    arms: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
