import json
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scorers.builtin.keywords import PLUGIN, KeywordScorer, KeywordSettings
from scorers.content import Content
from scorers.registry import Registry

GROUPS = yaml.safe_load((Path(__file__).parent / "keyword_cases.yaml").read_text(encoding="utf-8"))
CASES = [
    pytest.param({key: value for key, value in group.items() if key != "cases"}, case, id=ascii(case["text"]))
    for group in GROUPS
    for case in group["cases"]
]


def keywords(folder=Path(), **lists):
    return KeywordScorer(KeywordSettings.model_validate({"lists": lists}), folder)


def found(scorer, text, language=None):
    return [text[match.start : match.end] for match in scorer.matches(Content(text=text, language=language))]


@pytest.mark.parametrize(("settings", "case"), CASES)
def test_a_text_has_just_these_terms(settings, case):
    assert found(keywords(it=settings), case["text"], case.get("language")) == case["found"]


def test_a_list_gives_a_flag_and_a_count():
    scorer = keywords(spam=["free money"], insults={"terms": ["badword"]})
    assert list(scorer.outputs) == [
        "keywords.spam.match", "keywords.spam.count", "keywords.insults.match", "keywords.insults.count",
    ]  # fmt: skip
    rows = scorer.score([Content(text="free money, FREE MONEY"), Content(text="hello")])
    assert rows == [
        {
            "keywords.spam.match": True,
            "keywords.spam.count": 2,
            "keywords.insults.match": False,
            "keywords.insults.count": 0,
        },
        dict.fromkeys(["keywords.spam.match", "keywords.insults.match"], False)
        | dict.fromkeys(["keywords.spam.count", "keywords.insults.count"], 0),
    ]


def test_the_prefix_may_be_another():
    settings = KeywordSettings(lists={"spam": ["x"]}, prefix="text.words")
    assert list(KeywordScorer(settings, Path()).outputs) == ["text.words.spam.match", "text.words.spam.count"]


def test_overlapping_terms_of_one_list_are_one_place():
    scorer = keywords(one=["free money", "money", "money now"], other=["money"])
    (row,) = scorer.score([Content(text="free money now")])
    assert (row["keywords.one.count"], row["keywords.other.count"]) == (1, 1)


def test_evidence_names_the_term_and_how_it_stood_there():
    scorer = keywords(spam=["free money"])
    text = "yes: fr33 m0ney or free money"
    assert [(text[e.start : e.end], e.output, e.note) for e in scorer.evidence(Content(text=text))] == [
        ("fr33 m0ney", "keywords.spam.count", "`free money`, in disguise"),
        ("free money", "keywords.spam.count", "`free money`"),
    ]


def test_disguise_can_be_switched_off():
    scorer = keywords(it={"terms": ["badword"], "disguised": False})
    assert found(scorer, "b4dword b.adword b\u0430dword") == ["b\u0430dword"]


def test_a_pattern_finds_what_it_says():
    scorer = keywords(phone={"patterns": [r"\bcall \d{3}-\d{4}\b", r"caf\x{e9}"]})
    text = "\u00fc Call 555-1234, c\u200ball 555-1234, caf\u00e9 cafe\u0301 call 5555-1234"
    assert found(scorer, text) == ["Call 555-1234", "c\u200ball 555-1234", "caf\u00e9", "cafe\u0301"]


def test_a_pattern_that_takes_re_for_ever_takes_re2_no_time():
    scorer = keywords(it={"patterns": ["(a+)+$"]})
    assert found(scorer, "a" * 50_000 + "!") == []


