"""Random packs that use every feature of the language, and random records for them, hostile ones included.

A pack is rule text, so that a failing one can be read; it is lowered without the checks, for the evaluators have to agree on
packs that only a lint would refuse too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st

from engine.load import make_env
from engine.record import Record
from policy_dsl.env import Env
from policy_dsl.lower import lower
from policy_dsl.manifest import Manifest
from policy_dsl.parser import parse
from policy_dsl.program import Input, Program
from policy_dsl.source import Source
from regions.model import Region, RegionTree
from scorers.registry import Setup

MANIFEST: dict[str, Any] = {
    "pack": "random",
    "language": 1,
    "enforcements": {
        "allow": {"effects": {"seen": True}},
        "label": {"effects": {"mark": True, "tone": "soft"}},
        "limit": {},
        "reduce": {"effects": {"tell": False}},
        "remove": {"effects": {"tell": True, "appeal": True}},
    },
    "routes": {"review": {"queue": "general"}, "legal": {}, "escalate": {"queue": "specialist", "exclusive": True}},
    "sanctions": {"strike": {"days": 90, "kind": "soft"}, "suspend": {"days": 7}},
    "severities": {"P0": {}, "P1": {}, "P2": {}, "P3": {"on_missing": "label"}},
    "inputs": {
        "text.a": {"type": "score", "modality": "text"},
        "text.b": {"type": "score", "modality": "text"},
        "image.c": {"type": "score", "modality": "image"},
        "image.d": {"type": "score", "modality": "image", "optional": True},
        "vendor.v": {"type": "score", "optional": True},
        "hash.hit": {"type": "bool", "modality": "image"},
        "hash.far": {"type": "int", "min": 0, "max": 64, "modality": "image"},
        "words.kind": {"type": "enum", "values": ["clean", "rude", "vile"], "modality": "text"},
        "fact.flag": {"type": "bool", "default": False},
        "fact.sure": {"type": "bool"},
        "fact.maybe": {"type": "bool", "optional": True},
        "fact.count": {"type": "int", "min": 0, "max": 3, "default": 0},
        "fact.total": {"type": "int"},
        "fact.limit": {"type": "int", "optional": True},
        "fact.ratio": {"type": "double", "min": -1, "max": 1, "default": 0.5},
        "fact.rate": {"type": "double", "optional": True},
        "fact.surface": {"type": "enum", "values": ["post", "live", "ad"], "default": "post"},
        "fact.lang": {"type": "enum", "values": ["en", "de", "hi"]},
        "fact.mode": {"type": "enum", "values": ["day", "night"], "optional": True},
        "fact.name": {"type": "string", "default": "x"},
        "fact.tags": {"type": "set<string>", "default": []},
        "fact.labels": {"type": "set<string>", "optional": True},
        "unit.id": {"type": "string", "optional": True},
        "unit.number": {"type": "int"},
    },
}
RAW_SCORES = ("text.a", "text.b", "image.c", "image.d", "vendor.v")
GUARDS = {
    "fact.surface": ("post", "live", "ad"),
    "fact.lang": ("en", "de", "hi"),
    "fact.mode": ("day", "night"),
    "words.kind": ("clean", "rude", "vile"),
}
REGIONS = ("GLOBAL", "EU", "DE", "AT", "IN")
CUTS = ("0.000001", "0.2", "0.35", "0.5", "0.65", "0.8", "0.95", "1", "0")
DATES = ("2026-01-01", "2026-03-01", "2026-03-01T12:00:00Z", "2027-01-01")
MOMENTS = (
    None,
    1_700_000_000_000_000,
    1_767_225_599_999_999,
    1_767_225_600_000_000,
    1_772_366_400_000_000,
    1_800_000_000_000_000,
)

RUNGS = (
    "remove", "remove and review", "remove and strike", "reduce", 'reduce and review(queue: "x")', "label", "review", "escalate",
    "label and escalate and suspend", "limit and legal", "review(priority: P0)",
)  # fmt: skip
OUTCOMES = (
    *RUNGS, "strike", "strike(days: 7)", 'strike(days: 400, kind: "hard") and remove', 'remove and escalate(queue: "k", priority: P1)',
    'label and review(priority: P0) and review(queue: "x")', "allow",
)  # fmt: skip
EXPRESSIONS = (
    "text.a", "max(text.a, image.c)", "min(text.a, text.b)", "min(image.c, image.d, 0.7)", "weighted(0.3: text.a, 0.7: image.c)",
    "weighted(0.2: text.a, 0.3: image.d, 0.5: vendor.v)", "mean(text.a, text.b, image.c)", "mean(image.d, vendor.v)",
    "noisy_or(text.a, text.b)", "noisy_or(text.a, image.d, vendor.v)", "0.8 * image.c", "image.d * text.b", "text.a + text.b",
    "text.a + 0.25", "text.a - 0.25", "1.0 - text.a", "0.3 - image.d", "text.a - image.d", "max(0.5 * text.a, text.b, 0.1)",
    "cascade(text.a, image.c, 0.2, 0.65)", "cascade(image.d, text.b, 0.35, 0.8)", "cascade(text.a, vendor.v, 0.000001, 1.0)",
    "max(weighted(0.5: text.a, 0.5: text.b), 0.9 * image.d)", "min(noisy_or(text.a, image.c), 1.0 - text.b)",
    "cascade(mean(text.a, text.b), max(image.c, image.d), 0.35, 0.5)", "0.333333 * (text.a + image.c)", "max(image.c, image.d)",
)  # fmt: skip
ATOMS = (
    "fact.flag", "fact.sure", "fact.maybe", "hash.hit", "fact.count >= 2", "fact.count < 1", "fact.total > 100", "fact.total == 3",
    "fact.limit <= 5", "fact.count != 3", "hash.far <= 8", "hash.far < 100", "fact.ratio > 0.25", "fact.rate < 2.5", "fact.ratio >= -1.0",
    'fact.surface == "live"', 'fact.lang != "de"', 'fact.mode == "night"', 'words.kind in ["rude", "vile"]', 'fact.lang in ["en", "de", "hi"]',
    '"r" in fact.tags', '"r" in fact.labels', "size(fact.tags) > 1", 'fact.tags.exists(t, t == "q")', 'fact.labels.all(t, t != "r")',
    'fact.name.startsWith("a")', 'fact.name == "x"', 'fact.name.matches("^a+$")', "size(fact.name) > 1",
    "text.a >= 0.5", "text.a < 0.35", "text.b > 0.8", "image.c <= 0.65", "image.c == 0.5", "image.d != 0.5", "0.2 <= vendor.v",
    "text.a >= text.b", "image.d > text.a", "s >= 0.5", "s < 0.8", "t > 0.35", "s == t", "has(image.c)", "has(fact.maybe)", "has(s)",
    "has(vendor.v)", "fact.total % 7 == 3", "true", "false", "fact.maybe == true", 'fact.lang < "en"',
)  # fmt: skip
ERRING = (
    "100 / fact.count > 3", "[1, 2][fact.count] == 1", "fact.total * 4611686018427387904 > 0", "fact.limit / fact.count == 0",
    "int(fact.name) > 3", "has(image.d) && 1 / fact.count > 0", '{"x": true}[fact.name]', "text.a >= 0.5 || 1 / fact.count == 1",
    "fact.tags.exists(t, 10 / size(t) > 3)", "fact.maybe && 1 / fact.count > 0", "vendor.v > 0.5 || 10 % fact.count == 1",
    "!fact.maybe || [1][fact.count] == 1", "(fact.maybe ? 1 / fact.count > 0 : fact.flag)",
)  # fmt: skip
VALUES = (
    0.0,
    0.1,
    0.2,
    0.349999,
    0.35,
    0.5,
    0.6,
    0.65,
    0.799999,
    0.8,
    0.95,
    1.0,
    0.0000005,
    0.4999995,
    0.49999949999999994,
    0.9999995,
)


class Text(str):
    """A caller's own kind of text."""

    __slots__ = ()


