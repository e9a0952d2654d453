"""A made-up scored log for the shipped pack, from a seed: what a platform's own log could look like, of any length.

    python -m benchmarks.replay_log FILE.parquet [--rows 1000000] [--seed 1] [--group 131072]

Rows are in order of time over 30 days, with a daily rhythm, from 20 regions and 8 languages. Most scores lie near 0; a latent
badness of the post and of its author makes them rise together, and each kind of violation turns up in about one post in a hundred.
A score is NULL where the post lacks its modality, and where its scorer failed: now and then, and in one outage of the text scorer.
Labels stand only where somebody looked, with the chance in `review.propensity`. One row group is made and written at a time, from
the seed and its own number, so that memory does not grow with the log.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MICRO = 1_000_000
GROUP = 131_072
DAY = 86_400_000_000
START = 1_788_220_800_000_000  # 2026-09-01 UTC
DAYS = 30

# region: (share, main language)
REGIONS = {
    "US": (0.27, "en"), "IN": (0.16, "hi"), "BR": (0.09, "pt"), "DE": (0.07, "de"), "GB": (0.07, "en"),
    "FR": (0.05, "fr"), "JP": (0.05, "ja"), "MX": (0.04, "es"), "ES": (0.03, "es"), "IT": (0.02, "en"),
    "CA": (0.03, "en"), "AU": (0.02, "en"), "NL": (0.015, "en"), "PT": (0.01, "pt"), "AT": (0.015, "de"),
    "CH": (0.01, "de"), "EG": (0.02, "ar"), "SA": (0.01, "ar"), "NP": (0.01, "hi"), "TH": (0.01, "en"),
}  # fmt: skip
LANGUAGES = ("en", "de", "hi", "pt", "ar", "es", "fr", "ja")
KNOWN_LANGUAGES = ("en", "de", "hi", "pt", "ar", "other", "unknown")
MODALITIES = {("text",): 0.56, ("image", "text"): 0.27, ("image",): 0.07, ("text", "video"): 0.05, ("video",): 0.03,
              ("image", "text", "video"): 0.02}  # fmt: skip
SURFACES = {"post": 0.52, "comment": 0.36, "profile": 0.06, "ad": 0.04, "live": 0.02}
CONTEXTS = {"none": 0.9, "medical": 0.01, "art": 0.02, "education": 0.02, "news": 0.03, "satire": 0.02}
RATINGS = {"none": 0.994, "false": 0.002, "altered": 0.002, "missing_context": 0.002}
NOTICES = {"none": 0.9945, "user": 0.003, "trusted_flagger": 0.001, "person_shown": 0.0005, "official_order": 0.0008,
           "terrorism_order": 0.0002}  # fmt: skip
TAGS = {(): 0.95, ("reclaimed",): 0.02, ("giveaway",): 0.02, ("art", "reclaimed"): 0.01}

TEXT = ("text.toxicity", "text.hate", "text.harassment", "text.violence", "text.self_harm", "text.spam")
VENDOR = ("image.hate", "image.swastika", "image.violence", "image.terrorism")
# score: (its middle, as a logit; of a thousand ordinary posts, how many are what it looks for)
SCORES = {
    "text.toxicity": (-3.8, 6), "text.hate": (-4.8, 3), "text.harassment": (-4.4, 4), "text.violence": (-5.4, 1.5),
    "text.self_harm": (-5.8, 1), "text.spam": (-4.6, 8), "text.sexual": (-4.8, 4), "vendor.misinformation": (-4.2, 1.5),
    "image.nudity": (-4.6, 6), "image.hate": (-5.4, 1.5), "image.swastika": (-7.0, 0.3), "image.violence": (-5.0, 3),
    "image.terrorism": (-7.0, 0.2),
}  # fmt: skip
LABELS = {
    "hate": ("text.hate", "image.hate"),
    "nudity": ("image.nudity", "text.sexual"),
    "spam": ("text.spam",),
    "violence": ("text.violence", "image.violence"),
}
# word list: (the score that rises with it, share of its hits that bear such a word)
WORDS = {
    "crisis": ("text.self_harm", 0.3), "dehumanising": ("text.hate", 0.1), "doxxing": ("text.harassment", 0.05),
    "scam": ("text.spam", 0.2), "slurs": ("text.hate", 0.4), "spam": ("text.spam", 0.5), "threats": ("text.violence", 0.4),
    "urging_self_harm": ("text.self_harm", 0.05), "voting_procedure": ("vendor.misinformation", 0.02),
}  # fmt: skip
STRAY = 0.0004  # posts in which a word of a list stands for nothing
HASHED = 0.00004
OUTAGE = (0.400, 0.401)  # of the log's length, in which the text scorer is down

Array: TypeAlias = np.ndarray[Any, Any]
Columns: TypeAlias = dict[str, pa.Array]


def write_log(path: Path, rows: int, seed: int = 1, group: int = GROUP) -> None:
    """Parquet, zstd, `group` rows a row group. The same arguments give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    tables = row_groups(rows, seed, group)
    first = next(tables)
    with pq.ParquetWriter(part, first.schema, compression="zstd") as writer:
        writer.write_table(first, row_group_size=group)
        for table in tables:
            writer.write_table(table, row_group_size=group)
    part.replace(path)


