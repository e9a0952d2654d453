"""The shipped pack on a scored log, written by hand for Polars' streaming engine, as the hand-written function of one record reads.

An outcome of a ladder is one number: twice the rank of the enforcement, plus one where its route comes with it. What no
threshold changes is computed once for all variants. The number of threads is that of `POLARS_MAX_THREADS`, read at import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import polars as pl
from polars import col

from benchmarks.replay_duckdb import ADJUSTED, FLAGS, PLAIN, SCORES
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

Exprs: TypeAlias = dict[str, pl.Expr]
Rungs: TypeAlias = Sequence[tuple[int, int]]


class Side:
    """Replays by Polars, streaming."""

    def __init__(self, paths: Sequence[str], variants: Sequence[Thresholds]) -> None:
        self._plan = plan(paths, variants)

    def run(self) -> list[tuple[Any, ...]]:
        """Region, language, labels, per variant the enforcement and the routes' bits; then rows, views, weights."""
        return self._plan.collect(engine="streaming").rows()


def plan(paths: Sequence[str], variants: Sequence[Thresholds]) -> pl.LazyFrame:
    numbered = list(enumerate(variants))
    groups = ["region", "language", *LABELS]
    outcomes = [f"{name}{v}" for v, _ in numbered for name in ("enforcement", "routes")]
    return (
        pl.scan_parquet(list(paths))
        .select(*groups, "views", **_read())
        .with_columns(**_known())
        .with_columns(**_shared(), **_each(_judged(t, v) for v, t in numbered))
        .with_columns(**_each(_capped(v) for v, _ in numbered))
        .select(*groups, "views", "propensity", **_each(_joined(v) for v, _ in numbered))
        .group_by(*groups, *outcomes)
        .agg(pl.len(), col("views").sum(), (1 / col("propensity").cast(pl.Float64)).sum().alias("weight"))
    )


def _each(many: Any) -> Exprs:
    return {name: expr for exprs in many for name, expr in exprs.items()}


# -- what the variants share -------------------------------------------------------------------------------------------


def _read() -> Exprs:
    sexual = (800_000 * col("text.sexual").cast(pl.Int64) + 500_000) // 1_000_000
    has = {name: col("modalities").list.contains(name) for name in ("text", "image")}
    return {
        **{name: col(column) for name, column in PLAIN.items()},
        **{name: col(column).fill_null(ABSENT) for name, column in SCORES.items()},
        **{name: col(column).fill_null(value=False) for name, column in FLAGS.items()},
        **{name: col("content.surface") == name for name in ("live", "ad", "comment")},
        "shift": pl.when(col("author.strikes") >= 3).then(20_000).otherwise(0),
        "slur_count": col("keywords.slurs.count").fill_null(0),
        "spam_count": col("keywords.spam.count").fill_null(0),
        "reclaimed": col("content.tags").list.contains("reclaimed"),
        "risk": pl.max_horizontal("image.nudity", sexual).fill_null(ABSENT),
        "hate_lost": col("text.hate").is_null() & has["text"],
        "violence_lost": col("text.violence").is_null() & has["text"],
        "self_harm_lost": col("text.self_harm").is_null() & has["text"],
        "hash_lost": col("image_hash.child_safety.match").is_null() & has["image"],
    }


def _known() -> Exprs:
    groups = {
        "showing": ("art", "education", "news", "satire"),
        "preventing": ("art", "education", "medical", "news"),
        "reporting": ("education", "medical", "news"),
        "exhibiting": ("art", "education", "news"),
        "correcting": ("education", "news", "satire"),
        "teaching": ("education", "news"),
        "mocking": ("news", "satire"),
        "fiction": ("art", "satire"),
    }
    return {
        **{f"{name}_s": col(name) + col("shift") for name in (*ADJUSTED, "risk")},
        **{name: _in("context", *values) for name, values in groups.items()},
        "urgent": col("live") & (col("viewers") >= 10_000),
        "abuse_trained": _in("written", "en", "de", "unknown"),
        "all_trained": _in("written", "en", "unknown"),
        "eu": _in("region", *EU),
        "dharmic": _in("region", *DHARMIC),
        "medical": (col("context") == "medical") & (col("age") >= 30).fill_null(value=False),
        "young": (col("age") < 7).fill_null(value=False),
    }


def _in(name: str, *values: str) -> pl.Expr:
    return col(name).cast(pl.String).is_in(list(values))