@dataclass(frozen=True)
class Odd:
    """Neither a number nor a text."""


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 0.0, -0.0, 1.0, 3.0, 0.5, 1.0000001, 1.0000004, -0.0000003, 1e308, float("nan"), float("inf"),
    float("-inf"), 10**400, 2**63, -(2**63) - 1, 2**31, "", "0.5", "live", "r", Text("live"), Text("a"), b"live", [], ["r"], ["r", "r"],
    [1], [["r"]], ("r", "q"), {"r"}, frozenset({"q"}), {}, {"r": 1}, Odd(), np.float64(0.8), np.float32(0.5), np.int64(2), np.bool_(1),
    complex(1, 0), [Text("r")], "\ud800",
)  # fmt: skip


@cache
def env() -> Env:
    tree = RegionTree(
        (
            Region("GLOBAL", "World", None),
            Region("EU", "Union", "GLOBAL"),
            Region("DE", "Germany", "EU"),
            Region("AT", "Austria", "EU"),
            Region("IN", "India", "GLOBAL"),
        )
    )
    text = yaml.safe_dump(MANIFEST, sort_keys=False)
    made, found = make_env(Manifest.model_validate(MANIFEST), Source("limen.yaml", text), Setup(()), tree)
    assert not found
    return made


def compiled(text: str) -> Program:
    source = Source("rules.limen", text)
    parsed = parse(source)
    assert not parsed.diagnostics, (parsed.diagnostics, text)
    return lower(parsed.file.items, env(), {"rules.limen": source})


