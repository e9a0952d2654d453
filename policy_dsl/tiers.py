"""The manifest's severities, each with what its policies propose where something is missing and they say nothing."""

from __future__ import annotations

from policy_dsl import program as p
from policy_dsl.env import Env

FAIL_CLOSED = ("P0", "P1")


def severities(env: Env) -> tuple[p.SeverityTier, ...]:
    """With each tier's default: `review` for P0 and P1, nothing for the others, unless the manifest says."""
    weakest = next(iter(env.manifest.enforcements))
    return tuple(
        p.SeverityTier(name, spec.sla_seconds, spec.on_missing or ("review" if name in FAIL_CLOSED else weakest))
        for name, spec in env.manifest.severities.items()
    )
