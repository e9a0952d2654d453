"""The scalar evaluator on the shipped pack and at its edges; random packs are in tests/property."""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from benchmarks import handwritten
from benchmarks.decide import canonical
from benchmarks.traffic import outage, traffic
from engine.compiled.memory import Memory
from engine.decision import Status
from engine.load import load_pack
from engine.record import Record
from engine.reference import decide
from engine.scalar import Scalar
from policy_dsl.program import Program
from tests.property.packs import compiled

PACK = Path(__file__).parent.parent.parent / "policies"


@cache
def program() -> Program:
    found = load_pack(PACK).compiled.program
    assert found is not None
    return found


@cache
def scalar() -> Scalar:
    return Scalar(program())


def same(record: Record, region: str, evaluator: Scalar | None = None, of: Program | None = None) -> None:
    wanted = canonical(decide(of or program(), record, region))
    assert canonical((evaluator or scalar()).decide(record, region)) == wanted
    assert canonical((evaluator or scalar()).decide_with_gaps(record, region)) == wanted


def test_the_shipped_pack_decides_byte_for_byte_as_the_reference_does() -> None:
    for record, region in traffic(program(), 300, found=0.08):
        same(record, region)


@pytest.mark.parametrize("prefix", ["text.", "image_hash.", "keywords.", "author."])
def test_the_shipped_pack_decides_alike_while_a_service_is_down(prefix: str) -> None:
    for record, region in outage(traffic(program(), 80, seed=2, found=0.08), prefix):
        same(
            Record(
                record.scores,
                {k: v for k, v in record.facts.items() if not k.startswith(prefix)},
                None,
                record.modalities,
            ),
            region,
        )


def test_the_hand_written_function_decides_as_the_evaluator_does() -> None:
    for record, region in traffic(program(), 3_000, seed=3, found=0.1):
        found = scalar().decide(record, region)
        routes = [(routed.route, routed.queue, routed.priority) for routed in found.routes]
        by_hand = handwritten.decide(record.scores, record.facts, region, record.modalities)
        assert (found.enforcement, routes, list(found.fired)) == by_hand


def test_complete_records_never_leave_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator = Scalar(program())
    monkeypatch.setattr(evaluator, "decide_with_gaps", None)
    for record, region in traffic(program(), 300, seed=4, found=0.2):
        assert evaluator.decide(record, region).status is Status.DECIDED


RULES = """
policy p {
  severity P1
  score s = max(text.a, 0.8 * image.d)
  thresholds on s { remove >= 0.95  reduce and review >= 0.5 }
  for fact.surface in [live] { thresholds on s { remove >= 0.8 } }
  rule tagged { when "r" in fact.tags && fact.total > 3 then label }
  rule named { when fact.name.startsWith("a") && fact.ratio >= 0.5 then strike }
  exception e { when fact.lang == "de" then at most label }
}
"""
GOOD: dict[str, Any] = {
    "text.a": 0.6,
    "text.b": 0.1,
    "image.c": 0.2,
    "image.d": 0.3,
    "hash.hit": False,
    "hash.far": 9,
    "words.kind": "rude",
}
FACTS: dict[str, Any] = {
    "fact.sure": True, "fact.total": 5, "fact.lang": "en", "fact.tags": ["r"], "fact.name": "ab", "fact.ratio": 0.5,
    "unit.number": 1, "fact.surface": "post",
}  # fmt: skip


class Word(str):
    __slots__ = ()


class Broken(dict[str, Any]):
    """A caller's dictionary that makes things up."""

    def __missing__(self, key: str) -> Any:
        return 1.0


@pytest.mark.parametrize(
    "name", ["text.a", "image.d", "fact.total", "fact.lang", "fact.tags", "fact.name", "fact.ratio", "fact.surface"]
)
@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, 1, 2, -1, -0.0, 0.5, 1.0, 0.9499995, 0.94999949999, 1.0000001, 1.0000004, -0.0000004, float("nan"),
        float("inf"), -float("inf"), 10**400, 2**63, -(2**63) - 1, 2**31, "de", "live", "0.9", Word("de"), Word("live"), b"de", [], ["r"],
        ["r", "r"], [["r"]], [1, "r"], ("r",), {"r"}, frozenset({"r"}), {}, {"r": 1}, object(), 3 + 0j, [Word("r")], "\ud800",
    ],
)  # fmt: skip
def test_whatever_a_value_is_both_read_it_alike(name: str, value: Any) -> None:
    rules = compiled(RULES)
    evaluator = Scalar(rules)
    scores, facts = dict(GOOD), dict(FACTS)
    (facts if name in facts else scores)[name] = value
    for region in ("GLOBAL", "DE"):
        same(Record(scores, facts), region, evaluator, rules)


