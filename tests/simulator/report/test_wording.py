"""How figures are said: digits by the width of the interval, and never a point where none is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.report.wording import listed, named, sliced, told, told_pair, visible, worse_by
from simulator.result import ALL, Bounds, Compared, Estimate, Refused, Slice


@pytest.mark.parametrize(
    ("figure", "unit", "main", "interval"),
    [
        (Estimate(0.0166243, 0.0151, 0.0183, "wilson", 9), "share", "1.66 %", "1.51 to 1.83"),
        (Estimate(0.5, 0.2, 0.8, "wilson", 9), "share", "50 %", "20 to 80"),
        (Estimate(0.0, 0.0, 0.012221, "clopper-pearson", 300), "share", "0.0 %", "0.0 to 1.2"),
        (Estimate(0.25, 0.25, 0.25, "exact", 9), "share", "25.0 %", ""),
        (Estimate(1234.5, 1234.5, 1234.5, "exact", 9), "number", "1,234", ""),
        (Estimate(27.9, 25.5, 30.3, "simulation", 9), "number", "27.9", "25.5 to 30.3"),
        (Estimate(-0.1, -0.2, 0.05, "paired", 9), "share", "\N{MINUS SIGN}10 %", "\N{MINUS SIGN}20 to 5"),
    ],
)
def test_a_figure_has_the_digits_that_its_interval_bears(figure, unit, main, interval):
    said = told(figure, unit)
    assert (said.main.replace("\N{NO-BREAK SPACE}", " "), said.interval) == (main, interval)


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_not_identified_gives_no_point(one, other):
    low, high = sorted((one, other))
    said = told(Bounds(low, high, "manski", 5, "nobody looked there"), "share")
    assert said.main == "not identified"
    assert said.note == "nobody looked there"
    assert said.interval


def test_what_is_refused_gives_its_reason_and_no_number():
    said = told(Refused("the effective sample size is 2.1", 80, 2.1), "share")
    assert (said.main, said.interval, said.note) == ("no figure", "", "the effective sample size is 2.1")


def test_the_difference_is_in_percentage_points_with_its_sign_and_the_same_digits():
    wide, narrow = Estimate(0.5, 0.2, 0.8, "wilson", 9), Estimate(0.512, 0.5115, 0.5125, "wilson", 9)
    said = told_pair(Compared(wide, narrow, Estimate(0.012, -0.1, 0.2, "paired", 9)), "share")
    assert said.a.main.startswith("50.00")
    assert said.b.main.startswith("51.20")
    assert said.difference.main == "+1.20\N{NO-BREAK SPACE}pp"
    assert said.difference.interval == "\N{MINUS SIGN}10.00 to +20.00"


def test_the_effective_sample_size_is_told():
    assert (
        told(Estimate(0.5, 0.4, 0.6, "ipw", 900, 340.4), "share").note == "ipw, 900 rows, effective sample size 340.4"
    )


@given(st.text())
def test_no_hidden_character_is_left(text):
    assert all(char.isprintable() or char == "\N{NO-BREAK SPACE}" for char in visible(text))
    assert named(text).count("`") == 2


def test_slices_and_lists_in_words():
    assert sliced(ALL) == "all rows"
    assert sliced(Slice("region", "DE")) == "region DE"
    assert sliced(Slice("language", None)) == "language: none given"
    assert listed([]) == "none"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdef")) == "a, b, c, d and 2 more"


def test_worse_is_less_precision_and_more_false_positives_by_what_is_sure():
    gain, loss = Estimate(0.1, 0.05, 0.2, "paired", 9), Estimate(-0.1, -0.2, -0.05, "paired", 9)
    assert worse_by("precision", loss) == 0.05 > worse_by("precision", gain)
    assert worse_by("false_positive_rate", gain) == 0.05 > worse_by("false_positive_rate", loss)
    assert worse_by("precision", Refused("no label")) < worse_by("precision", gain)
