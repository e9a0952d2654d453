"""The shipped pack on a scored log, written by hand as SQL for DuckDB, as the hand-written function of one record reads.

An outcome of a ladder is one number: twice the rank of the enforcement, plus one where its route comes with it. What no
threshold changes is computed once for all variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from benchmarks.replay_rules import (
    ABSENT,
    BLOCK,
    DHARMIC,
    EU,
    LABEL,
    LABELS,
    LIMIT,
    P0,
    P1,
    P2,
    P3,
    REDUCE,
    REMOVE,
    TERMINATE,
    Thresholds,
    bit,
)

SCORES = {
    "harassment": "text.harassment", "toxicity": "text.toxicity", "hate": "text.hate", "violence": "text.violence",
    "self_harm": "text.self_harm", "spam": "text.spam", "misinformation": "vendor.misinformation",
    "image_hate": "image.hate", "swastika": "image.swastika", "image_violence": "image.violence",
    "terrorism": "image.terrorism",
}  # fmt: skip
ADJUSTED = ("harassment", "toxicity", "hate", "violence", "spam", "image_hate", "swastika", "image_violence")
FLAGS = {
    **{name: f"keywords.{name}.match" for name in ("crisis", "dehumanising", "doxxing", "scam", "slurs", "threats")},
    "spam_words": "keywords.spam.match", "urging": "keywords.urging_self_harm.match",
    "voting": "keywords.voting_procedure.match", "synthetic": "content.synthetic",
    **{f"{kind}_{name}": f"{kind}_hash.{name}.match" for kind in ("image", "video")
       for name in ("child_safety", "intimate_images", "terrorism")},
}  # fmt: skip
PLAIN = {
    "context": "content.context", "written": "content.language", "notice": "notice.kind", "rating": "claim.rating",
    "age": "author.age_days", "reports": "content.reports", "viewers": "live.viewers", "propensity": "review.propensity",
}  # fmt: skip
LEVELS = ("harassment", "hate", "misinformation", "nudity", "spam", "terrorism", "violence")


class Side:
    """Replays by DuckDB. `threads` of its own; never more than `memory_mb` for its buffers."""

    def __init__(
        self, paths: Sequence[str], variants: Sequence[Thresholds], threads: int, memory_mb: int = 400
    ) -> None:
        settings: dict[str, Any] = {
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "preserve_insertion_order": False,
        }
        self._connection = duckdb.connect(config=settings)
        self._query = query(paths, variants)

    def run(self) -> list[tuple[Any, ...]]:
        """Region, language, labels, per variant the enforcement and the routes' bits; then rows, views, weights."""
        return self._connection.sql(self._query).fetchall()


def query(paths: Sequence[str], variants: Sequence[Thresholds]) -> str:
    count = len(variants)
    labels = ", ".join(f'"{name}"' for name in LABELS)
    outcomes = ", ".join(f"enforcement{v}, routes{v}" for v in range(count))
    judged = ",\n".join(_judged(t, v) for v, t in enumerate(variants))
    capped = ",\n".join(_capped(v) for v in range(count))
    joined = ",\n".join(_joined(v) for v in range(count))
    return f"""
WITH read AS (SELECT region, language, {labels}, views, {_read()} FROM read_parquet({list(paths)!r})),
known AS (SELECT *, {_known()} FROM read),
judged AS (SELECT *, {_shared()}, {judged} FROM known),
capped AS (SELECT *, {capped} FROM judged),
joined AS (SELECT region, language, {labels}, views, propensity, {joined} FROM capped)
SELECT region, language, {labels}, {outcomes}, count(*), sum(views)::BIGINT, sum(1 / propensity)
FROM joined GROUP BY ALL"""  # noqa: S608 - all of it is text of this module


# -- what the variants share -------------------------------------------------------------------------------------------