class Writer:
    """Writes a pack by drawing."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.names = 0

    def pick(self, options: Sequence[str]) -> str:
        return self.draw(st.sampled_from(options))

    def few(self, part: Callable[[], str], most: int = 2) -> list[str]:
        return [part() for _ in range(self.draw(st.integers(0, most)))]

    def chance(self, one_in: int = 3) -> bool:
        return self.draw(st.integers(1, one_in)) == 1

    def name(self, head: str) -> str:
        self.names += 1
        return f"{head}{self.names}"

    # -- conditions --------------------------------------------------------------------------------------------------

    def condition(self, depth: int = 2) -> str:
        kind = self.draw(st.integers(0, 11))
        if not depth or kind < 5:
            return self.pick(ERRING) if kind == 0 else self.pick(ATOMS)
        if kind < 7:
            return f"({self.condition(depth - 1)} && {self.condition(depth - 1)})"
        if kind < 9:
            return f"({self.condition(depth - 1)} || {self.condition(depth - 1)})"
        if kind < 11:
            return f"!({self.condition(depth - 1)})"
        return f"({self.condition(depth - 1)} ? {self.condition(depth - 1)} : {self.condition(depth - 1)})"

    def plain(self) -> str:
        """A condition that names no score of a policy."""
        text = self.condition(1)
        return (
            text
            if not any(f"{name}{mark}" in f" {text}" for name in (" s", " t", "(s", "(t") for mark in (" ", ")"))
            else "fact.flag"
        )

    # -- statements --------------------------------------------------------------------------------------------------

    def rungs(self, *, off: bool = False) -> str:
        names = self.draw(st.lists(st.sampled_from(RUNGS), min_size=1, max_size=3, unique=True))
        return "  ".join(f"{name} off" if off and self.chance(4) else f"{name} >= {self.pick(CUTS)}" for name in names)

    def ladder(self, *, off: bool = False) -> str:
        return f"thresholds on {self.pick(('s', 't', *RAW_SCORES))} {{ {self.rungs(off=off)} }}"

    def block(self, part: Callable[[], str], depth: int = 2, *, region: bool = True) -> str:
        """A statement inside of blocks."""
        inner = part() if depth == 0 or self.chance(2) else self.block(part, depth - 1, region=False)
        if region and self.chance(2):
            return f"region {self.pick(REGIONS[1:])}{self.window()} {{ {inner} }}"
        name = self.pick(tuple(GUARDS))
        values = self.draw(st.lists(st.sampled_from(GUARDS[name]), min_size=1, max_size=2, unique=True))
        return f"for {name} in [{', '.join(values)}] {{ {inner} }}"

    def window(self) -> str:
        start = f" from {self.pick(DATES)}" if self.chance(4) else ""
        return start + (f" until {self.pick(DATES)}" if self.chance(6) else "")

    def meta(self) -> str:
        places = f" regions {self.pick(REGIONS)}" if self.chance(4) else ""
        return places + self.window()

    def rule(self) -> str:
        absolute = " absolute" if self.chance(4) else ""
        return f"rule {self.name('r')}{absolute} {{ when {self.condition()} then {self.pick(OUTCOMES)}{self.meta()} }}"

    def exception(self) -> str:
        grant = self.pick(
            ("waive", "at most allow", "at most label", 'at most label and review(queue: "cap")', "at most reduce and legal",
             "at most limit and review on s", "at most allow on text.a", "at most label on t")
        )  # fmt: skip
        return f"exception {self.name('e')} {{ when {self.condition()} then {grant}{self.meta()} }}"

    def adjust(self) -> str:
        shift = self.pick(
            (
                "raise thresholds by 0.15",
                "lower thresholds by 0.15",
                "raise thresholds by 0.6",
                "lower thresholds by 0.3",
            )
        )
        return f"adjust {self.name('a')} {{ when {self.condition()} then {shift}{self.meta()} }}"

    def default(self) -> str:
        head = self.pick(
            (
                "on missing",
                "on missing",
                "on error",
                "on missing text.a",
                "on missing image.c",
                "on missing fact.sure",
                "on missing fact.lang",
            )
        )
        then = self.pick(("", "review", "remove", 'label and review(queue: "gap")', "strike", "escalate"))
        return f"{head} {{ {then} }}"

    def effects(self) -> str:
        what = self.pick(("tell = true", "tell = false", 'notice = "n" tell = false', "level = 3", 'notice = "m"'))
        return f"effects {self.pick(('allow', 'label', 'reduce', 'remove'))} {{ {what} }}"

    def priority(self) -> str:
        return f"priority {self.pick(('P0', 'P1', 'P2'))} when {self.condition(1)}"

    def experiment(self) -> str:
        arms = ("B",) if self.chance(2) else ("B", "C")
        variants = " ".join(f"variant {arm} {{ {self.ladder(off=True)} {self.variant_block()} }}" for arm in arms)
        salt = ' salt "s"' if self.chance(3) else ""
        share = self.pick(("50", "10", "33.3333")) if arms == ("B",) else "40"
        return f"experiment {self.name('x')} {{ unit {self.pick(('unit.id', 'unit.number', 'fact.name'))} share {share}%{salt} {variants} }}"

    def variant_block(self) -> str:
        return self.block(lambda: self.ladder(off=True), 1) if self.chance(2) else ""

    def consequence(self, *, at_top: bool = False) -> str:
        on = self.pick(("remove", "remove, reduce", "label", "allow", "limit, label, remove"))
        when = f" when {self.plain()}" if self.chance(2) else ""
        whom = f" policies {self.pick(('p', 'q', 'p, q'))}" if at_top and self.chance(3) else ""
        then = self.pick(
            ("strike", "suspend(days: 30)", 'review(queue: "after")', "legal and strike(days: 1)", "escalate")
        )
        return f"consequence {self.name('c')} {{{whom} on {on}{when} then {then}{self.meta()} }}"

    def policy(self, name: str) -> str:
        body = [f"severity {self.pick(('P0', 'P1', 'P2', 'P3'))}", f"score s = {self.pick(EXPRESSIONS)}"]
        body.append(f"score t = {self.pick((*EXPRESSIONS, 'max(s, text.b)', '0.9 * s', 'mean(s, image.d)'))}")
        body += [f"regions {self.pick(('EU', 'DE, IN', 'GLOBAL'))}"] if self.chance(4) else []
        body += ["mode shadow"] if self.chance(8) else []
        body += [
            self.ladder(),
            *self.few(self.ladder, 1),
            *self.few(lambda: self.block(lambda: self.ladder(off=True)), 3),
        ]
        body += [*self.few(self.rule), *self.few(self.exception), *self.few(self.adjust, 1 + self.chance(3))]
        body += [*self.few(self.default), *self.few(lambda: self.block(self.default, 1), 1), *self.few(self.effects)]
        clauses = [self.effects, self.rule, self.exception, self.adjust, self.priority, self.consequence]
        placed = self.draw(st.sampled_from(clauses))
        body += [*self.few(lambda: self.block(placed, 1), 1), *self.few(self.priority, 1)]
        body += self.few(self.experiment, 1) if self.chance(2) else []
        return f"policy {name} {{\n  " + "\n  ".join(body) + "\n}"

    def top(self) -> str:
        kind = self.draw(st.integers(0, 3))
        if kind == 0:
            return f"exception {self.name('g')} {{ policies p when {self.plain()} then {self.pick(('waive', 'at most label'))}{self.meta()} }}"
        if kind == 1:
            return f"adjust {self.name('g')} {{ when {self.plain()} then lower thresholds by 0.15{self.meta()} }}"
        return self.consequence(at_top=True)

    def pack(self) -> str:
        """`wide` and `sure` hold for the whole pack."""
        shared = f"score wide = {self.pick(EXPRESSIONS)}\nlet sure = wide >= {self.pick(('0.35', '0.8'))} || fact.sure"
        policies = [self.policy(name) for name in self.pick(("p", "pq", "pqr"))]
        return "\n".join([shared, *self.few(self.top), *policies]) + "\n"


@st.composite
def packs(draw: st.DrawFn) -> str:
    return Writer(draw).pack()


def usual(spec: Input, rng: Random) -> Any:
    """A good value of an input."""
    match spec.kind:
        case "score":
            return rng.choice(VALUES)
        case "bool":
            return rng.random() < 0.5
        case "int":
            return (
                rng.randrange(4)
                if spec.maximum == 3
                else rng.choice([0, 1, 3, 8, 10, 64] if spec.maximum else [0, 3, 101, -5, 2**40])
            )
        case "double":
            return rng.choice([0.5, 0.25, -1.0, 1, 0.3])
        case "string":
            return rng.choice(["x", "aa", "a", "7", 'é"\n'])
        case "enum":
            return rng.choice(spec.values)
    return rng.choices(["r", "q", "", "qq"], k=rng.randrange(3))


MODALITIES = (
    None,
    frozenset[str](),
    frozenset({"text"}),
    frozenset({"image"}),
    frozenset({"text", "image"}),
    frozenset({"text", "video"}),
)
GAPS = (0, 0, 0.02, 0.1, 0.3)
"""How often a value is missing or hostile; half the records are complete."""


def record(program: Program, rng: Random, modalities: frozenset[str] | None) -> Record:
    """One content: complete, with gaps, or with values of any kind."""
    gaps = rng.choice(GAPS)
    scores: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for spec in program.inputs:
        own, other = (facts, scores) if spec.is_fact else (scores, facts)
        away = spec.modality is not None and modalities is not None and spec.modality not in modalities
        if rng.random() < (0.97 if away else 0.4 if spec.default is not None or spec.optional else gaps):
            continue
        holder = other if gaps and rng.random() < 0.03 else own
        holder[spec.name] = rng.choice(HOSTILE) if rng.random() < gaps / 2 else usual(spec, rng)
    if rng.random() < 0.1:
        scores["unheard.of"] = 0.5
    absent = [spec.name for spec in program.inputs if spec.name not in scores and spec.name not in facts]
    skipped = frozenset(rng.choices(absent, k=2)) if absent and rng.random() < 0.2 else frozenset[str]()
    wrap = MappingProxyType if rng.random() < 0.1 else dict
    return Record(wrap(scores), wrap(facts), rng.choice(MOMENTS), modalities, skipped, stated_only=rng.random() < 0.05)
