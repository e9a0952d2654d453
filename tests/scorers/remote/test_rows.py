"""Several answers about one content become one row, and a long text becomes several requests."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.remote.errors import RemoteError
from scorers.remote.rows import highest, merged, windows
from scorers.scorer import Missing, Score


def test_the_highest_of_all_parts_counts():
    assert highest([{"a": 0.1, "b": 1}, {"a": 0.7, "b": 0}], ["a", "b"]) == {"a": 0.7, "b": 1.0}


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, "0.9", True, None, Missing("why not")])
def test_one_part_that_is_no_score_leaves_the_highest_open(value):
    for parts in ([{"a": value}, {"a": 0.5}], [{"a": 0.5}, {"a": value}]):
        assert isinstance(highest(parts, ["a"])["a"], Missing)


def test_a_part_that_is_missing_leaves_everything_open():
    assert highest([{"a": 0.5}, Missing("gone")], ["a"]) == {"a": Missing("gone")}


def test_what_no_part_gives_is_missing_for_the_reason_of_a_part():
    outputs = {"a": Score(), "b": Score()}
    assert merged(outputs, {"a": 0.5}, Missing("no image")) == {"a": 0.5, "b": Missing("no image")}
    assert merged(outputs, {"a": 0.5}, None) == {"a": 0.5, "b": Missing("the service said nothing of it")}


@given(st.text(min_size=1, max_size=300), st.integers(1, 50))
def test_windows_cover_a_text_and_overlap(text, size):
    pieces = windows(text, size, 10_000)
    assert all(0 < len(piece) <= size for piece in pieces)
    overlap = size // 10
    assert pieces[0] + "".join(piece[overlap:] for piece in pieces[1:]) == text


def test_a_text_is_not_cut_into_more_pieces_than_are_allowed():
    assert len(windows("a" * 100, 10, 11)) == 11
    with pytest.raises(RemoteError, match="the text has 100 characters, more than 10 requests of 10 hold"):
        windows("a" * 100, 10, 10)