def _read() -> str:
    plain = [f'"{column}" AS {name}' for name, column in PLAIN.items()]
    scores = [f'coalesce("{column}", {ABSENT}) AS {name}' for name, column in SCORES.items()]
    flags = [f'coalesce("{column}", false) AS {name}' for name, column in FLAGS.items()]
    surfaces = [f"\"content.surface\" = '{name}' AS {name}" for name in ("live", "ad", "comment")]
    more = f"""
        CASE WHEN "author.strikes" >= 3 THEN 20000 ELSE 0 END AS shift,
        coalesce("keywords.slurs.count", 0) AS slur_count, coalesce("keywords.spam.count", 0) AS spam_count,
        list_contains("content.tags", 'reclaimed') AS reclaimed,
        greatest(coalesce("image.nudity", {ABSENT}), coalesce((800000 * "text.sexual"::BIGINT + 500000) // 1000000, {ABSENT}))
            AS risk,
        "text.hate" IS NULL AND list_contains(modalities, 'text') AS hate_lost,
        "text.violence" IS NULL AND list_contains(modalities, 'text') AS violence_lost,
        "text.self_harm" IS NULL AND list_contains(modalities, 'text') AS self_harm_lost,
        "image_hash.child_safety.match" IS NULL AND list_contains(modalities, 'image') AS hash_lost"""
    return ",\n".join([*plain, *scores, *flags, *surfaces, more])


def _known() -> str:
    shifted = [f"{name} + shift AS {name}_s" for name in ADJUSTED]
    groups = {
        "showing": "('art', 'education', 'news', 'satire')",
        "preventing": "('art', 'education', 'medical', 'news')",
        "reporting": "('education', 'medical', 'news')",
        "exhibiting": "('art', 'education', 'news')",
        "correcting": "('education', 'news', 'satire')",
        "teaching": "('education', 'news')",
        "mocking": "('news', 'satire')",
        "fiction": "('art', 'satire')",
    }
    contexts = [f"context IN {values} AS {name}" for name, values in groups.items()]
    more = f"""
        risk + shift AS risk_s, live AND viewers >= 10000 AS urgent,
        written IN ('en', 'de', 'unknown') AS abuse_trained, written IN ('en', 'unknown') AS all_trained,
        region IN {EU} AS eu, region IN {DHARMIC} AS dharmic"""
    return ",\n".join([*shifted, *contexts, more])


def _shared() -> str:
    """Rules, and policies without thresholds of their own."""
    return f"""
        reports >= 3 AND harassment >= 800000 AS reported,
        CASE WHEN hate >= 700000 AND (slurs OR dehumanising) THEN {REMOVE}
             WHEN slur_count >= 2 AND NOT reclaimed THEN {REDUCE} ELSE 0 END AS worded,
        CASE WHEN rating IN ('false', 'altered') THEN {REDUCE}
             WHEN rating = 'missing_context' OR (synthetic AND region = 'IN') THEN {LABEL} ELSE 0 END AS rated,
        CASE WHEN urging THEN {BLOCK}
             WHEN region = 'GB' AND (crisis OR (self_harm >= 980000 AND all_trained)) THEN {LIMIT} ELSE 0 END AS harming,
        CASE WHEN (spam_words AND spam >= 900000 AND NOT ad) OR (scam AND age < 7) THEN {BLOCK}
             WHEN scam OR spam_count >= 2 THEN {REDUCE} ELSE 0 END AS spammed,
        CASE WHEN image_terrorism OR video_terrorism THEN {REMOVE} ELSE 0 END AS listed,
        CASE WHEN notice = 'terrorism_order' AND eu THEN {REMOVE} ELSE 0 END AS ordered,
        CASE WHEN threats AND violence >= 900000 THEN {REMOVE} ELSE 0 END AS threatened,
        CASE WHEN image_child_safety OR video_child_safety OR image_intimate_images OR video_intimate_images THEN {REMOVE}
             WHEN notice = 'person_shown' OR (notice = 'official_order' AND region = 'IN') THEN {BLOCK} ELSE 0 END AS fixed,
        {_bits(_shared_routes())} AS shared_routes"""


