"""LIM201, LIM202: a policy without severity, title or owner, or in a file that is not named after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from policy_dsl import nodes as n
from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, listed
from policy_dsl.diagnostics import Diagnostic

_HEADER = {"severity": n.SeverityLine, "title": n.Title, "owner": n.Owner}


def policy_header(context: Context) -> Iterator[Diagnostic]:
    for policy in context.policies:
        lacks = [word for word, kind in _HEADER.items() if not any(isinstance(item, kind) for item in policy.body)]
        if lacks and not context.broken:
            level = list(context.env.manifest.severities)[-1]
            tell = (
                f"without a severity it counts as `{level}`, the least severe"
                if "severity" in lacks
                else "reviewers see them beside each decision"
            )
            yield finding(
                "LIM201",
                f"the policy `{policy.name.text}` has no {listed(lacks, 'or').replace('`', '')}",
                policy.name.span,
                tell,
            )
        path = PurePosixPath(policy.span.path)
        if path.stem != policy.name.text:
            message = f"the policy `{policy.name.text}` stands in `{path.name}`"
            yield finding(
                "LIM202", message, policy.name.span, f"one policy a file, named after it: `{policy.name.text}.limen`"
            )
