import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import scorers.lexicon
from scorers.builtin.keywords import lookalikes
from scorers.lexicon.boundaries import is_word, unspaced
from scorers.lexicon.fold import Folder, clusters

FOLDER = Folder(lookalikes())
TABLE = Path(scorers.lexicon.__file__).parent / "confusables.yaml"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello, World", "hello, world"),
        ("a\t\n  b", "a b"),
        ("STRASSE stra\u00dfe", "strasse strasse"),
        ("\ufb01ne", "fine"),
        ("caf\u00e9 cafe\u0301", "cafe cafe"),
        ("\u0130stanbul", "istanbul"),
        ("\uc9dc \u110d\u1161", "\uc9dc \uc9dc"),
        ("\u0639\u064e\u0631\u064e\u0628", "\u0639\u0631\u0628"),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("a\u00a0b\u3000c\u2800d", "a b c d"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d\U0001f3fd"),
        ("", ""),
    ],
)
def test_folding(text, folded):
    assert FOLDER.fold(text).text == folded


def test_cleaning_keeps_case_accents_and_look_alikes():
    assert FOLDER.clean("C\u0430f\u00e9\u200b \ufb01N").text == "C\u0430f\u00e9 fiN"


@given(st.text() | st.text(st.characters(codec=None)))
def test_every_folded_character_came_from_somewhere(text):
    for folded in (FOLDER.fold(text), FOLDER.clean(text)):
        assert len(folded.text) == len(folded.starts) == len(folded.ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
        assert sorted(folded.starts) == list(folded.starts)
        assert "  " not in folded.text
        folded.text.encode("utf-8")  # no lone surrogate is left


@given(st.text(st.characters(codec=None)))
def test_clusters_cover_the_text(text):
    spans = list(clusters(text))
    assert "".join(text[start:end] for start, end in spans) == text


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32)))
def test_the_short_way_for_ascii_is_the_long_way(text):
    assert FOLDER.fold(text).text == FOLDER.fold(text + "\u200b").text


@given(st.text())
def test_accents_however_composed_fold_alike(text):
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert FOLDER.fold(composed).text == FOLDER.fold(decomposed).text


def test_the_table_of_look_alikes_holds_folded_letters_once():
    groups = yaml.safe_load(TABLE.read_text(encoding="utf-8")).values()
    chars = [char for group in groups for chars in group.values() for char in chars]
    assert len(chars) == len(set(chars)) > 300
    assert {letter for group in groups for letter in group} == set("abcdefghijklmnopqrstuvwxyz")
    bare = Folder({})
    assert [char for char in chars if bare.fold(char).text != char] == []


@pytest.mark.parametrize(
    ("text", "word", "alone"),
    [
        ("a bad b", "bad", True),
        ("abad", "bad", False),
        ("bad1", "bad", False),
        ("_bad_", "bad", True),
        ("\u0915\u093f", "\u0915", False),
        ("\u5b8c\u7121\u6599\u3067", "\u7121\u6599", True),
        ("bad\u3067\u3059", "bad", True),
    ],
)
def test_where_a_word_begins_and_ends(text, word, alone):
    start = text.index(word)
    assert is_word(text, start, start + len(word)) is alone


def test_scripts_without_spaces():
    assert [char for char in "a\u0e01\u3042\u4e00\uac00\u0430\U00020000" if unspaced(char)] == list(
        "\u0e01\u3042\u4e00\uac00\U00020000"
    )
