"""What the check says of a condition: each code with a text that has it and a near miss that has not."""

import pytest

from policy_dsl.cel.check import check
from policy_dsl.cel.codes import CEL_CODES
from policy_dsl.cel.resolve import resolve
from policy_dsl.cel.types import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    SCORE,
    STRING,
    TIMESTAMP,
    UINT,
    enum_of,
    list_of,
    map_of,
    parse_type,
    set_of,
)
from policy_dsl.parser import parse_condition
from policy_dsl.source import Source

TYPES = {
    "text.hate": SCORE, "image.nudity": SCORE, "risk": SCORE, "author.age": INT, "author.ratio": DOUBLE, "hash.match": BOOL,
    "content.context": enum_of(("none", "medical", "art")), "content.tags": set_of(STRING), "kinds": set_of(enum_of(("a", "b"))),
    "body": STRING, "at": TIMESTAMP, "span": DURATION, "counts": map_of(STRING, INT), "words": list_of(STRING), "u": UINT, "any": DYN,
}  # fmt: skip


def found(text, **options):
    expr, problems = parse_condition(Source("t", text))
    assert expr is not None, problems
    return check(resolve(expr, TYPES.__contains__), TYPES, **options)[1]


def codes(text, **options):
    return [finding.code for finding in found(text, **options)]


def fixed(text):
    """The text with every fix applied."""
    for finding in reversed(found(text)):
        if finding.fix:
            text = text[: finding.fix.span.start] + finding.fix.text + text[finding.fix.span.end :]
    return text


# code: texts that have exactly this finding, and texts close to them that have none
CASES = {
    "LIM300": (["author.agee > 3", "nowhere", "has(text.hat)", "foo.bar.baz == 1", "words.exists(x, y == x)"],
               ["author.age > 3", "has(text.hate)", "words.exists(x, x == x)", "type(1) == int"]),
    "LIM301": (["siz(body) > 1", "body.match('a')", "max(text.hate, risk) >= 0.5", "lower(body) == 'a'"], ["size(body) > 1", "body.matches('a')"]),
    "LIM302": (["contains(body, 'a')", "body.string() == 'a'", "size(1) == 1", "size(body, 1) == 1", "body.contains(1)", "has(1)",
                "at.getFullYear('UTC', 1) == 1", "words.exists(x, has(x))"],
               ["body.contains('a')", "string(1) == 'a'", "body.size() == 1", "at.getFullYear('UTC') == 1", "has(counts.a)"]),
    "LIM303": (["author.age", "text.hate", "'a'", "words", "author.age + 1"], ["hash.match", "any", "author.age == 1"]),
    "LIM304": (["content.context == 'art' || 'medical'", "!author.age", "author.age && hash.match", "words.all(x, x)", "text.hate ? true : false",
                "!text.hate", "words.map(x, x, x) == words"],
               ["hash.match || any", "!any", "words.all(x, true)", "words.map(x, true, x) == words"]),
    "LIM305": (["body == 1", "at < span", "words < words", "body == null", "content.tags == words", "1 in words", "body < null", "'a' in [1, 2]"],
               ["body == 'a'", "at < at", "words == words", "any == 1", "any == null", "'a' in words", "1 in [1, 2]", "content.tags == content.tags"]),
    "LIM306": (["author.age >= 1.5", "author.ratio >= 1", "author.age == 1.0", "author.age + 1.0 > 1.0", "u > 1", "1.0 in [1, 2]", "counts.a < 0.5"],
               ["author.age >= 1", "author.ratio >= 1.0", "u > 1u", "double(author.age) > 1.5", "any >= 1.5"]),
    "LIM307": (["body - 'a' == body", "at + 3 == at", "-body == body", "hash.match + true == true", "author.ratio % 2.0 == 0.0"],
               ["body + 'a' == body", "at + span == at", "-author.ratio == 1.0", "author.age % 2 == 0"]),
    "LIM308": (["body.a == 1", "body[0] == 'a'", "content.tags[0] == 'a'", "words['a'] == 'a'", "counts[1] == 1", "has(body.a)"],
               ["counts.a == 1", "words[0] == 'a'", "counts['a'] == 1", "has(counts.a)", "any.a == 1", "any[0] == 1"]),
    "LIM309": (["'a' in body", "1 in author.age"], ["'a' in counts", "'a' in content.tags", "'a' in any"]),
    "LIM310": (["text.hate >= 95", "text.hate >= 1.5", "text.hate >= -0.1", "2.0 > text.hate"], ["text.hate >= 0.95", "text.hate >= 1.0", "0.0 < text.hate"]),
    "LIM311": (["text.hate >= 1", "text.hate > 0", "0 < text.hate"], ["text.hate >= 1.0"]),
    "LIM312": (["text.hate >= 0.1234567", "text.hate >= 1e-7"], ["text.hate >= 0.123456", "text.hate >= 1e-6", "text.hate >= 0.5000000"]),
    "LIM313": (["text.hate + 0.1 >= 0.5", "dyn(text.hate) >= 0.5", "[text.hate] == []", "text.hate in [0.5]", "(hash.match ? text.hate : risk) > 0.5",
                "string(text.hate) == 'a'", "-text.hate < 0.5", "{'a': text.hate} == {}", "words.map(x, text.hate) == []"],
               ["text.hate >= 0.5", "text.hate > risk", "has(text.hate)"]),
    "LIM314": (["text.hate > author.ratio", "text.hate == 'a'", "text.hate == null", "text.hate >= author.age", "text.hate > double('0.5')", "text.hate == any"],
               ["text.hate == risk"]),
    "LIM320": (["content.context == 'artt'", "content.context in ['art', 'x']", "'z' != content.context", "'c' in kinds"],
               ["content.context == 'art'", "content.context in ['art', 'none']", "'a' in kinds", "content.context == body"]),
    "LIM321": (["content.context < 'art'", "'a' >= content.context"], ["content.context != 'art'", "body < 'art'"]),
    "LIM330": (["body.matches('(')", "body.matches('a{1000}{1000}')", "body.matches('(?=a)')", "matches(body, '[')"], ["body.matches('(a)')", "body.matches(body)"]),
    "LIM331": (["span > duration('5 days')", "at > timestamp('2026-02-30T00:00:00Z')", "at.getHours('Nowhere/City') == 1", "int('x') == 1"],
               ["span > duration('120h')", "at > timestamp('2026-02-28T00:00:00Z')", "at.getHours('Asia/Kolkata') == 1", "int('1') == 1", "int(body) == 1"]),
    "LIM332": (["author.age < 9223372036854775808"], ["author.age > -9223372036854775808", "author.age < 9223372036854775807"]),
    "LIM333": (["author.age / 0 == 1", "author.age % 0 == 1", "u / 0u == 1u"], ["author.age / 2 == 1", "author.ratio / 0.0 == 1.0"]),
    "LIM340": (["[1, 'a'] == []", "(hash.match ? 1 : 'a') == 1", "{1: 1, 'a': 1} == {}", "[1, 1.0] == []"], ["[1, 2] == []", "['a', content.context] == []", "[] == [any, 1]"]),
    "LIM341": (["body.all(x, true)", "author.age.exists(x, true)"], ["words.all(x, true)", "counts.all(x, x == 'a')", "any.all(x, true)"]),
    "LIM342": (["words.all(author, true)", "words.all(risk, true)", "words.all(x, words.all(x, true))"], ["words.all(auth, true)", "words.all(x, words.all(y, true))"]),
    "LIM343": (["size(0.5: text.hate) == 1"], []),
    "LIM344": (["words.exists('a')", "words.all(true)", "exists(words, true)"], ["words.exists(x, true)"]),
}  # fmt: skip


