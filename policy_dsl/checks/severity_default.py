"""LIM117: a severity's default (what its policies propose where something is missing) that the manifest lacks."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding, hint
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.manifest_reader import span_of_key
from policy_dsl.pack import MANIFEST
from policy_dsl.source import Source
from policy_dsl.tiers import severities


def severity_default(context: Context) -> Iterator[Diagnostic]:
    manifest = context.env.manifest
    used = {context.severity(policy) for policy in context.policies}
    for tier in severities(context.env):
        kind = context.env.kind_of(tier.on_missing)
        stated = manifest.severities[tier.name].on_missing is not None
        if kind in ("enforcement", "route") or not (stated or tier.name in used):
            continue
        source = context.sources.get(MANIFEST, Source(MANIFEST, ""))
        span = span_of_key(source, ("severities", tier.name, "on_missing"))
        known = [*manifest.enforcements, *manifest.routes]
        if not stated:
            message = f"where something is missing, `{tier.name}` proposes `review`, and the manifest has no such route"
            yield finding("LIM117", message, span, "add the route `review`, or say `on_missing: …` for this severity")
        elif kind == "sanction":
            message = f"`{tier.on_missing}` is a sanction, and nobody is punished for what is missing"
            yield finding("LIM117", message, span, hint("", known, "it may be"))
        else:
            message = f"`{tier.on_missing}` is no enforcement or route of this pack"
            yield finding("LIM117", message, span, hint(tier.on_missing, known, "the manifest has"))
