"""LIM214: an exception or adjustment of the whole pack leaves the severest policies alone, unless it names them (ruling R18)."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, listed
from policy_dsl.diagnostics import Diagnostic


def severest_not_reached(context: Context) -> Iterator[Diagnostic]:
    severest = next(iter(context.env.manifest.severities))
    spared = sorted(policy.name.text for policy in context.policies if context.severity(policy) == severest)
    for found in context.clauses if spared else ():
        node = found.node
        if isinstance(node, (n.ExceptionClause, n.Adjust)) and not node.meta.policies:
            message = (
                f"`{node.name.text}` holds for the whole pack, but not for {listed(spared)}: {severest} must be named"
            )
            yield finding(
                "LIM214", message, node.name.span, "say `policies …` with every policy that it shall hold for"
            )
