"""What a foreign log's columns look like -> a column map to be read, corrected and kept by a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from policy_dsl.program import MICRO, Input
from regions.suggest import nearest
from simulator.columns import ColumnMap
from simulator.reading.kinds import KNOWN, by_type

NOISE = frozenset(
    [
        "score",
        "scores",
        "prob",
        "proba",
        "probability",
        "p",
        "pred",
        "prediction",
        "model",
        "logit",
        "pct",
        "percent",
        "value",
        "raw",
    ]
)
MODALITIES = {
    "img": "image",
    "image": "image",
    "picture": "image",
    "text": "text",
    "txt": "text",
    "video": "video",
    "audio": "audio",
}
WORDS = {
    "at": {"at", "ts", "time", "timestamp", "datetime", "created", "date"},
    "region": {"region", "country", "geo", "market", "territory"},
    "language": {"lang", "language", "locale"},
    "views": {"views", "impressions", "reach", "viewcount"},
    "author.id": {"author", "user", "account", "owner", "userid", "authorid"},
    "review.propensity": {"propensity"},
    "id": {"id", "uuid", "guid"},
}
OF_LABELS = {"label", "labels", "class", "verdict", "gold", "truth", "is", "decision", "annotation", "reviewed"}
EPOCHS = (("s", 1e8, 1e10), ("ms", 1e11, 1e13), ("us", 1e14, 1e16), ("ns", 1e17, 1e19))  # the years 1973 to 2286
MOST_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """A foreign column. `rows` were looked at, of which `nulls` are null; `low` and `high` are its ends where it is a number or a
    time (microseconds), `top` its most frequent values where it has few.
    """

    name: str
    type: pa.DataType
    rows: int
    nulls: int
    low: float | None = None
    high: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    distinct: int | None = None

    @property
    def kind(self) -> str | None:
        if pa.types.is_timestamp(self.type):
            return "time"
        return by_type(self.type)

    @property
    def tokens(self) -> tuple[str, ...]:
        """`hateScore_pct` is `hate`, `score`, `pct`."""
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        return tuple(re.findall(r"[^\W_]+", spaced.lower()))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line of a column map. `check`: what a person has to look at before trusting it."""

    ours: str
    spec: Mapping[str, Any]
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """The lines, and inputs that nothing in the log looks like."""

    lines: tuple[Proposal, ...]
    absent: tuple[str, ...] = ()

    def to_yaml(self, title: str) -> str:
        """A column map as text; what is to be checked stands behind each line."""
        rows = [f"# Proposed from {title}: read it, correct it, keep it.", "version: 1", "columns:"]
        rows += [
            f"  {line.ours}: {_flow(line.spec)}" + (f"  # check: {line.check}" if line.check else "")
            for line in self.lines
        ]
        if not self.lines:
            rows[-1] = "columns: {}  # the columns that the pack reads have our names already"
        if self.absent:
            rows += [
                "# These inputs of the pack are not in the log, so they are missing in every row. Where you know what they would",
                "# have been, say so; the report will name each:",
                "# assume:",
                *(f"#   {name}: …" for name in self.absent),
            ]
        return "\n".join(rows) + "\n"

    def to_map(self) -> ColumnMap:
        return ColumnMap.from_text(self.to_yaml("the log"), "the proposed map")


def propose(
    seen: Sequence[Seen], inputs: Sequence[Input] = (), policies: Sequence[str] = (), codes: Sequence[str] = ()
) -> Proposed:
    """`codes` are region codes that are known. Columns that already have our names need no line."""
    return _Proposer(tuple(seen), tuple(inputs), tuple(policies), frozenset(codes)).proposed()


