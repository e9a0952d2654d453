"""Every list of outcomes that a rule file writes, and what it is a list for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.table_cells import expectations
from policy_dsl.source import Span


@dataclass(frozen=True, slots=True)
class OutcomeList:
    """`kind`: rung, rule, default (`on missing`, `on error`), cap (the routes behind it), consequence, expect.

    `policy` is the one in which it stands, None at the top of a file and in tests.
    """

    kind: str
    outcomes: tuple[n.Outcome, ...]
    span: Span
    policy: n.Policy | None = None


def outcome_lists(context: Context) -> Iterator[OutcomeList]:
    for policy, found in context.everything:
        yield from (replace(item, policy=policy) for item in _of(found.node))
    for item in context.items:
        match item:
            case n.Test(expect=expects):
                for expect in expects:
                    yield OutcomeList("expect", expect.outcomes, expect.span)
            case n.Tests():
                for cell in expectations(item):
                    yield OutcomeList("expect", cell.outcomes, cell.span)


def _of(node: n.PolicyItem) -> Iterator[OutcomeList]:
    match node:
        case n.Ladder(rungs=rungs):
            for rung in rungs:
                yield OutcomeList("rung", rung.outcomes, rung.span)
        case n.Rule(outcomes=found, span=span):
            yield OutcomeList("rule", found, span)
        case n.OnMissing(outcomes=found, span=span) | n.OnError(outcomes=found, span=span):
            yield OutcomeList("default", found, span)
        case n.Consequence(outcomes=found, span=span):
            yield OutcomeList("consequence", found, span)
        case n.ExceptionClause(grant=n.Cap(routes=routes, span=span)):
            yield OutcomeList("cap", routes, span)
        case _:
            pass
