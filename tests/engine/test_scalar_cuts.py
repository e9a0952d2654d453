"""Scores compared as doubles reach a threshold exactly where their millionths do (S1)."""

from __future__ import annotations

import math
import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.compiled.cuts import cut, inverse_product
from engine.compiled.fusion import applying, exact, expand
from engine.compiled.scores import Scores
from engine.compiled.slots import slots
from engine.intervals import Span, evaluate
from engine.record import score
from policy_dsl.cel.pycode import Constants
from policy_dsl.program import MICRO, Input

NAMES = ("a.a", "a.b", "a.c", "a.maybe", "a.never")
INPUTS = tuple(
    Input(name, "score", optional=name == "a.maybe", modality="image" if name == "a.never" else None) for name in NAMES
)
refs = st.sampled_from(NAMES).map(lambda name: ["ref", name])
consts = st.integers(0, MICRO).map(lambda value: ["const", value])
exprs = st.recursive(
    refs | consts,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["max", "min", "mean", "noisy_or"]), st.lists(inner, min_size=1, max_size=3)).map(
            list
        ),
        st.lists(st.tuples(st.integers(1, MICRO), inner).map(list), min_size=1, max_size=3).map(
            lambda p: ["weighted", p]
        ),
        st.tuples(st.sampled_from(["add", "sub", "mul"]), inner, inner).map(list),
        st.tuples(st.just("cascade"), inner, inner, st.integers(0, MICRO), st.integers(0, MICRO)).map(list),
    ),
    max_leaves=6,
)


@given(st.integers(1, MICRO))
@example(1)
@example(MICRO)
@settings(max_examples=500)
def test_a_cut_is_the_smallest_double_that_reaches_the_threshold(threshold: int) -> None:
    x = cut(threshold)
    below = score(math.nextafter(x, -math.inf))
    assert score(x) == threshold
    assert isinstance(below, int)
    assert below < threshold


def test_thresholds_outside_of_scores_are_reached_always_or_never() -> None:
    assert cut(0) == 0.0
    assert cut(-5) == 0.0
    assert cut(MICRO + 1) == math.inf


@given(st.integers(0, MICRO), st.integers(1, MICRO))
def test_a_threshold_is_carried_through_a_product_exactly(weight: int, threshold: int) -> None:
    x = inverse_product(weight, threshold)
    product = lambda value: (weight * value + MICRO // 2) // MICRO  # noqa: E731
    assert weight == 0 or product(x) >= threshold
    assert x == 0 or x > MICRO or product(x - 1) < threshold


@settings(max_examples=400, deadline=None)
@given(exprs, st.integers(0, 2**32))
def test_the_text_of_a_comparison_says_what_the_integers_say(expr: list, seed: int) -> None:
    """At random scores, and at those that lie around the threshold that they reach."""
    rng = random.Random(seed)
    constants = Constants()
    found = slots(INPUTS, frozenset())
    scores = Scores(found, {"p.s": expr}, constants)
    for _ in range(10):
        values = {name: rng.choice([rng.random(), rng.randrange(MICRO + 1) / MICRO, 0.0, 1.0]) for name in NAMES[:4]}
        if rng.random() < 0.5:
            del values["a.maybe"]
        spans = {name: _span(values.get(name)) for name in NAMES}
        truth = evaluate(expr, spans.__getitem__)
        near = truth.low if truth else rng.randrange(MICRO)
        threshold = min(max(near + rng.choice([-1, 0, 1, rng.randrange(-MICRO, MICRO)]), 0), MICRO)
        wanted = truth is not None and truth.low >= threshold
        assert _run(scores.reaches("p.s", threshold), scores, constants, values) is wanted
        assert _run(scores.applies("p.s"), scores, constants, values) is (truth is not None)
        if truth is not None:
            assert _run(scores.micros("p.s"), scores, constants, values) == truth.low


def _span(value: float | None) -> Span | None:
    micros = None if value is None else score(value)
    return Span(micros, micros) if isinstance(micros, int) else None


def _run(text: str, scores: Scores, constants: Constants, values: dict[str, float]) -> object:
    from engine.compiled.reading import ABSENT

    names = {f"x{number}": values.get(name, ABSENT) for number, name in enumerate(NAMES)}
    scope = {**constants.globals, **names, "ABSENT": ABSENT}
    for line in scores.lines:
        exec(line, scope)
    return eval(text, scope)


def test_names_of_derived_scores_are_written_out() -> None:
    derived = {"p.s": ["max", [["ref", "p.t"], ["ref", "a.a"]]], "p.t": ["mul", ["const", 5], ["ref", "a.b"]]}
    assert expand(["ref", "p.s"], derived) == ["max", [["mul", ["const", 5], ["ref", "a.b"]], ["ref", "a.a"]]]


def test_what_never_applies_is_left_out() -> None:
    never = {"a.never"}.__contains__
    assert applying(["max", [["ref", "a.never"], ["ref", "a.a"]]], never) == ["ref", "a.a"]
    assert applying(["add", ["ref", "a.never"], ["ref", "a.a"]], never) is None
    assert applying(["cascade", ["ref", "a.never"], ["ref", "a.a"], 1, 2], never) == ["ref", "a.a"]
    assert exact(["weighted", [[1, ["const", 3]], [3, ["const", 8]]]], str) == "((2 * (3 + 3 * 8) + 4) // 8)"