@dataclass(slots=True)
class _Proposer:
    seen: tuple[Seen, ...]
    inputs: tuple[Input, ...]
    policies: tuple[str, ...]
    codes: frozenset[str]
    lines: dict[str, Proposal] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def proposed(self) -> Proposed:
        names = {spec.name for spec in self.inputs}
        own = {one.name for one in self.seen if one.name in KNOWN or one.name in names or one.name.startswith("label.")}
        self.used |= own
        for step in (self._time, self._well_known, self._labels, self._scores, self._facts, self._language):
            for line in step():
                if line.ours not in self.lines and line.ours not in own:
                    self.lines[line.ours] = line
                    self.used.add(str(line.spec.get("from")))
        self._modalities(own)
        held = {*own, *self.lines}
        absent = [spec for spec in self.inputs if spec.name not in held and spec.default is None and not spec.optional]
        there = self._what_is_there()
        wanted = [spec.name for spec in absent if not there or spec.modality is None or spec.modality in there]
        return Proposed(tuple(self.lines.values()), tuple(wanted))

    def _what_is_there(self) -> set[str]:
        """The modalities that the log speaks of; none where it does not."""
        proposed = self.lines.get("modalities")
        if proposed is not None:
            return set(proposed.spec["constant"])
        return {value for one in self.seen if one.name == "modalities" for value, _ in one.top}

    def _free(self) -> Iterator[Seen]:
        return (one for one in self.seen if one.name not in self.used)

    def _time(self) -> Iterator[Proposal]:
        for one in self._free():
            if not (WORDS["at"] & set(one.tokens)):
                continue
            if pa.types.is_timestamp(one.type):
                naive = one.type.tz is None
                spec = {"from": one.name} | ({"zone": "UTC"} if naive else {})
                yield Proposal("at", spec, "the times name no zone; are they UTC?" if naive else None)
            elif one.kind in ("int", "double") and one.high is not None:
                unit = next((unit for unit, low, high in EPOCHS if low <= one.high < high), None)
                if unit:
                    yield Proposal(
                        "at", {"from": one.name, "unit": unit}, f"numbers of the size of `{unit}` since 1970"
                    )
            elif one.kind == "text" and one.top and re.match(r"\d{4}-\d\d-\d\d", one.top[0][0]):
                zoned = re.search(r"(Z|[+-]\d\d:?\d\d)$", one.top[0][0])
                spec = {"from": one.name} | ({} if zoned else {"zone": "UTC"})
                yield Proposal("at", spec, None if zoned else "the times name no zone; are they UTC?")

    def _well_known(self) -> Iterator[Proposal]:
        for ours in ("region", "language", "views", "review.propensity", "author.id", "id"):
            for one in self._free():
                words = set(one.tokens)
                if not (WORDS[ours] & words) or (ours == "language" and "conf" in words):
                    continue
                if ours == "author.id" and not ({"id", "userid", "authorid"} & words):
                    continue
                if KNOWN[ours] == "text" and one.kind != "text":
                    continue
                yield self._region(one) if ours == "region" else Proposal(ours, {"from": one.name})
                break

    def _region(self, one: Seen) -> Proposal:
        strange = [value for value, _ in one.top if self.codes and value not in self.codes]
        values = {value: value.upper() for value in strange if value.upper() in self.codes}
        rest = [value for value in strange if value not in values]
        check = "no regions of the tree: " + ", ".join(f"`{value}`" for value in rest[:5]) if rest else None
        return Proposal("region", {"from": one.name} | ({"values": values} if values else {}), check)

    def _labels(self) -> Iterator[Proposal]:
        for one in self._free():
            words = set(one.tokens)
            named = [policy for policy in self.policies if policy in "_".join(one.tokens)]
            if one.kind == "bool" and named and words & OF_LABELS:
                yield Proposal(f"label.{named[0]}", {"from": one.name})
            if one.kind == "text" and one.top and (one.distinct or 0) <= MOST_CLASSES and words & OF_LABELS:
                yield from self._classes(one)

    def _classes(self, one: Seen) -> Iterator[Proposal]:
        values = [value for value, _ in one.top]
        for policy in self.policies:
            positive = [value for value in values if policy in value.lower().replace("-", "_").replace(" ", "_")]
            if positive:
                negative = [value for value in values if value not in positive]
                spec = {"from": one.name, "positive": positive, "negative": negative}
                yield Proposal(f"label.{policy}", spec, "which values break the policy, and which do not?")

    def _scores(self) -> Iterator[Proposal]:
        wanted = [spec for spec in self.inputs if spec.kind == "score"]
        for one in self._free():
            if (
                one.kind not in ("int", "double")
                or one.low is None
                or one.high is None
                or set(one.tokens) & {"conf", "label"}
            ):
                continue
            found = _matching(one, wanted)
            unit = _unit(one, one.low, one.high) if found else None
            if found and unit:
                said = {"from": one.name} | ({"unit": unit} if unit != "share" or one.kind == "int" else {})
                yield Proposal(found[0], said, _check_score(one, unit, found))

    def _facts(self) -> Iterator[Proposal]:
        for spec in self.inputs:
            last = spec.name.rpartition(".")[2]
            kinds = {"enum": "text", "string": "text", "set": "names"}
            for one in self._free():
                if (
                    spec.kind != "score"
                    and one.kind == kinds.get(spec.kind, spec.kind)
                    and "_".join(one.tokens) == last
                ):
                    yield Proposal(spec.name, {"from": one.name}, _check_enum(spec, one))

    def _language(self) -> Iterator[Proposal]:
        """A pack may ask about the language in a fact of its own, and that fact may be all that was logged."""
        if "language" not in {*self.lines, *(one.name for one in self.seen)}:
            yield from (Proposal("language", {"from": one.name}) for one in self.seen if one.name.endswith(".language"))
            return
        source = next((str(line.spec["from"]) for name, line in self.lines.items() if name == "language"), "language")
        one = next((one for one in self.seen if one.name == source), None)
        for spec in self.inputs:
            if one is not None and spec.kind == "enum" and spec.name.rpartition(".")[2] in WORDS["language"]:
                others = {"others": "other"} if "other" in spec.values else {}
                values = {value: value for value in spec.values if value not in ("other", "unknown")}
                nulls = {"nulls": "unknown"} if "unknown" in spec.values else {}
                yield Proposal(spec.name, {"from": source, "values": values, **others, **nulls})

    def _modalities(self, own: set[str]) -> None:
        """Where only texts were scored, scores of pictures are not missing: there was no picture."""
        scored = {name.partition(".")[0] for name in (*self.lines, *own) if "." in name and self._is_score(name)}
        if scored == {"text"} and "modalities" not in own:
            self.lines["modalities"] = Proposal("modalities", {"constant": ["text"]}, "is there nothing but text?")

    def _is_score(self, name: str) -> bool:
        return any(spec.name == name and spec.kind == "score" for spec in self.inputs)