def test_lists_come_from_files(tmp_path):
    (tmp_path / "en.txt").write_text("# mild\nbadword  # with a comment\n\nfree money\n", encoding="utf-8")
    (tmp_path / "many.yaml").write_text("de: [Quatsch]\nany: [spam]\n", encoding="utf-8")
    scorer = keywords(tmp_path, one={"terms": {"en": "en.txt"}}, two="many.yaml")
    assert found(scorer, "badword Quatsch spam", "en") == ["badword", "spam"]
    assert found(scorer, "badword Quatsch spam", "de") == ["Quatsch", "spam"]


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"lists": {"a": "gone.txt"}}, "lists.a.terms", "there is no list `gone.txt`"),
        ({"lists": {"a": "../up.txt"}}, "lists.a.terms", "leaves the folder"),
        ({"lists": {"a": "latin.txt"}}, "lists.a.terms", "cannot be read"),
        ({"lists": {"a": "blank.txt"}}, "lists.a.terms", "blank.txt:2 is '\\u200b', which shows nothing"),
        ({"lists": {"a": "bad.yaml"}}, "lists.a.terms", "`bad.yaml` is no YAML"),
        ({"lists": {"a": "number.yaml"}}, "lists.a.terms", "number.yaml, entry 2 is 88, no string: put it in quotes"),
        ({"lists": {"a": "word.yaml"}}, "lists.a.terms", "holds str, expected a list of words"),
        ({"lists": {"a": {"allow": "gone.txt"}}}, "lists.a.allow", "there is no list `gone.txt`"),
        ({"lists": {"a": {"terms": [" "]}}}, "lists.a.terms", "entry 1 is '', which shows nothing"),
        ({"lists": {"a": {"patterns": ["(?=x)"]}}}, "lists.a.patterns.0", "is no RE2 pattern"),
        ({"lists": {"a": {"patterns": ["x*"]}}}, "lists.a.patterns.0", "matches the empty text"),
        ({"lists": {"A b": []}}, "lists.A b.[key]", "`A b` is no name"),
        ({"lists": {"a": {"term": ["x"]}}}, "lists.a", "unknown setting `term`: did you mean `terms`?"),
        ({"lists": {}, "list": {}}, "list", "unknown setting `list`: did you mean `lists`?"),
        ({}, "lists", "field required"),
        ({"lists": {"a": {"match": "words"}}}, "lists.a.match", "'word' or 'substring'"),
    ],
)
def test_settings_that_cannot_be_used_say_where_and_what(tmp_path, settings, key, message):
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "up.txt").write_text("x")
    (pack / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    (pack / "blank.txt").write_text("fine\n\u200b\n", encoding="utf-8")
    (pack / "bad.yaml").write_text("[")
    (pack / "number.yaml").write_text("[a, 88]")
    (pack / "word.yaml").write_text("word")
    (problem,) = Registry.of([PLUGIN]).configure({"k": {"use": "keywords"} | settings}, pack).problems
    assert problem.key == key
    assert message in problem.message


@pytest.mark.parametrize("terms", [[1], {"en": 3}, 7])
def test_terms_of_a_wrong_type_are_a_problem(terms):
    setup = Registry.of([PLUGIN]).configure({"k": {"use": "keywords", "lists": {"a": {"terms": terms}}}}, Path())
    assert setup.problems
    assert not setup.scorers


LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
HOSTILE = st.text(
    st.sampled_from(
        "badworfemny 014$@.-_'*!|\u200b\u0301\u0430\ufb01\u00df\u3099\uff9e\uac00\u11a8\ud800\n\u0e35\U0001d41b\u514d"
    )
)


@given(HOSTILE | st.text(), st.sampled_from(["word", "substring"]))
def test_every_span_lies_in_the_text_and_is_what_it_says(text, match):
    scorer = keywords(
        it={"terms": ["bad", "free money", "of", "\u514d", "b"], "patterns": ["n.m", "[ae]+"], "match": match}
    )
    spans = [(match.start, match.end) for match in scorer.matches(Content(text=text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    json.dumps(scorer.score([Content(text=text)]))


@given(st.text(LETTERS, min_size=3, max_size=9), st.sampled_from([".", "-", "_", "*", " ", "\u200b", ". ", "\u0336"]))
def test_a_word_is_found_whatever_is_put_between_its_letters(word, between):
    text = f"hello {between.join(word)} there"
    assert between.join(word) in " ".join(found(keywords(it=[word]), text))


@given(st.text(LETTERS, min_size=3, max_size=9), st.data())
def test_a_word_is_found_however_a_letter_is_stretched(word, data):
    place = data.draw(st.integers(0, len(word) - 1))
    stretched = word[:place] + word[place] * data.draw(st.integers(3, 6)) + word[place + 1 :]
    assert found(keywords(it=[word]), f"so {stretched} it is") == [stretched]


@given(st.text(LETTERS, min_size=2, max_size=6), st.text(LETTERS, min_size=1, max_size=3))
def test_a_longer_word_is_another_word(word, more):
    assert found(keywords(it=[word]), f"see {word}{more}") in (
        [],
        [f"{word}{more}"] if more == word[-1] * len(more) else [],
    )
