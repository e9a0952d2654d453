"""The bootstrap over authors: the same on every machine and in any order, and true to rows that hang together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bootstrap import accumulate, author_hashes, hash_strings, interval, unanimous
from simulator.intervals import paired_difference, proportion
from simulator.result import Refused


def rate(counts):
    return counts[..., 1] / counts.sum(axis=-1)


def test_hashes_are_those_of_fnv() -> None:
    """The vectors of its authors (http://www.isthe.com/chongo/src/fnv/test_fnv.c)."""
    found = hash_strings(pa.array(["", "a", "foobar"]))
    assert [hex(one) for one in found] == ["0xcbf29ce484222325", "0xaf63dc4c8601ec8c", "0x85944171f73967e8"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=20), st.integers(0, 5))
def test_a_hash_depends_on_nothing_but_the_value(words, start) -> None:
    column = pa.array(words, pa.string())
    whole = hash_strings(column)
    same = (column.cast(pa.large_string()), column.cast(pa.string_view()), column.dictionary_encode())
    for other in (*same, pa.chunked_array([column.slice(0, 3), column.slice(3)])):
        assert hash_strings(other).tolist() == whole.tolist()
    assert hash_strings(column.slice(start)).tolist() == whole[start:].tolist()
    assert hash_strings(column.dictionary_encode().slice(start)).tolist() == whole[start:].tolist()


def test_rows_without_an_author_are_their_own() -> None:
    authors, ids = pa.array(["u1", None, "u1", None, None]), pa.array(["a", "b", "c", None, "u1"])
    found = author_hashes(authors, ids, 5, first=10)
    assert found[0] == found[2] == hash_strings(pa.array(["u1"]))[0]
    assert len(set(found.tolist())) == 4
    assert found.tolist()[3] == author_hashes(None, None, 1, first=13)[0]
    assert author_hashes(None, ids, 5, first=10)[1] == found[1]
    assert author_hashes(pa.chunked_array([authors]), pa.chunked_array([ids]), 5, 10).tolist() == found.tolist()


def rows_of(seed, rows, cells=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2**63, rows).astype(np.uint64), rng.integers(0, cells, rows).astype(np.int32)


@given(st.integers(0, 60), st.integers(1, 9), st.integers(-3, 2**64))
def test_sums_add_up_in_any_order(cut, replicates, seed) -> None:
    authors, cells = rows_of(1, 60)
    whole = accumulate(authors, cells, replicates, 3, seed=seed)
    parts = [accumulate(authors[part], cells[part], replicates, 3, seed=seed) for part in (np.s_[cut:], np.s_[:cut])]
    assert whole.shape == (replicates, 3)
    assert (sum(parts) == whole).all()


DRAWN = [[0, 0, 3], [3, 1, 1], [0, 1, 0], [3, 1, 1], [1, 0, 4], [5, 1, 0]]


def test_the_draw_is_fixed_for_ever() -> None:
    """Else the figures of a report could not be made again."""
    authors = author_hashes(pa.array(["ada", "bob", "eve"]), None, 3)
    found = accumulate(authors, np.arange(3, dtype=np.int32), 6, seed=1)
    assert found.tolist() == DRAWN
    assert accumulate(authors, np.arange(3, dtype=np.int32), 6, seed=2).tolist() != DRAWN


def test_weights_are_poisson() -> None:
    authors, _ = rows_of(2, 20_000)
    drawn = accumulate(authors, np.arange(20_000, dtype=np.int32), 40)
    assert drawn.mean() == pytest.approx(1, abs=0.005)
    assert drawn.var() == pytest.approx(1, abs=0.01)
    assert np.bincount(drawn.ravel())[:4] / drawn.size == pytest.approx([0.36788, 0.36788, 0.18394, 0.06131], abs=0.003)
    by_replicate = np.corrcoef(drawn) - np.eye(40)
    assert np.abs(by_replicate).max() < 5 / np.sqrt(20_000)


def test_an_author_is_drawn_with_all_rows() -> None:
    authors, cells = np.repeat(rows_of(3, 50)[0], 4), np.tile(np.arange(4, dtype=np.int32), 50)
    drawn = accumulate(authors, cells, 8)
    assert (drawn == drawn[:, :1]).all()