def test_every_code_is_here():
    assert set(CASES) == set(CEL_CODES)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, (wrong, _) in CASES.items() for text in wrong])
def test_a_mistake_is_told_once(code, text):
    assert codes(text) == [code]


@pytest.mark.parametrize("text", [text for _, right in CASES.values() for text in right])
def test_a_near_miss_is_none(text):
    assert codes(text) == []


@pytest.mark.parametrize("text", [text for wrong, _ in CASES.values() for text in wrong])
def test_a_finding_lies_inside_the_text_and_reads_like_the_others(text):
    for finding in found(text):
        assert 0 <= finding.span.start < finding.span.end <= len(text)
        assert finding.message[0] == "`" or finding.message[0].islower()


@pytest.mark.parametrize(("text", "wanted"), [
    ("text.hate >= 1", "text.hate >= 1.0"), ("author.ratio > 3", "author.ratio > 3.0"), ("content.context == 'artt'", "content.context == 'art'"),
    ("'a' in body", 'body.contains("a")'), ("contains(body, 'x')", 'body.contains("x")'), ("body.string() == 'a'", "string(body) == 'a'"),
    ("0 < text.hate && content.context in ['medcal']", "0.0 < text.hate && content.context in ['medical']"),
])  # fmt: skip
def test_a_certain_fix_mends_it(text, wanted):
    assert fixed(text) == wanted or fixed(text).endswith(wanted)


@pytest.mark.parametrize(("text", "part"), [
    ("text.hate >= 95", "did you mean `0.95`?"), ("text.hate >= 0.1234567", "`0.123457`"), ("author.agee > 3", "`author.age`"),
    ("body.match('a')", "`matches`"), ("content.context == 'zzz'", "`medical`"), ("text.hate == null", "`has(text.hate)`"),
    ("max(text.hate, risk) >= 0.5", "`score NAME = …`"), ("content.context == 'art' || 'none'", "repeat the comparison"),
])  # fmt: skip
def test_the_help_says_what_to_do(text, part):
    assert part in found(text)[0].help


def test_every_mistake_of_a_text_is_told_in_order():
    assert codes("nowhere == 1 && text.hate >= 95 && !author.age") == ["LIM300", "LIM310", "LIM304"]


def test_what_is_not_about_meaning_is_the_profiles():
    for text in [
        "author.age >= 1.5",
        "text.hate >= 95",
        "[1, 'a'] == []",
        "content.context < 'a'",
        "body == null",
        "1 / 0 == 1",
    ]:
        assert codes(text) != []
        assert codes(text, profile=False) == []


def test_the_type_of_the_whole_is_told():
    expr, _ = parse_condition(Source("t", "[1, 2].map(x, x + 1)"))
    assert check(expr, TYPES, expect=None) == (list_of(INT), ())


@pytest.mark.parametrize("text", ["bool", "score", "list<string>", "set<int>", "map<string, double>"])
def test_a_type_reads_as_it_is_written(text):
    assert str(parse_type(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "strnig", "list", "list<>", "list<string, int>", "map<string>", "enum", "set<set<int>>", "list<nothing>"],
)
def test_a_spelling_of_no_type_is_refused(text):
    with pytest.raises(ValueError, match="is no type"):
        parse_type(text)


def test_an_enum_is_its_values():
    assert parse_type("enum", ("a", "b")) == enum_of(("a", "b"))
