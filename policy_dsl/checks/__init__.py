"""The checks: each a function from a pack's context to findings, one per file, run in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from policy_dsl.checks.cap import cap
from policy_dsl.checks.circle import circle
from policy_dsl.checks.conditions import conditions
from policy_dsl.checks.constant_condition import constant_condition
from policy_dsl.checks.context import Context
from policy_dsl.checks.displaced_for import displaced_for
from policy_dsl.checks.effects import effects
from policy_dsl.checks.empty_block import empty_block
from policy_dsl.checks.enforcements import enforcements
from policy_dsl.checks.experiments import experiments
from policy_dsl.checks.for_blocks import for_blocks
from policy_dsl.checks.given_values import given_values
from policy_dsl.checks.has_of_let import has_of_let
from policy_dsl.checks.idle_priority import idle_priority
from policy_dsl.checks.line_twice import line_twice
from policy_dsl.checks.modality_mismatch import modality_mismatch
from policy_dsl.checks.name_of_another_policy import name_of_another_policy
from policy_dsl.checks.name_twice import name_twice
from policy_dsl.checks.never_here import never_here
from policy_dsl.checks.never_in_force import never_in_force
from policy_dsl.checks.not_monotone import not_monotone
from policy_dsl.checks.numbers import numbers
from policy_dsl.checks.options import options
from policy_dsl.checks.overrides import overrides
from policy_dsl.checks.policies_in_policy import policies_in_policy
from policy_dsl.checks.policy_header import policy_header
from policy_dsl.checks.proposes_nothing import proposes_nothing
from policy_dsl.checks.rungs import rungs
from policy_dsl.checks.said_twice import said_twice
from policy_dsl.checks.score_definition import score_definition
from policy_dsl.checks.severe_without_review import severe_without_review
from policy_dsl.checks.severest_not_reached import severest_not_reached
from policy_dsl.checks.severity_default import severity_default
from policy_dsl.checks.tables import tables
from policy_dsl.checks.too_deep import too_deep
from policy_dsl.checks.uncalibrated import uncalibrated
from policy_dsl.checks.unknown_clause import unknown_clause
from policy_dsl.checks.unknown_input import unknown_input
from policy_dsl.checks.unknown_mode import unknown_mode
from policy_dsl.checks.unknown_outcome import unknown_outcome
from policy_dsl.checks.unknown_policy import unknown_policy
from policy_dsl.checks.unknown_region import unknown_region
from policy_dsl.checks.unknown_score import unknown_score
from policy_dsl.checks.unknown_severity import unknown_severity
from policy_dsl.checks.untested import untested
from policy_dsl.checks.unused_definition import unused_definition
from policy_dsl.checks.unused_on_missing import unused_on_missing
from policy_dsl.diagnostics import Diagnostic, Severity, in_order

Check = Callable[[Context], Iterator[Diagnostic]]

# What would keep a pack from having a meaning.
ERRORS: Final[tuple[Check, ...]] = (
    unknown_outcome,
    unknown_score,
    unknown_input,
    unknown_region,
    unknown_severity,
    unknown_mode,
    unknown_policy,
    unknown_clause,
    name_of_another_policy,
    options,
    enforcements,
    severity_default,
    effects,
    name_twice,
    line_twice,
    circle,
    too_deep,
    has_of_let,
    policies_in_policy,
    score_definition,
    numbers,
    conditions,
    never_in_force,
    never_here,
    for_blocks,
    said_twice,
    displaced_for,
    cap,
    experiments,
    tables,
    given_values,
)
# What works, and is hardly meant.
LINTS: Final[tuple[Check, ...]] = (
    rungs,
    overrides,
    constant_condition,
    idle_priority,
    policy_header,
    modality_mismatch,
    not_monotone,
    severest_not_reached,
    uncalibrated,
)
# What seems to be absent: told of a pack without errors only, for it may stand in what is wrong.
ABSENCES: Final[tuple[Check, ...]] = (
    unused_definition,
    severe_without_review,
    untested,
    unused_on_missing,
    proposes_nothing,
    empty_block,
)


def findings(context: Context, before: Iterable[Diagnostic] = ()) -> tuple[Diagnostic, ...]:
    """All that is wrong with a pack, in order; `before` is what reading it has found."""
    found = [*before, *(finding for check in (*ERRORS, *LINTS) for finding in check(context))]
    if not any(finding.severity is Severity.ERROR for finding in found):
        found += [finding for check in ABSENCES for finding in check(context)]
    return in_order(found)