def row_groups(rows: int, seed: int = 1, group: int = GROUP) -> Iterator[pa.Table]:
    """One table a row group; none of no rows."""
    for number, start in enumerate(range(0, max(rows, 1), group)):
        rng = np.random.default_rng([seed, number])
        yield pa.table(_columns(rng, start, min(group, rows - start), rows))


def _columns(rng: np.random.Generator, start: int, count: int, rows: int) -> Columns:
    place = start + np.arange(count)
    made_of = _drawn(rng, MODALITIES, count)
    author = (rng.random(count, np.float32) ** 3 * max(rows // 20, 50)).astype(np.int64)
    latent = 0.5 * _of_author(author, 1) + 0.87 * rng.standard_normal(count, np.float32)
    has = {name: _holds(MODALITIES, name)[made_of] for name in ("text", "image", "video")}
    scores, hits = _scores(rng, latent, has)
    down = _down(rng, place / max(rows, 1))
    columns: Columns = {
        "id": _named("p", place),
        "at": _times(rng, place, rows),
        **_where(rng, count, has["text"]),
        "modalities": _picked(MODALITIES, made_of, pa.list_(pa.string())),
        **{name: _score(values, _lost(name, has), down[name]) for name, values in scores.items()},
        **_words(rng, hits, has["text"]),
        **_hashes(rng, has, down["hash"]),
        **_facts(rng, latent, author, down["age"]),
        **_reviews(rng, scores, hits),
        "views": pa.array(np.exp(3.0 + 1.8 * rng.standard_normal(count)).astype(np.int64)),
        "author.id": _named("u", author),
    }
    return columns


# -- scores ----------------------------------------------------------------------------------------------------------


def _scores(
    rng: np.random.Generator, latent: Array, has: dict[str, Array]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Millionths by score, and in which posts there really is what each looks for."""
    scores, hits = {}, {}
    count, rising = len(latent), np.exp(1.2 * latent, dtype=np.float32)
    for name, (middle, share) in SCORES.items():
        hits[name] = (rng.random(count, np.float32) < 0.0005 * share * rising) & has[_modality(name)]
        logit = middle + 1.3 * latent + 1.1 * rng.standard_normal(count, np.float32) + 7.0 * hits[name]
        scores[name] = np.rint(MICRO / (1 + np.exp(-logit))).astype(np.int32)
    return scores, hits


def _modality(name: str) -> str:
    return "image" if name.startswith("image") else "video" if name.startswith("video") else "text"


def _lost(name: str, has: dict[str, Array]) -> Array:
    lost: Array = ~has[_modality(name)]
    return lost


def _down(rng: np.random.Generator, place: Array) -> dict[str, Array]:
    """By score, and for hashes and the account's age: where it should be there and is not."""
    count = len(place)
    text = (rng.random(count) < 0.001) | ((place >= OUTAGE[0]) & (place < OUTAGE[1]))
    vendor = rng.random(count) < 0.01
    own = {"text.sexual": 0.005, "vendor.misinformation": 0.05, "image.nudity": 0.005, "hash": 0.002, "age": 0.02}
    return {
        **dict.fromkeys(TEXT, text),
        **dict.fromkeys(VENDOR, vendor),
        **{name: rng.random(count) < share for name, share in own.items()},
    }


def _score(values: Array, lost: Array, down: Array) -> pa.Array:
    return pa.array(values, mask=lost | down)


def _words(rng: np.random.Generator, hits: dict[str, Array], has_text: Array) -> Columns:
    found: Columns = {}
    for name, (score, share) in WORDS.items():
        drawn = rng.random(len(has_text), np.float32)
        match = np.where(hits[score], drawn < share, drawn < STRAY)
        found[f"keywords.{name}.match"] = pa.array(match, mask=~has_text)
        if name in ("slurs", "spam"):
            times = np.where(match, rng.geometric(0.6, len(match)), 0)
            found[f"keywords.{name}.count"] = pa.array(times.astype(np.int64), mask=~has_text)
    return found


def _hashes(rng: np.random.Generator, has: dict[str, Array], down: Array) -> Columns:
    return {
        f"{kind}_hash.{name}.match": pa.array(
            rng.random(len(down)) < HASHED, mask=~has[kind] | (down & (kind == "image"))
        )
        for kind in ("image", "video")
        for name in ("child_safety", "intimate_images", "terrorism")
    }


# -- facts -----------------------------------------------------------------------------------------------------------


def _where(rng: np.random.Generator, count: int, has_text: Array) -> Columns:
    """The main language of the region, English or any; none of posts without text and of a few that nobody could tell."""
    region = _drawn(rng, {name: share for name, (share, _) in REGIONS.items()}, count)
    main = np.array([LANGUAGES.index(language) for _, language in REGIONS.values()])[region]
    drawn = rng.random(count)
    language = np.where(drawn < 0.72, main, np.where(drawn < 0.92, 0, rng.integers(0, len(LANGUAGES), count)))
    unknown = ~has_text | (rng.random(count) < 0.02)
    known = np.where(unknown, KNOWN_LANGUAGES.index("unknown"), np.minimum(language, KNOWN_LANGUAGES.index("other")))
    return {
        "region": _coded(tuple(REGIONS), region),
        "language": _coded(LANGUAGES, language, unknown),
        "content.language": _coded(KNOWN_LANGUAGES, known),
    }


def _facts(rng: np.random.Generator, latent: Array, author: Array, age_unknown: Array) -> Columns:
    count = len(latent)
    surface = _drawn(rng, SURFACES, count)
    live = surface == tuple(SURFACES).index("live")
    viewers = np.where(live, np.exp(4 + 2.5 * rng.standard_normal(count)), 0).astype(np.int64)
    strikes = np.clip(np.floor(2.0 * _of_author(author, 2) - 1.5), 0, 9).astype(np.int64)
    age = (3000 * np.abs(_of_author(author, 3)) / 2.5).astype(np.int64)
    return {
        "author.age_days": pa.array(age, mask=age_unknown),
        "author.strikes": pa.array(strikes),
        "content.context": _coded(tuple(CONTEXTS), _drawn(rng, CONTEXTS, count)),
        "content.surface": _coded(tuple(SURFACES), surface),
        "content.tags": _picked(TAGS, _drawn(rng, TAGS, count), pa.list_(pa.string())),
        "content.synthetic": pa.array(rng.random(count) < 0.02),
        "content.reports": pa.array(rng.poisson(0.05 * np.exp(1.2 * latent)).astype(np.int64)),
        "live.viewers": pa.array(viewers),
        "notice.kind": _coded(tuple(NOTICES), _drawn(rng, NOTICES, count)),
        "claim.rating": _coded(tuple(RATINGS), _drawn(rng, RATINGS, count)),
    }


def _reviews(rng: np.random.Generator, scores: dict[str, Array], hits: dict[str, Array]) -> Columns:
    """Who scores high is looked at more often, and then judged by every policy; two judgements in a hundred are mistaken."""
    highest = np.maximum.reduce([scores[name] for names in LABELS.values() for name in names])
    chance = np.select([highest >= 900_000, highest >= 500_000], [0.5, 0.2], 0.005).astype(np.float32)
    unseen = rng.random(len(chance), np.float32) >= chance
    found: Columns = {"review.propensity": pa.array(chance)}
    for policy, names in LABELS.items():
        truth = np.logical_or.reduce([hits[name] for name in names]) ^ (rng.random(len(chance), np.float32) < 0.02)
        found[f"label.{policy}"] = pa.array(truth, mask=unseen)
    return found


def _of_author(author: Array, salt: int) -> Array:
    """A standard normal value that stays with the author (sum of four uniform ones, from a multiplicative hash)."""
    mixed = (author.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    parts = [((mixed >> np.uint64(16 * i)) & np.uint64(0xFFFF)).astype(np.float32) / 65536 for i in range(4)]
    total: Array = np.sum(parts, axis=0)
    return (total - 2) * np.float32(np.sqrt(3))


def _times(rng: np.random.Generator, place: Array, rows: int) -> pa.Array:
    day = (place + rng.random(len(place))) * (DAYS / max(rows, 1))
    day += 0.1 * np.sin(2 * np.pi * day)
    return pa.array(START + (day * DAY).astype(np.int64)).cast(pa.timestamp("us", "UTC"))


# -- Arrow -----------------------------------------------------------------------------------------------------------


def _drawn(rng: np.random.Generator, shares: dict[Any, float], count: int) -> Array:
    bounds = np.cumsum(np.array(list(shares.values())))
    found: Array = np.searchsorted(bounds / bounds[-1], rng.random(count), side="right").astype(np.int8)
    return found


def _holds(sets: dict[tuple[str, ...], float], name: str) -> Array:
    return np.array([name in names for names in sets])


def _coded(values: Sequence[str], codes: Array, mask: Array | None = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=mask), pa.array(values))


def _picked(sets: dict[tuple[str, ...], float], codes: Array, kind: pa.DataType) -> pa.Array:
    return pa.array([list(names) for names in sets], kind).take(pa.array(codes))


def _named(prefix: str, numbers: Array) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--group", type=int, default=GROUP, help="rows a row group")
    args = parser.parse_args()
    write_log(args.file, args.rows, args.seed, args.group)


if __name__ == "__main__":
    main()
