"""Made-up traffic for the shipped pack, from a seed: most posts are harmless, each finding comes in a share that is stated here."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from engine.record import Record
from policy_dsl.program import Input, Program

REGIONS = ("US", "US", "US", "US", "DE", "DE", "GB", "IN", "IN", "FR", "JP", "BR")
MODALITIES = (
    frozenset({"text"}),
    frozenset({"text"}),
    frozenset({"text", "image"}),
    frozenset({"text", "image", "video"}),
)
USUAL = {
    "content.context": ("none",) * 19 + ("medical", "art", "education", "news", "satire"),
    "content.language": ("en",) * 6 + ("de", "hi", "pt", "ar", "other", "unknown"),
    "content.surface": ("post",) * 6 + ("comment",) * 4 + ("profile", "ad", "live"),
    "claim.rating": ("none",) * 97 + ("false", "altered", "missing_context"),
    "notice.kind": ("none",) * 195 + ("user", "trusted_flagger", "person_shown", "official_order", "terrorism_order"),
}


def traffic(program: Program, count: int, *, seed: int = 1, found: float = 0.01) -> list[tuple[Record, str]]:
    """Complete records with a region each. `found` is the share in which a hash, a word list or a high score turns up, for
    each of them; one author in twenty has strikes, one post in twenty has reports.
    """
    rng = random.Random(seed)
    return [(_record(program.inputs, rng, found), rng.choice(REGIONS)) for _ in range(count)]


def outage(records: Sequence[tuple[Record, str]], prefix: str) -> list[tuple[Record, str]]:
    """The same while the scorer whose outputs begin with `prefix` is down."""
    return [
        (Record(_without(record.scores, prefix), record.facts, record.at, record.modalities), region)
        for record, region in records
    ]


def _without(scores: Any, prefix: str) -> dict[str, Any]:
    return {name: value for name, value in scores.items() if not name.startswith(prefix)}


def _record(inputs: Sequence[Input], rng: random.Random, found: float) -> Record:
    modalities = rng.choice(MODALITIES)
    scores: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for spec in inputs:
        if spec.modality is None or spec.modality in modalities:
            (facts if spec.is_fact else scores)[spec.name] = _value(spec, rng, found)
    return Record(scores, facts, None, modalities)


def _value(spec: Input, rng: random.Random, found: float) -> Any:
    hit = rng.random() < found
    match spec.kind:
        case "score":
            return round(rng.uniform(0.5, 1.0) if hit else 0.5 * rng.random() ** 4, 6)
        case "bool":
            return hit
        case "set":
            return ["reclaimed"] if hit else []
        case "enum":
            return rng.choice(USUAL.get(spec.name, spec.values))
    if spec.name == "author.age_days":
        return rng.randrange(3000)
    return rng.randrange(1, 5) if rng.random() < (0.05 if spec.is_fact else found) else 0