def _shared() -> Exprs:
    """Rules, and policies without thresholds of their own."""
    notice, region, rating = col("notice"), col("region"), col("rating")
    words = col("slurs") | col("dehumanising")
    known = (
        col("image_child_safety")
        | col("video_child_safety")
        | col("image_intimate_images")
        | col("video_intimate_images")
    )
    private = (notice == "person_shown") | ((notice == "official_order") & (region == "IN"))
    exprs = {
        "reported": (col("reports") >= 3) & (col("harassment") >= 800_000),
        "worded": _first(
            ((col("hate") >= 700_000) & words, REMOVE), ((col("slur_count") >= 2) & ~col("reclaimed"), REDUCE)
        ),
        "rated": _first(
            (_in("rating", "false", "altered"), REDUCE),
            ((rating == "missing_context") | (col("synthetic") & (region == "IN")), LABEL),
        ),
        "harming": _first(
            (col("urging"), BLOCK),
            ((region == "GB") & (col("crisis") | ((col("self_harm") >= 980_000) & col("all_trained"))), LIMIT),
        ),
        "spammed": _first(
            ((col("spam_words") & (col("spam") >= 900_000) & ~col("ad")) | (col("scam") & col("young")), BLOCK),
            (col("scam") | (col("spam_count") >= 2), REDUCE),
        ),
        "listed": _first((col("image_terrorism") | col("video_terrorism"), REMOVE)),
        "ordered": _first(((notice == "terrorism_order") & col("eu"), REMOVE)),
        "threatened": _first((col("threats") & (col("violence") >= 900_000), REMOVE)),
        "fixed": _first((known, REMOVE), (private, BLOCK)),
    }
    return exprs | {"shared_routes": _bits(_shared_routes(exprs))}


def _shared_routes(known: Exprs) -> dict[int, pl.Expr]:
    notice, region, crisis, urgent = col("notice"), col("region"), col("crisis"), col("urgent")
    threats, harming = col("threats"), known["harming"]
    return {
        bit("child-safety", P0, "escalate"): col("image_child_safety") | col("video_child_safety"),
        bit("intimate-images", P1, "escalate"): col("image_intimate_images") | col("video_intimate_images"),
        bit("hash-retry", P1): col("hash_lost") & ~col("video_intimate_images"),
        bit("hash-retry", P0): col("hash_lost") & ~(col("video_child_safety") & col("video_terrorism")),
        bit("privacy", P1): col("doxxing"),
        bit("hate-language", P1): (known["worded"] > 0) | col("dehumanising"),
        bit("intimate-images", P2): notice == "person_shown",
        bit("intimate-images", P1): (notice == "person_shown") & (region == "IN"),
        bit("civic", P1): col("voting"),
        bit("notices", P2): ((region == "GB") & _in("notice", "user", "trusted_flagger"))
        | (col("eu") & (notice == "user")),
        bit("notices", P1): col("eu") & (notice == "trusted_flagger"),
        bit("legal", P1): notice == "official_order",
        bit("live-crisis", P0, "escalate"): crisis & col("live"),
        bit("wellbeing", P1): crisis,
        bit("terrorism", P0, "escalate"): known["listed"] > 0,
        bit("terrorism-orders", P0, "escalate"): known["ordered"] > 0,
        bit("law-enforcement", P0, "escalate"): threats & (col("violence") >= 990_000) & col("eu"),
        bit("threats", P0): threats & ((col("violence") >= 900_000) | urgent),
        bit("threats", P1): threats,
        bit("general", P1): col("hate_lost")
        | (col("violence_lost") & ~urgent)
        | (col("self_harm_lost") & ~crisis)
        | (harming == BLOCK)
        | ((harming > 0) & col("preventing")),
        bit("general", P0): col("violence_lost") & urgent,
        bit("general", P3): col("scam"),
        bit("general", P2): known["reported"],
    }


def _bits(conditions: Mapping[int, pl.Expr]) -> pl.Expr:
    """No two conditions share a bit: their sum is their union."""
    return pl.sum_horizontal(condition.cast(pl.Int32) * number for number, condition in conditions.items())


def _first(*cases: tuple[pl.Expr, int]) -> pl.Expr:
    found = _small(0)
    for condition, value in reversed(cases):
        found = pl.when(condition).then(_small(value)).otherwise(found)
    return found


def _small(value: int) -> pl.Expr:
    return pl.lit(value, pl.Int8)


# -- what a variant judges ---------------------------------------------------------------------------------------------


def _ladder(score: str, *rungs: tuple[int, int]) -> pl.Expr:
    """The outcome of the first threshold that is reached, strongest first."""
    return _first(*((col(score) >= threshold, outcome) for threshold, outcome in rungs))


def _either(score: str, condition: str, yes: Rungs, no: Rungs) -> pl.Expr:
    return pl.when(col(condition)).then(_ladder(score, *yes)).otherwise(_ladder(score, *no))