@pytest.mark.parametrize("wrap", [dict, OrderedDict, MappingProxyType, Broken, lambda d: defaultdict(lambda: 1.0, d)])
@pytest.mark.parametrize("gone", ["text.a", "image.d", "fact.surface", "fact.total"])
def test_whatever_mapping_holds_the_values_nothing_is_made_up(wrap: Any, gone: str) -> None:
    rules = compiled(RULES)
    scores = wrap({name: value for name, value in GOOD.items() if name != gone})
    facts = wrap({name: value for name, value in FACTS.items() if name != gone})
    same(Record(scores, facts), "DE", Scalar(rules), rules)


def test_a_value_in_the_other_mapping_counts_unless_it_stands_in_its_own_too() -> None:
    rules = compiled(RULES)
    evaluator = Scalar(rules)
    for value in ("live", "ad", 3):
        for own in ({}, {"fact.surface": "post"}):
            facts = {name: item for name, item in FACTS.items() if name != "fact.surface"} | own
            same(Record({**GOOD, "text.a": 0.85, "fact.surface": value}, facts), "GLOBAL", evaluator, rules)
            same(
                Record({k: v for k, v in GOOD.items() if k != "text.a"}, {**FACTS, "text.a": 0.97}),
                "DE",
                evaluator,
                rules,
            )


def test_the_raw_entry_takes_modalities_in_any_form() -> None:
    rules = compiled(RULES)
    evaluator = Scalar(rules)
    scores = {"text.a": 0.97, "text.b": 0.1, "words.kind": "rude"}
    wanted = decide(rules, Record(scores, FACTS, None, frozenset({"text"})), "DE")
    for modalities in (["text"], ("text", "text"), {"text", "smell"}, frozenset({"text"})):
        assert canonical(evaluator.decide_raw(scores, FACTS, "DE", None, modalities)) == canonical(wanted)
    assert canonical(evaluator.decide_raw(GOOD, FACTS, "DE")) == canonical(decide(rules, Record(GOOD, FACTS), "DE"))


def test_a_region_that_the_program_lacks_is_refused() -> None:
    for record in (Record(GOOD, FACTS), Record({}, {})):
        with pytest.raises(ValueError, match="no region `XX`"):
            Scalar(compiled(RULES)).decide(record, "XX")


def test_the_same_clauses_give_the_same_outcome_without_joining_again() -> None:
    evaluator = Scalar(compiled(RULES))
    first = evaluator.decide_raw(GOOD, FACTS, "DE")
    assert first is evaluator.decide_raw({**GOOD, "text.a": 0.61, "image.c": 0.9}, FACTS, "DE")
    assert first is not evaluator.decide_raw({**GOOD, "text.a": 0.96}, FACTS, "DE")


def test_what_is_remembered_has_a_bound_and_forgetting_changes_nothing() -> None:
    rules = compiled(RULES)
    evaluator = Scalar(rules)
    evaluator._memory.limit = 3
    rng = random.Random(1)
    for _ in range(60):
        scores = {name: rng.random() if isinstance(value, float) else value for name, value in GOOD.items()}
        facts = {**FACTS, "fact.lang": rng.choice(["en", "de", None]), "fact.total": rng.choice([1, 9])}
        same(Record(scores, facts), rng.choice(["DE", "IN"]), evaluator, rules)
        assert sum(map(len, evaluator._memory.dictionaries)) <= 3


def test_a_full_memory_empties_all_its_dictionaries() -> None:
    memory = Memory(limit=2)
    one, other = memory.dictionary(), memory.dictionary()
    for number in range(3):
        memory.keep(one if number else other, number, number)
    assert (one, other) == ({2: 2}, {})


def test_threads_share_an_evaluator() -> None:
    rules = compiled(RULES)
    rng = random.Random(2)
    records = [
        Record({**GOOD, "text.a": rng.random()}, {**FACTS, "fact.lang": rng.choice(["en", "de", 1])}) for _ in range(60)
    ]
    cases = [(record, region) for record in records for region in ("GLOBAL", "EU", "DE", "AT", "IN")]
    wanted = [canonical(decide(rules, *case)) for case in cases]
    for _ in range(5):
        evaluator = Scalar(rules)
        with ThreadPoolExecutor(8) as pool:
            assert [canonical(found) for found in pool.map(lambda case: evaluator.decide(*case), cases)] == wanted  # noqa: B023