def _shared_routes() -> dict[int, str]:
    return {
        bit("child-safety", P0, "escalate"): "image_child_safety OR video_child_safety",
        bit("intimate-images", P1, "escalate"): "image_intimate_images OR video_intimate_images",
        bit("hash-retry", P1): "hash_lost AND NOT video_intimate_images",
        bit("hash-retry", P0): "hash_lost AND NOT (video_child_safety AND video_terrorism)",
        bit("privacy", P1): "doxxing",
        bit("hate-language", P1): "worded > 0 OR dehumanising",
        bit("intimate-images", P2): "notice = 'person_shown'",
        bit("intimate-images", P1): "notice = 'person_shown' AND region = 'IN'",
        bit("civic", P1): "voting",
        bit("notices", P2): "(region = 'GB' AND notice IN ('user', 'trusted_flagger')) OR (eu AND notice = 'user')",
        bit("notices", P1): "eu AND notice = 'trusted_flagger'",
        bit("legal", P1): "notice = 'official_order'",
        bit("live-crisis", P0, "escalate"): "crisis AND live",
        bit("wellbeing", P1): "crisis",
        bit("terrorism", P0, "escalate"): "listed > 0",
        bit("terrorism-orders", P0, "escalate"): "ordered > 0",
        bit("law-enforcement", P0, "escalate"): "threats AND violence >= 990000 AND eu",
        bit("threats", P0): "threats AND (violence >= 900000 OR urgent)",
        bit("threats", P1): "threats",
        bit("general", P1): """hate_lost OR (violence_lost AND NOT urgent) OR (self_harm_lost AND NOT crisis)
            OR harming = 4 OR (harming > 0 AND preventing)""",
        bit("general", P0): "violence_lost AND urgent",
        bit("general", P3): "scam",
        bit("general", P2): "reported",
    }


def _bits(conditions: dict[int, str]) -> str:
    return " | ".join(f"CASE WHEN {condition} THEN {number} ELSE 0 END" for number, condition in conditions.items())


# -- what a variant judges ---------------------------------------------------------------------------------------------


def _ladder(score: str, *rungs: tuple[int, int]) -> str:
    """The outcome of the first threshold that is reached, strongest first."""
    return (
        "CASE "
        + " ".join(f"WHEN {score} >= {threshold} THEN {outcome}" for threshold, outcome in rungs)
        + " ELSE 0 END"
    )


def _either(score: str, condition: str, yes: Sequence[tuple[int, int]], no: Sequence[tuple[int, int]]) -> str:
    """One ladder or another; most rows stay below both."""
    lowest = min(threshold for threshold, _ in (*yes, *no))
    return f"CASE WHEN {score} < {lowest} THEN 0 WHEN {condition} THEN {_ladder(score, *yes)} ELSE {_ladder(score, *no)} END"