def _judged(t: Thresholds, v: int) -> Exprs:
    """Each ladder's outcome."""
    insult, hate, harm = (
        "harassment.text.harassment",
        "hate.text.hate",
        "self_harm.text.self_harm.review(queue=wellbeing)",
    )
    terror, graphic, violent = "terrorism.image.terrorism", "violence.image.violence", "violence.text.violence"
    spam, claim, swastika = "spam.text.spam", "misinformation.vendor.misinformation", "hate.image.swastika"
    found = {
        "insult": _either(
            "harassment_s",
            "live",
            [
                (t(f"{insult}.block+review", "live"), 2 * BLOCK + 1),
                (t(f"{insult}.reduce+review", "live"), 2 * REDUCE + 1),
                (t(f"{insult}.reduce", "live"), 2 * REDUCE),
            ],
            [(t(f"{insult}.reduce+review"), 2 * REDUCE + 1), (t(f"{insult}.reduce"), 2 * REDUCE)],
        ),
        "rude": (col("toxicity_s") >= t("harassment.text.toxicity.label")) & col("abuse_trained"),
        "hateful": _either(
            "hate_s",
            "live",
            [
                (t(f"{hate}.block+review", "live"), 2 * BLOCK + 1),
                (t(f"{hate}.reduce+review", "live"), 2 * REDUCE + 1),
                (t(f"{hate}.review", "live"), 1),
            ],
            [(t(f"{hate}.reduce+review"), 2 * REDUCE + 1), (t(f"{hate}.review"), 1)],
        ),
        "pictured": _ladder(
            "image_hate_s", (t("hate.image.hate.reduce+review"), 2 * REDUCE + 1), (t("hate.image.hate.review"), 1)
        ),
        "symbol": pl.when("dharmic")
        .then(_ladder("swastika_s", (t(f"{swastika}.review", region="IN"), 1)))
        .when(col("region").cast(pl.String).is_in(["DE", "AT"]))
        .then(_ladder("swastika_s", (t(f"{swastika}.remove", region="DE"), 2 * REMOVE), (t(f"{swastika}.review"), 1)))
        .otherwise(_ladder("swastika_s", (t(f"{swastika}.remove"), 2 * REMOVE), (t(f"{swastika}.review"), 1))),
        "claim": _ladder("misinformation", (t(f"{claim}.reduce+review"), 2 * REDUCE + 1), (t(f"{claim}.review"), 1)),
        "nude": _nudity(t),
        "harm": _either("self_harm", "live", [(t(harm, "live"), 1)], [(t(harm), 1)]) > 0,
        "sold": pl.when("ad")
        .then(_small(0))
        .otherwise(
            _either(
                "spam_s",
                "comment",
                [(t(f"{spam}.reduce", "comment"), REDUCE), (t(f"{spam}.label", "comment"), LABEL)],
                [(t(f"{spam}.reduce"), REDUCE), (t(f"{spam}.label"), LABEL)],
            )
        ),
        "terror": _either(
            "terrorism",
            "live",
            [
                (t(f"{terror}.terminate_stream+escalate", "live"), 2 * TERMINATE + 1),
                (t(f"{terror}.block+escalate", "live"), 2 * BLOCK + 1),
                (t(f"{terror}.escalate", "live"), 1),
            ],
            [(t(f"{terror}.block+escalate"), 2 * BLOCK + 1), (t(f"{terror}.escalate"), 1)],
        ),
        "graphic": _either(
            "image_violence_s",
            "live",
            [
                (t(f"{graphic}.terminate_stream", "live"), 2 * TERMINATE),
                (t(f"{graphic}.remove", "live"), 2 * REMOVE),
                (t(f"{graphic}.limit+review", "live"), 2 * LIMIT + 1),
                (t(f"{graphic}.label", "live"), 2 * LABEL),
            ],
            [
                (t(f"{graphic}.remove"), 2 * REMOVE),
                (t(f"{graphic}.limit+review"), 2 * LIMIT + 1),
                (t(f"{graphic}.label"), 2 * LABEL),
            ],
        ),
        "violent": _either(
            "violence_s",
            "live",
            [(t(f"{violent}.reduce+review", "live"), 2 * REDUCE + 1), (t(f"{violent}.review", "live"), 1)],
            [(t(f"{violent}.reduce+review"), 2 * REDUCE + 1), (t(f"{violent}.review"), 1)],
        ),
    }
    return {f"{name}{v}": expr for name, expr in found.items()}


