"""LIM109: a `because` that names no clause."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint
from policy_dsl.diagnostics import Diagnostic


def unknown_clause(context: Context) -> Iterator[Diagnostic]:
    for test in context.items:
        if not isinstance(test, n.Test) or (test.policy and test.policy.text not in context.policy_names):
            continue
        for expect in test.expect:
            if expect.because and not context.excused(expect.because.text):
                yield from _because(context, test, expect.because)


def _because(context: Context, test: n.Test, because: n.Name) -> Iterator[Diagnostic]:
    policies = [context.policy_names[test.policy.text]] if test.policy else context.policies
    clauses = dict.fromkeys(name for policy in policies for name in clause_names(context, policy))
    if not test.policy:
        clauses |= {found.node.name.text: None for found in context.clauses if isinstance(found.node, n.Consequence)}
    defaults = [f"{tier}.{what}" for tier in context.env.manifest.severities for what in ("on_missing", "on_error")]
    if not any(name == because.text or name.startswith(f"{because.text}.") for name in (*clauses, *defaults)):
        tell = hint(because.text, clauses, "the clauses are")
        yield finding("LIM109", f"no clause here is named `{because.text}`", because.span, tell)


def clause_names(context: Context, policy: n.Policy) -> Iterator[str]:
    """As decisions name them, without the place behind: `nudity.risk`, `nudity.medical`, `nudity.on_missing`."""
    own = policy.name.text
    for found in context.statements(policy):
        match found.node:
            case n.Ladder(score=score, rungs=rungs):
                yield f"{own}.{score.text}"
                yield from (
                    f"{own}.{score.text}.{rung.outcomes[0].name.text}" for rung in rungs if len(rung.outcomes) == 1
                )
            case n.Rule(name=name) | n.ExceptionClause(name=name) | n.Adjust(name=name) | n.Consequence(name=name):
                yield f"{own}.{name.text}"
            case _:
                pass
    for found in context.clauses:
        if isinstance(found.node, (n.ExceptionClause, n.Adjust)):
            yield f"{own}.{found.node.name.text}"
    yield from (f"{own}.on_missing", f"{own}.on_error")