def _judged(t: Thresholds, v: int) -> str:
    """Each ladder's outcome."""
    return f"""
        {
        _either(
            "harassment_s",
            "live",
            [
                (t("harassment.text.harassment.block+review", "live"), 2 * BLOCK + 1),
                (t("harassment.text.harassment.reduce+review", "live"), 2 * REDUCE + 1),
                (t("harassment.text.harassment.reduce", "live"), 2 * REDUCE),
            ],
            [
                (t("harassment.text.harassment.reduce+review"), 2 * REDUCE + 1),
                (t("harassment.text.harassment.reduce"), 2 * REDUCE),
            ],
        )
    } AS insult{v},
        toxicity_s >= {t("harassment.text.toxicity.label")} AND abuse_trained AS rude{v},
        {
        _either(
            "hate_s",
            "live",
            [
                (t("hate.text.hate.block+review", "live"), 2 * BLOCK + 1),
                (t("hate.text.hate.reduce+review", "live"), 2 * REDUCE + 1),
                (t("hate.text.hate.review", "live"), 1),
            ],
            [(t("hate.text.hate.reduce+review"), 2 * REDUCE + 1), (t("hate.text.hate.review"), 1)],
        )
    } AS hateful{v},
        {
        _ladder("image_hate_s", (t("hate.image.hate.reduce+review"), 2 * REDUCE + 1), (t("hate.image.hate.review"), 1))
    } AS pictured{v},
        CASE WHEN swastika_s < {t("hate.image.swastika.review")} THEN 0
             WHEN dharmic THEN {_ladder("swastika_s", (t("hate.image.swastika.review", region="IN"), 1))}
             WHEN swastika_s >= CASE WHEN region IN ('DE', 'AT') THEN {t("hate.image.swastika.remove", region="DE")}
                                     ELSE {t("hate.image.swastika.remove")} END THEN {2 * REMOVE} ELSE 1 END AS symbol{
        v
    },
        {
        _ladder(
            "misinformation",
            (t("misinformation.vendor.misinformation.reduce+review"), 2 * REDUCE + 1),
            (t("misinformation.vendor.misinformation.review"), 1),
        )
    } AS claim{v},
        {_nudity(t)} AS nude{v},
        self_harm >= CASE WHEN live THEN {t("self_harm.text.self_harm.review(queue=wellbeing)", "live")}
                          ELSE {t("self_harm.text.self_harm.review(queue=wellbeing)")} END AS harm{v},
        CASE WHEN ad THEN 0 ELSE {
        _either(
            "spam_s",
            "comment",
            [(t("spam.text.spam.reduce", "comment"), REDUCE), (t("spam.text.spam.label", "comment"), LABEL)],
            [(t("spam.text.spam.reduce"), REDUCE), (t("spam.text.spam.label"), LABEL)],
        )
    } END AS sold{v},
        {
        _either(
            "terrorism",
            "live",
            [
                (t("terrorism.image.terrorism.terminate_stream+escalate", "live"), 2 * TERMINATE + 1),
                (t("terrorism.image.terrorism.block+escalate", "live"), 2 * BLOCK + 1),
                (t("terrorism.image.terrorism.escalate", "live"), 1),
            ],
            [
                (t("terrorism.image.terrorism.block+escalate"), 2 * BLOCK + 1),
                (t("terrorism.image.terrorism.escalate"), 1),
            ],
        )
    } AS terror{v},
        {
        _either(
            "image_violence_s",
            "live",
            [
                (t("violence.image.violence.terminate_stream", "live"), 2 * TERMINATE),
                (t("violence.image.violence.remove", "live"), 2 * REMOVE),
                (t("violence.image.violence.limit+review", "live"), 2 * LIMIT + 1),
                (t("violence.image.violence.label", "live"), 2 * LABEL),
            ],
            [
                (t("violence.image.violence.remove"), 2 * REMOVE),
                (t("violence.image.violence.limit+review"), 2 * LIMIT + 1),
                (t("violence.image.violence.label"), 2 * LABEL),
            ],
        )
    } AS graphic{v},
        {
        _either(
            "violence_s",
            "live",
            [
                (t("violence.text.violence.reduce+review", "live"), 2 * REDUCE + 1),
                (t("violence.text.violence.review", "live"), 1),
            ],
            [(t("violence.text.violence.reduce+review"), 2 * REDUCE + 1), (t("violence.text.violence.review"), 1)],
        )
    } AS violent{v}"""


def _nudity(t: Thresholds) -> str:
    rungs = ("remove", "reduce+review", "limit")

    def at(surface: str | None) -> dict[str, int]:
        return {name: t(f"nudity.risk.{name}", surface) for name in rungs}

    def ladder(limits: dict[str, int], **own: int) -> str:
        limits = limits | own
        outcomes = (2 * REMOVE, 2 * REDUCE + 1, 2 * LIMIT)
        return _ladder("risk_s", *((limits[name], outcome) for name, outcome in zip(rungs, outcomes, strict=True)))

    def here(surface: str | None) -> str:
        where = "ad,live" if surface else None
        limits, others = at(surface), f"ELSE {ladder(at(surface))} END"
        regions = [
            f"WHEN region = '{code}' THEN {ladder(limits, remove=t('nudity.risk.remove', where, code))}"
            for code in ("DE", "IN")
        ]
        regions += [f"WHEN region = 'GB' THEN {ladder(limits, limit=t('nudity.risk.limit', where, 'GB'))}"]
        return f"CASE {' '.join(regions)} {others}"

    return f"""CASE WHEN risk_s < {t("nudity.risk.limit", None, "GB")} THEN 0
        WHEN live THEN CASE WHEN risk_s >= {t("nudity.risk.terminate_stream", "live")} THEN {2 * TERMINATE}
                            ELSE {here("live")} END
        WHEN ad THEN {here("ad")} ELSE {here(None)} END"""


