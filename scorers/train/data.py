"""The labelled sets in a folder -> rows: text, what its set says of each label, and whether it is held out.

A set speaks of a label only where its annotators were asked about it; everything else is silence, not a "no".
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow.parquet as pq
import yaml

from scorers.builtin.text_features import URL_WORD, USER_WORD, normalised, words

CHALLENGE = {
    "en": "hatecheck_en",
    **{code: f"multilingual_hatecheck_{code}" for code in ("de", "hi", "pt", "fr", "ar")},
}
PROBE = "bias_madlibs_77k"
IDENTITY = "identity sentences"
EVERYDAY = frozenset({"toxicity", "hate", "harassment", "violence", "self_harm"})
# Texts with such words are no plausible "no" for self-harm: their sets were never asked.
_SELF_HARM_WORDS = re.compile(
    r"suicid|self.?harm|overdos|\bkys\b|\bcut\w* (my|your)|(kill|hang)\w* (my|your|him|her|them|one)\s*sel|selbstmord|umbringen",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One text. `labels`: what its set says (1 or 0). `plausible`: labels it surely lacks though nobody was asked."""

    source: str
    text: str
    labels: Mapping[str, int]
    plausible: frozenset[str]
    group: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of a set before the split; rows of one `group` (near-duplicates, contrast pairs) stay together."""

    text: str
    labels: Mapping[str, int | None]
    plausible: frozenset[str] = frozenset()
    group: str = ""
    test: bool | None = None  # the set's own split, where it has one: test, or not


def parquet(folder: Path, name: str) -> list[dict[str, Any]]:
    """Read one set. Raises OSError where it is not there."""
    return list(pq.read_table(folder / "text" / f"{name}.parquet").to_pylist())


def canonical(text: str) -> str:
    """Return what makes two texts the same text: their normalised words."""
    return " ".join(filter(None, map(normalised, words(text))))


def group_of(text: str) -> str:
    """Return the key under which near-duplicates meet: letters only, without mentions, links and retweet marks."""
    left = [word for word in canonical(text).split() if word not in {URL_WORD, USER_WORD, "rt"}]
    left = ["".join(filter(str.isalpha, word)) for word in left]
    key = " ".join(filter(None, left))
    return key if key.count(" ") >= 2 else canonical(text)


def _unasked(text: str, *labels: str) -> frozenset[str]:
    quiet = not _SELF_HARM_WORDS.search(text)
    return frozenset(labels) | (frozenset({"self_harm"}) if quiet else frozenset())


def _davidson(row: dict[str, Any]) -> _Found:
    kind = row["class_name"]
    return _Found(row["tweet"], {"toxicity": int(kind != "neither"), "hate": int(kind == "hate_speech")})


def _majority(votes: int, raters: int) -> int | None:
    """Return yes above half of the raters, no where nobody saw it, nothing in between."""
    if votes * 2 > raters:
        return 1
    return 0 if votes == 0 else None


def _civil(row: dict[str, Any]) -> _Found:
    text, raters, harmless = row["comment_text"], row["n_raters"], row["n_not_toxic"]
    toxic = 1 if harmless * 3 <= raters else 0 if harmless * 3 >= raters * 2 else None
    labels = {
        "toxicity": toxic,
        "hate": _majority(row["n_identity_based_attack"], raters),
        "harassment": _majority(row["n_insult"], raters),
        "violence": _majority(row["n_threat"], raters),
    }
    return _Found(text, labels, _unasked(text, "spam"))


def _germeval(row: dict[str, Any]) -> _Found:
    text, kind = row["text"].replace("|LBR|", " "), row["fine"]
    labels = {
        "toxicity": int(kind != "OTHER"),
        "hate": int(kind == "ABUSE"),
        "harassment": {"INSULT": 1, "ABUSE": None}.get(kind, 0),
    }
    return _Found(text, labels, _unasked(text, "spam"), test=row["split"] == "test")


def _hatemoji(row: dict[str, Any]) -> _Found:
    text, kind = row["text"], row["type"]
    labels = {"hate": row["label_gold"], "violence": None if kind == "none" else int(kind == "threateninglanguage")}
    return _Found(text, labels, _unasked(text, "spam"), min(group_of(text), group_of(row["matched_text"] or text)))


def _openai(row: dict[str, Any]) -> _Found | None:
    if row["S"] != 0 or row["S3"] == 1 or not row["prompt"]:
        return None
    hate, harassment, violence = row["H"], row["HR"], row["V"]
    asked = (hate, harassment, violence)
    toxicity = 1 if 1 in (hate, harassment) else 0 if asked == (0, 0, 0) else None
    return _Found(
        row["prompt"],
        {
            "toxicity": toxicity,
            "hate": hate,
            "harassment": harassment,
            "violence": violence,
            "self_harm": row["SH"],
        },
    )


def _sms(row: dict[str, Any]) -> _Found:
    spam = row["label"] == "spam"
    return _Found(row["text"], {"spam": int(spam)}, frozenset() if spam else EVERYDAY)


SETS: Mapping[str, Callable[[dict[str, Any]], _Found | None]] = MappingProxyType(
    {
        "davidson": _davidson,
        "toxic_spans_civil": _civil,
        "germeval2018_de": _germeval,
        "hatemoji_build": _hatemoji,
        "openai_moderation_a": _openai,
        "sms_spam_a": _sms,
    }
)


def _harmless() -> Iterator[_Found]:
    """Yield our own sentences about groups of people; a sentence is held out, or trained on, with all its names."""
    for part in yaml.safe_load((files("scorers") / "train" / "identity.yaml").read_text(encoding="utf-8")):
        for sentence in part["sentences"]:
            for name in part["names"]:
                yield _Found(sentence.format(name), {}, EVERYDAY | {"spam"}, sentence)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every set that trains."""
    return {name: hashlib.sha256((folder / "text" / f"{name}.parquet").read_bytes()).hexdigest() for name in SETS}


def challenge_texts(folder: Path) -> frozenset[str]:
    """Return the canonical texts that are only ever tested on."""
    cases = (row["test_case"] for name in CHALLENGE.values() for row in parquet(folder, name))
    probes = (row["Text"] for row in parquet(folder, PROBE))
    return frozenset(map(canonical, (*cases, *probes)))


def place(group: str, sides: int) -> int:
    """Return a number below `sides` for a group, by hash: the same on every run."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") % sides


def _fresh(folder: Path) -> Iterator[tuple[str, str, _Found]]:
    """Yield source, group and row; a text that came before, or is in a challenge set, is left out."""
    seen = set(challenge_texts(folder))
    read = {name: filter(None, map(reader, parquet(folder, name))) for name, reader in SETS.items()}
    for source, rows_of in (*read.items(), (IDENTITY, _harmless())):
        for found in rows_of:
            key = canonical(found.text)
            if key and key not in seen:
                seen.add(key)
                yield source, found.group or group_of(found.text), found


def rows(folder: Path) -> list[Row]:
    """Read every set, and hold out a fifth of the groups; a set with a test part of its own keeps to it. Raises OSError."""
    found = list(_fresh(folder))
    held = frozenset(group for _, group, row in found if row.test or (row.test is None and place(group, 5) == 0))
    return [
        Row(
            source,
            row.text,
            MappingProxyType({label: value for label, value in row.labels.items() if value is not None}),
            row.plausible,
            group,
            group in held,
        )
        for source, group, row in found
    ]
