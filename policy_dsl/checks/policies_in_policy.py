"""LIM125: `policies` in a clause that stands in a policy, and so is about that policy."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic


def policies_in_policy(context: Context) -> Iterator[Diagnostic]:
    for policy, found in context.everything:
        meta = getattr(found.node, "meta", None)
        if policy is not None and meta and meta.policies:
            first, last = meta.policies[0].span, meta.policies[-1].span
            message = f"a clause inside of the policy `{policy.name.text}` is about this policy only"
            yield finding(
                "LIM125", message, first.to(last), "leave `policies …` out, or move the clause to the top of the file"
            )
