import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorers.hashes import Entry, HashIndex, Match
from scorers.hashes import index as module

ZERO = bytes(32)


def flipped(hash_, bits, chance):
    value = int.from_bytes(hash_)
    for bit in chance.sample(range(len(hash_) * 8), bits):
        value ^= 1 << bit
    return value.to_bytes(len(hash_))


def slowly(entries, hashes, max_distance, limit):
    """The same answers, in words of the definition."""
    answers = []
    for hash_ in hashes:
        bits = int.from_bytes(hash_)
        near = sorted(Match((bits ^ int.from_bytes(entry.hash)).bit_count(), entry.id, entry.list) for entry in entries)
        near = [match for match in near if match.distance <= max_distance]
        answers.append(tuple(m for i, m in enumerate(near) if sum(n.list == m.list for n in near[:i]) < limit))
    return answers


@st.composite
def cases(draw):
    """Known hashes, some near each other, and hashes to look up, some of them near known ones."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([8, 32]))
    seeds = [chance.randbytes(size) for _ in range(draw(st.integers(1, 3)))]
    near = st.builds(
        lambda i, bits: flipped(seeds[i % len(seeds)], bits, chance), st.integers(0, 2), st.integers(0, 20)
    )
    known, asked = draw(st.lists(near, max_size=12)), draw(st.lists(near, max_size=6))
    ids = st.sampled_from("abc")
    return size * 8, [Entry(hash_, draw(ids), draw(ids)) for hash_ in known], asked, draw(st.integers(0, size * 8))


@given(case=cases(), threads=st.integers(1, 2), limit=st.none() | st.integers(1, 3))
@settings(deadline=None)
def test_the_index_and_its_twin_answer_as_the_definition_says(case, threads, limit):
    bits, entries, asked, max_distance = case
    expected = slowly(entries, asked, max_distance, limit or len(entries))
    assert HashIndex.build(entries, bits).search(asked, max_distance, limit=limit, threads=threads) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "find_spec", lambda name: None)
        twin = HashIndex.build(entries, bits)
    assert isinstance(twin._scan, module.BruteForce)
    assert twin.search(asked, max_distance, limit=limit) == expected


def test_an_index_of_one_entry_finds_it():
    index = HashIndex.build([Entry(ZERO, "a", "known")], 256)
    assert index.search([ZERO, b"\xff" * 32], 31) == [(Match(0, "a", "known"),), ()]


def test_an_index_of_none_finds_nothing():
    assert HashIndex.build([], 256).search([ZERO], 256) == [()]
    assert HashIndex.build([Entry(ZERO, "a", "known")], 256).search([], 31) == []


@pytest.mark.parametrize("bits", [64, 256])
def test_the_limit_itself_is_near_and_one_bit_more_is_not(bits):
    chance = random.Random(1)
    hash_ = chance.randbytes(bits // 8)
    index = HashIndex.build([Entry(hash_, "a", "known")], bits)
    assert index.search([flipped(hash_, 31, chance)], 31) == [(Match(31, "a", "known"),)]
    assert index.search([flipped(hash_, 32, chance)], 31) == [()]


def test_entries_with_one_hash_are_all_kept_in_the_order_of_their_ids():
    entries = [Entry(ZERO, "b", "first"), Entry(ZERO, "a", "second"), Entry(ZERO, "a", "first")]
    (found,) = HashIndex.build(entries, 256).search([ZERO], 0)
    assert found == (Match(0, "a", "first"), Match(0, "a", "second"), Match(0, "b", "first"))


@pytest.mark.parametrize("length", [0, 8, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match=f"a hash of {length * 8} bits, expected 256"):
        HashIndex.build([Entry(bytes(length), "a", "known")], 256)
    with pytest.raises(ValueError, match=f"a hash of {length * 8} bits, expected 256"):
        HashIndex.build([Entry(ZERO, "a", "known")], 256).search([bytes(length)], 31)


def test_an_index_has_the_bits_of_an_algorithm():
    with pytest.raises(ValueError, match="an index of 128 bits, expected 64"):
        HashIndex.build([], 128)


def test_many_hashes_without_faiss_are_refused(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "MAX_WITHOUT_FAISS", 1)
    HashIndex.build([Entry(ZERO, "a", "known")], 256)
    with pytest.raises(ImportError, match=r"2 hashes need faiss.*pip install 'limen\[hash\]'"):
        HashIndex.build([Entry(ZERO, "a", "known")] * 2, 256)
