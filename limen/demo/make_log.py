# ruff: noqa: INP001 - the folder holds data, and this script that made some
"""A seed -> `log.parquet`: four weeks of a made-up platform, scored and partly reviewed, for `limen simulate` to replay.

    python limen/demo/make_log.py [FILE]

Nobody wrote these posts: there are only numbers. Whether a post breaks a policy is drawn first, more often for some authors than for
others; its scores follow from that, worse in Hindi, Portuguese and other languages than in English and German, and misled by
what only looks like it: news that quotes, friends who swear, advertisements. Reviewers saw some posts with low scores and most with
high ones, with the chance that stands in `review.propensity`; only those have labels. From the third week on there is a wave of
spam. All of that is known here, so what a replay says can be checked against it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 16_000
AUTHORS = 2_400
SEED = 20260901
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 28
WAVE = 15  # the day on which the spam begins
MICRO = 1_000_000

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

REGIONS = {"US": 0.38, "DE": 0.14, "IN": 0.16, "BR": 0.12, "GB": 0.10, "FR": 0.06, "JP": 0.04}
LANGUAGES = {
    "US": {"en": 0.92, "pt": 0.03, "other": 0.05},
    "DE": {"de": 0.85, "en": 0.11, "other": 0.04},
    "IN": {"hi": 0.54, "en": 0.42, "other": 0.04},
    "BR": {"pt": 0.94, "en": 0.06},
    "GB": {"en": 0.97, "other": 0.03},
    "FR": {"other": 0.90, "en": 0.10},
    "JP": {"other": 0.96, "en": 0.04},
}
SHARPNESS = {"en": 1.0, "de": 0.95, "pt": 0.65, "hi": 0.55, "other": 0.6}
SURFACES = {"post": 0.69, "comment": 0.23, "profile": 0.03, "ad": 0.03, "live": 0.02}
CONTEXTS = {"none": 0.93, "news": 0.03, "satire": 0.015, "education": 0.015, "art": 0.005, "medical": 0.005}
NOTICES = {"none": 0.995, "user": 0.004, "trusted_flagger": 0.001}
PREVALENCE = {"hate": 0.025, "harassment": 0.05, "violence": 0.012, "self_harm": 0.008, "spam": 0.045, "nudity": 0.02}
QUOTED = ("hate", "violence", "self_harm")  # what news and satire say without meaning it
WORDS = {  # the list, what it follows from, and how often
    "crisis": ("self_harm", 0.5),
    "dehumanising": ("hate", 0.12),
    "doxxing": ("harassment", 0.03),
    "scam": ("spam", 0.12),
    "slurs": ("hate", 0.3),
    "spam": ("spam", 0.5),
    "threats": ("violence", 0.45),
    "urging_self_harm": ("self_harm", 0.04),
    "voting_procedure": ("spam", 0.002),
}


def choose(rng: np.random.Generator, shares: dict[str, float], rows: int) -> npt.NDArray[np.str_]:
    edges = np.cumsum(list(shares.values()))
    found = np.minimum(np.searchsorted(edges, rng.random(rows) * edges[-1]), len(shares) - 1)
    return np.asarray(np.array(list(shares))[found])


def sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def micros(share: Floats, there: Mask) -> pa.Array:
    """Millionths; rounded to thousandths, which keeps the file small."""
    return pa.array((np.round(share * 1000) * 1000).astype(np.int32), mask=~there)


def score(rng: np.random.Generator, broken: Mask, quoted: Mask, sharpness: Floats) -> Floats:
    """High where something is broken; `quoted` is what only looks like it."""
    signal = -4.2 + 6.2 * broken * sharpness + 3.6 * quoted * ~broken
    return sigmoid(signal + rng.standard_normal(len(broken)) * (2.1 - 0.8 * sharpness))


def make(seed: int = SEED, rows: int = ROWS, *, reveal: bool = False) -> pa.Table:
    """The log; with `reveal`, with the labels that nobody looked for, too: the truth that a replay has to find without them."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.random(rows) * DAYS)
    hour = (np.floor(day) + (0.55 + 0.28 * rng.standard_normal(rows)) % 1) * 86_400  # afternoons and evenings
    at = np.sort(np.floor(hour).astype(np.int64)) * MICRO + int(BEGAN.timestamp()) * MICRO
    region = choose(rng, REGIONS, rows)
    language = np.array(region, dtype="<U5")
    for code, shares in LANGUAGES.items():
        here = region == code
        language[here] = choose(rng, shares, int(here.sum()))
    author = np.floor(AUTHORS * rng.random(rows) ** 2.2).astype(np.int64)  # few write much
    context, surface = choose(rng, CONTEXTS, rows), choose(rng, SURFACES, rows)
    image = rng.random(rows) < 0.35
    broken = violations(rng, author, day, context, image)
    sharp = np.array([SHARPNESS[code] for code in language])
    misread = misreadings(rng, context, surface, broken)
    text = {
        name: score(rng, broken[name], misread[name], sharp)
        for name in ("hate", "harassment", "violence", "self_harm", "spam")
    }
    text["sexual"] = score(rng, broken["nudity"] & (rng.random(rows) < 0.5), misread["sexual"], sharp)
    rude = sigmoid(-3 + 1.5 * rng.standard_normal(rows))
    text["toxicity"] = np.maximum(np.maximum(text["hate"], text["harassment"]), rude)
    pictures = image_scores(rng, broken, image)
    listed = words(rng, broken)
    hit = np.logical_or.reduce(
        [column.to_numpy(zero_copy_only=False) for name, column in listed.items() if "match" in name]
    )
    propensity = chance_of_review(np.maximum.reduce([*text.values(), pictures["nudity"], 0.7 * hit]))
    reviewed = (rng.random(rows) < propensity) | reveal
    columns: dict[str, pa.Array] = {
        "id": pa.array([f"d{number:05}" for number in range(rows)]),
        "at": pa.array(at).view(pa.timestamp("us", "UTC")),
        "region": pa.array(region),
        "language": pa.array(language),
        "modalities": pa.array([["text", "image"] if pictured else ["text"] for pictured in image]),
        "author.id": pa.array([f"u{number:04}" for number in author]),
        "views": pa.array(views_of(rng, rows)),
    }
    columns |= {f"text.{name}": micros(values, np.ones(rows, np.bool_)) for name, values in sorted(text.items())}
    columns |= {f"image.{name}": micros(values, image) for name, values in sorted(pictures.items())}
    columns |= listed
    columns |= {f"image_hash.{name}.match": pa.array(np.zeros(rows, np.bool_), mask=~image) for name in HASHES}
    columns |= facts(rng, author, broken, language, surface, context)
    columns |= {"review.propensity": pa.array(np.where(reviewed, 1.0 if reveal else propensity, 0.0), mask=~reviewed)}
    columns |= {f"label.{name}": pa.array(found, mask=~reviewed) for name, found in sorted(broken.items())}
    return pa.table(columns)


