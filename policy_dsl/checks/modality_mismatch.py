"""LIM212: a score that is named after a modality that it does not judge, or judges one that no content has."""

from __future__ import annotations

from collections.abc import Iterator

from policy_dsl.checks.context import Context
from policy_dsl.checks.finding import finding
from policy_dsl.diagnostics import Diagnostic
from policy_dsl.manifest_reader import span_of_key
from policy_dsl.pack import MANIFEST
from policy_dsl.program import Input
from policy_dsl.source import Source, Span
from policy_dsl.suggest import suggest

# What a content can consist of, as `scorers.content.Modality` has it (a test compares them).
MODALITIES = ("text", "image", "video", "audio")


def modality_mismatch(context: Context) -> Iterator[Diagnostic]:
    for spec in context.env.inputs.values():
        prefix = spec.name.partition(".")[0]
        if spec.modality is None:
            continue
        if near := suggest(spec.modality, MODALITIES):
            message = f"`{spec.name}` judges `{spec.modality}`, which no content has, and so never applies"
            yield finding("LIM212", message, _place(context, spec), f"did you mean `{near}`?")
        elif prefix in MODALITIES and prefix != spec.modality:
            message = f"`{spec.name}` is named after {prefix} and judges {spec.modality}: content without {spec.modality} has no such score"
            yield finding(
                "LIM212", message, _place(context, spec), "name it after what it judges, or correct its `modality`"
            )


def _place(context: Context, spec: Input) -> Span:
    source = context.sources.get(MANIFEST, Source(MANIFEST, ""))
    path = ("scorers", spec.scorer) if spec.scorer else ("inputs", spec.name, "modality")
    return span_of_key(source, path)