def _matching(one: Seen, wanted: Sequence[Input]) -> list[str]:
    """Scores of that name, the likeliest first: of the modality that the column names, else one that some scorer gives."""
    words = [word for word in one.tokens if word not in NOISE]
    modality = next((MODALITIES[word] for word in words if word in MODALITIES), None)
    bare = "_".join(word for word in words if word not in MODALITIES)
    last = {spec.name: spec.name.rpartition(".")[2] for spec in wanted}
    found = [name for name, end in last.items() if end == bare]
    if not found and len(bare) >= 4:
        found = [name for name, end in last.items() if len(end) >= 4 and (end.startswith(bare) or bare.startswith(end))]
    if not found:
        near = nearest(bare, {end: end for end in last.values()}) if bare else None
        found = [name for name, end in last.items() if end == near]
    given = {spec.name: spec.scorer is not None for spec in wanted}
    return sorted(found, key=lambda name: (modality is not None and not name.startswith(modality), not given[name]))


def _unit(one: Seen, low: float, high: float) -> str | None:
    """By the range: what fits no unit is no score. Whole numbers 0 and 1 alone are none, either."""
    if one.kind == "int":
        if low < 0 or high <= 1 or high > MICRO:
            return None
        return "percent" if high <= 100 else "millionths"
    if low < 0:
        return "logit" if max(-low, high) <= 50 else None
    if high <= 1 + 1 / MICRO:
        return "share"
    return "percent" if high <= 100 else None


def _check_score(one: Seen, unit: str, found: Sequence[str]) -> str | None:
    said = []
    if unit != "share":
        said.append(f"values from {one.low:g} to {one.high:g} look like {unit}")
    if len(found) > 1:
        said.append("or " + ", ".join(found[1:]) + "?")
    return "; ".join(said) or None


def _check_enum(spec: Input, one: Seen) -> str | None:
    strange = [value for value, _ in one.top if value not in spec.values] if spec.kind == "enum" else []
    return "none of its values: " + ", ".join(f"`{value}`" for value in strange[:5]) if strange else None


def _flow(spec: Mapping[str, Any]) -> str:
    """A line in YAML's flow style, of JSON's words where it needs quotes."""
    return "{" + ", ".join(f"{key}: {_word(value)}" for key, value in spec.items()) + "}"


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_word(key)}: {_word(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_word, value)) + "]"
    if (
        isinstance(value, str)
        and re.fullmatch(r"[A-Za-z_][\w.-]*", value)
        and value.lower() not in ("true", "false", "null")
    ):
        return value
    return json.dumps(value, ensure_ascii=False)