def test_what_pythons_compiler_refuses_is_still_decided() -> None:
    """Half as deep, in the file, as the parser takes: the generated text is deeper."""
    deep = "fact.maybe"
    for _ in range(60):
        deep = f"!({deep} && fact.sure)"
    rules = compiled(f"policy p {{ severity P1 rule r {{ when {deep} then remove }} }}")
    for facts in (FACTS, {**FACTS, "fact.maybe": True}, {}):
        same(Record(GOOD, facts), "DE", Scalar(rules), rules)


def test_what_cannot_be_compiled_is_decided_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SyntaxError("too many nested parentheses")

    monkeypatch.setattr("engine.compiled.fast.compiled", refuse)
    same(Record(GOOD, FACTS), "DE", Scalar(compiled(RULES)), compiled(RULES))
    monkeypatch.setattr("engine.compiled.open.compiled", refuse)
    same(Record(GOOD, FACTS), "DE", Scalar(compiled(RULES)), compiled(RULES))


def test_scores_that_name_each_other_twice_do_not_explode() -> None:
    chain = "score s0 = max(text.a, 0.9 * image.d)\n" + "\n".join(
        f"score s{i} = {fusion.format(f's{i - 1}')}"
        for i, fusion in enumerate(
            ["max({0}, 0.99 * {0})", "mean({0}, {0}, text.b)", "cascade({0}, {0}, 0.2, 0.4)"] * 12, start=1
        )
    )
    rules = compiled(
        f"policy p {{ severity P1 {chain}\n thresholds on s36 {{ remove >= 0.3 label >= 0.1 }} rule r {{ when s35 < 0.2 && s3 > 0.1 then review }} }}"
    )
    evaluator, rng = Scalar(rules), random.Random(4)
    for _ in range(60):
        scores = {**GOOD, "text.a": rng.random(), "text.b": rng.random(), "image.d": rng.random()}
        if rng.random() < 0.5:
            del scores[rng.choice(["text.b", "image.d"])]
        same(Record(scores, FACTS), "DE", evaluator, rules)


@pytest.mark.parametrize("lang", ["de", "en", None])
@pytest.mark.parametrize("facts", [{"fact.maybe": True}, {"fact.maybe": False}, {"fact.maybe": None}, {}])
@pytest.mark.parametrize("count", [0, 1])
def test_a_consequence_in_a_block_asks_the_block_and_the_condition(
    lang: Any, facts: dict[str, Any], count: int
) -> None:
    rules = compiled("""
    policy p { severity P2
      thresholds on text.a { remove >= 0.5 }
      for fact.lang in [de] { consequence c { on remove when fact.maybe && 1 / fact.count > 0 then strike } }
    }""")
    same(Record(GOOD, {**FACTS, **facts, "fact.lang": lang, "fact.count": count}), "DE", Scalar(rules), rules)


def test_many_cases_of_one_ladder_are_told_apart() -> None:
    """More than are written out as code: they are looked up."""
    blocks = " ".join(
        f"for {name} in [{value}] {{ thresholds on text.a {{ remove >= 0.{cut} review >= 0.{cut - 20} }} }}"
        for cut, (name, value) in enumerate(
            ((name, value) for name, values in CASES.items() for value in values), start=41
        )
    )
    rules = compiled(f"policy p {{ severity P1 thresholds on text.a {{ remove >= 0.9 }} {blocks} }}")
    evaluator, rng = Scalar(rules), random.Random(3)
    for _ in range(200):
        facts = {name: rng.choice(values) for name, values in CASES.items() if name != "words.kind"}
        scores = {**GOOD, "text.a": round(rng.uniform(0.2, 0.6), 2), "words.kind": rng.choice(CASES["words.kind"])}
        same(Record(scores, {**FACTS, **facts}), "DE", evaluator, rules)


CASES = {
    "fact.surface": ("post", "live", "ad"),
    "fact.lang": ("en", "de", "hi"),
    "fact.mode": ("day", "night"),
    "words.kind": ("clean", "rude", "vile"),
}


@pytest.mark.parametrize("modality", ["image", "text"])
def test_a_consequence_within_a_choice_whose_modality_the_content_lacks_is_silent(modality: str) -> None:
    """The checks ask for a default there; the evaluators agree without one, too."""
    within = "for words.kind in [rude] { consequence c { on remove when fact.count >= 1 then strike } }"
    pack = compiled(f"policy p {{ severity P1 rule r {{ when fact.flag then remove }} {within} }}")
    facts: dict[str, Any] = {
        "fact.flag": True,
        "fact.count": 1,
        **({"words.kind": "rude"} if modality == "text" else {}),
    }
    record = Record({}, facts, None, frozenset({modality}))
    same(record, "AT", Scalar(pack), pack)
    assert [item.name for item in Scalar(pack).decide(record, "AT").sanctions] == ["strike"] * (modality == "text")
