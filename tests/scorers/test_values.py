import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scorers.calibration import Calibration
from scorers.scorer import Choice, Count, Flag, Missing, Score, Text
from scorers.values import checked, to_micro, told, value_in

HALVED = Calibration(((0.0, 0.0), (1.0, 0.5)))


@pytest.mark.parametrize(
    ("raw", "micro"),
    [
        (0.0, 0),
        (1.0, 1_000_000),
        (0.9, 900_000),
        (0.8999995, 900_000),
        (0.0000004, 0),
        (-0.0000004, 0),
        (1.0000004, 1_000_000),
    ],
)
def test_a_score_is_rounded_half_up_to_millionths(raw, micro):
    assert to_micro(raw) == micro
    assert checked(raw, Score()) == micro / 1_000_000


@given(st.integers(0, 1_000_000))
def test_a_value_gives_its_millionths_back(micro):
    assert to_micro(checked(micro / 1_000_000, Score())) == micro


@given(st.floats(width=32) | st.floats() | st.integers())
@example(1.8e302)
@example(10**400)
def test_any_number_is_a_score_in_range_or_missing(number):
    value = checked(number, Score())
    assert isinstance(value, Missing) or 0 <= value <= 1
    if 0 <= number <= 1:
        assert isinstance(value, float)
    if not -0.000001 < number < 1.000001:
        assert isinstance(value, Missing)


def test_calibration_comes_before_rounding():
    assert checked(0.000001, Score(calibration=HALVED)) == 0.000001  # 0.0000005 rounds up
    assert checked(1.0, Score(calibration=HALVED)) == 0.5


@pytest.mark.parametrize(
    ("value", "output", "expected"),
    [
        (np.float32(0.5), Score(), 0.5),
        (1, Score(), 1.0),
        (np.bool_(True), Flag(), True),
        (np.int64(3), Count(), 3),
        ("a", Choice(["a", "b"]), "a"),
        ("", Text(), ""),
    ],
)
def test_a_value_of_its_kind_passes(value, output, expected):
    seen = checked(value, output)
    assert seen == expected
    assert type(seen) is type(expected)


@pytest.mark.parametrize(
    ("value", "output", "reason"),
    [
        (None, Score(), "gave no value"),
        (Missing("asleep"), Score(), "asleep"),
        (math.nan, Score(), "nan"),
        (math.inf, Score(), "inf"),
        (1.01, Score(), r"1.01 is outside \[0, 1\]"),
        (-0.1, Score(), "outside"),
        (10**400, Score(), "outside|exceeds"),
        (1.8e302, Score(), "outside"),
        (True, Score(), "gave bool, expected a number"),
        ("0.5", Score(), "gave str, expected a number"),
        ([0.5], Score(), "gave list"),
        (1, Flag(), "gave int, expected true or false"),
        (1.0, Count(), "gave float, expected a whole number"),
        (True, Count(), "gave bool"),
        (-1, Count(), r"outside \[0, ∞\]"),
        (6, Count(1, 5), r"outside \[1, 5\]"),
        ("c", Choice(["a", "b"]), "`c` is none of a, b"),
        (1, Choice(["a", "b"]), "expected one of a, b"),
        (b"a", Text(), "gave bytes"),
    ],
)
def test_anything_else_is_missing_with_a_reason(value, output, reason):
    seen = value_in({"a.b": value}, "a.b", output)
    assert isinstance(seen, Missing)
    assert re.search(reason, seen.reason)


def test_an_output_that_a_row_lacks_is_missing():
    assert isinstance(value_in({}, "a.b", Score()), Missing)
    assert isinstance(value_in([0.5], "a.b", Score()), Missing)
    assert value_in(Missing("asleep"), "a.b", Score()) == Missing("asleep")


def test_a_value_that_raises_when_looked_at_is_missing():
    class Trap(dict):
        def get(self, key, default=None):
            raise RuntimeError("boom")

    assert "boom" in value_in(Trap(), "a.b", Score()).reason


def test_an_error_is_told_in_one_short_line():
    assert told(ValueError("a\n  b")) == "ValueError: a b"
    assert told(ValueError()) == "ValueError"
    assert len(told(ValueError("x" * 999))) == 200