def _nudity(t: Thresholds) -> pl.Expr:
    """Thresholds by place first, then one comparison each."""
    live, ad, region = col("live"), col("ad"), col("region").cast(pl.String)

    def by_surface(name: str) -> pl.Expr:
        rung = f"nudity.risk.{name}"
        return _threshold((live, t(rung, "live")), (ad, t(rung, "ad")), otherwise=pl.lit(t(rung), pl.Int32))

    special = live | ad
    remove = _threshold(
        ((region == "DE") & special, t("nudity.risk.remove", "ad,live", "DE")),
        (region == "DE", t("nudity.risk.remove", None, "DE")),
        ((region == "IN") & special, t("nudity.risk.remove", "ad,live", "IN")),
        (region == "IN", t("nudity.risk.remove", None, "IN")),
        otherwise=by_surface("remove"),
    )
    limit = _threshold((region == "GB", t("nudity.risk.limit", None, "GB")), otherwise=by_surface("limit"))
    return _first(
        (live & (col("risk_s") >= t("nudity.risk.terminate_stream", "live")), 2 * TERMINATE),
        (col("risk_s") >= remove, 2 * REMOVE),
        (col("risk_s") >= by_surface("reduce+review"), 2 * REDUCE + 1),
        (col("risk_s") >= limit, 2 * LIMIT),
    )


def _threshold(*cases: tuple[pl.Expr, int], otherwise: pl.Expr) -> pl.Expr:
    found = otherwise
    for condition, value in reversed(cases):
        found = pl.when(condition).then(pl.lit(value, pl.Int32)).otherwise(found)
    return found


def _capped(v: int) -> Exprs:
    """Each policy's enforcement before its own cap: the strongest of its ladders and rules."""

    def level(name: str) -> pl.Expr:
        return col(f"{name}{v}") // 2

    def where(condition: str, expr: pl.Expr) -> pl.Expr:
        return pl.when(condition).then(expr).otherwise(_small(0))

    strongest = {
        "harassment": [
            where("abuse_trained", level("insult")),
            col(f"rude{v}").cast(pl.Int8),
            where("reported", _small(BLOCK)),
        ],
        "hate": [where("abuse_trained", level("hateful")), level("pictured"), level("symbol"), col("worded")],
        "misinformation": [level("claim"), col("rated")],
        "nudity": [level("nude")],
        "spam": [where("all_trained", col(f"sold{v}")), col("spammed")],
        "terrorism": [level("terror"), col("listed")],
        "violence": [level("graphic"), where("all_trained", level("violent")), col("threatened")],
    }
    # `_level` keeps a policy's level apart from the score of the same name
    return {f"{name}_level{v}": pl.max_horizontal(exprs) for name, exprs in strongest.items()}


def _joined(v: int) -> Exprs:
    def at_most(cap: int, *conditions: str, level: pl.Expr) -> pl.Expr:
        granted = pl.any_horizontal(*conditions)
        return pl.when(granted & (level > cap)).then(_small(cap)).otherwise(level)

    def of(policy: str) -> pl.Expr:
        return col(f"{policy}_level{v}")

    enforcement = pl.max_horizontal(
        "fixed",
        "ordered",
        at_most(LABEL, "mocking", level=of("harassment")),
        at_most(LABEL, "showing", level=of("hate")),
        at_most(LABEL, "correcting", level=of("misinformation")),
        at_most(LABEL, "medical", level=at_most(LIMIT, "exhibiting", level=of("nudity"))),
        at_most(LABEL, "preventing", level=col("harming")),
        at_most(LABEL, "teaching", level=of("spam")),
        at_most(LIMIT, "teaching", level=of("terrorism")),
        at_most(LABEL, "fiction", level=at_most(LIMIT, "reporting", level=of("violence"))),
    )
    return {f"enforcement{v}": enforcement, f"routes{v}": col("shared_routes") | _bits(_routes(v))}


def _routes(v: int) -> dict[int, pl.Expr]:
    def comes(*names: str) -> pl.Expr:
        return pl.any_horizontal(*(col(f"{name}{v}") % 2 == 1 for name in names))

    def above(policy: str, cap: int, condition: str) -> pl.Expr:
        return (col(f"{policy}_level{v}") > cap) & col(condition)

    violent = comes("graphic", "violent") | above("violence", LABEL, "fiction")
    return {
        bit("general", P2): comes("insult", "claim", "nude")
        | ((col(f"insult{v}") > 0) & ~col("abuse_trained"))
        | above("nudity", LABEL, "medical")
        | above("nudity", LIMIT, "exhibiting"),
        bit("general", P1): comes("hateful", "pictured", "symbol")
        | above("hate", LABEL, "showing")
        | (violent & ~col("urgent")),
        bit("general", P0): violent & col("urgent"),
        bit("general", P3): (col(f"sold{v}") > 0) & ~col("all_trained"),
        bit("wellbeing", P1): col(f"harm{v}"),
        bit("specialist", P0, "escalate"): comes("terror"),
    }
