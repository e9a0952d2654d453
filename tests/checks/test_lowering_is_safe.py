"""Whatever parses either has an error or becomes a Program that is stored, read again and asked for a decision: never an exception."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.record import Record
from engine.reference import Evaluation
from policy_dsl.program import Input, Program
from policy_dsl.stored import from_json, to_json
from tests.checks.mutations import Mutator
from tests.checks.packs import GOLDEN, check

MICROSECONDS_2026 = 1_780_000_000_000_000
REGIONS = ("DE", "IN", "US", "AE", "GLOBAL", "FR")
EXTRA = """
policy extra {
  title "t" owner "o" severity P2
  let young = author.age_days < 30
  score mix = weighted(0.5: text.hate, 0.5: image.hate)
  score both = noisy_or(mix, 0.5 * text.sexual)
  thresholds on both { remove >= 0.9 review >= 0.5 }
  region EU { thresholds on both { remove >= 0.8 } on missing text.hate { review } effects remove { notify_user = false } }
  region DE from 2026-01-01 until 2027-01-01 { thresholds on both { remove off } }
  for content.surface in [ad] { rule shop { when ad.verified then label } on error { review } }
  rule r { when young && both >= 0.7 then limit, review(queue: "x", priority: P1) from 2026-01-01 until 2027-01-01 reason "x" }
  adjust less { when young then lower thresholds by 0.05 }
  exception ex { regions DE when content.tags.exists(t, t == "news") then at most label and review on both }
  priority P1 when young
  consequence c { on remove when young then suspend(days: 3) }
  experiment e {
    unit author.age_days share 10% salt "s"
    variant B { thresholds on both { remove >= 0.85 } region DE { thresholds on both { remove >= 0.7 } } }
    variant C { thresholds on both { remove >= 0.95 } }
  }
}
let trusted = author.strikes == 0
score top = max(text.hate, image.nudity)
exception wide { when trusted && content.context == "news" then at most limit }
adjust known { policies uses, extra when author.strikes >= 3 then raise thresholds by 0.05 }
consequence strikes { on remove then strike }
policy uses {
  severity P3
  score fast = cascade(text.hate, image.hate, 0.2, 0.9)
  thresholds on fast { reduce >= 0.5 }
  rule q { when trusted && top >= 0.5 && has(text.hate) then reduce }
}
test extra "t" { given { text.hate = 0.9 author.age_days = 3 at = 2026-05-01 } expect in DE decided remove because extra.both }
tests uses "u" {
  region | text.hate | content.surface | expect
  DE     | 0.5       | -               | reduce
  US     | ?         | ad              | degraded allow
}
"""


def corpus() -> dict[str, str]:
    folders = sorted((GOLDEN / "checks").glob("*/good"))
    texts = {
        f"{path.parent.parent.name}.limen": path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.glob("*.limen")
    }
    return {"extra.limen": EXTRA, **texts}


CORPUS = corpus()
MUTATOR = Mutator(CORPUS)


def value(spec: Input, random: Random) -> Any:
    return {
        "score": random.random(),
        "bool": random.random() < 0.5,
        "int": random.randrange(100),
        "double": random.random(),
        "string": "u7",
        "set": ["news"],
        "enum": random.choice(spec.values or ("",)),
    }[spec.kind]


def record(program: Program, random: Random) -> Record:
    given = [spec for spec in program.inputs if random.random() < 0.7]
    scores = {spec.name: value(spec, random) for spec in given if not spec.is_fact}
    facts = {spec.name: value(spec, random) for spec in given if spec.is_fact}
    return Record(scores, facts, MICROSECONDS_2026)


def outcome_of(seed: int) -> str:
    random = Random(seed)
    name = "extra.limen" if random.random() < 0.7 else random.choice(sorted(CORPUS))
    checked = check(MUTATOR.mutated(CORPUS[name], random))
    program = checked.compiled.program
    if program is None:
        assert checked.errors
        return "refused by the parser" if checked.pack.diagnostics else "refused by a check"
    stored = to_json(program)
    again = from_json(stored)
    assert to_json(again) == stored
    for region in REGIONS:
        Evaluation(again, record(again, random), region).outcome()
    return "decided"


def test_the_corpus_itself_is_decided() -> None:
    assert check(EXTRA).errors == []


@pytest.mark.parametrize("part", range(4))
def test_mutated_packs(part: int) -> None:
    outcomes = [outcome_of(seed) for seed in range(100 * part, 100 * part + 100)]
    assert {"refused by a check", "decided"} <= set(outcomes), "the mutations are too tame or too wild to mean anything"


@pytest.mark.deep
@pytest.mark.parametrize("part", range(100))
def test_many_mutated_packs(part: int) -> None:
    for seed in range(1_000_000 + 200 * part, 1_000_200 + 200 * part):
        outcome_of(seed)