def test_values_multiply_and_negative_cells_are_left_out() -> None:
    authors, cells = rows_of(4, 500)
    views = np.arange(500)
    plain, viewed = accumulate(authors, cells, 8, values=np.full(500, 7)), accumulate(authors, cells, 8, values=views)
    assert (plain == 7 * accumulate(authors, cells, 8)).all()
    kept = cells != 1
    assert (accumulate(authors, np.where(kept, cells, -1), 8, 3, values=views)[:, [0, 2]] == viewed[:, [0, 2]]).all()
    assert (accumulate(authors, np.where(kept, cells, -1), 8, 3)[:, 1] == 0).all()


def test_what_does_not_fit_is_an_error() -> None:
    authors, cells = rows_of(5, 10)
    with pytest.raises(ValueError, match="one of each for every row"):
        accumulate(authors, cells[:9], 4)
    with pytest.raises(ValueError, match="expected less than `2`"):
        accumulate(authors, np.full(10, 2, np.int32), 4, 2)
    assert accumulate(authors[:0], cells[:0], 4).shape == (4, 0)


def test_of_independent_rows_it_is_near_wilson() -> None:
    authors, _ = rows_of(6, 4000)
    cells = (np.arange(4000) < 1200).astype(np.int32)
    wilson = proportion(1200, 4000)
    for method in ("percentile", "basic"):
        found = interval(rate, np.bincount(cells), accumulate(authors, cells, 2000), method=method)
        assert found.value == 0.3
        assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=0.002)
        assert found.effective == pytest.approx(4000, rel=0.15)


def test_basic_is_percentile_mirrored() -> None:
    authors, _ = rows_of(10, 300)
    cells = (np.arange(300) < 6).astype(np.int32)
    counts, drawn = np.bincount(cells), accumulate(authors, cells, 500)
    one, other = (interval(rate, counts, drawn, method=method) for method in ("percentile", "basic"))
    assert one.high - one.value > 1.2 * (one.value - one.low)
    assert (other.low, other.high) == pytest.approx((2 * one.value - one.high, 2 * one.value - one.low))


def test_rows_of_few_authors_say_less() -> None:
    """100 authors whose 40 rows are all alike are 100 rows."""
    authors = np.repeat(rows_of(7, 100)[0], 40)
    cells = np.repeat(np.arange(100) < 30, 40).astype(np.int32)
    found, few = interval(rate, np.bincount(cells), accumulate(authors, cells, 2000)), proportion(30, 100)
    assert found.high - found.low == pytest.approx(few.high - few.low, rel=0.1)
    assert found.effective == pytest.approx(100, rel=0.15)


def test_too_few_authors_and_values_are_refused() -> None:
    authors, cells = rows_of(8, 8, cells=2)
    few = interval(rate, np.bincount(cells, minlength=2), accumulate(authors, cells, 400, 2))
    assert isinstance(few, Refused)
    assert "authors" in few.reason
    authors, cells = rows_of(9, 100)[0], np.zeros(100, np.int32)
    cells[0] = 1
    counts, drawn = np.bincount(cells, minlength=2), accumulate(authors, cells, 400)
    rare = interval(lambda counts: counts[..., 1] / counts[..., 1], counts, drawn)
    assert isinstance(rare, Refused)
    assert "no value in" in rare.reason


def test_what_no_author_has_says_little_of_other_authors() -> None:
    """None of 40 authors with 250 rows each: others may have it as often as none of 40 rows says, not none of 10,000."""
    authors = np.repeat(rows_of(11, 40)[0], 250)
    counts, drawn = np.array([10_000]), accumulate(authors, np.zeros(10_000, np.int32), 2000)
    none, every = (unanimous(value, counts, drawn) for value in (0.0, 1.0))
    few = proportion(0, 40)
    assert (none.value, none.low, none.n) == (0, 0, 10_000)
    assert none.high == pytest.approx(few.high, rel=0.15)
    assert (every.value, every.low) == pytest.approx((1, 1 - none.high))
    apart = unanimous(0.0, counts, drawn, paired=True)
    assert apart.low == pytest.approx(-apart.high)
    assert apart.high == pytest.approx(paired_difference(0, 0, 40).high, rel=0.15)


def test_what_no_author_has_is_refused_of_few_authors() -> None:
    authors = np.repeat(rows_of(12, 8)[0], 250)
    found = unanimous(0.0, np.array([2000]), accumulate(authors, np.zeros(2000, np.int32), 400))
    assert isinstance(found, Refused)
    assert "authors" in found.reason
