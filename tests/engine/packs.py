"""Random packs and records for the properties of the reference: small, dense, with few distinct numbers so that they collide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from engine.load import make_env
from engine.record import read_record
from engine.reference import decide
from policy_dsl.env import Env
from policy_dsl.lower import lower
from policy_dsl.manifest import Manifest
from policy_dsl.nodes import Item
from policy_dsl.parser import parse
from policy_dsl.program import Program
from policy_dsl.source import Source
from regions.load import load_regions
from scorers.registry import Setup

MANIFEST: dict[str, Any] = {
    "pack": "random",
    "language": 1,
    "enforcements": {
        "allow": {},
        "label": {"effects": {"mark": True}},
        "reduce": {},
        "remove": {"effects": {"tell": True}},
    },
    "routes": {"review": {"queue": "general"}, "escalate": {"queue": "specialist", "exclusive": True}},
    "sanctions": {"strike": {"days": 90}},
    "severities": {"P0": {}, "P1": {}, "P2": {}, "P3": {}},
    "inputs": {
        "text.a": {"type": "score", "modality": "text"},
        "text.b": {"type": "score", "modality": "text"},
        "image.c": {"type": "score", "modality": "image"},
        "fact.flag": {"type": "bool", "default": False},
        "fact.news": {"type": "bool", "default": False},
        "fact.count": {"type": "int", "min": 0, "max": 3, "default": 0},
        "fact.surface": {"type": "enum", "values": ["post", "live", "ad"], "default": "post"},
        "fact.unit": {"type": "string", "optional": True},
    },
}
DOMAINS: Mapping[str, Sequence[Any]] = {
    "fact.flag": (False, True),
    "fact.news": (False, True),
    "fact.count": (0, 1, 2, 3),
    "fact.surface": ("post", "live", "ad"),
}
SCORES = ("text.a", "text.b", "image.c")
CUTS = ("0.2", "0.35", "0.5", "0.65", "0.8")
VALUES = (0, 0.1, 0.2, 0.349999, 0.35, 0.5, 0.6, 0.65, 0.799999, 0.8, 1)
RUNGS = (
    "remove",
    "remove and review",
    "remove and strike",
    "reduce",
    'reduce and review(queue: "x")',
    "label",
    "review",
    "escalate",
)
OUTCOMES = (*RUNGS, "label and review(priority: P0)", "strike", "remove and escalate")
FACT_CONDITIONS = (
    "fact.flag", "!fact.flag", "fact.news", "fact.count >= 2", "fact.count < 1 || fact.flag", 'fact.surface == "live"',
    'fact.surface in ["live", "ad"] && fact.news',
)  # fmt: skip
SCORE_CONDITIONS = (
    "text.a >= 0.5", "text.a < 0.35", "image.c >= 0.65 && fact.flag", "text.a >= 0.5 || text.b >= 0.5", "!(image.c > 0.8)",
    "s >= 0.5", "has(image.c) && fact.news", "10 / fact.count > 3", "fact.flag ? text.a >= 0.2 : text.b >= 0.2",
)  # fmt: skip
RISING = (
    "text.a", "max(text.a, image.c)", "min(text.a, text.b)", "weighted(0.3: text.a, 0.7: image.c)", "mean(text.a, text.b, image.c)",
    "noisy_or(text.a, text.b)", "0.8 * image.c", "text.a + text.b", "max(0.5 * text.a, text.b)",
)  # fmt: skip
ANY_SCORE = (*RISING, "cascade(text.a, image.c, 0.2, 0.65)", "text.a - text.b", "max(text.a - image.c, 0.5 * text.b)")


@cache
def tree() -> Any:
    return load_regions()


def env_of(manifest: Mapping[str, Any] = MANIFEST) -> Env:
    text = yaml.safe_dump(dict(manifest), sort_keys=False)
    env, found = make_env(Manifest.model_validate(dict(manifest)), Source("limen.yaml", text), Setup(()), tree())
    assert not found
    return env


@cache
def default_env() -> Env:
    return env_of()


def items_of(files: Mapping[str, str]) -> tuple[tuple[Item, ...], dict[str, Source]]:
    sources = {path: Source(path, text) for path, text in files.items()}
    parsed = [parse(source) for source in sources.values()]
    assert not any(found.diagnostics for found in parsed), [d for found in parsed for d in found.diagnostics]
    return tuple(item for found in parsed for item in found.file.items), sources


def compiled(files: Mapping[str, str] | str) -> Program:
    """The Program of rule texts, without the checks: a property must hold of packs that only a lint would refuse too."""
    items, sources = items_of({"rules.limen": files} if isinstance(files, str) else files)
    return lower(items, default_env(), sources)


def decided(program: Program, raw: Mapping[str, Any], region: str = "GLOBAL") -> Any:
    return decide(program, read_record(raw, program), region)


def essence(outcome: Any) -> tuple[Any, ...]:
    """What happens: to the content, who looks at it, and the account."""
    return outcome.enforcement, outcome.routes, outcome.sanctions, outcome.effects


@st.composite
def ladders(draw: st.DrawFn, scores: Sequence[str], most: int = 2) -> list[str]:
    on = draw(st.lists(st.sampled_from(scores), min_size=1, max_size=most, unique=True))
    return [f"thresholds on {score} {{ {draw(rungs())} }}" for score in on]


@st.composite
def rungs(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(RUNGS), min_size=1, max_size=3, unique=True))
    return "  ".join(f"{name} >= {draw(st.sampled_from(CUTS))}" for name in names)


@st.composite
def overrides(draw: st.DrawFn, scores: Sequence[str]) -> list[str]:
    """Statements that change rungs in regions and `for` blocks."""
    blocks = []
    for head in draw(
        st.lists(
            st.sampled_from(("region EU", "region DE", "for fact.surface in [live]", "for fact.surface in [ad]")),
            max_size=3,
            unique=True,
        )
    ):
        score = draw(st.sampled_from(scores))
        rung = draw(st.sampled_from(RUNGS))
        there = draw(st.sampled_from((*(f">= {cut}" for cut in CUTS), "off")))
        blocks.append(f"{head} {{ thresholds on {score} {{ {rung} {there} }} }}")
    return blocks


@st.composite
def policies(
    draw: st.DrawFn, name: str, conditions: Sequence[str], expressions: Sequence[str], *, shadow: bool = False
) -> list[str]:
    """The statements of one policy, in no order that matters."""
    scores = ("s", "text.a", "image.c")
    condition = st.sampled_from(conditions)
    body = [f"severity {draw(st.sampled_from(('P0', 'P1', 'P2')))}", f"score s = {draw(st.sampled_from(expressions))}"]
    body += draw(ladders(scores)) + draw(overrides(scores))
    body += ["mode shadow"] if shadow else []
    for number in range(draw(st.integers(0, 2))):
        mark = draw(st.sampled_from(("", "absolute ")))
        body.append(f"rule r{number} {mark}{{ when {draw(condition)} then {draw(st.sampled_from(OUTCOMES))} }}")
    body += draw(exceptions(condition))
    if draw(st.booleans()):
        body.append(f"priority P0 when {draw(condition)}")
    body += draw(defaults())
    return body


@st.composite
def exceptions(draw: st.DrawFn, condition: st.SearchStrategy[str]) -> list[str]:
    grants = (
        "waive",
        "at most label",
        'at most label and review(queue: "cap")',
        "at most reduce",
        "at most label on s",
        "at most allow and review on text.a",
    )
    found = [
        f"exception e{number} {{ when {draw(condition)} then {draw(st.sampled_from(grants))} }}"
        for number in range(draw(st.integers(0, 2)))
    ]
    shifts = (
        "raise thresholds by 0.15",
        "lower thresholds by 0.15",
        "raise thresholds by 0.3",
        "lower thresholds by 0.3",
    )
    found += [
        f"adjust a{number} {{ when {draw(condition)} then {draw(st.sampled_from(shifts))} }}"
        for number in range(draw(st.integers(0, 2)))
    ]
    return found


@st.composite
def defaults(draw: st.DrawFn) -> list[str]:
    heads = (
        "on missing",
        "on missing text.a",
        "on missing fact.flag",
        "on error",
        "for fact.surface in [live] { on missing",
    )
    found = []
    for head in draw(st.lists(st.sampled_from(heads), max_size=2, unique=True)):
        what = draw(st.sampled_from(("", "review", "remove", 'label and review(queue: "gap")')))
        found.append(f"{head} {{ {what} }}" + (" }" if head.startswith("for") else ""))
    told = st.sampled_from(("true", "false"))
    heads = ("effects remove {", "for fact.surface in [ad] { effects remove {")
    found += [
        f"{head} tell = {draw(told)} }}" + " }" * head.startswith("for")
        for head in sorted(draw(st.sets(st.sampled_from(heads))))
    ]
    return found


@st.composite
def pack_texts(draw: st.DrawFn, *, rising: bool = False) -> dict[str, list[str]]:
    """Policies by name, as lists of statements; `""` holds what stands at the top. With `rising`, no score can weaken by rising."""
    conditions = FACT_CONDITIONS if rising else (*FACT_CONDITIONS, *SCORE_CONDITIONS)
    expressions = RISING if rising else ANY_SCORE
    names = draw(st.sampled_from((("p",), ("p", "q"))))
    found = {name: draw(policies(name, conditions, expressions)) for name in names}
    plain = st.sampled_from(FACT_CONDITIONS)
    tops = (
        f"exception pack {{ when {draw(plain)} then at most reduce }}",
        f"adjust wide {{ when {draw(plain)} then lower thresholds by 0.15 }}",
        f'consequence c {{ on remove when {draw(plain)} then strike and review(queue: "after") }}',
        'consequence d { policies p on remove, label then review(queue: "own") }',
    )
    return {"": draw(st.lists(st.sampled_from(tops), max_size=2, unique=True)), **found}


def text_of(pack: Mapping[str, Sequence[str]]) -> str:
    blocks = [
        *pack.get("", ()),
        *(f"policy {name} {{\n  " + "\n  ".join(body) + "\n}" for name, body in pack.items() if name),
    ]
    return "\n".join(blocks) + "\n"


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record without gaps."""
    scores = {name: draw(st.sampled_from(VALUES)) for name in SCORES}
    facts = {name: draw(st.sampled_from(values)) for name, values in DOMAINS.items()}
    return {"scores": scores, "facts": facts}


REGIONS = st.sampled_from(("GLOBAL", "EU", "DE", "IN"))


def with_gaps(raw: Mapping[str, Any], gaps: Sequence[str]) -> dict[str, Any]:
    return {
        key: {name: None if name in gaps else value for name, value in raw[key].items()} for key in ("scores", "facts")
    }


def filled(raw: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: {name: values.get(name, value) for name, value in raw[key].items()} for key in ("scores", "facts")}
