"""Properties that hold of every pack and record: what is decided stays decided, and no order matters."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decision import Status
from policy_dsl.lower import lower
from policy_dsl.stored import from_json, to_json
from tests.engine.packs import (
    DOMAINS,
    REGIONS,
    SCORES,
    VALUES,
    compiled,
    decided,
    default_env,
    essence,
    filled,
    items_of,
    pack_texts,
    policies,
    records,
    text_of,
    with_gaps,
)

INPUTS = (*SCORES, *DOMAINS)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
gap_lists = st.lists(st.sampled_from(INPUTS), min_size=1, max_size=2, unique=True)
efforts = pytest.mark.parametrize("effort", [1, pytest.param(50, marks=pytest.mark.deep)])


def holds(claim: Callable[..., None], examples: int, *strategies: st.SearchStrategy[Any]) -> None:
    settings(max_examples=examples, deadline=None, suppress_health_check=SLOW)(given(*strategies)(claim))()


def same_but_for_errors(full: Any, outcome: Any) -> bool:
    """An error is no value: what would fail for some value of a gap counts as unknown, as in CEL."""
    return essence(full) == essence(outcome) or any(verdict.errors for verdict in full.verdicts)


def completions(gaps: list[str]) -> Any:
    return (dict(zip(gaps, values, strict=True)) for values in product(*(DOMAINS.get(name, VALUES) for name in gaps)))


@efforts
def test_what_is_decided_with_gaps_is_decided_by_every_completion(effort: int) -> None:
    holds(
        what_is_decided_with_gaps_is_decided_by_every_completion,
        100 * effort,
        pack_texts(),
        records(),
        gap_lists,
        REGIONS,
    )


def what_is_decided_with_gaps_is_decided_by_every_completion(pack: Any, raw: Any, gaps: list[str], region: str) -> None:
    program = compiled(text_of(pack))
    outcome = decided(program, with_gaps(raw, gaps), region)
    if outcome.status is not Status.DECIDED:
        return
    for values in completions(gaps):
        full = decided(program, filled(raw, values), region)
        assert same_but_for_errors(full, outcome), (values, full.fired)


@efforts
def test_what_may_be_skipped_makes_no_difference(effort: int) -> None:
    holds(what_may_be_skipped_makes_no_difference, 66 * effort, pack_texts(), records(), gap_lists, REGIONS)


def what_may_be_skipped_makes_no_difference(pack: Any, raw: Any, gaps: list[str], region: str) -> None:
    program = compiled(text_of(pack))
    claimed = {**with_gaps(raw, gaps), "skipped": gaps}
    outcome = decided(program, claimed, region)
    if (
        not any(verdict.undetermined for verdict in outcome.verdicts if not verdict.shadow)
        or outcome.status is not Status.DECIDED
    ):
        return
    for values in completions(gaps):
        full = decided(program, filled(raw, values), region)
        assert same_but_for_errors(full, outcome), (values, full.fired)


@efforts
def test_a_higher_score_never_weakens_a_ladder(effort: int) -> None:
    holds(
        a_higher_score_never_weakens_a_ladder,
        66 * effort,
        pack_texts(rising=True),
        records(),
        st.sampled_from(SCORES),
        st.sampled_from(VALUES),
        REGIONS,
    )


def a_higher_score_never_weakens_a_ladder(pack: Any, raw: Any, name: str, value: float, region: str) -> None:
    program = compiled(text_of(pack))
    low, high = sorted((raw["scores"][name], value))
    weaker, stronger = (decided(program, filled(raw, {name: x}), region) for x in (low, high))
    if Status.UNAVAILABLE not in (weaker.status, stronger.status):
        assert weaker.enforcement <= stronger.enforcement
        assert all(a.enforcement <= b.enforcement for a, b in zip(weaker.verdicts, stronger.verdicts, strict=True))


@efforts
def test_the_order_of_statements_and_files_never_matters(effort: int) -> None:
    holds(
        the_order_of_statements_and_files_never_matters,
        50 * effort,
        pack_texts(),
        records(),
        gap_lists,
        REGIONS,
        st.integers(0, 2**32),
    )


def the_order_of_statements_and_files_never_matters(
    pack: Any, raw: Any, gaps: list[str], region: str, seed: int
) -> None:
    shuffled = {name: random.Random(seed).sample(body, len(body)) for name, body in reversed(pack.items())}
    names = list(shuffled)
    files = {f"{'zyx'[i]}.limen": text_of({name: shuffled[name]}) for i, name in enumerate(names)}
    one, other = compiled(text_of(pack)), compiled(files)
    assert without_places(one) == without_places(other)
    record = with_gaps(raw, gaps)
    assert decided(one, record, region) == decided(other, record, region)


@efforts
def test_the_digest_does_not_know_in_which_order_files_were_read(effort: int) -> None:
    holds(the_digest_does_not_know_in_which_order_files_were_read, 16 * effort, pack_texts(), st.integers(0, 2**32))


def the_digest_does_not_know_in_which_order_files_were_read(pack: Any, seed: int) -> None:
    files = {f"f{i}.limen": text_of({name: body}) for i, (name, body) in enumerate(pack.items())}
    items, sources = items_of(files)
    mixed = random.Random(seed).sample(items, len(items))
    env = default_env()
    assert to_json(lower(items, env, sources)) == to_json(lower(mixed, env, dict(reversed(sources.items()))))


@efforts
def test_a_region_without_statements_is_its_parent(effort: int) -> None:
    holds(a_region_without_statements_is_its_parent, 33 * effort, pack_texts(), records(), gap_lists)


def a_region_without_statements_is_its_parent(pack: Any, raw: Any, gaps: list[str]) -> None:
    program = compiled(text_of(pack))
    record = with_gaps(raw, gaps)
    for child, parent in (("FR", "EU"), ("US", "GLOBAL"), ("IN", "GLOBAL")):
        assert shown(decided(program, record, child)) == shown(decided(program, record, parent))


@efforts
def test_a_shadow_policy_never_changes_the_decision(effort: int) -> None:
    holds(
        a_shadow_policy_never_changes_the_decision, 33 * effort, pack_texts(), st.data(), records(), gap_lists, REGIONS
    )


def a_shadow_policy_never_changes_the_decision(pack: Any, data: Any, raw: Any, gaps: list[str], region: str) -> None:
    shadow = data.draw(
        policies("dark", ("fact.flag", "text.a >= 0.5", "10 / fact.count > 3"), ("text.a",), shadow=True)
    )
    record = with_gaps(raw, gaps)
    plain = decided(compiled(text_of(pack)), record, region)
    beside = decided(compiled(text_of({**pack, "dark": shadow})), record, region)
    assert (*shown(plain)[:-1],) == (*shown(beside)[:-1],)


@efforts
def test_a_policy_s_name_changes_nothing_but_names(effort: int) -> None:
    holds(a_policy_s_name_changes_nothing_but_names, 33 * effort, pack_texts(), records(), gap_lists, REGIONS)


def a_policy_s_name_changes_nothing_but_names(pack: Any, raw: Any, gaps: list[str], region: str) -> None:
    tops = [line.replace("policies p ", "policies p_long ") for line in pack[""]]
    renamed = {"": tops, **{f"{name}_long": body for name, body in pack.items() if name}}
    record = with_gaps(raw, gaps)
    plain = decided(compiled(text_of(pack)), record, region)
    other = decided(compiled(text_of(renamed)), record, region)
    assert shown(plain)[:-1] == shown(other)[:-1]
    assert [v.policy for v in other.verdicts] == [f"{v.policy}_long" for v in plain.verdicts]
    assert [clause.replace("_long.", ".") for clause in other.fired] == list(plain.fired)


@efforts
def test_a_pack_survives_its_own_json(effort: int) -> None:
    holds(a_pack_survives_its_own_json, 33 * effort, pack_texts(), records(), gap_lists, REGIONS)


def a_pack_survives_its_own_json(pack: Any, raw: Any, gaps: list[str], region: str) -> None:
    program = compiled(text_of(pack))
    again = from_json(to_json(program))
    assert again == program
    assert to_json(again) == to_json(program)
    record = with_gaps(raw, gaps)
    assert decided(again, record, region) == decided(program, record, region)


@efforts
def test_every_gap_that_speaks_is_named_and_every_decision_has_its_status(effort: int) -> None:
    holds(
        every_gap_that_speaks_is_named_and_every_decision_has_its_status,
        50 * effort,
        pack_texts(),
        records(),
        gap_lists,
        REGIONS,
    )


def every_gap_that_speaks_is_named_and_every_decision_has_its_status(
    pack: Any, raw: Any, gaps: list[str], region: str
) -> None:
    program = compiled(text_of(pack))
    outcome = decided(program, with_gaps(raw, gaps), region)
    assert set(outcome.missing) <= set(gaps)
    assert (outcome.enforcement is None) == (outcome.status is Status.UNAVAILABLE)
    if outcome.missing:
        assert outcome.status is not Status.DECIDED
    assert decided(program, raw, region).missing == ()


def shown(outcome: Any) -> tuple[Any, ...]:
    return outcome.status, *essence(outcome), outcome.missing, len(outcome.verdicts)


def without_places(program: Any) -> Any:
    """The Program but for the lines where its statements stand."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key != "source"}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return strip(json.loads(to_json(program)))
