"""A result as a real simulation could have it, and one whose every text is hostile."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace

from simulator.result import (
    ALL,
    Assumption,
    Band,
    Bounds,
    Change,
    Changed,
    ColumnUse,
    Compared,
    Count,
    Curve,
    Drift,
    Estimate,
    Example,
    Figure,
    Gap,
    Labelled,
    Load,
    LogFile,
    Mark,
    Metric,
    Pack,
    Refused,
    Result,
    Run,
    Skipped,
    Slice,
    Transitions,
    Unreplayed,
    Zone,
)  # fmt: skip

ROWS = 24_783
HOSTILE = '<script>alert("x")</script>\u202e\x00&{{ 7*7 }}`'


def wilson(count: int, rows: int) -> Estimate:
    z, p = 1.959964, count / rows
    middle, half = (p + z * z / 2 / rows), z * math.sqrt(p * (1 - p) / rows + z * z / 4 / rows / rows)
    scale = 1 + z * z / rows
    return Estimate(p, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale), "wilson", rows)


def moved(a: Estimate, b: Estimate, spread: float = 0.5) -> Estimate:
    half = spread * ((a.high - a.low) ** 2 + (b.high - b.low) ** 2) ** 0.5 / 2
    value = b.value - a.value
    return Estimate(value, value - half, value + half, "paired difference", a.n)


def compared(a: int, b: int, rows: int, spread: float = 0.5) -> Compared:
    left, right = wilson(a, rows), wilson(b, rows)
    return Compared(left, right, moved(left, right, spread))


def counted(value: float, n: int = ROWS) -> Estimate:
    return Estimate(value, value, value, "exact", n)


def plain(a: float, b: float, width: float, method: str = "simulation", n: int = 200) -> Compared:
    def about(value: float) -> Estimate:
        return Estimate(value, value - width, value + width, method, n)

    return Compared(about(a), about(b), about(b - a))


def count(
    name: str, a: int, b: int, policy: str | None = None, what: str = "enforcement", part: Slice = ALL, rows: int = ROWS
) -> Count:
    return Count(part, policy, what, name, rows, a, b, compared(a, b, rows))


def metric(
    policy: str,
    name: str,
    a: tuple[int, int],
    b: tuple[int, int],
    basis: str = "all",
    part: Slice = ALL,
    beta: float | None = None,
) -> Metric:
    left, right = wilson(*a), wilson(*b)
    return Metric(part, policy, name, basis, Compared(left, right, moved(left, right)), beta)


def _unknown(reason: str) -> Compared:
    none = Refused(reason)
    return Compared(none, none, none)


def _bounds(low: float, high: float, reason: str) -> Compared:
    def between(a: float, b: float) -> Figure:
        return Bounds(a, b, "manski", ROWS, reason)

    return Compared(between(low, high), between(low, high), between(low - high, high - low))


def _curve(policy: str, score: str, basis: str, zones: tuple[Zone, ...] = ()) -> Curve:
    at = tuple(round(i / 400, 6) for i in range(1, 401))
    rate = tuple(0.8 * (1 - t) ** 2 * (1.2 - t) for t in at)
    precision = tuple(min(1.0, 0.2 + 0.7 * t + 0.03 * math.sin(60 * t)) for t in at)
    recall, wrong = tuple(1 - t**3 for t in at), tuple(0.8 * (1 - t) ** 3 for t in at)
    marks = (Mark("a", "remove", 0.95), Mark("b", "remove", 0.9))
    if basis == "bounds":
        open_ = [max(0.0, 0.45 - t) for t in at]
        bands = tuple(
            Band(
                name,
                tuple(max(0.0, v - o) for v, o in zip(values, open_, strict=True)),
                tuple(min(1.0, v + o) for v, o in zip(values, open_, strict=True)),
            )
            for name, values in (("precision", precision), ("recall", recall), ("false_positive_rate", wrong))
        )
        return Curve(policy, score, "remove", ALL, at, rate, marks=marks, unlabelled=zones, basis="bounds", bands=bands)
    return Curve(policy, score, "remove", ALL, at, rate, precision, recall, wrong, marks, zones, "all")


def example() -> Result:
    names = ("allow", "label", "reduce", "remove")
    regions = {"US": 9913, "EU": 6150, "IN": 3744, "DE": 2511, "BR": 2465}
    a = Pack("community-standards", "policies/", "sha256:" + "5d1f" * 16)
    b = Pack(
        "with changes",
        "policies/",
        "sha256:" + "91ac" * 16,
        ("hate.text.hate.reduce=0.9", "harassment.text.toxicity.review@DE=0.75"),
    )
    command = "limen simulate --log scored_log_davidson.parquet --columns simulator/maps/davidson.yaml --base policies/ --set hate.text.hate.reduce=0.9 --set harassment.text.toxicity.review@DE=0.75 --html report.html"
    no_label = "no row has a label of `spam`"
    return Result(
        run=Run(command, "0.1.0", 20260901, a, b, (LogFile("scored_log_davidson.parquet", 1_847_210, "sha256:" + "c0de" * 16),), ROWS, ROWS, "2026-09-01T00:00:12Z", "2026-09-30T23:58:41Z"),
        enforcements=names,
        changes=(
            Change("threshold", "hate.text.hate.reduce", "0.95", "0.9"),
            Change("threshold", "harassment.text.toxicity.review@DE", None, "0.75"),
        ),
        changed=(
            Changed(ALL, ROWS, wilson(412, ROWS), wilson(392, ROWS), wilson(8, ROWS)),
            *(Changed(Slice("region", name), n, wilson(round(n * r), n), wilson(round(n * r), n), wilson(0, n)) for (name, n), r in zip(regions.items(), (0.012, 0.014, 0.013, 0.049, 0.011), strict=True)),
            Changed(Slice("language", "en"), 21_802, wilson(380, 21_802), wilson(365, 21_802), wilson(7, 21_802)),
            Changed(Slice("language", None), 41, wilson(1, 41), wilson(1, 41), wilson(0, 41)),
        ),
        counts=(
            count("allow", 22_800, 22_416), count("label", 310, 306), count("reduce", 1_402, 1_790), count("remove", 259, 259),
            count("review", 2_210, 2_654, what="route"), count("escalate", 61, 61, what="route"),
            count("allow", 23_900, 23_512, "hate"), count("reduce", 883, 1_271, "hate"), count("review", 1_400, 1_788, "hate", "route"),
            count("allow", 23_377, 23_361, "harassment"), count("review", 1_406, 1_422, "harassment", "route"),
            count("allow", 24_700, 24_700, "spam"), count("reduce", 71, 71, "spam"),
            count("allow", ROWS, ROWS, "nudity"),
        ),
        transitions=(
            Transitions(ALL, None, (*names, "undetermined"), ((22_404, 0, 388, 0, 8), (4, 306, 0, 0, 0), (8, 0, 1_394, 0, 0), (0, 0, 0, 259, 0), (0, 0, 0, 0, 12))),
            Transitions(ALL, "hate", names, ((23_512, 0, 388, 0), (0, 0, 0, 0), (0, 0, 883, 0), (0, 0, 0, 0))),
        ),
        labels=(
            Labelled("hate", ROWS, ROWS, 1_430, propensity=False, acts="reduce"),
            Labelled("harassment", ROWS, 2_310, 1_204, propensity=True, never=12_402, acts="review"),
        ),
        quality=(
            metric("hate", "precision", (512, 883), (640, 1_271)), metric("hate", "recall", (512, 1_430), (640, 1_430)),
            metric("hate", "false_positive_rate", (371, 23_353), (631, 23_353)), metric("hate", "f_beta", (443, 1_000), (474, 1_000), beta=1.0),
            metric("harassment", "precision", (640, 900), (648, 915), "labelled"),
            Metric(ALL, "harassment", "recall", "bounds", _bounds(0.08, 0.71, "12,402 rows below 0.3 were never reviewed")),
            Metric(ALL, "spam", "precision", "labelled", _unknown(no_label)),
            *(metric("hate", "precision", (round(n * 0.02), round(n * 0.036)), (round(n * r), round(n * 0.05)), part=Slice("region", name)) for (name, n), r in zip(regions.items(), (0.025, 0.026, 0.025, 0.019, 0.026), strict=True)),
            metric("hate", "false_positive_rate", (40, 2_300), (139, 2_300), part=Slice("region", "DE")),
        ),
        views=(metric("hate", "violating_view_rate", (2_211, 91_000), (1_730, 91_000)), metric("hate", "wrongly_removed_views", (402, 91_000), (655, 91_000))),
        fairness=(
            Gap("region", "hate", "precision", "b", "DE", Estimate(-0.131, -0.182, -0.079, "newcombe", 126), 0.0021, flagged=True, groups=5),
            Gap("language", "hate", "false_positive_rate", "b", "es", Estimate(0.013, -0.004, 0.041, "newcombe", 402), 0.31, flagged=False, groups=3, small=("de", "fr", "tl", "nl", "pt")),
            Gap("language", "harassment", "recall", "b", None, Refused("fewer than two groups have enough labels"), None, flagged=False, groups=1, small=("en", "es")),
        ),
        load=(
            Load(None, "P1", "items_per_day", "counted", plain(73.7, 88.5, 2.1, "poisson", 30)), Load(None, "P1", "utilisation", "simulation", plain(0.74, 0.89, 0.021)),
            Load(None, "P1", "sla_miss", "simulation", plain(0.031, 0.124, 0.014), 60.0), Load(None, "P1", "wait_minutes", "simulation", plain(11.2, 27.9, 2.4)),
            Load(None, "P2", "items_per_day", "counted", plain(31.1, 31.1, 1.2, "poisson", 30)), Load(None, "P2", "sla_miss", "cobham", Compared(counted(0.0), counted(0.0), counted(0.0)), 1440.0),
        ),
        staffing=("2 reviewers from 08:00 to 20:00 UTC, 1 at night; 3 minutes an item (log-normal), 6 for `P0`.",),
        unreplayed=(Unreplayed("score missing", "text.hate", 12, 12, "12 rows lack `text.hate`: the decision of `hate` is left open, and their counts are bounds"),),
        drift=(
            Drift("text.hate", "population stability index", 0.012, "green", "Nothing moved by more than chance.", 0.015, (0.131, 0.133, None, 0.13, 0.134)),
            Drift("text.toxicity", "population stability index", 0.31, "red", "The second half of `text.toxicity` is lower: another model version, or other posts.", 0.015, (0.4, 0.41, 0.4, 0.39, 0.2)),
        ),
        examples=(
            Example("t-20981", "edge", "allow", "reduce", "hate", "hate.text.hate.reduce", "text.hate", 0.900012, 0.9, "DE", "en", 312, label=False),
            Example("t-00412", "reach", "allow", "reduce", "hate", "hate.text.hate.reduce", "text.hate", 0.9312, 0.9, "US", "en", 120_311, label=True),
            Example("t-17733", "worst slice", "allow", "reduce", "hate", "hate.text.hate.reduce", "text.hate", 0.947, 0.9, "DE", None, 18, None),
        ),
        columns=(ColumnUse("hate", "text.hate", "float in [0, 1]"), ColumnUse("label_class_name", "label.hate", "`hate` is true"), ColumnUse("ts", "at", "UTC")),
        ignored=("text_sha256", "n_chars", "source", "lang_conf"),
        skipped=(Skipped("NaN instead of a score", 12, "hate", None, "read as missing"), Skipped("unknown region `XX`", 3, "region", None, "left out")),
        assumptions=(
            Assumption("green", "the scores are those of the scorers in use", "one scorer version throughout the log"),
            Assumption("amber", "people behave the same under B", "posts, reports and appeals that B would have caused are not in the log"),
            Assumption("red", "labels of `harassment` are not missing at random", "below 0.3 nobody looked: 12,402 rows had no chance of a label"),
        ),
        caveats=("the word lists were not run, so rules that need them never fire here",),
        no_signal=("region", "at"),
        curves=(_curve("hate", "text.hate", "all"), _curve("harassment", "text.toxicity", "bounds", (Zone(0.0, 0.3, 12_402),))),
    )  # fmt: skip


def hostile() -> Result:
    """The example with every free text replaced by markup, control and bidi characters."""
    kept = {"kind", "light", "side", "what", "basis", "measure", "metric", "dimension", "no_signal", "name_of_metric"}

    def spoiled(value: object, name: str = "") -> object:
        if isinstance(value, str):
            return value if name in kept else HOSTILE
        if isinstance(value, tuple):
            return tuple(spoiled(part, name) for part in value)
        if is_dataclass(value):
            return replace(value, **{f.name: spoiled(getattr(value, f.name), f.name) for f in fields(value)})  # type: ignore[type-var]
        return value

    result = spoiled(example())
    assert isinstance(result, Result)
    return result