HASHES = ("child_safety", "intimate_images", "terrorism")


def violations(
    rng: np.random.Generator, author: npt.NDArray[np.int64], day: Floats, context: npt.NDArray[np.str_], image: Mask
) -> dict[str, Mask]:
    """What breaks which policy: some authors more often, news never; a wave of spam in the end; nudity in pictures."""
    temper = np.exp(1.1 * rng.standard_normal(AUTHORS))
    temper /= temper.mean()
    plain = np.isin(context, ["none", "medical"])
    found = {}
    for name, share in PREVALENCE.items():
        chance = share * temper[author] * plain
        if name == "spam":
            chance = chance * np.where(day >= WAVE, 5.0, 1.0)
        if name == "nudity":
            chance = chance * np.where(image, 2.5, 0.1)
        found[name] = rng.random(len(day)) < np.minimum(chance, 0.9)
    return found


def misreadings(
    rng: np.random.Generator, context: npt.NDArray[np.str_], surface: npt.NDArray[np.str_], broken: dict[str, Mask]
) -> dict[str, Mask]:
    """What models take for something else: quotes, friends who swear, insults that name a group, advertisements."""
    rows = len(context)
    quoted = np.isin(context, ["news", "satire", "education"])
    swearing = rng.random(rows) < 0.05
    found = {name: quoted if name in QUOTED else np.zeros(rows, np.bool_) for name in (*PREVALENCE, "sexual")}
    found["hate"] = quoted | (swearing & (rng.random(rows) < 0.5)) | (broken["harassment"] & (rng.random(rows) < 0.25))
    found["harassment"] = swearing | (quoted & (context == "satire"))
    found["spam"] = (surface == "ad") | (rng.random(rows) < 0.01)
    found["sexual"] = rng.random(rows) < 0.015
    return found


