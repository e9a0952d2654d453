"""What is missing, in the scalar evaluator's own integers: as the reference's intervals and truth tables say."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiled.places import Places
from engine.compiled.spans import span_of
from engine.compiled.states import ERROR, FALSE, NA, NOT_APPLICABLE, TRUE, bounds, is_unknown, mask_of
from engine.intervals import Span, evaluate
from engine.record import Record, read_input
from engine.truth import State, Truth
from engine.view import View
from policy_dsl.cel.serial import from_json
from policy_dsl.program import MICRO, Program
from tests.engine.test_scalar_cuts import NAMES, exprs
from tests.property.packs import ATOMS, ERRING, MODALITIES, compiled, record

INDEX = {name: number for number, name in enumerate(NAMES)}
TRUTHS = {State.FALSE: FALSE, State.ERROR: ERROR, State.NA: NOT_APPLICABLE, State.TRUE: TRUE}


def some_span(rng: random.Random, number: int) -> Any:
    kind = rng.randrange(5)
    if kind == 0:
        return NA
    low, high = sorted(rng.choice([0, 1, MICRO, rng.randrange(MICRO), 200_000, 350_000]) for _ in range(2))
    return low if kind < 3 or low == high else (low, high, 1 << number)


def as_reference(span: Any) -> Span | None:
    if span is NA:
        return None
    low, high, mask = bounds(span)
    return Span(low, high, frozenset(name for name, number in INDEX.items() if mask >> number & 1))


@settings(max_examples=600, deadline=None)
@given(exprs, st.integers(0, 2**32))
def test_an_interval_is_that_of_the_reference(expr: list, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        values = [some_span(rng, number) for number in range(len(NAMES))]
        spans = {name: as_reference(values[number]) for name, number in INDEX.items()}
        assert as_reference(span_of(expr, INDEX)(values)) == evaluate(expr, spans.__getitem__)


RULES = """
score wide = max(text.b, image.c)
let sure = wide >= 0.5 || fact.sure
policy p {
  severity P1
  score s = max(text.a, 0.8 * image.d)
  score t = mean(text.b, vendor.v)
  rule r { when %s then remove }
}
"""


@cache
def program(condition: str) -> Program:
    return compiled(RULES.replace("%s", condition))


conditions = st.recursive(
    st.sampled_from((*ATOMS, *ERRING)),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda part: f"({' '.join(part)})"),
        inner.map(lambda part: f"!({part})"),
        st.tuples(inner, inner, inner).map(lambda part: f"({part[0]} ? {part[1]} : {part[2]})"),
    ),
    max_leaves=4,
)


@settings(max_examples=250, deadline=None)
@given(conditions, st.integers(0, 2**32))
def test_a_truth_is_that_of_the_reference(condition: str, seed: int) -> None:
    """Both ways: as plain code where nothing is missing, and through the table of truths."""
    found = program(condition)
    rng, places = random.Random(seed), Places(found)
    variant = found.policies[0].variants[0]
    places.derived(variant.scores)
    expr = from_json(variant.rules[0].when)
    scores = {score.name: span_of(score.expr, places.index) for score in variant.scores}
    for _ in range(10):
        content = record(found, rng, rng.choice(MODALITIES))
        values, _ = places.read(content, len(places.index))
        for name, span in scores.items():
            values[places.index[name]] = span(values)
        assert told(places.truths.of(expr)(values), places) == wanted(found, content)


def told(truth: int, places: Places) -> Truth:
    if is_unknown(truth):
        return Truth(State.UNKNOWN, places.names(mask_of(truth)))
    return Truth(next(state for state, code in TRUTHS.items() if code == truth))


def wanted(found: Program, content: Record) -> Truth:
    values = {spec.name: read_input(spec, content) for spec in found.inputs}
    variant = found.policies[0].variants[0]
    truth = View(found, values, content.at, variant.scores).truth(variant.rules[0].guard, variant.rules[0].when)
    return Truth(truth.state, truth.missing)