def _capped(v: int) -> str:
    """Each policy's enforcement before its own cap: the strongest of its ladders and rules."""
    return f"""
        greatest(CASE WHEN abuse_trained THEN insult{v} >> 1 ELSE 0 END, rude{v}::INT, CASE WHEN reported THEN {BLOCK} ELSE 0 END)
            AS harassment{v},
        greatest(CASE WHEN abuse_trained THEN hateful{v} >> 1 ELSE 0 END, pictured{v} >> 1, symbol{v} >> 1, worded) AS hate{v},
        greatest(claim{v} >> 1, rated) AS misinformation{v},
        nude{v} >> 1 AS nudity{v},
        greatest(CASE WHEN all_trained THEN sold{v} ELSE 0 END, spammed) AS spam{v},
        greatest(terror{v} >> 1, listed) AS terrorism{v},
        greatest(graphic{v} >> 1, CASE WHEN all_trained THEN violent{v} >> 1 ELSE 0 END, threatened) AS violence{v}"""


def _joined(v: int) -> str:
    medical = "context = 'medical' AND age >= 30"
    return f"""
        greatest(fixed, ordered,
            CASE WHEN harassment{v} > {LABEL} AND mocking THEN {LABEL} ELSE harassment{v} END,
            CASE WHEN hate{v} > {LABEL} AND showing THEN {LABEL} ELSE hate{v} END,
            CASE WHEN misinformation{v} > {LABEL} AND correcting THEN {LABEL} ELSE misinformation{v} END,
            CASE WHEN nudity{v} > {LABEL} AND {medical} THEN {LABEL}
                 WHEN nudity{v} > {LIMIT} AND exhibiting THEN {LIMIT} ELSE nudity{v} END,
            CASE WHEN harming > {LABEL} AND preventing THEN {LABEL} ELSE harming END,
            CASE WHEN spam{v} > {LABEL} AND teaching THEN {LABEL} ELSE spam{v} END,
            CASE WHEN terrorism{v} > {LIMIT} AND teaching THEN {LIMIT} ELSE terrorism{v} END,
            CASE WHEN violence{v} > {LABEL} AND fiction THEN {LABEL}
                 WHEN violence{v} > {LIMIT} AND reporting THEN {LIMIT} ELSE violence{v} END) AS enforcement{v},
        shared_routes | {_bits(_routes(v, medical))} AS routes{v}"""


def _routes(v: int, medical: str) -> dict[int, str]:
    violent = f"(graphic{v} | violent{v}) & 1 = 1 OR (violence{v} > {LABEL} AND fiction)"
    return {
        bit("general", P2): f"""insult{v} & 1 = 1 OR (insult{v} > 0 AND NOT abuse_trained) OR claim{v} & 1 = 1
            OR nude{v} & 1 = 1 OR (nudity{v} > {LABEL} AND {medical}) OR (nudity{v} > {LIMIT} AND exhibiting)""",
        bit("general", P1): f"""(hateful{v} | pictured{v} | symbol{v}) & 1 = 1 OR (hate{v} > {LABEL} AND showing)
            OR (({violent}) AND NOT urgent)""",
        bit("general", P0): f"({violent}) AND urgent",
        bit("general", P3): f"sold{v} > 0 AND NOT all_trained",
        bit("wellbeing", P1): f"harm{v}",
        bit("specialist", P0, "escalate"): f"terror{v} & 1 = 1",
    }