def image_scores(rng: np.random.Generator, broken: dict[str, Mask], image: Mask) -> dict[str, Floats]:
    none, sharp = np.zeros(len(image), np.bool_), np.ones(len(image))
    causes = {
        "nudity": broken["nudity"],
        "hate": broken["hate"],
        "violence": broken["violence"],
        "swastika": none,
        "terrorism": none,
    }
    shares = {"hate": 0.3, "violence": 0.3}
    return {
        name: score(rng, cause & (rng.random(len(image)) < shares.get(name, 1.0)), none, sharp)
        * (0.6 if cause is none else 1.0)
        for name, cause in causes.items()
    }


def views_of(rng: np.random.Generator, rows: int) -> npt.NDArray[np.int64]:
    """Two digits of them, which keeps the file small."""
    seen = np.minimum(np.exp(4.2 + 1.5 * rng.standard_normal(rows)), 400_000)
    scale = 10 ** np.maximum(np.floor(np.log10(np.maximum(seen, 1))) - 1, 0)
    return np.asarray((np.round(seen / scale) * scale).astype(np.int64))


def chance_of_review(highest: Floats) -> Floats:
    """By the highest score: everything has some chance, or nothing could be said about what scores low."""
    return np.select([highest >= 0.8, highest >= 0.6, highest >= 0.4], [0.95, 0.6, 0.4], 0.2)


def words(rng: np.random.Generator, broken: dict[str, Mask]) -> dict[str, pa.Array]:
    found = {}
    for name, (cause, share) in WORDS.items():
        hit = rng.random(len(broken[cause])) < np.where(broken[cause], share, share / 400)
        found[f"keywords.{name}.count"] = pa.array(np.where(hit, 1 + (rng.random(len(hit)) < 0.25), 0).astype(np.int64))
        found[f"keywords.{name}.match"] = pa.array(hit)
    return found


def facts(
    rng: np.random.Generator,
    author: npt.NDArray[np.int64],
    broken: dict[str, Mask],
    language: npt.NDArray[np.str_],
    surface: npt.NDArray[np.str_],
    context: npt.NDArray[np.str_],
) -> dict[str, pa.Array]:
    rows = len(author)
    age = np.floor(-np.log(1 - rng.random(AUTHORS)) * 700).astype(np.int64)
    bad = np.logical_or.reduce(list(broken.values()))
    removed = np.bincount(author, weights=bad * 0.1, minlength=AUTHORS)
    reports = np.where(bad, np.floor(-np.log(1 - rng.random(rows)) * 1.2), np.floor(rng.random(rows) * 1.02))
    live = surface == "live"
    return {
        "author.age_days": pa.array(age[author]),
        "author.strikes": pa.array(np.minimum(removed[author], 4).astype(np.int64)),
        "content.language": pa.array(language),
        "content.surface": pa.array(surface),
        "content.context": pa.array(context),
        "content.reports": pa.array(reports.astype(np.int64)),
        "content.synthetic": pa.array(rng.random(rows) < 0.02),
        "live.viewers": pa.array(np.where(live, np.exp(4 + 2 * rng.standard_normal(rows)), 0).astype(np.int64)),
        "notice.kind": pa.array(choose(rng, NOTICES, rows)),
    }


def write(table: pa.Table, path: Path) -> None:
    delta = {"at": "DELTA_BINARY_PACKED", "id": "DELTA_BYTE_ARRAY"}
    encoded = [name for name in table.column_names if name not in delta]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        row_group_size=8_192,
        use_dictionary=encoded,
        column_encoding=delta,
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("log.parquet")
    write(make(), target)
    sys.stdout.write(f"{target}: {ROWS} rows, {target.stat().st_size} bytes\n")
