from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.lexicon.skeleton import skeletons, spelling


def texts(folded):
    return [skeleton.text for skeleton in skeletons(folded)]


@pytest.mark.parametrize(
    ("folded", "read"),
    [
        ("nothing to hide, it's fine.", []),
        ("f.r.3.3 m o n e e e y", ["fremoney"]),
        ("b4d", ["bad"]),
        ("he11o", ["heio", "helo"]),
        ("say b-a-d now", ["say bad now"]),
        ("re-sent b-ad", ["re sent bad"]),
        ("a b four five", []),
        ("i'm a b-4-d one", ["i m abad one"]),
        ("i'd b'a'd", ["i d bad"]),
        ("over 455 w0rds", ["over 45 words"]),
        ("u.s.a. we'll", ["usa\nwe l"]),
        ("so... bad____word", ["so\nbad word"]),
        ("wow!!! y3s!", ["wow\nyes", "wow\nyes"]),
    ],
)
def test_what_a_disguised_text_may_read(folded, read):
    assert texts(folded) == read


def test_a_term_is_squeezed_with_its_runs():
    assert (spelling("balloon").text, spelling("balloon").runs) == ("balon", (1, 1, 2, 2, 1))


@given(st.text("abde01-.' !$_\u0915\u093f", max_size=40))
def test_every_letter_knows_its_place(folded):
    for skeleton in skeletons(folded):
        assert len(skeleton.text) == len(skeleton.kept)
        spans = [skeleton.span(index, index + 1) for index in range(len(skeleton.text))]
        assert all(0 <= start < end <= len(folded) for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert not any(one == other for one, other in pairwise(skeleton.text))
